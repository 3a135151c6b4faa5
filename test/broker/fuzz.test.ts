import { connect as connectSocket } from "node:net";
import { generate, type Packet } from "mqtt-packet";
import { expect, test } from "vitest";
import {
  connectPacket,
  openTestBroker,
  publishPacket,
  RawClient,
  type TestBroker,
  until,
} from "./harness.ts";

/** A small generator of repeatable numbers (mulberry32). */
function makeRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type Random = ReturnType<typeof makeRandom>;

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random(from.length)]!;
}

const qualities = [0, 1, 2] as const;

const names = [
  "a/b",
  "constructor",
  "__proto__",
  "$SYS/x",
  "#",
  "+/+",
  "$share/g/x",
  "",
  "/",
  "holdfast/x",
  "é",
];

/** A well-formed packet of any kind that clients send, now and then one they do not. */
function makePacket(random: Random, version: 4 | 5): Buffer {
  const messageId = 1 + random(20);
  const topic = pick(random, names);
  const properties = { userProperties: { a: "b" }, topicAlias: 1 + random(20), messageExpiryInterval: 9 };
  const candidates: Packet[] = [
    {
      cmd: "publish",
      topic,
      payload: "x".repeat(random(300)),
      qos: pick(random, qualities),
      messageId,
      dup: false,
      retain: random(2) === 1,
      properties,
    },
    {
      cmd: "publish",
      topic: "a/b",
      payload: "1",
      qos: pick(random, qualities),
      messageId,
      dup: random(2) === 1,
      retain: false,
    },
    {
      cmd: "subscribe",
      messageId,
      subscriptions: [
        { topic, qos: pick(random, qualities), nl: random(2) === 1 },
        { topic: pick(random, names), qos: 0 },
      ],
    },
    { cmd: "unsubscribe", messageId, unsubscriptions: [topic, pick(random, names)] },
    { cmd: "pubrel", messageId },
    { cmd: "puback", messageId },
    { cmd: "pubrec", messageId },
    { cmd: "pubcomp", messageId },
    { cmd: "pingreq" },
    { cmd: "disconnect" },
    { cmd: "suback", messageId, granted: [0] },
  ];
  try {
    return generate(pick(random, candidates), { protocolVersion: version });
  } catch {
    // The generator refuses some combinations, such as an empty topic.
    return Buffer.from([0xc0, 0]);
  }
}

function mutate(random: Random, packet: Buffer): Buffer {
  let bytes: Buffer = Buffer.from(packet);
  for (let change = random(4); change > 0 && bytes.length > 0; change -= 1) {
    const at = random(bytes.length);
    const kind = random(5);
    if (kind === 0) bytes[at] = random(256);
    else if (kind === 1) bytes[at] = bytes[at]! ^ (1 << random(8));
    else if (kind === 2) bytes = bytes.subarray(0, at);
    else if (kind === 3)
      bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from([random(256)]), bytes.subarray(at)]);
    else bytes = Buffer.concat([bytes, bytes.subarray(at)]);
  }
  return bytes;
}

function makeConnect(random: Random, version: 4 | 5): Buffer {
  const will =
    random(2) === 0
      ? {}
      : {
          will: { topic: "wills/x", payload: Buffer.from("w"), qos: pick(random, qualities), retain: false },
        };
  const id = pick(random, ["fuzz", "constructor", "__proto__", `fuzz-${random(50)}`]);
  const properties = {
    sessionExpiryInterval: random(3),
    receiveMaximum: 1 + random(5),
    maximumPacketSize: 20 + random(500),
  };
  return connectPacket(version, id, { clean: random(2) === 0, keepalive: random(3), properties, ...will });
}

/** One connection's bytes: mutated or not, before or after a valid CONNECT, cut anywhere. */
async function attack(broker: TestBroker, random: Random): Promise<number> {
  const version = pick(random, [4, 5] as const);
  const isAuthenticated = random(4) !== 0;
  const count = 1 + random(12);
  const parts = [
    isAuthenticated ? makeConnect(random, version) : mutate(random, makeConnect(random, version)),
  ];
  for (let index = 0; index < count; index += 1) {
    const packet = makePacket(random, version);
    parts.push(random(3) === 0 ? packet : mutate(random, packet));
  }
  const bytes = Buffer.concat(parts);
  const cut = random(bytes.length);
  const socket = connectSocket({ port: broker.port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => undefined);
  socket.resume();
  socket.write(bytes.subarray(0, cut));
  await new Promise((resolve) => setImmediate(resolve));
  socket.write(bytes.subarray(cut));
  if (random(2) === 0) socket.end();
  // Some are cut off, some end by themselves or are ended.
  for (let turn = random(20); turn > 0 && !socket.destroyed; turn -= 1)
    await new Promise((resolve) => setImmediate(resolve));
  socket.destroy();
  return parts.length;
}

test("whatever bytes come, nothing escapes, and an honest client is served", {
  timeout: 60_000,
}, async () => {
  const seed = Number(process.env["HOLDFAST_FUZZ_SEED"] ?? 20_261_120);
  const packetsWanted = Number(process.env["HOLDFAST_FUZZ_PACKETS"] ?? 8_000);
  const random = makeRandom(seed);
  const escaped: unknown[] = [];
  const onEscape = (error: unknown): void => void escaped.push(error);
  process.on("unhandledRejection", onEscape);
  process.on("uncaughtException", onEscape);
  await using broker = await openTestBroker({ timings: { authenticationMs: 500 } });
  using subscriber = await RawClient.connected(broker.port);
  subscriber.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "#", qos: 1 }] });
  let packets = 0;
  while (packets < packetsWanted && escaped.length === 0) {
    const sent = await Promise.all(Array.from({ length: 10 }, () => attack(broker, random)));
    packets += sent.reduce((sum, count) => sum + count, 0);
  }
  using honest = await RawClient.connected(broker.port, { clientId: "honest" });
  honest.send(publishPacket("honest", "1", { qos: 1, messageId: 1 }));
  await honest.take("puback");
  process.off("unhandledRejection", onEscape);
  process.off("uncaughtException", onEscape);
  expect(escaped, `replay with HOLDFAST_FUZZ_SEED=${seed} HOLDFAST_FUZZ_PACKETS=${packetsWanted}`).toEqual(
    [],
  );
  expect(broker.errors).toEqual([]);
  await until(() => broker.metric("connections") <= 2, "the others are gone");
  expect(broker.metric("in_flight_bytes")).toBe(0);
  expect(broker.metric("fan_out_bytes")).toBe(0);
});
