import { expect, test } from "vitest";
import { clientInFlightMax, inFlightBytesMax } from "../../src/core/limits.ts";
import { openTestBroker, pubackBytes, publishPacket, RawClient, until } from "./harness.ts";

const versions = [4, 5] as const;
const qualities = [0, 1, 2] as const;

test.each(versions)("QoS 1 is acknowledged only after the commit, on version %i", async (version) => {
  await using broker = await openTestBroker();
  broker.sink.commitsAtOnce = false;
  using client = await RawClient.connected(broker.port, { version, clientId: "press" });
  client.send(publishPacket("a/b", "1", { qos: 1, messageId: 7, version }));
  await until(() => broker.sink.waiting.length === 1, "handed over");
  await client.ping();
  expect(client.packets.filter((packet) => packet.cmd === "puback")).toEqual([]);
  client.bytes = Buffer.alloc(0);
  broker.sink.commit();
  await client.take("puback");
  expect(client.bytes).toEqual(pubackBytes(7));
  expect(broker.sink.received).toEqual([
    { clientId: "press", topic: "a/b", payload: "1", qos: 1, retain: false, resent: false, packetId: 7 },
  ]);
});

test.each(versions)("QoS 0 reaches the sink and is not answered, on version %i", async (version) => {
  await using broker = await openTestBroker();
  using client = await RawClient.connected(broker.port, { version });
  client.send(publishPacket("a/b", "x", { version }));
  await client.ping();
  expect(broker.sink.received).toMatchObject([{ topic: "a/b", payload: "x", qos: 0, packetId: 0 }]);
  expect(client.packets.map((packet) => packet.cmd)).toEqual(["pingresp"]);
});

test.each(versions)(
  "QoS 2 is handed over once, and PUBREC follows the commit, on version %i",
  async (version) => {
    await using broker = await openTestBroker();
    broker.sink.commitsAtOnce = false;
    using client = await RawClient.connected(broker.port, { version });
    client.send(publishPacket("a", "once", { qos: 2, messageId: 3, version }));
    client.send(publishPacket("a", "once", { qos: 2, messageId: 3, version, dup: true }));
    await until(() => broker.sink.waiting.length === 1, "handed over");
    expect(client.packets).toEqual([]);
    broker.sink.commit();
    await client.take("pubrec", 2);
    client.send({ cmd: "pubrel", messageId: 3 });
    await client.take("pubcomp");
    expect(broker.sink.payloads).toEqual(["once"]);
    client.send(publishPacket("a", "again", { qos: 2, messageId: 3, version }));
    await until(() => broker.sink.waiting.length === 1, "the identifier is free again");
  },
);

test("acknowledgements leave in the order of arrival, lane and engine mixed", async () => {
  await using broker = await openTestBroker();
  using client = await RawClient.connected(broker.port, { version: 5 });
  const ids = Array.from({ length: 60 }, (_, index) => index + 1);
  const properties = { userProperties: { a: "b" } };
  client.send(
    Buffer.concat(
      ids.map((messageId) =>
        publishPacket("t", String(messageId), {
          qos: 1,
          messageId,
          version: 5,
          ...(messageId % 5 === 0 ? { properties } : {}),
        }),
      ),
    ),
  );
  await client.take("puback", ids.length);
  expect(broker.sink.payloads).toEqual(ids.map(String));
  expect(client.packets.map((packet) => packet.messageId)).toEqual(ids);
  expect(broker.metric("messages_received_total", "engine")).toBeGreaterThan(10);
});

test("messages of all three qualities are handed over in the order of arrival", async () => {
  await using broker = await openTestBroker();
  using client = await RawClient.connected(broker.port);
  const ids = Array.from({ length: 60 }, (_, index) => index + 1);
  client.send(
    Buffer.concat(
      ids.map((id) => publishPacket("t", String(id), { qos: qualities[id % 3]!, messageId: id })),
    ),
  );
  await until(() => broker.sink.received.length === ids.length, "all handed over");
  expect(broker.sink.payloads).toEqual(ids.map(String));
});

test("a topic alias stands for its topic", async () => {
  await using broker = await openTestBroker();
  using client = await RawClient.connected(broker.port, { version: 5 });
  const properties = { topicAlias: 2 };
  client.send(publishPacket("plant/1", "a", { qos: 1, messageId: 1, version: 5, properties }));
  client.send(publishPacket("", "b", { qos: 1, messageId: 2, version: 5, properties }));
  client.send(publishPacket("plant/2", "c", { qos: 1, messageId: 3, version: 5 }));
  await client.take("puback", 3);
  expect(broker.sink.received.map((one) => `${one.topic} ${one.payload}`)).toEqual([
    "plant/1 a",
    "plant/1 b",
    "plant/2 c",
  ]);
});

test("packets cut at any byte are put together again", async () => {
  await using broker = await openTestBroker();
  using client = await RawClient.connected(broker.port);
  const one = publishPacket("a/b", "p".repeat(150), { qos: 1, messageId: 1 });
  const two = publishPacket("c/d", "q", { qos: 1, messageId: 2 });
  const both = Buffer.concat([one, two]);
  for (let cut = 1; cut < both.length; cut += 1) {
    const before = broker.sink.received.length;
    client.send(both.subarray(0, cut));
    await new Promise((resolve) => setImmediate(resolve));
    client.send(both.subarray(cut));
    await until(() => broker.sink.received.length === before + 2, `cut at ${cut}`);
  }
  expect(new Set(broker.sink.received.map((got) => `${got.topic} ${got.payload.length}`))).toEqual(
    new Set(["a/b 150", "c/d 1"]),
  );
});

test("a packet that arrives byte by byte is taken", async () => {
  await using broker = await openTestBroker();
  using client = await RawClient.connected(broker.port);
  for (const byte of publishPacket("a/b", "drip".repeat(50), { qos: 1, messageId: 9 })) {
    client.send(Uint8Array.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await client.take("puback");
  expect(broker.sink.payloads).toEqual(["drip".repeat(50)]);
});

test("no more than the window of one client is taken while nothing is committed", async () => {
  await using broker = await openTestBroker();
  broker.sink.commitsAtOnce = false;
  using client = await RawClient.connected(broker.port);
  const ids = Array.from({ length: 1_000 }, (_, index) => index + 1);
  for (const id of ids) client.send(publishPacket("t", String(id), { qos: 1, messageId: id }));
  await until(() => broker.sink.waiting.length === clientInFlightMax, "the window is full");
  using other = await RawClient.connected(broker.port);
  await other.ping();
  expect(broker.sink.waiting).toHaveLength(clientInFlightMax);
  broker.sink.commitsAtOnce = true;
  broker.sink.commit();
  await client.take("puback", ids.length);
  expect(client.packets.map((packet) => packet.messageId)).toEqual(ids);
  expect(broker.metric("in_flight_bytes")).toBe(0);
});

test("credit of connections that end is given back", async () => {
  await using broker = await openTestBroker();
  broker.sink.commitsAtOnce = false;
  using client = await RawClient.connected(broker.port);
  for (let id = 1; id <= 10; id += 1)
    client.send(publishPacket("t", "x".repeat(1000), { qos: 1, messageId: id }));
  await until(() => broker.sink.waiting.length === 10, "taken");
  expect(broker.metric("in_flight_bytes")).toBeGreaterThan(10_000);
  client.socket.destroy();
  await until(() => broker.metric("in_flight_bytes") === 0, "given back");
  broker.sink.commit();
  expect(broker.metric("in_flight_bytes")).toBe(0);
});

test("all clients together are bounded by bytes, and all are served in the end", async () => {
  await using broker = await openTestBroker();
  broker.sink.commitsAtOnce = false;
  const payload = "y".repeat(60_000);
  const clients = await Promise.all(Array.from({ length: 100 }, () => RawClient.connected(broker.port)));
  for (const client of clients) {
    for (let id = 1; id <= 4; id += 1) client.send(publishPacket("t", payload, { qos: 1, messageId: id }));
  }
  await until(() => broker.metric("in_flight_bytes") > inFlightBytesMax - 70_000, "the bound is reached");
  expect(broker.metric("in_flight_bytes")).toBeLessThanOrEqual(inFlightBytesMax);
  broker.sink.commitsAtOnce = true;
  broker.sink.commit();
  await Promise.all(clients.map((client) => client.take("puback", 4)));
  expect(broker.metric("in_flight_bytes")).toBe(0);
  for (const client of clients) client.socket.destroy();
});

test.each(versions)("a message that cannot be stored is not acknowledged, on version %i", async (version) => {
  await using broker = await openTestBroker();
  broker.sink.commitsAtOnce = false;
  using client = await RawClient.connected(broker.port, { version });
  client.send(publishPacket("t", "1", { qos: 1, messageId: 1, version }));
  client.send(publishPacket("t", "2", { qos: 1, messageId: 2, version }));
  await until(() => broker.sink.waiting.length === 2, "handed over");
  broker.sink.commit(1);
  broker.sink.refuse();
  await client.gone();
  expect(client.bytes).toEqual(
    version === 5 ? Buffer.concat([pubackBytes(1), Buffer.from([0xe0, 1, 0x89])]) : pubackBytes(1),
  );
});

test.each([1, 2] as const)("through the engine a refused QoS %i is not acknowledged either", async (qos) => {
  await using broker = await openTestBroker();
  broker.sink.commitsAtOnce = false;
  using client = await RawClient.connected(broker.port, { version: 5 });
  const properties = { contentType: "text" };
  client.send(publishPacket("t", "1", { qos, messageId: 1, version: 5, properties }));
  await until(() => broker.sink.waiting.length === 1, "handed over");
  broker.sink.refuse();
  await client.gone();
  expect(client.bytes).toEqual(Buffer.from([0xe0, 1, 0x89]));
});

test.each(["$SYS/x", "holdfast/alerts/x"])("a client may not publish to %s", async (topic) => {
  await using broker = await openTestBroker();
  using modern = await RawClient.connected(broker.port, { version: 5 });
  modern.send(publishPacket(topic, "1", { qos: 1, messageId: 1, version: 5 }));
  modern.send(publishPacket(topic, "1", { qos: 2, messageId: 2, version: 5 }));
  modern.send(publishPacket("fine", "2", { qos: 1, messageId: 3, version: 5 }));
  expect((await modern.take("puback", 2)).map((packet) => packet.reasonCode)).toEqual([0x87, 0]);
  expect((await modern.take("pubrec")).map((packet) => packet.reasonCode)).toEqual([0x87]);
  using legacy = await RawClient.connected(broker.port);
  legacy.send(publishPacket(topic, "1", { qos: 1, messageId: 1 }));
  await legacy.gone();
  expect(broker.sink.payloads).toEqual(["2"]);
  expect(broker.metric("publish_denied_total")).toBe(3);
});

test("traffic of the lane keeps a client with a short keep-alive connected, and silence ends it", async () => {
  await using broker = await openTestBroker();
  using busy = await RawClient.connected(broker.port, { keepalive: 1 });
  using silent = await RawClient.connected(broker.port, { keepalive: 1 });
  const timer = setInterval(() => busy.send(publishPacket("t", "x")), 200);
  await silent.gone();
  const count = broker.sink.received.length;
  await until(() => broker.sink.received.length > count + 3, "still served");
  clearInterval(timer);
  expect(busy.closed).toBe(false);
});

test("packets sent right behind CONNECT wait for CONNACK", async () => {
  await using broker = await openTestBroker();
  const { connectPacket } = await import("./harness.ts");
  using client = new RawClient(broker.port);
  const ids = Array.from({ length: 200 }, (_, index) => index + 1);
  client.send(
    Buffer.concat([
      connectPacket(4, "eager"),
      ...ids.map((messageId) => publishPacket("t", String(messageId), { qos: 1, messageId })),
    ]),
  );
  await client.take("puback", ids.length);
  expect(client.packets[0]?.cmd).toBe("connack");
  expect(broker.sink.payloads).toEqual(ids.map(String));
});
