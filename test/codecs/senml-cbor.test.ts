import { encode, Encoder } from "cbor-x";
import { expect, test } from "vitest";
import { senmlCborPlan } from "../../src/codecs/senml-cbor.ts";
import { senmlJsonPlan } from "../../src/codecs/senml-json.ts";
import { receivedAt, StampedDecoding, type StampedRow } from "./stamped-decoding.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const textHex = (text: string): string => Buffer.from(text).toString("hex");
/** Keeps integer keys of maps as integers. */
const mapEncoder = new Encoder({ mapsAsObjects: false, useRecords: false });

// The same pack in every way in which labels are written: integers, their digits as text, names.
const integerLabels = [
  new Map<number, unknown>([
    [-2, "urn:dev:mac:00aa11bb22cc/"],
    [-3, 1_762_000_000],
    [-4, "Cel"],
    [-5, 20],
    [-6, 100],
    [-1, 10],
    [0, "t1"],
    [2, 1.5],
  ]),
  new Map<number, unknown>([
    [0, "t2"],
    [6, -5],
    [1, "K"],
    [2, -1],
    [5, 7],
    [7, 60],
  ]),
  new Map<number, unknown>([
    [0, "door"],
    [4, true],
  ]),
  new Map<number, unknown>([
    [0, "label"],
    [3, "Halle 1"],
  ]),
];
const names = new Map([
  [-6, "bs"],
  [-5, "bv"],
  [-4, "bu"],
  [-3, "bt"],
  [-2, "bn"],
  [-1, "bver"],
  [0, "n"],
  [1, "u"],
  [2, "v"],
  [3, "vs"],
  [4, "vb"],
  [5, "s"],
  [6, "t"],
  [7, "ut"],
]);
const named = integerLabels.map((record) =>
  Object.fromEntries([...record].map(([label, value]) => [names.get(label)!, value])),
);
const digits = integerLabels.map((record) =>
  Object.fromEntries([...record].map(([label, value]) => [String(label), value])),
);
const expected = new StampedDecoding(senmlJsonPlan).decode(JSON.stringify(named));

test.each([
  ["integers", mapEncoder.encode(integerLabels)],
  ["digits as text", encode(digits)],
  ["names", encode(named)],
])("labels that are %s give what the same pack in JSON gives", (_, bytes) => {
  expect(expected.rows).toHaveLength(5);
  expect(new StampedDecoding(senmlCborPlan).decode(bytes)).toStrictEqual(expected);
});

// `a2 00 6161 02 ..` is a record with the name `a` and a value.
const accepted: readonly [law: string, payload: Buffer, rows: readonly Partial<StampedRow>[]][] = [
  ["an integer", hex("81 a2 00 6161 02 0a"), [{ metric: "a", value: 10 }]],
  ["a negative integer", hex("81 a2 00 6161 02 20"), [{ value: -1 }]],
  [
    "an integer above 2^53, as the nearest double",
    hex("81 a2 00 6161 02 1b0020000000000001"),
    [{ value: 2 ** 53 }],
  ],
  ["a float of 16 bits", hex("81 a2 00 6161 02 f93e00"), [{ value: 1.5 }]],
  ["a float of 64 bits", hex("81 a2 00 6161 02 fb3ff199999999999a"), [{ value: 1.1 }]],
  ["a decimal fraction", hex("81 a2 00 6161 02 c4 82 20 18d7"), [{ value: 21.5 }]],
  ["a negative decimal fraction", hex("81 a2 00 6161 02 c4 82 21 390848"), [{ value: -21.21 }]],
  ["a decimal fraction of the largest exponent", hex("81 a2 00 6161 02 c4 82 14 01"), [{ value: 1e20 }]],
  ["a decimal fraction of the smallest exponent", hex("81 a2 00 6161 02 c4 82 33 01"), [{ value: 1e-20 }]],
  [
    "a decimal fraction of the largest mantissa",
    hex("81 a2 00 6161 02 c4 82 00 1b0020000000000000"),
    [{ value: 2 ** 53 }],
  ],
  [
    "a time that is a decimal fraction",
    hex("81 a3 00 6161 02 01 06 c4 82 20 38 7c"),
    [{ value: 1, at: receivedAt - 12_500 }],
  ],
  ["data of bytes", hex("81 a2 00 6161 08 43fbff00"), [{ value: '"-_8A"' }]],
  [
    "an array of indefinite length",
    hex("9f a2 00 6161 02 01 a2 00 6162 02 02 ff"),
    [{ value: 1 }, { value: 2 }],
  ],
  ["a record of indefinite length", hex("81 bf 00 6161 02 01 ff"), [{ value: 1 }]],
  ["both of indefinite length", hex("9f bf 00 6161 02 01 ff ff"), [{ value: 1 }]],
  ["an unknown label", hex("81 a3 00 6161 02 01 18 63 82 01 a1 02 f6"), [{ value: 1 }]],
  ["an unknown label of 64 bits", hex("81 a3 00 6161 02 01 1bffffffffffffffff 01"), [{ value: 1 }]],
  ["an unknown time", hex("81 a3 00 6161 02 01 18 63 c1 1a690600c0"), [{ value: 1 }]],
  ["an unknown text label", hex(`81 a3 00 6161 02 01 67${textHex("valueOf")} a1 02 05`), [{ value: 1 }]],
  ["a label that comes twice, the last one", hex("81 a3 00 6161 02 01 02 03"), [{ value: 3 }]],
  ["a record of only base fields, as nothing", hex("81 a1 21 6161"), []],
];

test.each(accepted)("CBOR gives rows for %s", (_, payload, rows) => {
  const shown = new StampedDecoding(senmlCborPlan).decode(payload);
  expect(shown.detail).toBeUndefined();
  expect(shown.rows).toMatchObject(rows);
  expect(shown.rows).toHaveLength(rows.length);
});

const deep = (count: number, head: string): string => head.repeat(count);
const refused: readonly [law: string, payload: Buffer, cause: string][] = [
  ["nothing", hex(""), "empty"],
  ["a map", hex("a2 00 6161 02 01"), "unsupported"],
  ["an integer", hex("05"), "unsupported"],
  ["an empty array", hex("80"), "malformed"],
  ["an empty array of indefinite length", hex("9f ff"), "malformed"],
  ["a record that is an integer", hex("81 05"), "malformed"],
  ["a break in an array of definite length", hex("81 ff"), "malformed"],
  ["an array of indefinite length without an end", hex("9f a2 00 6161 02 01"), "malformed"],
  ["a record of indefinite length without an end", hex("81 bf 00 6161 02 01"), "malformed"],
  ["a record of indefinite length with half a pair", hex("81 bf 00 6161 02 ff"), "malformed"],
  ["bytes after the pack", hex("81 a2 00 6161 02 01 00"), "malformed"],
  ["a payload cut off", hex("81 a2 00 6161 02"), "malformed"],
  ["a text cut off", hex("81 a2 00 6161 03 63 61"), "malformed"],
  ["a declared array of 4 GB", hex("9affffffff a0"), "too-many-items"],
  ["a declared map of 2^64 pairs", hex("81 bbffffffffffffffff"), "too-many-items"],
  ["a declared text of 2^64 bytes", hex("81 a2 00 7bffffffffffffffff 61"), "too-large"],
  [
    "a text of more than 1 KiB",
    Buffer.concat([hex("81 a2 00 6161 03 790401"), Buffer.alloc(1_025, 97)]),
    "too-large",
  ],
  [
    "more than 1,024 values",
    Buffer.concat([hex("9f"), ...Array.from({ length: 400 }, () => hex("a2 00 6161 02 01")), hex("ff")]),
    "too-many-items",
  ],
  ["unknown values nested nine deep", hex(`81 a3 00 6161 02 01 18 63 ${deep(9, "81")}01`), "too-deep"],
  ["5,000 nested arrays", hex(deep(5_000, "81")), "malformed"],
  ["5,000 nested tags", hex(`81 a2 00 6161 02 ${deep(5_000, "c1")}01`), "malformed"],
  ["5,000 nested decimal fractions", hex(`81 a2 00 6161 02 ${deep(5_000, "c482")}01`), "unsupported"],
  ["a value that is not finite", hex("81 a2 00 6161 02 f97c00"), "malformed"],
  ["a value that is not a number", hex("81 a2 00 6161 02 f97e00"), "malformed"],
  ["a value that is null", hex("81 a2 00 6161 02 f6"), "malformed"],
  ["a value that is undefined", hex("81 a2 00 6161 02 f7"), "malformed"],
  ["a value that is an array", hex("81 a2 00 6161 02 81 01"), "malformed"],
  ["a value that is a time", hex("81 a2 00 6161 02 c1 05"), "malformed"],
  ["a value that is a bignum", hex("81 a2 00 6161 02 c2 41 05"), "unsupported"],
  ["a simple value without a meaning", hex("81 a2 00 6161 02 e0"), "unsupported"],
  ["a decimal fraction with a larger exponent", hex("81 a2 00 6161 02 c4 82 15 01"), "unsupported"],
  ["a decimal fraction with a smaller exponent", hex("81 a2 00 6161 02 c4 82 34 01"), "unsupported"],
  [
    "a decimal fraction with a larger mantissa",
    hex("81 a2 00 6161 02 c4 82 00 1b0020000000000002"),
    "unsupported",
  ],
  ["a decimal fraction with a bignum", hex("81 a2 00 6161 02 c4 82 20 c2 41 05"), "unsupported"],
  ["a decimal fraction of three", hex("81 a2 00 6161 02 c4 83 20 05 05"), "malformed"],
  ["a decimal fraction cut off", hex("81 a2 00 6161 02 c4 82 20"), "malformed"],
  ["a bigfloat", hex("81 a2 00 6161 02 c5 82 20 05"), "unsupported"],
  ["a tag about the whole", hex("d9d9f7 81 a2 00 6161 02 01"), "unsupported"],
  ["an unknown value of indefinite length", hex("81 a3 00 6161 02 01 18 63 9f ff"), "unsupported"],
  ["a text of indefinite length", hex("81 a2 00 7f 6161 ff 02 01"), "unsupported"],
  ["a text that is not UTF-8", hex("81 a2 00 6161 03 61 ff"), "invalid-text"],
  ["a name of bytes", hex("81 a2 00 4161 02 01"), "malformed"],
  ["data as text", hex(`81 a2 00 6161 08 62${textHex("aa")}`), "malformed"],
  ["a label that is an array", hex("81 a1 80 01"), "unsupported"],
  ["a label that must be understood", hex(`81 a3 00 6161 02 01 62${textHex("x_")} 01`), "unsupported"],
  ["two values", hex("81 a3 00 6161 02 01 04 f5"), "malformed"],
  ["a newer version", hex("81 a3 20 0b 00 6161 02 01"), "unsupported"],
  ["no name", hex("81 a1 02 01"), "invalid-text"],
];

test.each(refused)("the whole pack is refused for %s", (_, payload, cause) => {
  const decoding = new StampedDecoding(senmlCborPlan);
  expect(decoding.decode(payload).cause).toBe(cause);
  expect(decoding.series.names).toHaveLength(0);
});

test("no more series is a rejection that leaves no row", () => {
  const pack = hex("82 a2 00 6161 02 01 a2 00 6162 02 01");
  expect(new StampedDecoding(senmlCborPlan, {}, 1).decode(pack).cause).toBe("series-limit");
});
