import { connect as connectSocket, type Socket } from "node:net";
import { generate } from "mqtt-packet";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clientOpenQos2Max, connectionsMax } from "../../src/core/limits.ts";
import {
  connectPacket,
  openTestBroker,
  publishPacket,
  RawClient,
  type TestBroker,
  until,
} from "./harness.ts";

let shared: TestBroker;
const unhandled: unknown[] = [];
const onUnhandled = (error: unknown): void => void unhandled.push(error);

beforeAll(async () => {
  process.on("unhandledRejection", onUnhandled);
  process.on("uncaughtException", onUnhandled);
  shared = await openTestBroker();
});

afterAll(async () => {
  await shared.broker.close();
  process.off("unhandledRejection", onUnhandled);
  process.off("uncaughtException", onUnhandled);
});

/** Whatever was sent before: somebody else is still served. */
async function serveHonestClient(): Promise<void> {
  using honest = await RawClient.connected(shared.port);
  honest.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "honest", qos: 0 }] });
  await honest.take("suback");
  honest.send(publishPacket("honest", "1", { qos: 1, messageId: 1 }));
  await honest.take("puback");
  await honest.take("publish");
}

const valid = connectPacket(4, "x");

/** A CONNECT with one byte changed. */
function patchedConnect(offset: number, value: number): Buffer {
  const copy = Buffer.from(valid);
  copy[offset] = value;
  return copy;
}

const refusedBeforeConnack: readonly (readonly [string, Uint8Array])[] = [
  ["garbage", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
  ["zeroes", Buffer.alloc(64)],
  ["a PUBLISH before CONNECT", publishPacket("t", "1", { qos: 1, messageId: 1 })],
  ["a PINGREQ before CONNECT", Uint8Array.of(0xc0, 0)],
  ["a CONNECT that claims 256 MB", Uint8Array.of(0x10, 0xff, 0xff, 0xff, 0x7f)],
  ["a length of five bytes", Uint8Array.of(0x10, 0xff, 0xff, 0xff, 0xff, 0x7f)],
  ["a CONNECT just over its bound", connectPacket(4, "x", { username: "u".repeat(4_100) })],
  ["a CONNECT with reserved flags", patchedConnect(9, 3)],
  ["a CONNECT with a will of QoS 3", patchedConnect(9, 0b0001_1110)],
  ["a client id with U+0000", Buffer.concat([valid.subarray(0, -1), Buffer.from([0])])],
  ["a client id of invalid UTF-8", Buffer.concat([valid.subarray(0, -1), Buffer.from([0xff])])],
  ["a client id that is too long", connectPacket(4, "i".repeat(200))],
  [
    "a will for a topic of the gateway",
    connectPacket(4, "x", { will: { topic: "holdfast/x", payload: "", qos: 0, retain: false } }),
  ],
  [
    "a will with a wildcard",
    connectPacket(4, "x", { will: { topic: "a/#", payload: "", qos: 0, retain: false } }),
  ],
  [
    "a CONNECT with trailing bytes",
    Buffer.concat([Buffer.from([0x10, valid[1]! + 1]), valid.subarray(2), Buffer.from([0])]),
  ],
];

test.each(refusedBeforeConnack)("%s ends the connection before it begins", async (_what, bytes) => {
  using client = new RawClient(shared.port);
  client.send(bytes);
  await client.gone();
  expect(client.packets).toEqual([]);
});

function withTopic(topic: Buffer, flags = 0x30): Buffer {
  const body = Buffer.concat([
    Buffer.from([topic.length >> 8, topic.length & 255]),
    topic,
    Buffer.from("payload"),
  ]);
  const length: number[] = [];
  for (let rest = body.length; ; rest >>= 7) {
    length.push((rest & 127) | (rest > 127 ? 128 : 0));
    if (rest <= 127) break;
  }
  return Buffer.concat([Buffer.from([flags, ...length]), body]);
}

const endsAfterConnack: readonly (readonly [string, Uint8Array])[] = [
  ["a second CONNECT", valid],
  ["a topic of invalid UTF-8", withTopic(Buffer.from([0x61, 0xc3, 0x28]))],
  ["a topic with U+0000", withTopic(Buffer.from("a\0b"))],
  ["a topic with U+0001", withTopic(Buffer.from("a\u0001"))],
  ["a topic with U+001F", withTopic(Buffer.from("\u001fa"))],
  ["a topic with U+007F", withTopic(Buffer.from("a\u007fb"))],
  ["a topic with U+0080", withTopic(Buffer.from("a\u0080"))],
  ["a topic with U+009F", withTopic(Buffer.from("a\u009fb"))],
  ["a topic with an overlong encoding", withTopic(Buffer.from([0xc0, 0xaf]))],
  ["a topic with a surrogate", withTopic(Buffer.from([0xed, 0xa0, 0x80]))],
  ["an empty topic", withTopic(Buffer.alloc(0))],
  ["a topic with a wildcard", withTopic(Buffer.from("a/+"))],
  ["a topic of 65,535 bytes", withTopic(Buffer.alloc(65_535, "a"))],
  ["a topic of 2,000 bytes", withTopic(Buffer.alloc(2_000, "a"))],
  ["a topic of 100 levels", withTopic(Buffer.from("a/".repeat(99)))],
  ["a topic longer than its packet", Uint8Array.of(0x30, 4, 0, 9, 0x61, 0x62)],
  ["a PUBLISH of QoS 3", withTopic(Buffer.from("a"), 0x36)],
  ["a PUBLISH of QoS 0 with DUP", withTopic(Buffer.from("a"), 0x38)],
  ["a PUBLISH with packet identifier 0", Uint8Array.of(0x32, 5, 0, 1, 0x61, 0, 0)],
  ["an overlong PINGREQ", Uint8Array.of(0xc0, 1, 0)],
  ["a packet of type 0", Uint8Array.of(0x00, 0)],
  ["a packet only servers send", Uint8Array.of(0xd0, 0)],
  ["a PUBLISH over 64 KiB", Uint8Array.of(0x30, 0xff, 0xff, 0x7f)],
  ["a PUBREL with wrong flags", Uint8Array.of(0x60, 2, 0, 1)],
  ["a PUBACK for packet identifier 0", Uint8Array.of(0x40, 2, 0, 0)],
  ["a SUBSCRIBE without filters", Uint8Array.of(0x82, 2, 0, 1)],
  ["a SUBSCRIBE of QoS 3", Uint8Array.of(0x82, 6, 0, 1, 0, 1, 0x61, 3)],
  [
    "a filter with a misplaced wildcard",
    generate({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "a/#/b", qos: 0 }] }),
  ],
  [
    "the filter __proto__",
    generate({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "__proto__", qos: 0 }] }),
  ],
  [
    "the filter __proto__ in an UNSUBSCRIBE",
    generate({ cmd: "unsubscribe", messageId: 1, unsubscriptions: ["__proto__"] }),
  ],
  [
    "300 filters in one SUBSCRIBE",
    generate({
      cmd: "subscribe",
      messageId: 1,
      subscriptions: Array.from({ length: 300 }, (_, index) => ({ topic: `f/${index}`, qos: 0 as const })),
    }),
  ],
];

test.each(endsAfterConnack)("%s ends the connection", async (_what, bytes) => {
  const before = shared.sink.received.length;
  using client = await RawClient.connected(shared.port);
  client.send(bytes);
  client.send(publishPacket("after", "must not count"));
  await client.gone();
  expect(client.packets).toEqual([]);
  expect(shared.sink.received).toHaveLength(before);
});

test("MQTT 5 clients are told why", async () => {
  using client = await RawClient.connected(shared.port, { version: 5 });
  client.send(publishPacket("a/+", "x", { version: 5 }));
  await client.gone();
  expect(client.packets).toMatchObject([{ cmd: "disconnect", reasonCode: 0x90 }]);
  using large = await RawClient.connected(shared.port, { version: 5 });
  large.send(Uint8Array.of(0x30, 0xff, 0xff, 0x7f));
  await large.gone();
  expect(large.packets).toMatchObject([{ cmd: "disconnect", reasonCode: 0x95 }]);
});

const inherited = ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf", "__defineGetter__"];

test.each(inherited)("the inherited name %s is an ordinary client id and topic (B1)", async (name) => {
  for (const version of [4, 5] as const) {
    using client = await RawClient.connected(shared.port, { version, clientId: name });
    client.send(publishPacket(name, "1", { qos: 1, messageId: 1, version }));
    client.send(publishPacket(name, "2", { qos: 2, messageId: 2, version }));
    await client.take("puback");
    await client.take("pubrec");
  }
  expect(shared.sink.received.filter((one) => one.topic === name && one.clientId === name)).toHaveLength(4);
});

test.each(inherited.filter((name) => name !== "__proto__"))(
  "the inherited name %s is an ordinary filter (B1)",
  async (name) => {
    for (const version of [4, 5] as const) {
      using client = await RawClient.connected(shared.port, {
        version,
        clean: false,
        properties: { sessionExpiryInterval: 5 },
      });
      client.send({
        cmd: "subscribe",
        messageId: 1,
        subscriptions: [
          { topic: name, qos: 1 },
          { topic: "b", qos: 1 },
        ],
      });
      await client.take("suback");
      client.send(publishPacket(name, "1", { qos: 1, messageId: 1, version }));
      await client.take("publish");
      client.send({ cmd: "unsubscribe", messageId: 2, unsubscriptions: [name, "valueOf"] });
      expect(await client.take("unsuback")).toHaveLength(1);
    }
  },
);

test("unknown and repeated PUBRELs are answered (B2)", async () => {
  for (const version of [4, 5] as const) {
    using client = await RawClient.connected(shared.port, { version });
    client.send(publishPacket("t", "1", { qos: 2, messageId: 5, version }));
    await client.take("pubrec");
    for (const messageId of [5, 5, 5, 77]) client.send({ cmd: "pubrel", messageId });
    expect(await client.take("pubcomp", 4)).toHaveLength(4);
  }
});

test("open QoS 2 messages of one client are bounded, and gone with its session (B3)", async () => {
  await using broker = await openTestBroker();
  using client = await RawClient.connected(broker.port, { version: 5 });
  for (let messageId = 1; messageId <= 5_000; messageId += 1) {
    client.send(publishPacket("flood", "1", { qos: 2, messageId, version: 5 }));
  }
  await client.gone();
  expect(client.packets.filter((packet) => packet.cmd === "pubrec").length).toBeLessThanOrEqual(
    clientOpenQos2Max,
  );
  expect(client.packets.at(-1)).toMatchObject({ cmd: "disconnect", reasonCode: 0x93 });
  await until(() => broker.metric("sessions") === 0, "session forgotten");
});

test("characters beside the control characters are taken", async () => {
  using client = await RawClient.connected(shared.port);
  for (const [index, topic] of [" ", "~", "\u00a0", "\u00c2\u0142", "\ufffd", "\u{10ffff}"].entries()) {
    client.send(publishPacket(topic, "1", { qos: 1, messageId: index + 1 }));
  }
  expect(await client.take("puback", 6)).toHaveLength(6);
});

test("no more filters than allowed are granted to one client", async () => {
  using client = await RawClient.connected(shared.port);
  for (let packet = 0; packet < 3; packet += 1) {
    const subscriptions = Array.from({ length: 100 }, (_, index) => ({
      topic: `f/${packet}/${index}`,
      qos: 0 as const,
    }));
    client.send({ cmd: "subscribe", messageId: packet + 1, subscriptions });
  }
  const granted = (await client.take("suback", 3)).flatMap((packet) => packet.granted);
  expect(granted.filter((code) => code === 0)).toHaveLength(256);
  expect(granted.filter((code) => code === 128)).toHaveLength(44);
});

test("an empty client id without a clean session is refused on 3.1.1 (A7)", async () => {
  using client = new RawClient(shared.port);
  client.send(
    Buffer.concat([Buffer.from([0x10, 12, 0, 4]), Buffer.from("MQTT"), Buffer.from([4, 0, 0, 0, 0, 0])]),
  );
  await client.gone();
  expect(client.packets).toMatchObject([{ cmd: "connack", returnCode: 2 }]);
});

test("silent and half-finished connections are closed at the deadline (A6)", async () => {
  await using impatient = await openTestBroker({ timings: { authenticationMs: 150 } });
  const sockets = Array.from({ length: 200 }, (_, index) => {
    const socket = connectSocket({ port: impatient.port, host: "127.0.0.1" });
    socket.on("error", () => undefined);
    if (index % 2 === 0) socket.write(valid.subarray(0, 5));
    return socket;
  });
  await until(() => impatient.metric("connections_total") === 200, "accepted");
  await until(
    () => impatient.metric("connections_closed_total", "authentication-deadline") === 200,
    "closed",
  );
  await until(() => sockets.every((socket) => socket.destroyed || socket.readableEnded), "clients see it");
  await until(() => impatient.metric("connections") === 0, "none is left");
  expect(impatient.metric("connections_closed_total", "authentication-deadline")).toBe(200);
  for (const socket of sockets) socket.destroy();
});

test("silent connections, however many, do not keep a client out", async () => {
  // The rate lets no address have that many; here it is about what holds when several have.
  await using patient = await openTestBroker({
    timings: { authenticationMs: 60_000 },
    connectBounds: { burst: 10_000, ofOneBurst: 10_000 },
  });
  const sockets: Socket[] = [];
  while (sockets.length < connectionsMax + 200) {
    // In portions: what the kernel has no room for it lets wait for seconds.
    for (let index = 0; index < 400; index += 1) {
      const socket = connectSocket({ port: patient.port, host: "127.0.0.1" });
      socket.on("error", () => undefined);
      sockets.push(socket);
    }
    await until(() => patient.metric("connections_total") === sockets.length, "all accepted");
  }
  expect(patient.metric("connections")).toBeLessThanOrEqual(connectionsMax);
  using client = await RawClient.connected(patient.port);
  client.send(publishPacket("t", "1", { qos: 1, messageId: 1 }));
  expect(await client.take("puback")).toHaveLength(1);
  for (const socket of sockets) socket.destroy();
});

test("after all this somebody else is served, and nothing has escaped", async () => {
  await serveHonestClient();
  expect(unhandled).toEqual([]);
  expect(shared.errors).toEqual([]);
});
