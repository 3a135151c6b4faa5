import { encode } from "cbor-x";
import { expect, test } from "vitest";
import { cloudEventsPlan } from "../../src/codecs/cloud-events.ts";
import type { PlanSpec } from "../../src/core/decode.ts";
import { StampedDecoding, type StampedRow, type StampedShown } from "./stamped-decoding.ts";

const time = "2018-04-05T17:31:00Z";
const timeAt = 1_522_949_460_000;
const required = { specversion: "1.0", id: "a-1", source: "/plant/press-7", type: "com.example.reading" };

function decode(event: unknown, spec: Partial<PlanSpec> = {}): StampedShown {
  const text = typeof event === "string" ? event : JSON.stringify(event);
  return new StampedDecoding(cloudEventsPlan, spec).decode(text);
}

/** What an event with these members gives, without what is the same in all. */
function rowsOf(members: object): readonly (readonly [metric: string, value: StampedRow["value"]])[] {
  const shown = decode({ ...required, ...members });
  expect(shown.detail).toBeUndefined();
  return shown.rows.map(({ metric, value }) => [metric, value]);
}

test("the data of an event are rows of its source, at its time", () => {
  const event = {
    ...required,
    time,
    datacontenttype: "application/json",
    subject: "x",
    data: { temperature: 21.5, state: { on: true }, note: "ok" },
  };
  const device = "/plant/press-7";
  expect(decode(event)).toStrictEqual({
    rows: [
      { device, metric: "temperature", value: 21.5 },
      { device, metric: "state.on", value: true },
      { device, metric: "note", value: '"ok"' },
    ],
    stampAt: timeAt,
    unreadable: false,
  });
});

const base64 = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString("base64");
const data: readonly [
  law: string,
  members: object,
  rows: readonly (readonly [string, StampedRow["value"]])[],
][] = [
  ["no data", {}, []],
  ["an empty object", { data: {} }, []],
  ["a number", { data: 21.5 }, [["value", 21.5]]],
  ["a boolean", { data: false }, [["value", false]]],
  ["a text", { data: "run" }, [["value", '"run"']]],
  ["null", { data: null }, [["value", null]]],
  [
    "an array",
    { data: [1, { a: 2 }] },
    [
      ["0", 1],
      ["1.a", 2],
    ],
  ],
  ["four levels", { data: { a: { b: { c: { d: 1, e: { f: 2 } } } } } }, [["a.b.c.d", 1]]],
  [
    "names of attributes",
    { data: { id: 1, source: 2, data: 3 } },
    [
      ["id", 1],
      ["source", 2],
      ["data", 3],
    ],
  ],
  ["attributes of its own", { "data.x": 1, extension: 5, data: { a: 1 } }, [["a", 1]]],
  [
    "JSON as text",
    { data: ' {"a": 1, "b": {"c": true}}' },
    [
      ["a", 1],
      ["b.c", true],
    ],
  ],
  ["text that only looks like JSON", { data: "{a}" }, [["value", '"{a}"']]],
  ["text of another type", { data: '{"a":1}', datacontenttype: "text/plain" }, [["value", '"{\\"a\\":1}"']]],
  [
    "a type with a suffix and a parameter",
    { data: '{"a":1}', datacontenttype: "Application/x.y+JSON; charset=utf-8" },
    [["a", 1]],
  ],
  [
    "CBOR",
    { data_base64: base64(encode({ a: 1, b: "x" })), datacontenttype: "application/cbor" },
    [
      ["a", 1],
      ["b", '"x"'],
    ],
  ],
  ["JSON as bytes", { data_base64: base64('{"a":1}'), datacontenttype: "application/json" }, [["a", 1]]],
  [
    "null beside CBOR",
    { data: null, data_base64: base64(encode({ a: 1 })), datacontenttype: "application/cbor" },
    [["a", 1]],
  ],
  [
    "attributes that are null",
    { data: { a: 1 }, data_base64: null, datacontenttype: null, time: null },
    [["a", 1]],
  ],
];

test.each(data)("an event gives rows for %s", (_, members, rows) => {
  expect(rowsOf(members)).toStrictEqual(rows);
});

test("names like those of every object are names", () => {
  const text = JSON.stringify({ ...required, data: 0 }).replace(
    '"data":0',
    '"data":{"__proto__":{"a":1},"constructor":2}',
  );
  expect(decode(text).rows).toMatchObject([{ metric: "__proto__.a" }, { metric: "constructor" }]);
});

const cborAt = (ts: unknown): object => ({
  data_base64: base64(encode({ ts, a: 1 })),
  datacontenttype: "application/cbor",
});
const stamps: readonly [
  law: string,
  members: object,
  stampAt: number,
  unreadable: boolean,
  spec?: Partial<PlanSpec>,
][] = [
  ["its time", { time, data: { a: 1 } }, timeAt, false],
  [
    "its time with a zone and nanoseconds",
    { time: "2018-04-05T19:31:00.123456789+02:00" },
    timeAt + 123,
    false,
  ],
  ["its time before that of its data", { time, data: { ts: 1_762_000_000, a: 1 } }, timeAt, false],
  ["that of its data where it has none", { data: { ts: 1_762_000_000, a: 1 } }, 1_762_000_000_000, false],
  [
    "that of its data where its own cannot be read",
    { time: "now", data: { ts: 1_762_000_000 } },
    1_762_000_000_000,
    false,
  ],
  ["none", { data: { a: 1 } }, Number.NaN, false],
  ["none that can be read", { time: "2018-04-05T17:31:00", data: { a: 1 } }, Number.NaN, true],
  [
    "the route's before its time",
    { time, data: { m: { at: 1_762_000_000 } } },
    1_762_000_000_000,
    false,
    { time: "m.at" },
  ],
  [
    "its time where the route's is missing",
    { time, data: { ts: 1_762_000_000 } },
    timeAt,
    false,
    { time: "m.at" },
  ],
  ["its time before that of its CBOR", { time, ...cborAt(1_762_000_000) }, timeAt, false],
  ["that of its CBOR where it has none", cborAt(1_762_000_000), 1_762_000_000_000, false],
  [
    "that of its CBOR, named by the route",
    { time, ...cborAt(1_762_000_000) },
    1_762_000_000_000,
    false,
    { time: "ts" },
  ],
  ["none that can be read in its CBOR", cborAt("x"), Number.NaN, true],
  ["none that can be read beside its CBOR", { time: "x", ...cborAt(undefined) }, Number.NaN, true],
];

test.each(stamps)("the time of an event is %s", (_, members, stampAt, unreadable, spec = {}) => {
  const shown = decode({ ...required, ...members }, spec);
  expect(shown.detail).toBeUndefined();
  expect(shown.stampAt).toBe(stampAt);
  expect(shown.unreadable).toBe(unreadable);
});

test("device, metric, unit and root of the route are taken", () => {
  const spec = { device: "press-7", metric: "raw", unit: "V", root: "values" };
  expect(decode({ ...required, data: { values: { a: 1 }, b: 2 } }, spec).rows).toStrictEqual([
    { device: "press-7", metric: "raw.a", value: 1, unit: "V" },
    { device: "press-7", metric: "raw.b", value: 2, unit: "V" },
  ]);
  expect(decode({ ...required, ...cborAt(1_762_000_000) }, spec).rows).toStrictEqual([
    { device: "press-7", metric: "raw.a", value: 1, unit: "V" },
  ]);
});

const without = (name: string): object =>
  Object.fromEntries(Object.entries({ ...required, data: { a: 1 } }).filter(([key]) => key !== name));
const refused: readonly [law: string, event: unknown, cause: string][] = [
  ["nothing", "", "empty"],
  ["broken JSON", '{"specversion":"1.0"', "malformed"],
  ["a batch", [required], "unsupported"],
  ["plain telemetry", { temperature: 21.5 }, "malformed"],
  ["no specversion", without("specversion"), "malformed"],
  ["no id", without("id"), "malformed"],
  ["no source", without("source"), "malformed"],
  ["no type", without("type"), "malformed"],
  ["an empty id", { ...required, id: "" }, "malformed"],
  ["a source that is null", { ...required, source: null }, "malformed"],
  ["a source that is a number", { ...required, source: 5 }, "malformed"],
  ["a source that is an object", { ...required, source: { a: 1 } }, "malformed"],
  ["an older specversion", { ...required, specversion: "0.3" }, "unsupported"],
  ["a specversion that is a number", { ...required, specversion: 1 }, "malformed"],
  ["a content type that is a number", { ...required, datacontenttype: 1 }, "malformed"],
  ["a source with a control character", { ...required, source: "a\u0007", data: 1 }, "invalid-text"],
  ["a source that is too long", { ...required, source: "x".repeat(129), data: 1 }, "invalid-text"],
  ["a metric that is too long", { ...required, data: { ["x".repeat(129)]: 1 } }, "invalid-text"],
  ["data_base64 without a type", { ...required, data_base64: base64('{"a":1}') }, "unsupported"],
  [
    "data_base64 of another type",
    { ...required, data_base64: "aGk=", datacontenttype: "image/png" },
    "unsupported",
  ],
  [
    "data_base64 that is not base64",
    { ...required, data_base64: "a_k=", datacontenttype: "application/cbor" },
    "malformed",
  ],
  [
    "data_base64 without padding",
    { ...required, data_base64: "aGk", datacontenttype: "application/cbor" },
    "malformed",
  ],
  [
    "data_base64 that is no CBOR",
    { ...required, data_base64: "oQ==", datacontenttype: "application/cbor" },
    "malformed",
  ],
  [
    "data_base64 that is an array",
    { ...required, data_base64: "gQE=", datacontenttype: "application/cbor" },
    "unsupported",
  ],
  ["empty data_base64", { ...required, data_base64: "", datacontenttype: "application/cbor" }, "empty"],
  [
    "data_base64 that is a number",
    { ...required, data_base64: 1, datacontenttype: "application/cbor" },
    "malformed",
  ],
  [
    "both forms of data",
    { ...required, data: { a: 1 }, data_base64: "oA==", datacontenttype: "application/cbor" },
    "malformed",
  ],
  [
    "SenML",
    { ...required, data: [{ n: "a", v: 1 }], datacontenttype: "application/senml+json" },
    "unsupported",
  ],
  ["nesting without an end", '{"data":'.repeat(5_000), "too-deep"],
];

test.each(refused)("an event is refused for %s", (_, event, cause) => {
  const decoding = new StampedDecoding(cloudEventsPlan);
  expect(decoding.decode(typeof event === "string" ? event : JSON.stringify(event)).cause).toBe(cause);
  expect(decoding.series.names).toHaveLength(0);
});

test("no more series is a rejection that leaves no row", () => {
  const event = JSON.stringify({ ...required, data: { a: 1, b: 2 } });
  expect(new StampedDecoding(cloudEventsPlan, {}, 1).decode(event).cause).toBe("series-limit");
});
