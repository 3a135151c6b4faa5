/** Payloads that were damaged, or made to do harm: every codec of telemetry formats must bear them. */
import { encode, Encoder } from "cbor-x";
import fc from "fast-check";
import { expect, test } from "vitest";
import { cloudEventsPlan } from "../../src/codecs/cloud-events.ts";
import { lineProtocolPlan } from "../../src/codecs/line-protocol.ts";
import { senmlCborPlan } from "../../src/codecs/senml-cbor.ts";
import { senmlJsonPlan } from "../../src/codecs/senml-json.ts";
import type { DecodePlan, PlanSpec } from "../../src/core/decode.ts";
import { damaged } from "./json-trees.ts";
import { StampedDecoding } from "./stamped-decoding.ts";

/** Damaged payloads a codec: as many as there is time for, or a million. */
const runs = process.env["HOLDFAST_FUZZ"] === "1" ? 1_000_000 : 20_000;
const timeoutMs = 1_800_000;

/** No payload takes longer, by the fastest of some tries: the machine does other things too. */
const decodeMsMax = process.env["HOLDFAST_FUZZ"] === "1" ? 5 : 100;
const triesMax = 8;

const event = {
  specversion: "1.0",
  id: "a-1",
  source: "/plant/press-7",
  type: "com.example.reading",
  time: "2025-11-01T12:26:40.5Z",
};
const pack = [
  { bn: "urn:dev:x/", bt: 1_762_000_000, bu: "Cel", bv: 20, bs: 5, bver: 10, n: "t", v: 1.5, ut: 60 },
  { n: "t", t: -5, v: 1e300 },
  { n: "door", vb: true },
  { n: "label", vs: 'läuft "gut" \\' },
  { n: "raw", vd: "aGkgCg" },
  { n: "energy", u: "W", s: 12.5 },
];
const labels = ["bs", "bv", "bu", "bt", "bn", "bver", "n", "u", "v", "vs", "vb", "s", "t", "ut", "vd"];
const maps = pack.map(
  (record) =>
    new Map(
      Object.entries(record).map(([label, value]) => [
        labels.indexOf(label) - 6,
        label === "vd" ? Buffer.from("hi") : value,
      ]),
    ),
);
const polluting = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';

interface Subject {
  readonly name: string;
  readonly make: (spec: PlanSpec) => DecodePlan;
  /** Payloads that the codec takes. */
  readonly payloads: readonly Buffer[];
  /** Payloads that are large, or that somebody has thought out. */
  readonly hostile: readonly (readonly [name: string, payload: Buffer])[];
}

function text(...payloads: readonly string[]): Buffer[] {
  return payloads.map((payload) => Buffer.from(payload));
}

/** Repeats until 64 KiB are full. */
function filled(head: string, part: string, tail = ""): Buffer {
  const count = Math.floor((65_536 - head.length - tail.length) / Buffer.byteLength(part));
  return Buffer.from(head + part.repeat(count) + tail);
}

const subjects: readonly Subject[] = [
  {
    name: "senml-json",
    make: senmlJsonPlan,
    payloads: text(
      JSON.stringify(pack),
      `[{"n":"a","v":1},{"n":"b","vs":"","x":${polluting}}]`,
      '[{"bn":"x"}]',
    ),
    hostile: [
      ["arrays", filled("", "[")],
      ["objects", filled("", '[{"a":')],
      ["names", filled('[{"n":"a","v":1', ',"x":0', "}]")],
      ["records", Buffer.from(`[${'{"n":"a","v":1},'.repeat(340)}{"n":"b","v":1}]`)],
      [
        "units",
        Buffer.from(`[${Array.from({ length: 250 }, (_, at) => `{"n":"a","u":"${at}","v":1}`).join(",")}]`),
      ],
      ["string", filled('["', "x")],
      ["escapes", filled('["', String.raw`\"`)],
      ["long texts", filled("[", `{"n":"a","vs":"${"ü".repeat(500)}"},`, '{"n":"a","v":1}]')],
      ["digits", filled('[{"n":"a","v":', "9", "}]")],
      ["pollution", Buffer.from(`[${polluting}]`)],
    ],
  },
  {
    name: "senml-cbor",
    make: senmlCborPlan,
    payloads: [
      new Encoder({ mapsAsObjects: false, useRecords: false }).encode(maps),
      encode([
        { n: "a", v: 1 },
        { n: "b", vs: "x", extension: { a: [1, 2] } },
      ]),
      Buffer.from("9fbf00616102c482200506c4822018ffffbf0061620842fbffffff", "hex"),
    ],
    hostile: [
      ["arrays", Buffer.alloc(65_536, 0x81)],
      ["arrays of indefinite length", Buffer.alloc(65_536, 0x9f)],
      ["tags", Buffer.concat([Buffer.from("81a102", "hex"), Buffer.alloc(65_000, 0xc1)])],
      ["declared lengths", Buffer.from(`81a118639903e8${"9903e8".repeat(20_000)}`, "hex")],
      ["records", Buffer.from(`9f${"a20061610201".repeat(10_000)}ff`, "hex")],
      ["empty records", Buffer.concat([Buffer.from("9f", "hex"), Buffer.alloc(65_000, 0xa0)])],
      ["labels", Buffer.from(`81bf${"186300".repeat(20_000)}`, "hex")],
    ],
  },
  {
    name: "line-protocol",
    make: lineProtocolPlan,
    payloads: text(
      'press,line=2,area=a\\ b bar=4.1,ok=t,n=3i,u=5u,state="run \\"x\\"" 1762000000123999999\n# c\nm f=1\n',
      "m __proto__=1,constructor=2\n\n  n,__proto__=x f=9007199254740993i 1762000000",
      'a b="\n"\nc d=1e400',
    ),
    hostile: [
      ["bad lines", filled("", "m\n")],
      ["open strings", filled("", 'm f="\n')],
      ["open strings with escapes", filled("", String.raw`m f="\"` + "\n")],
      ["one string", filled('m f="', "x")],
      ["backslashes", filled("", "\\")],
      ["escapes", filled("", String.raw`\ `)],
      ["tags", filled("m", ",t=1", " f=1")],
      ["other tags", Buffer.from(`m${Array.from({ length: 900 }, (_, at) => `,t${at}=1`).join("")} f=1`)],
      ["fields", filled("m ", "f=1,")],
      ["lines", Buffer.from("m f=1 1762000000000000000\n".repeat(500))],
      ["comments", filled("", "#\n")],
      ["spaces", filled("", " ")],
      ["line breaks", filled("", "\r\n")],
      ["digits", filled("m f=", "9", "i")],
      ["a long time", filled("m f=1 ", "9")],
      ["bytes", Buffer.alloc(65_536, 0xff)],
    ],
  },
  {
    name: "cloud-events",
    make: cloudEventsPlan,
    payloads: text(
      JSON.stringify({ ...event, data: { a: 1, b: { c: "läuft", d: [true, null] } } }),
      JSON.stringify({ ...event, data: '{"a":{"b":1}}' }),
      JSON.stringify({
        ...event,
        data_base64: Buffer.from(encode({ a: 1, ts: 5 })).toString("base64"),
        datacontenttype: "application/cbor",
      }),
      JSON.stringify({ ...event, data: 0 }).replace('"data":0', `"data":${polluting}`),
    ),
    hostile: [
      ["objects", filled("", '{"data":')],
      ["members", filled(`${JSON.stringify(event).slice(0, -1)},"data":{`, '"a":1,', '"a":1}}')],
      ["numbers", filled(`${JSON.stringify(event).slice(0, -1)},"data":[`, "1,", "1]}")],
      ["objects as text", Buffer.from(JSON.stringify({ ...event, data: '{"a":'.repeat(200) }))],
      ["string", filled('{"data":"', "x")],
    ],
  },
];

function prototypeNames(): string {
  const prototypes = [
    Object.prototype,
    Array.prototype,
    Map.prototype,
    Function.prototype,
    Uint8Array.prototype,
  ];
  return prototypes.map((prototype) => Reflect.ownKeys(prototype).length).join();
}

/** Decodes, and gives the milliseconds of the fastest of some tries. */
function decodeMs(decoding: StampedDecoding, payload: Buffer): number {
  let fastest = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < triesMax && fastest > decodeMsMax; tries += 1) {
    const startedAt = process.hrtime.bigint();
    decoding.decode(payload);
    fastest = Math.min(fastest, Number(process.hrtime.bigint() - startedAt) / 1e6);
  }
  return fastest;
}

test.each(subjects)(
  "$name bears damaged payloads: nothing thrown, nothing left behind, no prototype touched, in time",
  ({ make, payloads }) => {
    const decoding = new StampedDecoding(make);
    const names = prototypeNames();
    const index = fc.nat({ max: payloads.length - 1 });
    fc.assert(
      fc.property(index, index, fc.nat(), fc.integer({ min: 1, max: 4 }), (one, other, seed, times) => {
        const payload = damaged(payloads, { one, other, seed, times });
        expect(decodeMs(decoding, payload)).toBeLessThan(decodeMsMax);
        expect(prototypeNames()).toBe(names);
      }),
      { numRuns: runs },
    );
  },
  timeoutMs,
);

test.each(subjects)("$name takes the payloads that are damaged here", ({ make, payloads }) => {
  const shown = payloads.map((payload) => new StampedDecoding(make).decode(payload).detail);
  expect(shown.filter((detail) => detail !== undefined)).toStrictEqual([]);
});

test.each(
  subjects.flatMap(({ name, make, hostile }) =>
    hostile.map(([what, payload]) => [name, what, make, payload] as const),
  ),
)("%s is in time for 64 KiB of %s", (_, __, make, payload) => {
  const names = prototypeNames();
  expect(decodeMs(new StampedDecoding(make), payload)).toBeLessThan(decodeMsMax);
  expect(prototypeNames()).toBe(names);
});

test.each(subjects)("$name bears random bytes", ({ make }) => {
  const decoding = new StampedDecoding(make);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const { cause, rows } = decoding.decode(bytes);
      expect(cause === undefined ? 0 : rows.length).toBe(0);
    }),
    { numRuns: 2_000 },
  );
});
