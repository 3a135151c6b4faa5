/**
 * Prints what decoding a message costs: one JSON line for each kind, nanoseconds per message.
 *
 * Messages of a thousand topics in turn, with changing values; rounds of all kinds alternate, and the
 * median round is printed. `JSON.parse` and `cbor-x` stand beside our codecs doing their part only: an
 * object, no rows.
 *
 * Run: `node test/bench/codecs.bench.ts`
 */
import { decode as decodeCborX, encode } from "cbor-x";
import { CborReader } from "../../src/codecs/cbor-read.ts";
import { autoPlan } from "../../src/codecs/auto.ts";
import { cborPlan } from "../../src/codecs/cbor.ts";
import { JsonReader } from "../../src/codecs/json-read.ts";
import { jsonPlan } from "../../src/codecs/json.ts";
import { objectNaming } from "../../src/codecs/naming.ts";
import { scalarPlan } from "../../src/codecs/scalar.ts";
import { SparkplugHost } from "../../src/codecs/sparkplug-host.ts";
import { sparkplugPlans } from "../../src/codecs/sparkplug.ts";
import type { DecodePlan, DecodeTarget, PlanSpec } from "../../src/core/decode.ts";
import { SampleColumns } from "../../src/core/sample.ts";
import { encodeSparkplug } from "../support/sparkplug-encoder.ts";

const topics = 1_000;
const rounds = 9;
const messages = 200_000;
const series = new Map<string, Map<string, number>>();
let seriesCount = 0;

const target: DecodeTarget = {
  rows: new SampleColumns(16_384),
  receivedAt: Number.NaN,
  stampAt: Number.NaN,
  stampUnreadable: false,
  ownStamps: false,
  note: () => undefined,
  series(device, metric) {
    let metrics = series.get(device);
    if (metrics === undefined) series.set(device, (metrics = new Map()));
    const known = metrics.get(metric);
    if (known !== undefined) return known;
    metrics.set(metric, seriesCount);
    return seriesCount++;
  },
};

/** Payloads one after the other in one buffer, as they lie in what a socket has given. */
class Payloads {
  readonly bytes: Buffer;
  readonly starts: number[] = [0];

  constructor(payloads: readonly (string | Uint8Array)[]) {
    const parts = payloads.map((payload) => Buffer.from(payload));
    for (const part of parts) this.starts.push(this.starts.at(-1)! + part.length);
    this.bytes = Buffer.concat(parts);
  }

  get count(): number {
    return this.starts.length - 1;
  }
}

function readings(index: number): { ts: number; temperature: number; vibration: number; unit: string } {
  const temperature = Math.round(210_000 + 9_000 * Math.sin(index)) / 10_000;
  const vibration = Math.round(12_500 + 9_000 * Math.cos(index)) / 100_000;
  return { ts: 1_762_000_000_000 + index * 997, temperature, vibration, unit: "press-01" };
}

const variants = Array.from({ length: 64 }, (_, index) => readings(index));
const json = new Payloads(
  variants.map(
    ({ ts, temperature, vibration, unit }) =>
      `{"ts":${ts},"temperature":${temperature.toFixed(4)},"vibration":${vibration.toFixed(5)},"unit":"${unit}"}`,
  ),
);
const jsonTexts = new Payloads(
  variants.map(
    ({ ts, temperature, vibration }, index) =>
      `{"ts":${ts},"temperature":${temperature.toFixed(4)},"vibration":${vibration.toFixed(5)},"unit":"press-${index + 10}"}`,
  ),
);
const jsonNumbers = new Payloads(
  variants.map(
    ({ ts, temperature, vibration }) =>
      `{"timestamp":${ts},"bearing-temperature":${temperature.toFixed(4)},"vibration":${vibration.toFixed(5)}}`,
  ),
);
const cbor = new Payloads(variants.map((variant) => encode(variant)));
const scalars = new Payloads(variants.map(({ temperature }) => temperature.toFixed(4)));

/** One way to decode `messages` payloads. */
interface Kind {
  readonly name: string;
  readonly payloads: Payloads;
  readonly nsPerMessage: number[];
  decode(topic: number, bytes: Buffer, start: number, end: number): void;
}

function planned(name: string, payloads: Payloads, make: (spec: PlanSpec) => DecodePlan): Kind {
  const plans = Array.from({ length: topics }, (_, index) =>
    make({ topic: `plant/line${index % 8}/press-${index}/telemetry`, codec: "auto" }),
  );
  return {
    name,
    payloads,
    nsPerMessage: [],
    decode(topic, bytes, start, end) {
      const rejection = plans[topic]!.decode(bytes, start, end, target);
      if (rejection !== undefined) throw new Error(rejection.detail);
    },
  };
}

function general(name: string, payloads: Payloads, reader: JsonReader | CborReader): Kind {
  const naming = objectNaming({ topic: "plant/line1/press/telemetry", codec: "auto" });
  return {
    name,
    payloads,
    nsPerMessage: [],
    decode(_, bytes, start, end) {
      const rejection = reader.read(bytes, start, end, naming) ?? reader.leaves.emit(bytes, target);
      if (rejection !== undefined) throw new Error(rejection.detail);
    },
  };
}

function foreign(name: string, payloads: Payloads, decode: (bytes: Buffer) => unknown): Kind {
  return {
    name,
    payloads,
    nsPerMessage: [],
    decode(_, bytes, start, end) {
      if (decode(bytes.subarray(start, end)) === undefined) throw new Error("nothing decoded");
    },
  };
}

const aliases = 10;

/** Data of edge nodes by ten aliases, each node's in its own sequence, after a birth with their names. */
function sparkplug(name: string): Kind {
  const make = sparkplugPlans(new SparkplugHost());
  const nodes = Array.from({ length: topics }, (_, index) => `plant/n${index}`);
  const births = Array.from({ length: aliases }, (_, alias) => ({
    name: `line/metric-${alias}`,
    alias,
    datatype: 9 + (alias & 1),
    float_value: 0,
  }));
  const birth = encodeSparkplug({ timestamp: 1_762_000_000_000, seq: 255, metrics: births });
  for (const node of nodes) {
    const topic = `spBv1.0/${node.replace("/", "/NBIRTH/")}`;
    make({ topic, codec: "sparkplug" }).decode(birth, 0, birth.length, target);
  }
  const plans = nodes.map((node) =>
    make({ topic: `spBv1.0/${node.replace("/", "/NDATA/")}`, codec: "sparkplug" }),
  );
  const payloads = new Payloads(Array.from({ length: 256 }, (_, seq) => sparkplugData(seq)));
  const seqs = new Uint8Array(topics);
  return {
    name,
    payloads,
    nsPerMessage: [],
    decode(topic, bytes) {
      const seq = seqs[topic]!;
      seqs[topic] = seq + 1;
      const { starts } = payloads;
      const rejection = plans[topic]!.decode(bytes, starts[seq]!, starts[seq + 1]!, target);
      if (rejection !== undefined) throw new Error(rejection.detail);
    },
  };
}

function sparkplugData(seq: number): Buffer {
  const timestamp = 1_762_000_001_000 + seq;
  const metrics = Array.from({ length: aliases }, (_, alias) => {
    const value = Math.sin(seq + alias);
    return { alias, timestamp, ...((alias & 1) === 0 ? { float_value: value } : { double_value: value }) };
  });
  return encodeSparkplug({ timestamp, seq, metrics });
}

function runRound(kind: Kind): void {
  const { payloads, nsPerMessage } = kind;
  const { bytes, starts, count } = payloads;
  const startedAt = process.hrtime.bigint();
  for (let message = 0; message < messages; message += 1) {
    if (target.rows.count > 8_000) target.rows.clear();
    const payload = message % count;
    kind.decode(message % topics, bytes, starts[payload]!, starts[payload + 1]!);
  }
  nsPerMessage.push(Number(process.hrtime.bigint() - startedAt) / messages);
}

const kinds: readonly Kind[] = [
  planned("json: ts, two numbers, a text", json, jsonPlan),
  planned("json: ts, two numbers", jsonNumbers, jsonPlan),
  planned("json: ts, two numbers, a text that changes", jsonTexts, jsonPlan),
  planned("json, detected: ts, two numbers, a text", json, autoPlan),
  general("json, general reader: ts, two numbers, a text", json, new JsonReader()),
  foreign("JSON.parse: ts, two numbers, a text", json, (bytes): unknown => JSON.parse(bytes.toString())),
  planned("cbor: ts, two numbers, a text", cbor, cborPlan),
  general("cbor, general reader: ts, two numbers, a text", cbor, new CborReader()),
  foreign("cbor-x: ts, two numbers, a text", cbor, (bytes): unknown => decodeCborX(bytes)),
  planned("scalar", scalars, scalarPlan),
  sparkplug("sparkplug: ten metrics by alias, each with its time"),
];

for (let round = 0; round < rounds; round += 1) for (const kind of kinds) runRound(kind);
for (const { name, payloads, nsPerMessage } of kinds) {
  const median = nsPerMessage.toSorted((one, other) => one - other)[rounds >> 1]!;
  const bytes = Math.round(payloads.bytes.length / payloads.count);
  process.stdout.write(
    `${JSON.stringify({ bench: "codecs", name, bytes, nsPerMessage: Math.round(median) })}\n`,
  );
}
