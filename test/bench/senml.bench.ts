/**
 * Prints what decoding a message costs that brings ten samples: one JSON line for each kind, nanoseconds per
 * message.
 *
 * Messages of a hundred topics in turn, with changing values; rounds of all kinds alternate, and the median
 * round is printed. `JSON.parse` and `cbor-x` stand beside our codecs doing their part only: objects, no rows.
 *
 * Run: `node test/bench/senml.bench.ts`
 */
import { Decoder, Encoder } from "cbor-x";
import { cloudEventsPlan } from "../../src/codecs/cloud-events.ts";
import { lineProtocolPlan } from "../../src/codecs/line-protocol.ts";
import { senmlCborPlan } from "../../src/codecs/senml-cbor.ts";
import { senmlJsonPlan } from "../../src/codecs/senml-json.ts";
import type { DecodePlan, DecodeTarget, PlanSpec } from "../../src/core/decode.ts";
import { SampleColumns } from "../../src/core/sample.ts";
import { SeriesTable } from "../../src/core/series.ts";

const topics = 100;
const rounds = 9;
const messages = 40_000;
const variants = 64;
const samples = 10;

const series = new SeriesTable();
const target: DecodeTarget = {
  rows: new SampleColumns(16_384),
  receivedAt: 1_762_000_000_000,
  stampAt: Number.NaN,
  stampUnreadable: false,
  ownStamps: false,
  note: () => undefined,
  series: (device, metric, unit) => series.resolve(device, metric, unit),
};

const cborOptions = { mapsAsObjects: false, useRecords: false };
const encoder = new Encoder(cborOptions);
const decoder = new Decoder(cborOptions);

function valueOf(variant: number, sample: number): number {
  return Math.round(210_000 + 9_000 * Math.sin(variant * samples + sample)) / 10_000;
}

const stamps = Array.from({ length: variants }, (_, variant) => 1_762_000_000 + variant * 10);
const indexes = Array.from({ length: samples }, (_, sample) => sample);

/** One series at ten times, as a sensor sends that sleeps in between. */
function historyPack(at: number, variant: number): Record<string, unknown>[] {
  return indexes.map((sample) =>
    sample === 0
      ? { bn: "urn:dev:mac:00aa11bb22cc/", bt: at, bu: "Cel", n: "temperature", v: valueOf(variant, sample) }
      : { n: "temperature", t: sample, v: valueOf(variant, sample) },
  );
}

/** Ten series at one time. */
function stationPack(at: number, variant: number): Record<string, unknown>[] {
  return indexes.map((sample) => ({
    ...(sample === 0 ? { bn: "urn:dev:mac:00aa11bb22cc/", bt: at } : {}),
    n: `temperature-${sample}`,
    u: "Cel",
    v: valueOf(variant, sample),
  }));
}

const labels = ["bs", "bv", "bu", "bt", "bn", "bver", "n", "u", "v", "vs", "vb", "s", "t", "ut", "vd"];

function cborOf(pack: readonly Record<string, unknown>[]): Buffer {
  const maps = pack.map(
    (record) => new Map(Object.entries(record).map(([label, value]) => [labels.indexOf(label) - 6, value])),
  );
  return encoder.encode(maps);
}

const history = stamps.map((at, variant) => Buffer.from(JSON.stringify(historyPack(at, variant))));
const station = stamps.map((at, variant) => Buffer.from(JSON.stringify(stationPack(at, variant))));
const historyCbor = stamps.map((at, variant) => cborOf(historyPack(at, variant)));
const stationCbor = stamps.map((at, variant) => cborOf(stationPack(at, variant)));
const lines = stamps.map((at, variant) =>
  Buffer.from(
    indexes
      .map((sample) => `press,line=2 bar=${valueOf(variant, sample)} ${at + sample}000000000`)
      .join("\n"),
  ),
);
const events = stamps.map((at, variant) => {
  const data = Object.fromEntries(
    indexes.map((sample) => [`temperature-${sample}`, valueOf(variant, sample)]),
  );
  const time = new Date(at * 1_000).toISOString();
  const attributes = { specversion: "1.0", id: `${at}`, source: "/plant/press-7", type: "reading", time };
  return Buffer.from(JSON.stringify({ ...attributes, data }));
});

/** One way to decode `messages` payloads. */
interface Kind {
  readonly name: string;
  readonly payloads: readonly Buffer[];
  readonly nsPerMessage: number[];
  decode(topic: number, payload: Buffer): void;
}

function planned(name: string, payloads: readonly Buffer[], make: (spec: PlanSpec) => DecodePlan): Kind {
  const plans = Array.from({ length: topics }, (_, index) =>
    make({ topic: `plant/line${index % 8}/press-${index}/telemetry`, codec: "auto" }),
  );
  return {
    name,
    payloads,
    nsPerMessage: [],
    decode(topic, payload) {
      const rejection = plans[topic]!.decode(payload, 0, payload.length, target);
      if (rejection !== undefined) throw new Error(rejection.detail);
    },
  };
}

function foreign(name: string, payloads: readonly Buffer[], decode: (bytes: Buffer) => unknown): Kind {
  return {
    name,
    payloads,
    nsPerMessage: [],
    decode(_, payload) {
      if (decode(payload) === undefined) throw new Error("nothing decoded");
    },
  };
}

function runRound(kind: Kind): void {
  const { payloads, nsPerMessage } = kind;
  const startedAt = process.hrtime.bigint();
  for (let message = 0; message < messages; message += 1) {
    if (target.rows.count > 8_000) target.rows.clear();
    kind.decode(message % topics, payloads[message % variants]!);
  }
  nsPerMessage.push(Number(process.hrtime.bigint() - startedAt) / messages);
}

const kinds: readonly Kind[] = [
  planned("senml-json: one series, ten times", history, senmlJsonPlan),
  planned("senml-json: ten series, one time", station, senmlJsonPlan),
  foreign("JSON.parse: ten series, one time", station, (bytes): unknown => JSON.parse(bytes.toString())),
  planned("senml-cbor: one series, ten times", historyCbor, senmlCborPlan),
  planned("senml-cbor: ten series, one time", stationCbor, senmlCborPlan),
  foreign("cbor-x: ten series, one time", stationCbor, (bytes): unknown => decoder.decode(bytes)),
  planned("line-protocol: ten lines", lines, lineProtocolPlan),
  planned("cloud-events: ten metrics", events, cloudEventsPlan),
];

for (let round = 0; round < rounds; round += 1) for (const kind of kinds) runRound(kind);
for (const { name, payloads, nsPerMessage } of kinds) {
  const median = nsPerMessage.toSorted((one, other) => one - other)[rounds >> 1]!;
  const bytes = Math.round(payloads.reduce((sum, payload) => sum + payload.length, 0) / payloads.length);
  process.stdout.write(
    `${JSON.stringify({ bench: "senml", name, bytes, nsPerMessage: Math.round(median) })}\n`,
  );
}
