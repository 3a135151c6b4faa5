import { expect, test } from "vitest";
import { senmlJsonPlan } from "../../src/codecs/senml-json.ts";
import type { PlanSpec } from "../../src/core/decode.ts";
import { receivedAt, StampedDecoding, type StampedRow, type StampedShown } from "./stamped-decoding.ts";

function decode(pack: unknown, spec: Partial<PlanSpec> = {}): StampedShown {
  const text = typeof pack === "string" ? pack : JSON.stringify(pack);
  return new StampedDecoding(senmlJsonPlan, spec).decode(text);
}

/** The rows of a pack of which only values, units and times matter. */
function rowsOf(pack: unknown): readonly Partial<StampedRow>[] {
  const shown = decode(pack);
  expect(shown.detail).toBeUndefined();
  return shown.rows.map(({ value, unit, at }) => ({
    value,
    ...(unit === undefined ? {} : { unit }),
    ...(at === undefined ? {} : { at }),
  }));
}

test("base fields hold from their record on, and those of a record win", () => {
  const { rows } = decode([
    { bn: "urn:dev:mac:00aa11bb22cc/", bt: 1_762_000_000, bu: "Cel", n: "t1", v: 21.5 },
    { n: "t2", t: -5, v: 20.9 },
    { n: "humidity", u: "%RH", v: 51 },
    { n: "door", vb: true },
    { bn: "urn:dev:mac:00aa11bb22dd:", bt: 1_762_000_100.25, n: "t1", v: -3 },
  ]);
  const device = "urn:dev:mac:00aa11bb22cc";
  expect(rows).toStrictEqual([
    { device, metric: "t1", value: 21.5, unit: "Cel", at: 1_762_000_000_000 },
    { device, metric: "t2", value: 20.9, unit: "Cel", at: 1_761_999_995_000 },
    { device, metric: "humidity", value: 51, unit: "%RH", at: 1_762_000_000_000 },
    { device, metric: "door", value: true, unit: "Cel", at: 1_762_000_000_000 },
    { device: "urn:dev:mac:00aa11bb22dd", metric: "t1", value: -3, unit: "Cel", at: 1_762_000_100_250 },
  ]);
});

test("the order of the fields in a record does not matter", () => {
  expect(decode([{ v: 1, n: "a", bn: "x/", bv: 10, bt: 1_762_000_000 }]).rows).toStrictEqual([
    { device: "x", metric: "a", value: 11, at: 1_762_000_000_000 },
  ]);
});

const values: readonly [law: string, pack: unknown, rows: readonly Partial<StampedRow>[]][] = [
  ["a number", [{ n: "a", v: 1e-7 }], [{ value: 1e-7 }]],
  ["a number above 2^53, as the nearest double", '[{"n":"a","v":9007199254740993}]', [{ value: 2 ** 53 }]],
  ["a text", [{ n: "a", vs: "läuft" }], [{ value: '"läuft"' }]],
  ["an empty text", [{ n: "a", vs: "" }], [{ value: '""' }]],
  ["a boolean", [{ n: "a", vb: false }], [{ value: false }]],
  ["data, as it is written", [{ n: "a", vd: "aGkgCg" }], [{ value: '"aGkgCg"' }]],
  ["a base value", [{ n: "a", bv: 20, v: 1.5 }], [{ value: 21.5 }]],
  [
    "a base value that changes",
    [
      { n: "a", bv: 20, v: 1.5 },
      { bv: 0, n: "b", v: 1.5 },
    ],
    [{ value: 21.5 }, { value: 1.5 }],
  ],
  ["a base value, which texts ignore", [{ n: "a", bv: 20, vs: "1" }], [{ value: '"1"' }]],
  ["a sum alone", [{ n: "a", s: 4, u: "W" }], [{ value: 4, unit: "W·s" }]],
  ["a sum without a unit", [{ n: "a", s: 4 }], [{ value: 4 }]],
  [
    "a value with a sum and a base sum",
    [{ n: "a", bs: 100, u: "W", v: 1, s: 2 }],
    [
      { value: 1, unit: "W" },
      { value: 102, unit: "W·s" },
    ],
  ],
  [
    "a record of only base fields, as nothing",
    [
      { bn: "x/", bt: 1_762_000_000 },
      { n: "a", v: 1 },
    ],
    [{ value: 1, at: receivedAt }],
  ],
  ["a pack of only base fields, as nothing", [{ bn: "x/" }], []],
  ["fields that are not known", [{ n: "a", v: 1, x: { y: [null] }, toString: 1 }], [{ value: 1 }]],
  ["names like those of every object", '[{"n":"a","v":1,"valueOf":{"v":2},"constructor":3}]', [{ value: 1 }]],
  ["a field that comes twice, the last one", '[{"n":"a","v":1,"v":2}]', [{ value: 2 }]],
  ["the expected silence, as nothing", [{ n: "a", v: 1, ut: 60 }], [{ value: 1 }]],
  ["an empty unit, as none", [{ bu: "", n: "a", u: "", v: 1 }], [{ value: 1 }]],
  [
    "version 10",
    [
      { bver: 10, n: "a", v: 1 },
      { n: "b", bver: 10, v: 2 },
    ],
    [{ value: 1 }, { value: 2 }],
  ],
  [
    "version 10 where the first record names none",
    [
      { n: "a", v: 1 },
      { n: "b", bver: 10, v: 2 },
    ],
    [{ value: 1 }, { value: 2 }],
  ],
  [
    "an older version",
    [
      { bver: 5, n: "a", v: 1 },
      { n: "b", v: 2 },
    ],
    [{ value: 1 }, { value: 2 }],
  ],
  ["white space around everything", ' [ { "n" : "a" , "v" : 1 } ]\n', [{ value: 1 }]],
];

test.each(values)("a pack gives rows for %s", (_, pack, rows) => {
  expect(rowsOf(pack)).toStrictEqual(rows);
});

const times: readonly [law: string, record: object, at: number | undefined, unreadable?: true][] = [
  ["seconds", { t: 1_762_000_000 }, 1_762_000_000_000],
  ["seconds with a fraction, to the millisecond", { t: 1.276020076001e9 }, 1_276_020_076_001],
  ["a base time alone", { bt: 1.276020076001e9 }, 1_276_020_076_001],
  ["a base time with an offset", { bt: 1.276020076001e9, t: -5 }, 1_276_020_071_001],
  ["no time, as that of receipt", {}, undefined],
  ["nought, as the time of receipt", { t: 0 }, undefined],
  ["a base time and an offset that cancel out", { bt: 60, t: -60 }, undefined],
  ["seconds ago", { t: -12.5 }, receivedAt - 12_500],
  ["seconds from now", { t: 30 }, receivedAt + 30_000],
  ["a relative base time with an offset", { bt: -100, t: 1 }, receivedAt - 99_000],
  ["the largest relative time", { t: 2 ** 28 - 1 }, receivedAt + 268_435_455_000],
  ["the smallest absolute time, which is of a clock never set", { t: 2 ** 28 }, undefined, true],
  ["a year before 2001", { t: 999_999_999 }, undefined, true],
  ["the first second of ten digits", { t: 1e9 }, 1e12],
  ["milliseconds, which are no seconds", { t: 1_762_000_000_000 }, undefined, true],
  ["more seconds ago than there were", { t: -1e10 }, undefined, true],
  ["the largest number", { t: -1e308 }, undefined, true],
];

test.each(times)("the time of a record is %s", (_, record, at, unreadable = false as never) => {
  const shown = decode([{ n: "a", v: 1, ...record }]);
  expect(shown.rows[0]?.at).toBe(at);
  expect(shown.stampAt).toBeNaN();
  expect(shown.unreadable).toBe(unreadable);
});

test("records without a time stand beside those with one", () => {
  const { rows, unreadable } = decode([
    { n: "a", v: 1 },
    { n: "a", v: 2, t: -1 },
    { n: "a", v: 3, t: 1_762_000_000 },
    { n: "a", v: 4, t: 2 ** 29 },
  ]);
  expect(rows.map(({ at }) => at)).toStrictEqual([undefined, receivedAt - 1_000, receivedAt, undefined]);
  expect(unreadable).toBe(true);
});

const names: readonly [
  law: string,
  record: object,
  device: string,
  metric: string,
  spec?: Partial<PlanSpec>,
][] = [
  ["a base name that ends in a slash", { bn: "urn:dev:x/", n: "t" }, "urn:dev:x", "t"],
  ["a base name that ends in a colon", { bn: "urn:dev:x:", n: "t" }, "urn:dev:x", "t"],
  ["only one mark taken away", { bn: "2001:db8::/", n: "t" }, "2001:db8::", "t"],
  ["the mark at the beginning of the name", { bn: "urn:dev:x", n: "/t" }, "urn:dev:x", "t"],
  ["no mark at all", { bn: "x", n: "t" }, "x", "t"],
  ["a name of several levels", { bn: "x/", n: "a/b:c" }, "x", "a/b:c"],
  ["no base name", { n: "urn:dev:x:t" }, "plant/press", "urn:dev:x:t"],
  ["no base name, and a device in the route", { n: "t" }, "press-7", "t", { device: "press-7" }],
  ["a base name beside a device in the route", { bn: "x/", n: "t" }, "x", "t", { device: "press-7" }],
  ["a metric in the route", { n: "t" }, "plant/press", "raw.t", { metric: "raw" }],
  ["only a base name", { bn: "x/" }, "x", "value"],
  ["only a base name, with a unit", { bn: "urn:dev:x", u: "%RH" }, "urn:dev:x", "%RH"],
  ["only a mark behind the base name", { bn: "x", n: "/", u: "V" }, "x", "V"],
];

test.each(names)("the series follows from %s", (_, record, device, metric, spec = {}) => {
  expect(decode([{ v: 1, ...record }], spec).rows).toMatchObject([{ device, metric }]);
});

test("quantities that share a name are told apart by their unit", () => {
  const { rows } = decode([
    { bn: "x/", n: "position", u: "lat", v: 1 },
    { n: "position", u: "lon", v: 2 },
    { n: "position", v: 3 },
    { bn: "y", u: "lat", v: 4 },
    { u: "lon", v: 5 },
  ]);
  expect(rows.map(({ device, metric, unit }) => [device, metric, unit])).toStrictEqual([
    ["x", "position", "lat"],
    ["x", "position.lon", "lon"],
    ["x", "position", "lat"],
    ["y", "lat", "lat"],
    ["y", "lon", "lon"],
  ]);
});

test("the unit of a record wins over the route's", () => {
  const { rows } = decode(
    [
      { n: "a", v: 1 },
      { n: "b", u: "V", v: 1 },
    ],
    { unit: "A" },
  );
  expect(rows.map(({ unit }) => unit)).toStrictEqual(["A", "V"]);
});

const good = { n: "good", v: 1 };
const refused: readonly [law: string, pack: unknown, cause: string][] = [
  ["nothing", "", "empty"],
  ["white space", " \n", "empty"],
  ["broken JSON", '[{"n":"a","v":1}', "malformed"],
  ["NaN", '[{"n":"a","v":NaN}]', "malformed"],
  ["bytes after the pack", '[{"n":"a","v":1}] 1', "malformed"],
  ["an object", good, "unsupported"],
  ["a number", "5", "unsupported"],
  ["a pack without records", [], "malformed"],
  ["a record that is a number", [good, 1], "malformed"],
  ["a record that is null", [good, null], "malformed"],
  ["a record that is an array", [good, []], "malformed"],
  ["an empty record", [good, {}], "malformed"],
  ["a record with a name only", [good, { n: "a" }], "malformed"],
  ["a record with base fields and a unit", [good, { bn: "x", u: "V" }], "malformed"],
  ["a record with a time only", [good, { bn: "x", t: 1 }], "malformed"],
  ["a record of unknown fields", [good, { x: 1 }], "malformed"],
  ["two values", [good, { n: "a", v: 1, vs: "x" }], "malformed"],
  ["four values", [good, { n: "a", v: 1, vs: "x", vb: true, vd: "" }], "malformed"],
  ["no name", [good, { v: 1 }], "invalid-text"],
  ["an empty name", [good, { bn: "", n: "", v: 1 }], "invalid-text"],
  ["a name that begins with a mark", [good, { n: "/a", v: 1 }], "invalid-text"],
  ["a base name that begins with a mark", [good, { bn: "_x/", n: "a", v: 1 }], "invalid-text"],
  ["a name with a space", [good, { n: "a b", v: 1 }], "invalid-text"],
  ["a name that is not ASCII", [good, { n: "größe", v: 1 }], "invalid-text"],
  ["a base name with a space", [good, { bn: "a b", n: "a", v: 1 }], "invalid-text"],
  ["a metric that is too long", [good, { n: "a".repeat(129), v: 1 }], "invalid-text"],
  ["a metric whose sum is too long", [good, { n: "a".repeat(128), s: 1 }], "invalid-text"],
  ["a device that is too long", [good, { bn: `${"a".repeat(129)}/`, n: "a", v: 1 }], "invalid-text"],
  ["a name that is a number", [good, { n: 1, v: 1 }], "malformed"],
  ["a base name that is null", [good, { bn: null, n: "a", v: 1 }], "malformed"],
  ["a value that is a text", [good, { n: "a", v: "1" }], "malformed"],
  ["a value that is null", [good, { n: "a", v: null }], "malformed"],
  ["a value that is an object", [good, { n: "a", v: {} }], "malformed"],
  ["a value too large for a double", '[{"n":"a","v":1e400}]', "malformed"],
  ["a value that overflows with its base", [good, { n: "a", bv: 1.7e308, v: 1.7e308 }], "malformed"],
  ["a sum that overflows with its base", [good, { n: "a", bs: -1.7e308, s: -1.7e308 }], "malformed"],
  ["a time that overflows with its base", [good, { n: "a", bt: 1.7e308, t: 1.7e308, v: 1 }], "malformed"],
  ["a text that is a number", [good, { n: "a", vs: 1 }], "malformed"],
  ["a text with half of a surrogate pair", String.raw`[{"n":"a","vs":"\ud800"}]`, "malformed"],
  ["a boolean that is a number", [good, { n: "a", vb: 1 }], "malformed"],
  ["data with padding", [good, { n: "a", vd: "aGk=" }], "malformed"],
  ["data in the other alphabet", [good, { n: "a", vd: "+/" }], "malformed"],
  ["data of an impossible length", [good, { n: "a", vd: "aGkgC" }], "malformed"],
  ["data that is a number", [good, { n: "a", vd: 1 }], "malformed"],
  ["a sum that is a text", [good, { n: "a", s: "1" }], "malformed"],
  ["a time that is a text", [good, { n: "a", v: 1, t: "now" }], "malformed"],
  ["a base time that is a text", [good, { n: "a", v: 1, bt: "1762000000" }], "malformed"],
  ["a unit that is a number", [good, { n: "a", v: 1, u: 1 }], "malformed"],
  ["a unit with a control character", [good, { n: "a", v: 1, u: "a\u0007" }], "malformed"],
  ["a unit that is too long", [good, { n: "a", v: 1, bu: "x".repeat(129) }], "malformed"],
  ["a silence that is a text", [good, { n: "a", v: 1, ut: "1" }], "malformed"],
  ["a newer version", [{ ...good, bver: 11 }], "unsupported"],
  ["a newer version in a later record", [good, { ...good, bver: 11 }], "unsupported"],
  [
    "a version that changes",
    [
      { ...good, bver: 9 },
      { ...good, bver: 10 },
    ],
    "malformed",
  ],
  ["a version that changes from the one by default", [good, { ...good, bver: 9 }], "malformed"],
  ["a version that is a fraction", [{ ...good, bver: 9.5 }], "malformed"],
  ["version 0", [{ ...good, bver: 0 }], "malformed"],
  ["a version that is a text", [{ ...good, bver: "10" }], "malformed"],
  ["a field that must be understood", [good, { ...good, lock_: true }], "unsupported"],
  ["a field that must be understood in a record of base fields", [good, { bn: "x", b_: 1 }], "unsupported"],
  [
    "a prototype, which ends like a field that must be understood",
    '[{"n":"a","v":1,"__proto__":{}}]',
    "unsupported",
  ],
  ["a string of more than 1 KiB", [good, { n: "a", vs: "x".repeat(1_025) }], "too-large"],
  ["more than 64 KiB", `[${" ".repeat(65_536)}]`, "too-large"],
  ["more than 1,024 values", [Array.from({ length: 600 }, () => good)].flat(), "too-many-items"],
  ["unknown fields nested nine deep", `[{"n":"a","v":1,"x":${"[".repeat(9)}${"]".repeat(9)}}]`, "too-deep"],
  ["nesting without an end", "[".repeat(60_000), "too-deep"],
];

test.each(refused)("the whole pack is refused for %s", (_, pack, cause) => {
  const decoding = new StampedDecoding(senmlJsonPlan);
  expect(decoding.decode(typeof pack === "string" ? pack : JSON.stringify(pack)).cause).toBe(cause);
  expect(decoding.series.names).toHaveLength(0);
});

test("bytes that are not UTF-8 are refused", () => {
  const bytes = Buffer.from('[{"n":"a","vs":"x"}]');
  bytes[bytes.indexOf("x")] = 0xff;
  expect(new StampedDecoding(senmlJsonPlan).decode(bytes).cause).toBe("invalid-text");
});

test("no more series is a rejection that leaves no row", () => {
  const pack = JSON.stringify([good, { n: "b", v: 1 }]);
  expect(new StampedDecoding(senmlJsonPlan, {}, 1).decode(pack).cause).toBe("series-limit");
  const sums = JSON.stringify([{ n: "a", v: 1, s: 1 }]);
  expect(new StampedDecoding(senmlJsonPlan, {}, 1).decode(sums).cause).toBe("series-limit");
});

test("a rejection tells which record it is for", () => {
  expect(decode([good, good, { n: "a", v: "1" }]).detail).toBe(
    'Record 3 of the pack has "v" that is not a finite number.',
  );
});

test("nothing of a pack holds for the next", () => {
  const decoding = new StampedDecoding(senmlJsonPlan);
  decoding.decode(
    JSON.stringify([{ bn: "x/", bt: 1_762_000_000, bu: "V", bv: 5, bs: 5, bver: 9, n: "a", v: 1 }]),
  );
  decoding.decode(JSON.stringify([{ bn: "x/", n: "a", u: "V", t: 5, v: "1" }]));
  expect(decoding.decode(JSON.stringify([{ n: "b", v: 1 }])).rows).toStrictEqual([
    { device: "plant/press", metric: "b", value: 1 },
  ]);
});
