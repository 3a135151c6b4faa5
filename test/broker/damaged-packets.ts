/** What attackers send: right packets of MQTT 3.1.1 and 5, damaged ones, and packets where they do not belong. */
import { generate, type Packet } from "mqtt-packet";
import { connectPacket } from "./harness.ts";

/** Gives repeatable numbers below a bound. */
export type Random = (below: number) => number;

/** A small generator (mulberry32). */
export function makeRandom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random(from.length)]!;
}

type Version = 4 | 5;

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
function makePacket(random: Random, version: Version): Buffer {
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

function makeConnect(random: Random, version: Version): Buffer {
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

/** Changes bytes and bits, truncates, inserts, repeats, splices another packet in, or lies about a length. */
function damage(random: Random, packet: Buffer, other: Buffer): Buffer {
  let bytes: Buffer = Buffer.from(packet);
  for (let change = 1 + random(3); change > 0 && bytes.length > 0; change -= 1) {
    const at = random(bytes.length);
    const kind = random(8);
    if (kind === 0) bytes[at] = random(256);
    else if (kind === 1) bytes[at] = bytes[at]! ^ (1 << random(8));
    else if (kind === 2) bytes = bytes.subarray(0, at);
    else if (kind === 3) {
      bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from([random(256)]), bytes.subarray(at)]);
    } else if (kind === 4) bytes = Buffer.concat([bytes, bytes.subarray(at)]);
    else if (kind === 5) bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(random(other.length))]);
    else if (kind === 6 && bytes.length > 1) bytes[1] = random(200);
    else if (bytes.length > 3) {
      // One of the lengths inside.
      const lengthAt = 2 + random(bytes.length - 3);
      bytes[lengthAt] = pick(random, [0, 0, 0xff, 0x7f]);
      bytes[lengthAt + 1] = random(256);
    }
  }
  return bytes;
}

/** What one connection sends, packet by packet. */
export function attackOf(random: Random): readonly Buffer[] {
  const version = pick(random, [4, 5] as const);
  const connect = makeConnect(random, version);
  const first = random(10);
  // Damaged before it is let in, nothing that belongs there at all, or let in.
  const parts: Buffer[] = [];
  if (first === 0) parts.push(damage(random, connect, makePacket(random, version)));
  else if (first > 1) parts.push(connect);
  // The more is right, the further it comes.
  const oneIn = pick(random, [1, 3, 10, 1_000]);
  for (let count = 1 + random(16); count > 0; count -= 1) {
    const isAmiss = random(40) === 0;
    const packet = isAmiss ? makeConnect(random, version) : makePacket(random, version);
    parts.push(random(oneIn) === 0 ? damage(random, packet, makePacket(random, version)) : packet);
  }
  return parts;
}
