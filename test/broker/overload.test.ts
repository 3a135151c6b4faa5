/** What the broker refuses when there is too much of something, and that it serves again afterwards. */
import { connect as connectSocket, type Socket } from "node:net";
import { expect, test } from "vitest";
import { heldBytesMax } from "../../src/core/limits.ts";
import {
  connectPacket,
  openTestBroker,
  publishPacket,
  RawClient,
  type TestBroker,
  until,
} from "./harness.ts";

/** Sockets that are opened and not used; what becomes of them is counted by the broker. */
class Sockets implements Disposable {
  readonly all: Socket[] = [];

  open(port: number, count: number): void {
    for (let index = 0; index < count; index += 1) {
      const socket = connectSocket({ port, host: "127.0.0.1" });
      socket.on("error", () => undefined);
      this.all.push(socket);
    }
  }

  [Symbol.dispose](): void {
    for (const socket of this.all) socket.destroy();
  }
}

/** Every connection that began is open or was closed for one cause. */
function expectBalance(broker: TestBroker): void {
  expect(broker.metric("connections_total")).toBe(
    broker.metric("connections_closed_total") + broker.metric("connections"),
  );
}

const small = { burst: 40, perSecond: 0, ofOneBurst: 20, ofOnePerSecond: 0 };

test.each(["mqtt", "ws"] as const)(
  "connections beyond the rate of an address are reset: %s",
  async (protocol) => {
    await using broker = await openTestBroker({
      listeners: [{ protocol, host: "127.0.0.1", port: 0 }],
      connectBounds: small,
    });
    using sockets = new Sockets();
    sockets.open(broker.port, 50);
    await until(() => broker.metric("connections_refused_total", "address-rate") === 30, "30 refused");
    await until(() => sockets.all.filter((one) => one.destroyed).length === 30, "they are told at once");
    expect(broker.metric("connections_total")).toBe(20);
    expect(broker.metric("connections")).toBe(20);
  },
);

test("a flood from one address does not keep another one out", async () => {
  await using broker = await openTestBroker({ connectBounds: { ...small, perSecond: 1, ofOnePerSecond: 1 } });
  using sockets = new Sockets();
  sockets.open(broker.port, 200);
  await until(() => broker.metric("connections_refused_total", "address-rate") >= 150, "flood refused");
  const other = connectSocket({ port: broker.port, host: "127.0.0.1", localAddress: "127.0.0.2" });
  sockets.all.push(other);
  const answer = new Promise<Buffer>((resolve) => other.once("data", resolve));
  other.write(connectPacket(4, "honest"));
  expect([...(await answer)]).toEqual([0x20, 2, 0, 0]);
});

test("an address that was refused is let in again as time passes", async () => {
  await using broker = await openTestBroker({
    connectBounds: { ...small, perSecond: 100, ofOnePerSecond: 50 },
  });
  using sockets = new Sockets();
  sockets.open(broker.port, 60);
  await until(() => broker.metric("connections_refused_total") > 0, "some are refused");
  await until(
    () => broker.metric("connections_total") + broker.metric("connections_refused_total") === 60,
    "all",
  );
  const before = broker.metric("connections_total");
  // Twenty milliseconds are one connection.
  const oneMore = (): boolean => {
    sockets.open(broker.port, 1);
    return broker.metric("connections_total") > before;
  };
  await expect.poll(oneMore, { timeout: 5_000, interval: 10 }).toBe(true);
});

test("a thousand clients that connect at once are all served", { timeout: 60_000 }, async () => {
  await using broker = await openTestBroker();
  using sockets = new Sockets();
  sockets.open(broker.port, 1_000);
  let served = 0;
  for (const [index, socket] of sockets.all.entries()) {
    socket.once("data", (bytes) => {
      if (bytes.equals(Buffer.of(0x20, 2, 0, 0))) served += 1;
    });
    socket.write(connectPacket(4, `fleet-${index}`));
  }
  await until(() => served === 1_000, "a thousand CONNACKs", 50_000);
  expect(broker.metric("connections_refused_total")).toBe(0);
  for (const socket of sockets.all) socket.destroy();
  await until(() => broker.metric("connections") === 0, "all are gone", 20_000);
  expectBalance(broker);
});

test("short of memory, nobody new is let in, and who is in is served", async () => {
  await using broker = await openTestBroker();
  using inside = await RawClient.connected(broker.port);
  using accepted = new RawClient(broker.port);
  using accepted5 = new RawClient(broker.port, 5);
  await until(() => broker.metric("connections") === 3, "accepted");
  broker.broker.onMemoryPressure("tight");
  using outside = new RawClient(broker.port);
  await outside.gone();
  expect(broker.metric("connections_refused_total", "memory")).toBe(1);
  // Who has been accepted, and has not said who it is, is told to come later.
  accepted.send(connectPacket(4, "late"));
  accepted5.send(connectPacket(5, "late-5"));
  await Promise.all([accepted.gone(), accepted5.gone()]);
  expect(accepted.packets).toMatchObject([{ cmd: "connack", returnCode: 3 }]);
  expect(accepted5.packets).toMatchObject([{ cmd: "connack", reasonCode: 0x89 }]);
  expect(broker.metric("connections_closed_total", "memory")).toBe(2);
  inside.send(publishPacket("t", "1", { qos: 1, messageId: 1 }));
  await inside.take("puback");
  broker.broker.onMemoryPressure("none");
  using back = await RawClient.connected(broker.port);
  await back.ping();
});

test("short of memory, QoS 0 to subscribers is dropped first, and counted", async () => {
  await using broker = await openTestBroker();
  using subscriber = await RawClient.connected(broker.port);
  subscriber.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "#", qos: 1 }] });
  await subscriber.take("suback");
  using publisher = await RawClient.connected(broker.port);
  broker.broker.onMemoryPressure("tight");
  publisher.send(publishPacket("t", "dropped"));
  publisher.send(publishPacket("t", "kept", { qos: 1, messageId: 1 }));
  await publisher.take("puback");
  broker.broker.onMemoryPressure("none");
  publisher.send(publishPacket("t", "afterwards"));
  const received = await subscriber.take("publish", 2);
  expect(received.map(({ payload }) => payload.toString())).toEqual(["kept", "afterwards"]);
  expect(broker.metric("deliveries_dropped_total", "memory")).toBe(1);
});

test("very short of memory, publishers wait in their sockets, stay connected, and lose nothing", async () => {
  await using broker = await openTestBroker();
  using publisher = await RawClient.connected(broker.port, { keepalive: 1 });
  using other = await RawClient.connected(broker.port);
  using silent = await RawClient.connected(broker.port, { keepalive: 1 });
  broker.broker.onMemoryPressure("critical");
  for (let messageId = 1; messageId <= 10; messageId += 1) {
    publisher.send(publishPacket("t", `${messageId}`, { qos: 1, messageId }));
  }
  await until(() => broker.metric("held_back_total") === 1, "held back");
  // Whoever does not publish is served.
  await other.ping();
  // Whoever says nothing for so long is taken for dead; who is not read is not.
  await silent.gone();
  expect(broker.sink.received).toEqual([]);
  expect(publisher.closed).toBe(false);
  broker.broker.onMemoryPressure("tight");
  await publisher.take("puback", 10);
  expect(broker.sink.payloads).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
});

/** The beginning of a PUBLISH that claims 60,000 bytes. */
const begunPublish = Buffer.concat([
  Buffer.of(0x30, 0xe0, 0xd4, 0x03, 0, 1),
  Buffer.from("t"),
  Buffer.alloc(50_000, "x"),
]);

test("a packet has a deadline from its first byte to its last, however it drips", async () => {
  await using broker = await openTestBroker({ timings: { packetMs: 300 } });
  using dripping = await RawClient.connected(broker.port);
  using steady = await RawClient.connected(broker.port);
  const drip = setInterval(() => {
    dripping.send(Uint8Array.of(0));
    // Each of these ends one packet and begins the next.
    steady.send(Buffer.concat([publishPacket("s", "x").subarray(3), publishPacket("s", "x").subarray(0, 3)]));
  }, 10);
  steady.send(publishPacket("s", "x").subarray(0, 3));
  dripping.send(begunPublish.subarray(0, 100));
  try {
    await dripping.gone();
    expect(broker.metric("connections_closed_total", "incomplete-packet")).toBe(1);
    const before = broker.sink.received.length;
    await until(() => broker.sink.received.length > before + 40, "the other one goes on");
    expect(steady.closed).toBe(false);
  } finally {
    clearInterval(drip);
  }
});

test("what all clients have begun and not ended is bounded, and who ends its packets is served", async () => {
  await using broker = await openTestBroker();
  using honest = await RawClient.connected(broker.port);
  using sockets = new Sockets();
  // Two thirds of them are more than there is room for.
  sockets.open(broker.port, 1_000);
  for (const [index, socket] of sockets.all.entries()) {
    socket.write(Buffer.concat([connectPacket(4, `half-${index}`), begunPublish]));
  }
  await until(() => broker.metric("connections_closed_total", "held-bytes") > 200, "some are cut", 20_000);
  await until(
    () => broker.metric("held_bytes") <= heldBytesMax && broker.metric("held_bytes") > 0,
    "it fits",
  );
  honest.send(publishPacket("t", "1", { qos: 1, messageId: 1 }));
  expect(await honest.take("puback")).toHaveLength(1);
  for (const socket of sockets.all) socket.destroy();
  await until(() => broker.metric("connections") === 1, "they are gone");
  await until(() => broker.metric("held_bytes") === 0, "nothing is held");
  expectBalance(broker);
});

test("very short of memory, whoever is in the midst of a packet is not read either", async () => {
  await using broker = await openTestBroker();
  using client = await RawClient.connected(broker.port);
  broker.broker.onMemoryPressure("critical");
  client.send(begunPublish.subarray(0, 1_000));
  await until(() => broker.metric("held_back_total") === 1, "held back");
  client.send(begunPublish.subarray(1_000));
  client.send(Buffer.alloc(60_000 - begunPublish.length + 4, "x"));
  client.send(publishPacket("after", "1", { qos: 1, messageId: 1 }));
  expect(broker.sink.received).toEqual([]);
  broker.broker.onMemoryPressure("none");
  await client.take("puback");
  expect(broker.sink.received.map(({ topic }) => topic)).toEqual(["t", "after"]);
});
