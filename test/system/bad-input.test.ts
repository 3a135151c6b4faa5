/**
 * One gateway gets everything that is wrong. Each input gets its stated answer, an honest sensor is served
 * all the while, and at the end it is the same process and its books balance.
 */
import { readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { connectPacket, publishPacket } from "../../src/cli/simulate/packets.ts";
import { authenticationMs, deadLetterBytesMax } from "../../src/core/limits.ts";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { anyField, anyPacket, RawClient } from "../support/raw-client.ts";
import { seededRandom } from "../../src/cli/simulate/seeded-random.ts";
import { SequencePublisher } from "../support/sequence-publisher.ts";
import { readStoreContents, storeFaults } from "../support/store-contents.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/temporary-directory.ts";
import { until } from "../support/until.ts";

let directory: TemporaryDirectory;
let gateway: GatewayProcess;
let honest: SequencePublisher;
let pid = 0;
/** Samples that are to be in the store at the end, by `device metric`. */
const stored = new Map<string, unknown[]>();
/** How many messages were to become dead letters, by cause. */
const refused: Record<string, number> = {};

beforeAll(async () => {
  directory = await temporaryDirectory("bad-input");
  gateway = await startGateway({ directory: directory.path, config: { rollups: ["1m"] } });
  pid = gateway.pid;
  honest = new SequencePublisher({
    port: gateway.mqttPort,
    name: "honest",
    inFlightMax: 8,
    ratePerSecond: 100,
  });
  await until("the honest sensor is served", () => honest.acknowledged > 0);
});

afterAll(async () => {
  honest.close();
  await gateway.close();
  await directory[Symbol.asyncDispose]();
});

afterEach(async () => {
  if (!gateway.running || honest.stopped) return;
  const before = honest.acknowledged;
  await until("the honest sensor is served within a second", () => honest.acknowledged > before + 1, {
    withinMs: 1_000,
  });
  if (honest.connections !== 1) throw new Error("the honest sensor was cut off");
});

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const random = seededRandom(29);
const randomBytes = (count: number): Buffer =>
  Buffer.from(Array.from({ length: count }, () => random() * 256));
const longTopic = "t".repeat(65_535);

const beforeConnect: readonly [input: string, bytes: Uint8Array][] = [
  ["random bytes", Buffer.concat([hex("10"), randomBytes(2_000)])],
  ["bytes of value 0", Buffer.alloc(1_000)],
  ["an HTTP request", Buffer.from("GET / HTTP/1.1\r\nhost: gateway\r\n\r\n")],
  ["the beginning of TLS", hex("16 0301 0200 01 0001fc 0303")],
  ["a CONNECT that announces 256 MB", hex("10 ffffff7f 0004 4d515454 04")],
  ["a CONNECT whose length has five bytes", hex("10 ffffffff01")],
  [
    "a CONNECT of more than 4 KiB",
    anyPacket(0x10, hex("0004 4d515454 04 02 003c"), anyField("x".repeat(5_000))),
  ],
  ["a CONNECT without a protocol name", hex("10 00")],
  ["a PUBLISH", publishPacket("early", "1", 1)],
  ["a SUBSCRIBE", hex("82 06 0001 0001 23 00")],
  ["a PINGREQ", hex("c0 00")],
];

test.each(beforeConnect)("before CONNECT, %s closes the connection at once", async (_, bytes) => {
  using client = new RawClient(gateway.mqttPort);
  client.send(bytes);
  expect(await client.closed(2_000)).toBeLessThan(1_000);
  expect(client.frames.filter(({ body }) => body[1] === 0)).toEqual([]);
});

const afterConnect: readonly [input: string, bytes: Uint8Array][] = [
  ["random bytes", Buffer.concat([hex("f7 05"), randomBytes(2_000)])],
  ["a second CONNECT", connectPacket({ clientId: "twice", cleanSession: true, keepAliveSeconds: 60 })],
  ["a topic of 65,535 bytes", publishPacket(longTopic, "1", 1)],
  ["a topic that is not UTF-8", anyPacket(0x32, anyField(hex("61 c328")), hex("0001"), Buffer.from("1"))],
  ["a topic with half of a surrogate pair", anyPacket(0x32, anyField(hex("eda080")), hex("0001 31"))],
  ["a topic with U+0000", anyPacket(0x32, anyField("a\0b"), hex("0001 31"))],
  ["a topic of more than 32 levels", publishPacket("a/".repeat(40), "1", 1)],
  ["an empty topic", publishPacket("", "1", 1)],
  ["a topic with a wildcard", publishPacket("a/#", "1", 1)],
  ["a topic longer than its packet", anyPacket(0x32, hex("ffff 61"))],
  ["QoS 3", anyPacket(0x36, anyField("a"), hex("0001 31"))],
  ["packet id 0", publishPacket("a", "1", 0)],
  ["a PUBLISH that announces 256 MB", hex("32 ffffff7f")],
  ["a packet of a type that clients do not send", hex("20 02 0000")],
];

test.each(afterConnect)("after CONNECT, %s closes the connection, unacknowledged", async (_, bytes) => {
  using client = new RawClient(gateway.mqttPort);
  expect(await client.connect("bad")).toBe(0);
  const answers = client.frames.length;
  client.send(bytes);
  await client.closed(2_000);
  expect(client.frames.slice(answers)).toEqual([]);
});

const inherited = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "then"];

test.each(inherited)("%s is a client id, a device and a metric like any other", async (name) => {
  using client = new RawClient(gateway.mqttPort);
  expect(await client.connect(name)).toBe(0);
  expect(await client.publish(name, `{"${name}":1,"nested":{"${name}":2}}`)).toBe(true);
  stored.set(`${name} ${name}`, [1]);
  stored.set(`${name} nested.${name}`, [2]);
});

const nested = (head: string, count: number): string => head.repeat(count);
const notFinite = Number.NaN;

const accepted: readonly [input: string, payload: string | Uint8Array, metrics: Record<string, unknown>][] = [
  ["1e400 in JSON, as a bad value", '{"a":1e400,"b":1}', { a: notFinite, b: 1 }],
  [
    "NaN and infinities in CBOR, as bad values",
    hex("a3 6161 f97e00 6162 f97c00 6163 f9fc00"),
    {
      a: notFinite,
      b: notFinite,
      c: notFinite,
    },
  ],
  [
    "a CBOR integer above 2^53, by its digits",
    hex("a1 6161 1bffffffffffffffff"),
    { a: "18446744073709551615" },
  ],
  ["a name that comes twice, the last one", '{"a":1,"a":2}', { a: 2 }],
  ["a number of a thousand digits", `{"a":0.${"1".repeat(1_000)}}`, { a: 0.1111111111111111 }],
  [
    "text that looks like HTML, as it is",
    '{"a":"<script>alert(1)</script>"}',
    {
      a: "<script>alert(1)</script>",
    },
  ],
];

test.each(accepted)("payload: %s is stored", async (input, payload, metrics) => {
  using client = new RawClient(gateway.mqttPort);
  const topic = `accepted/${input.replaceAll(/[^\w]/g, "-")}`;
  expect(await client.connect("accepted")).toBe(0);
  expect(await client.publish(topic, payload)).toBe(true);
  for (const [metric, value] of Object.entries(metrics)) stored.set(`${topic} ${metric}`, [value]);
});

const rejected: readonly [input: string, payload: string | Uint8Array, cause: string][] = [
  ["nothing", "", "empty"],
  ["white space", " \r\n", "empty"],
  ["random bytes", randomBytes(500), "undetected"],
  ["free text", "hello, world", "undetected"],
  ["JSON nested 10,000 deep", `${nested('{"a":', 10_000)}1${nested("}", 10_000)}`, "too-deep"],
  ["JSON arrays nested 30,000 deep", `{"a":${nested("[", 30_000)}`, "too-deep"],
  ["NaN in JSON", '{"a":NaN}', "malformed"],
  ["Infinity in JSON", '{"a":-Infinity}', "malformed"],
  ["JSON that is cut off", '{"a":1,"b":', "malformed"],
  ["JSON followed by bytes", '{"a":1}{"a":2}', "malformed"],
  [
    "JSON with 2,000 members",
    JSON.stringify(Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`k${n}`, n]))),
    "too-many-items",
  ],
  ["JSON with a string of 60 KB", `{"a":"${"x".repeat(60_000)}"}`, "too-large"],
  ["JSON with half of a surrogate pair", '{"a":"\\ud800"}', "invalid-text"],
  ["a JSON array", "[1,2,3]", "unsupported"],
  ["invalid UTF-8 in JSON", hex("7b 22 61 22 3a 22 c328 22 7d"), "invalid-text"],
  ["invalid UTF-8 in CBOR", hex("a1 6161 62 c328"), "invalid-text"],
  ["a CBOR array of 4 GB, announced", hex("a1 6161 9affffffff 01"), "too-many-items"],
  ["a CBOR map of 2^64 pairs, announced", hex("bbffffffffffffffff"), "too-many-items"],
  ["a CBOR text of 2^64 bytes, announced", hex("a1 6161 7bffffffffffffffff 61"), "too-large"],
  ["CBOR lengths announced in each other", hex(`a1 6161 ${nested("9903e8", 8)} 01`), "too-deep"],
  ["5,000 CBOR arrays in each other", hex(`a1 6161 ${nested("81", 5_000)} 01`), "too-deep"],
  ["5,000 CBOR tags in each other", hex(`a1 6161 ${nested("c1", 5_000)} 01`), "undetected"],
  [
    "a CBOR bignum of 60 KB",
    Buffer.concat([hex("a1 6161 c2 59ea60"), Buffer.alloc(60_000, 255)]),
    "undetected",
  ],
  ["a CBOR error object, tag 27", hex("a1 6161 d81b 82 65 4572726f72 6178"), "undetected"],
  ["a CBOR set, tag 258", hex("a1 6161 d90102 81 01"), "undetected"],
  ["a record of cbor-x", hex("d9dff1 83 19e000 81 6161 05"), "undetected"],
  ["an indefinite CBOR text", hex("a1 6161 7f 6161 ff"), "undetected"],
  ["bytes after the CBOR", hex("a1 6161 01 00"), "undetected"],
];

test.each(rejected)(
  "payload: %s is acknowledged and kept as a dead letter",
  async (input, payload, cause) => {
    using client = new RawClient(gateway.mqttPort);
    const topic = `rejected/${input.replaceAll(/[^\w]/g, "-")}`;
    const bytes = Buffer.from(payload);
    expect(await client.connect("rejected")).toBe(0);
    expect(await client.publish(topic, bytes)).toBe(true);
    const letter = (await gateway.deadLetters()).find((one) => one.topic === topic);
    expect(letter).toMatchObject({ cause, clientId: "rejected", length: bytes.length });
    const kept = Buffer.from(letter?.bytes ?? "", "base64");
    expect(kept.equals(bytes.subarray(0, deadLetterBytesMax)), "the beginning of the payload is kept").toBe(
      true,
    );
    refused[cause] = (refused[cause] ?? 0) + 1;
  },
);

/** Time in which the gateway looks at its deadlines again. */
const sweepMs = 500;

test("a CONNECT that comes byte by byte is cut off at the deadline", async () => {
  using client = new RawClient(gateway.mqttPort);
  const bytes = connectPacket({ clientId: "drip", cleanSession: true, keepAliveSeconds: 60 });
  for (const byte of bytes) {
    if (client.closedAfterMs !== undefined) break;
    client.send(Buffer.of(byte));
    await setTimeout(900);
  }
  expect(await client.closed(1_000)).toBeLessThan(authenticationMs + sweepMs);
});

test("5,000 silent sockets hold nobody up, and are closed at the deadline", { timeout: 60_000 }, async () => {
  const limit = await descriptorLimit();
  const count = Math.min(5_000, limit - 200);
  if (count < 5_000) console.warn(`5,000 silent sockets: only ${count}, for ${limit} descriptors`);
  const rssBefore = await gateway.rssBytes();
  const silent: RawClient[] = [];
  try {
    for (let index = 0; index < count; index += 1) {
      silent.push(new RawClient(gateway.mqttPort));
      // As fast as the other side accepts, so that it is not the kernel's queue that is tested.
      if (index % 100 === 99) await setTimeout(1);
    }
    const servedBefore = honest.acknowledged;
    await until("the honest sensor is served", () => honest.acknowledged > servedBefore, { withinMs: 1_000 });
    using newcomer = new RawClient(gateway.mqttPort);
    const startedMs = performance.now();
    expect(await newcomer.connect("newcomer")).toBe(0);
    const newcomerAfterMs = performance.now() - startedMs;
    const rssBytes = (await gateway.rssBytes()) - rssBefore;
    await until(
      "every silent socket is closed",
      () => silent.every((one) => one.closedAfterMs !== undefined),
      {
        withinMs: authenticationMs + 3_000,
      },
    );
    console.info(
      `${count} silent sockets: ${Math.round(rssBytes / count)} bytes of memory each; ` +
        `a newcomer was served after ${Math.round(newcomerAfterMs)} ms`,
    );
    expect(newcomerAfterMs).toBeLessThan(1_000);
  } finally {
    for (const one of silent) one[Symbol.dispose]();
  }
});

test("at the end the process is the same, the books balance, and all that was to be stored is", async () => {
  await honest.drain();
  const ledger = await gateway.ledger();
  expect(gateway.pid).toBe(pid);
  expect(ledger.balanced).toBe(true);
  expect(ledger.rejected).toEqual(refused);
  expect(await gateway.stop()).toBe(0);
  const contents = await readStoreContents(gateway.dataDirectory);
  expect(storeFaults(contents)).toEqual([]);
  const held = [...stored.keys()].map((name) => [name, contents.series.get(name)?.value]);
  expect(held).toEqual([...stored]);
  expect(contents.series.get(honest.series)?.value).toHaveLength(honest.sent);
  expect(contents.ledger.received).toBe(ledger.received);
});

async function descriptorLimit(): Promise<number> {
  const limits = await readFile("/proc/self/limits", "utf8");
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 1_024);
}
