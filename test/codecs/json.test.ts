import { expect, test } from "vitest";
import { jsonPlan } from "../../src/codecs/json.ts";
import { payloadStringBytesMax } from "../../src/core/limits.ts";
import { Decoding, type ShownRow } from "./decoding.ts";

const at = 1_762_000_000_000;

/** Decodes twice: the first time the shape is learnt, the second time it is used. */
function twice(
  payload: string,
  spec = {},
): { rows: readonly ShownRow[]; stampAt: number; unreadable: boolean } {
  const decoding = new Decoding(jsonPlan, spec);
  const first = decoding.decode(payload);
  expect(first.cause).toBeUndefined();
  expect(decoding.decode(payload)).toStrictEqual(first);
  return first;
}

const accepted: readonly [law: string, payload: string, rows: ShownRow[]][] = [
  [
    "numbers",
    '{"a":1,"b":-2.5e3,"c":21.5000}',
    [
      ["a", 1],
      ["b", -2500],
      ["c", 21.5],
    ],
  ],
  ["minus nought", '{"a":-0}', [["a", -0]]],
  [
    "booleans, null and texts",
    '{"a":true,"b":false,"c":null,"d":"x"}',
    [
      ["a", true],
      ["b", false],
      ["c", null],
      ["d", '"x"'],
    ],
  ],
  [
    "escapes",
    String.raw`{"a":"\u00e9\n\"\\\/","\u0062":1}`,
    [
      ["a", JSON.stringify('é\n"\\/')],
      ["b", 1],
    ],
  ],
  ["a pair of surrogates", String.raw`{"a":"\ud83c\udf21"}`, [["a", '"🌡"']]],
  ["text that is not ASCII", '{"größe":"21 °C"}', [["größe", '"21 °C"']]],
  [
    "nested objects",
    '{"a":{"b":{"c":{"d":1}}},"e":2}',
    [
      ["a.b.c.d", 1],
      ["e", 2],
    ],
  ],
  [
    "white space anywhere",
    ' {\n\t"a" : [ 1 , 2 ] ,\r "b":{ } }\n',
    [
      ["a.0", 1],
      ["a.1", 2],
    ],
  ],
  [
    "arrays, also of objects",
    '{"a":[1,[2],{"x":3}]}',
    [
      ["a.0", 1],
      ["a.1.0", 2],
      ["a.2.x", 3],
    ],
  ],
  [
    "leaves deeper than four levels, which are no samples",
    '{"a":{"b":{"c":{"d":{"e":1}}}},"f":2}',
    [["f", 2]],
  ],
  ["empty objects and arrays", '{"a":{},"b":[]}', []],
  ["nothing at all", "{}", []],
  ["values below a wrapper, with its name", '{"values":{"t":1}}', [["values.t", 1]]],
  [
    "too large numbers, as bad",
    '{"a":1e400,"b":-1e400,"c":1}',
    [
      ["a", null, "bad"],
      ["b", null, "bad"],
      ["c", 1],
    ],
  ],
  [
    "names like those of every object",
    '{"__proto__":1,"constructor":{"prototype":2},"toString":3}',
    [
      ["__proto__", 1],
      ["constructor.prototype", 2],
      ["toString", 3],
    ],
  ],
  [
    "a name that comes twice, the last one",
    '{"a":1,"b":2,"a":3}',
    [
      ["b", 2],
      ["a", 3],
    ],
  ],
  [
    "an object that comes twice, the last one as a whole",
    '{"a":{"x":1,"y":2},"b":{},"a":{"x":3}}',
    [["a.x", 3]],
  ],
  [
    "an empty object replaced, and not its neighbour",
    '{"b":{},"c":1,"b":2}',
    [
      ["c", 1],
      ["b", 2],
    ],
  ],
  ["a name that comes three times", '{"a":1,"\\u0061":2,"a":3}', [["a", 3]]],
  ["names in NFC", '{"e\u0301":1}', [["é", 1]]],
  [
    "members in their order, digits too",
    '{"b":1,"10":2,"a":3,"9":4}',
    [
      ["b", 1],
      ["10", 2],
      ["a", 3],
      ["9", 4],
    ],
  ],
  ["the deepest payload there may be", '{"a":[[[[[[[1]]]]]]],"b":1}', [["b", 1]]],
];

test.each(accepted)("JSON gives rows for %s", (_, payload, rows) => {
  expect(twice(payload).rows).toStrictEqual(rows);
});

const deep = 10_000;
const refused: readonly [law: string, payload: string | Uint8Array, cause: string][] = [
  ["nothing", "", "empty"],
  ["white space", " \n", "empty"],
  ["a missing end", '{"a":1', "malformed"],
  ["a missing value", '{"a":}', "malformed"],
  ["a missing colon", '{"a" 1}', "malformed"],
  ["a name without quotes", "{a:1}", "malformed"],
  ["a comma too many", '{"a":1,}', "malformed"],
  ["a comma too few", '{"a":1 "b":2}', "malformed"],
  ["a comma too many in an array", '{"a":[1,]}', "malformed"],
  ["an array without an end", '{"a":[1', "malformed"],
  ["NaN", '{"a":NaN}', "malformed"],
  ["Infinity", '{"a":Infinity}', "malformed"],
  ["-Infinity", '{"a":-Infinity}', "malformed"],
  ["a number with a plus", '{"a":+1}', "malformed"],
  ["a number with a nought before", '{"a":01}', "malformed"],
  ["a number without digits after the point", '{"a":1.}', "malformed"],
  ["a hexadecimal number", '{"a":0x10}', "malformed"],
  ["a word that is cut off", '{"a":tru', "malformed"],
  ["a word that goes on", '{"a":nulll}', "malformed"],
  ["bytes after the end", '{"a":1}x', "malformed"],
  ["a second object", '{"a":1}{"a":1}', "malformed"],
  ["NUL after the end", '{"a":1}\0', "malformed"],
  ["a byte order mark", '\uFEFF{"a":1}', "malformed"],
  ["a string without an end", '{"a":"x', "malformed"],
  ["a line break in a string", '{"a":"\n"}', "malformed"],
  ["an unknown escape", String.raw`{"a":"\x41"}`, "malformed"],
  ["a short escape", String.raw`{"a":"\u00e"}`, "malformed"],
  ["an escape at the end", '{"a":"\\', "malformed"],
  ["single quotes", "{'a':1}", "malformed"],
  ["a comment", '{"a":1/**/}', "malformed"],
  ["words", "offline", "malformed"],
  ["half of a surrogate pair", String.raw`{"a":"\ud800"}`, "invalid-text"],
  ["bytes that are not UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), "invalid-text"],
  ["UTF-16", Buffer.from('{"a":1}', "utf16le"), "malformed"],
  [
    "UTF-8 longer than need be",
    Buffer.from([0x7b, 0x22, 0xc0, 0x80, 0x22, 0x3a, 0x31, 0x7d]),
    "invalid-text",
  ],
  ["an empty name", '{"":1}', "invalid-text"],
  ["a control character in a name", String.raw`{"a\u0000b":1}`, "invalid-text"],
  ["a name of 129 characters", `{"${"a".repeat(129)}":1}`, "invalid-text"],
  ["a path of 129 characters", `{"${"a".repeat(64)}":{"${"b".repeat(64)}":1}}`, "invalid-text"],
  ["a text that is too long", `{"a":"${"x".repeat(payloadStringBytesMax + 1)}"}`, "too-large"],
  ["a payload of more than 64 KiB", `{"a":1${" ".repeat(65_536)}}`, "too-large"],
  ["1,025 values", `{"a":[${"1,".repeat(1_023)}1]}`, "too-many-items"],
  ["a payload nested nine levels deep", '{"a":[[[[[[[[1]]]]]]]]}', "too-deep"],
  ["10,000 open arrays", `{"a":${"[".repeat(deep)}`, "too-deep"],
  ["10,000 nested objects", `${'{"a":'.repeat(deep)}1${"}".repeat(deep)}`, "too-deep"],
  ["10,000 arrays at the top", "[".repeat(deep), "too-deep"],
  ["an array", "[1]", "unsupported"],
  ["a number", "5", "unsupported"],
  ["a text", '"x"', "unsupported"],
  ["null", "null", "unsupported"],
];

test.each(refused)("JSON is refused for %s, whether or not a shape is known", (_, payload, cause) => {
  const decoding = new Decoding(jsonPlan);
  expect(decoding.decode(payload).cause).toBe(cause);
  expect(decoding.decode('{"a":1}').rows).toStrictEqual([["a", 1]]);
  expect(decoding.decode(payload).cause).toBe(cause);
  expect(decoding.series.names).toHaveLength(1);
});

test("a text of exactly the longest length, and 1,024 values, are accepted", () => {
  expect(twice(`{"a":"${"x".repeat(payloadStringBytesMax)}"}`).rows).toHaveLength(1);
  expect(twice(`{"a":[${"1,".repeat(1_022)}1]}`).rows).toHaveLength(1_023);
});

const stamps: readonly [payload: string, stampAt: number, unreadable: boolean][] = [
  ['{"ts":1762000000000,"a":1}', at, false],
  ['{"ts":1762000000,"a":1}', at, false],
  ['{"ts":1762000000.5,"a":1}', at + 500, false],
  ['{"ts":1762000000123999999,"a":1}', at + 123, false],
  ['{"time":"2025-11-01T12:26:40Z","a":1}', at, false],
  ['{"timestamp":"1762000000","a":1}', at, false],
  ['{"a":1,"time":1,"timestamp":1762000000}', at, false],
  ['{"timestamp":1762000005,"time":1762000009,"ts":1762000000}', at, false],
  ['{"a":1}', Number.NaN, false],
  ['{"ts":null,"a":1}', Number.NaN, false],
  ['{"ts":12.5,"a":1}', Number.NaN, true],
  ['{"ts":true,"a":1}', Number.NaN, true],
  ['{"ts":1e400,"a":1}', Number.NaN, true],
  ['{"ts":"","a":1}', Number.NaN, true],
  [String.raw`{"ts":"\u0032025-11-01T12:26:40Z","a":1}`, at, false],
  ['{"Time":"2025-11-01T12:26:40","time":"2025-11-01T12:26:40","a":1}', Number.NaN, true],
  ['{"ts":1,"ts":1762000000}', at, false],
];

test.each(stamps)("the event time of %s is %d, unreadable: %s", (payload, stampAt, unreadable) => {
  expect(twice(payload)).toMatchObject({ stampAt, unreadable });
});

test("event time is not a sample, but an object of that name is", () => {
  expect(twice('{"ts":1762000000,"a":1}').rows).toStrictEqual([["a", 1]]);
  expect(twice('{"time":{"up":5},"b":{"ts":6}}').rows).toStrictEqual([
    ["time.up", 5],
    ["b.ts", 6],
  ]);
});

test("a route's time replaces the usual names and may be nested", () => {
  expect(twice('{"ts":7,"params":{"ts":1762000000,"a":1}}', { time: "params.ts" })).toStrictEqual({
    rows: [
      ["ts", 7],
      ["params.a", 1],
    ],
    stampAt: at,
    unreadable: false,
  });
});

test("a route's root takes the wrapper away, and its metric stands before the path", () => {
  expect(twice('{"values":{"t":1},"n":2}', { root: "values" }).rows).toStrictEqual([
    ["t", 1],
    ["n", 2],
  ]);
  expect(twice('{"value":1,"raw":{"value":2}}', { metric: "flow" }).rows).toStrictEqual([
    ["flow", 1],
    ["flow.raw.value", 2],
  ]);
});

test("the device is the topic in NFC unless the route names it, and the unit is the route's", () => {
  const plain = new Decoding(jsonPlan, { topic: "plant/pre\u0301ss" });
  plain.decode('{"a":1}');
  expect(plain.series.names).toStrictEqual([{ device: "plant/préss", metric: "a", unit: undefined }]);
  const named = new Decoding(jsonPlan, { device: "__proto__", unit: "bar" });
  named.decode('{"a":1}');
  expect(named.series.names).toStrictEqual([{ device: "__proto__", metric: "a", unit: "bar" }]);
});

test.each([["a".repeat(129)], ["a\u0007"], [""]])("a device name such as %j is refused", (device) => {
  const decoding = new Decoding(jsonPlan, { device });
  expect(decoding.decode('{"a":1}').cause).toBe("invalid-text");
  expect(decoding.series.names).toHaveLength(0);
});

test("no more series is a rejection that leaves nothing behind, and known series go on", () => {
  const decoding = new Decoding(jsonPlan, {}, 2);
  expect(decoding.decode('{"a":1,"b":2}').rows).toHaveLength(2);
  expect(decoding.decode('{"a":1,"b":2,"c":3}').cause).toBe("series-limit");
  expect(decoding.decode('{"b":1,"a":2}').rows).toStrictEqual([
    ["b", 1],
    ["a", 2],
  ]);
});

test("nothing is ever put on Object.prototype", () => {
  const before = Reflect.ownKeys(Object.prototype).length;
  twice('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":true}}}');
  expect(Reflect.ownKeys(Object.prototype)).toHaveLength(before);
  expect(Reflect.get({}, "polluted")).toBeUndefined();
});
