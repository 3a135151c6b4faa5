/** Sparkplug payloads of every kind, right and damaged. `HOLDFAST_FUZZ=1` tries a million damaged ones instead of 20,000. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  birthMetricsMax,
  inflatedBytesMax,
  packetBytesMax,
  sparkplugMetricsMax,
} from "../../src/core/limits.ts";
import {
  type EncodableMetric,
  type EncodablePayload,
  encodeSparkplug,
} from "../support/sparkplug-encoder.ts";
import { mutated } from "./json-trees.ts";
import { startAt, SparkplugWorld } from "./sparkplug-decoding.ts";

const isLong = process.env["HOLDFAST_FUZZ"] === "1";
const payloadsPerRun = 20;
const runs = isLong ? 50_000 : 1_000;
/** The bar is 5 ms, which the long run holds; beside other tests only what is out of all proportion fails. */
const slowestMs = isLong ? 5 : 100;
/** The first of them also compile what they run. */
const triesMax = 20;

/** A value with its datatype, and as it is to be found. */
interface Typed {
  readonly fields: EncodableMetric;
  readonly value: number | boolean | string;
}

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

function shownInteger(value: bigint): number | string {
  return value <= 9_007_199_254_740_991n && value >= -9_007_199_254_740_991n ? Number(value) : `"${value}"`;
}

function signed(datatype: number, bits: number): fc.Arbitrary<Typed> {
  const half = 2 ** (bits - 1);
  return fc
    .record({ value: fc.integer({ min: -half, max: half - 1 }), wide: fc.boolean() })
    .map(({ value, wide }) => ({
      fields: { datatype, int_value: wide ? value >>> 0 : value < 0 ? value + 2 ** bits : value },
      value,
    }));
}

const typed: fc.Arbitrary<Typed> = fc.oneof(
  signed(1, 8),
  signed(2, 16),
  signed(3, 32),
  int64.map((value) => ({
    fields: { datatype: 4, long_value: BigInt.asUintN(64, value).toString() },
    value: shownInteger(value),
  })),
  fc.nat({ max: 0xff }).map((value) => ({ fields: { datatype: 5, int_value: value }, value })),
  fc.record({ value: fc.nat({ max: 0xffff_ffff }), long: fc.boolean() }).map(({ value, long }) => ({
    fields: { datatype: 7, [long ? "long_value" : "int_value"]: value },
    value,
  })),
  uint64.map((value) => ({
    fields: { datatype: 8, long_value: value.toString() },
    value: shownInteger(value),
  })),
  fc
    .float({ noNaN: true, noDefaultInfinity: true })
    .map((value) => ({ fields: { datatype: 9, float_value: value }, value })),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map((value) => ({ fields: { datatype: 10, double_value: value }, value })),
  fc.boolean().map((value) => ({ fields: { datatype: 11, boolean_value: value }, value })),
  fc.string({ unit: "grapheme", maxLength: 40 }).map((value) => ({
    fields: { datatype: 12, string_value: value },
    value: JSON.stringify(value),
  })),
  fc.uint8Array({ maxLength: 40 }).map((value) => ({
    fields: { datatype: 17, bytes_value: value },
    value: `"${Buffer.from(value).toString("base64url")}"`,
  })),
);

const metricNames = fc.uniqueArray(
  fc.oneof(
    fc.constantFrom("__proto__", "constructor", "a/b", "läuft", "Node/x", "bd"),
    fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 30 }),
  ),
  { minLength: 1, maxLength: 12 },
);
const metricsWithValues = fc.record({
  names: metricNames,
  first: fc.array(typed, { minLength: 12, maxLength: 12 }),
  aliases: fc.uniqueArray(fc.nat({ max: Number.MAX_SAFE_INTEGER - 1 }), { minLength: 12, maxLength: 12 }),
  seq: fc.nat({ max: 255 }),
  device: fc.boolean(),
});

test("data by alias gives what the same data by name gives, and what was encoded", () => {
  fc.assert(
    fc.property(metricsWithValues, ({ names, first, aliases, seq, device }) => {
      const world = new SparkplugWorld();
      const [verb, path] = device ? ["D", "n/d"] : ["N", "n"];
      const metrics = names.map((name, index) => ({ name, alias: aliases[index], ...first[index]!.fields }));
      if (device) world.take("NBIRTH/n", { timestamp: startAt, seq, metrics: [] });
      const birthSeq = device ? (seq + 1) & 0xff : seq;
      const birth = world.take(`${verb}BIRTH/${path}`, { timestamp: startAt, seq: birthSeq, metrics });
      const expected = names.map((name, index) => [`G/${path}`, name.normalize("NFC"), first[index]!.value]);
      const shown = birth.rows.slice(1);
      // Minus zero is a value of its own.
      expect(JSON.stringify(shown)).toBe(JSON.stringify(expected));
      const numbers = metrics.map((metric: EncodableMetric) => {
        const { name: _name, datatype: _datatype, ...rest } = metric;
        return rest;
      });
      const payload = { timestamp: startAt + 1, seq: (birthSeq + 1) & 0xff, metrics: numbers };
      const data = world.take(`${verb}DATA/${path}`, payload);
      expect(data.rows).toEqual(shown);
      expect(world.requests).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

const quality = {
  keys: ["Quality", "engUnit"],
  values: [
    { type: 3, int_value: 500 },
    { type: 12, string_value: "bar" },
  ],
};
const template = {
  metrics: [
    { name: "a", datatype: 3, int_value: 1 },
    {
      name: "b",
      datatype: 19,
      template_value: { metrics: [{ name: "c", datatype: 12, string_value: "x" }] },
    },
  ],
};
const dataSet = {
  num_of_columns: 2,
  columns: ["x", "y"],
  types: [3, 12],
  rows: [{ elements: [{ int_value: 1 }, { string_value: "__proto__" }] }],
};
const birth: EncodablePayload = {
  timestamp: startAt,
  seq: 0,
  metrics: [
    { name: "bdSeq", datatype: 8, long_value: 1 },
    { name: "__proto__", alias: 1, datatype: 9, float_value: 1.5, properties: quality, timestamp: startAt },
    { name: "constructor", alias: 2, datatype: 4, long_value: "18446744073709551615" },
    { name: "t", alias: 3, datatype: 19, template_value: template },
    { name: "s", alias: 4, datatype: 16, dataset_value: dataSet, metadata: { content_type: "x", size: 9 } },
    { name: "b", alias: 5, datatype: 17, bytes_value: Buffer.from([1, 2, 3]), is_historical: true },
  ],
};
const payloads: readonly Buffer[] = [
  birth,
  {
    timestamp: startAt + 1,
    seq: 1,
    metrics: [{ name: "m", alias: 1, datatype: 3, int_value: 7, is_null: true }],
  },
  {
    timestamp: startAt + 2,
    seq: 2,
    metrics: [
      { alias: 1, float_value: 2 },
      { alias: 2, long_value: 3 },
    ],
  },
  { timestamp: startAt + 2, metrics: [{ name: "bdSeq", datatype: 8, long_value: 1 }] },
].map(encodeSparkplug);
const topics = ["NBIRTH/n", "DBIRTH/n/d", "NDATA/n", "DDATA/n/d", "NDEATH/n", "DDEATH/n/d"];

function compressed(payload: Uint8Array): Buffer {
  return encodeSparkplug({ uuid: "SPBV1.0_COMPRESSED", body: deflateSync(payload), timestamp: startAt });
}

function prototypes(): string {
  return [Object.prototype, Array.prototype, Map.prototype, Function.prototype, Uint8Array.prototype]
    .map((prototype) => Reflect.ownKeys(prototype).map(String).join())
    .join(";");
}

/** Decodes, and tells how long it took; a pause of the machine is told apart by trying again. */
function decodeMs(world: SparkplugWorld, path: string, payload: Uint8Array): number {
  let fastest = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < triesMax && fastest > slowestMs; attempt += 1) {
    world.take(path, payload);
    fastest = Math.min(fastest, world.tookMs);
  }
  return fastest;
}

/** Bytes in use after everything that can go is gone. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().heapUsed;
}

test("damaged payloads never throw, are decoded in time, leave prototypes alone and fill no memory", () => {
  const world = new SparkplugWorld(1_000);
  const before = prototypes();
  let runCount = 0;
  let warmBytes = 0;
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      let state = seed;
      // The constants of "Numerical Recipes", with the upper bits, which are the better ones.
      const choose = (): number => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state >>> 8;
      };
      for (let round = 0; round < payloadsPerRun; round += 1) {
        let payload = payloads[choose() % payloads.length]!;
        const other = payloads[choose() % payloads.length]!;
        for (let times = choose() % 4; times >= 0 && payload.length > 0; times -= 1) {
          payload = mutated(payload, other, choose);
        }
        const path = topics[choose() % topics.length]!;
        expect(decodeMs(world, path, choose() % 8 === 0 ? compressed(payload) : payload)).toBeLessThan(
          slowestMs,
        );
      }
      expect(world.host.nodes.metricCount).toBeLessThanOrEqual(sparkplugMetricsMax);
      runCount += 1;
      if (runCount === 500) warmBytes = heapBytes();
    }),
    { numRuns: runs },
  );
  expect(runCount).toBe(runs);
  expect(heapBytes() - warmBytes).toBeLessThan(16 * 1024 * 1024);
  expect(prototypes()).toBe(before);
}, 1_800_000);

test("the payloads that are damaged here are taken where they belong", () => {
  const world = new SparkplugWorld();
  const causes = payloads.map(
    (payload, index) => world.take(["NBIRTH/n", "DBIRTH/n/d", "NDATA/n", "NDEATH/n"][index]!, payload).cause,
  );
  expect(causes).toEqual([undefined, undefined, undefined, undefined]);
  expect(world.take("NBIRTH/n", compressed(payloads[0]!)).cause).toBeUndefined();
});

test("random bytes leave nothing behind", () => {
  const world = new SparkplugWorld();
  fc.assert(
    fc.property(fc.constantFrom(...topics), fc.uint8Array({ maxLength: 64 }), (path, bytes) => {
      const { cause, rows } = world.take(path, bytes);
      expect(cause === undefined ? 0 : rows.length).toBe(0);
    }),
    { numRuns: 2_000 },
  );
});

function filled(piece: Uint8Array, length = packetBytesMax): Buffer {
  return Buffer.concat(Array.from({ length: Math.floor(length / piece.length) }, () => piece));
}

/** A field of bytes, as protocol buffers have it. */
function part(field: number, bytes: Uint8Array): Buffer {
  const { length } = bytes;
  const size =
    length < 128
      ? [length]
      : length < 16_384
        ? [(length & 127) | 128, length >> 7]
        : [(length & 127) | 128, ((length >> 7) & 127) | 128, length >> 14];
  return Buffer.concat([
    Buffer.from([...(field < 16 ? [(field << 3) | 2] : [((field << 3) & 127) | 0x82, field >> 4]), ...size]),
    bytes,
  ]);
}

function nestedTemplates(): Buffer {
  let metric: Buffer = Buffer.from([0x0a, 0x01, 0x61]);
  while (metric.length < 60_000) metric = part(2, part(18, metric)).subarray(0);
  return metric;
}

const manyMetrics = Array.from({ length: birthMetricsMax }, (_, alias) => ({
  name: `m${alias}`,
  alias,
  datatype: 8,
  long_value: "18446744073709551615",
}));

test.each<[what: string, payload: Buffer]>([
  ["metrics without anything", filled(Buffer.from([0x12, 0x00]))],
  ["metrics with a name", filled(Buffer.from([0x12, 0x03, 0x0a, 0x01, 0x61]))],
  ["as many metrics as there may be", encodeSparkplug({ timestamp: startAt, seq: 0, metrics: manyMetrics })],
  ["properties", part(2, part(9, filled(Buffer.from([0x0a, 0x00, 0x12, 0x00]), 60_000)))],
  ["properties that are read", part(2, part(9, filled(part(1, Buffer.from("Quality")), 60_000)))],
  ["columns", part(2, part(17, filled(Buffer.from([0x12, 0x00]), 60_000)))],
  ["types of columns", part(2, part(17, part(3, Buffer.alloc(60_000))))],
  ["rows", part(2, part(17, filled(Buffer.from([0x22, 0x00]), 60_000)))],
  ["elements", part(2, part(17, part(4, filled(Buffer.from([0x0a, 0x00]), 60_000))))],
  ["members", part(2, part(18, filled(Buffer.from([0x12, 0x00]), 60_000)))],
  ["templates in templates", nestedTemplates()],
  ["unknown fields", filled(Buffer.from([0xa0, 0x06, 0x00]))],
  ["times", filled(Buffer.from([0x08, 0x00]))],
  ["numbers that do not end", Buffer.alloc(packetBytesMax, 0xff)],
  ["a text", part(2, part(15, Buffer.alloc(60_000, 0x61)))],
  ["bytes", Buffer.alloc(packetBytesMax)],
  ["a bomb", compressed(Buffer.alloc(inflatedBytesMax))],
  ["a bomb of metrics", compressed(filled(Buffer.from([0x12, 0x00]), inflatedBytesMax))],
  [
    "a bomb of properties",
    compressed(part(2, part(9, filled(Buffer.from([0x12, 0x00]), inflatedBytesMax - 100)))),
  ],
])("the largest payload of %s is decoded in time", (_, payload) => {
  expect(payload.length).toBeLessThanOrEqual(packetBytesMax);
  for (const path of topics) expect(decodeMs(new SparkplugWorld(), path, payload)).toBeLessThan(slowestMs);
});
