import { encode } from "cbor-x";
import { expect, test } from "vitest";
import { cborPlan } from "../../src/codecs/cbor.ts";
import { payloadStringBytesMax } from "../../src/core/limits.ts";
import { Decoding, type Shown, type ShownRow } from "./decoding.ts";

const at = 1_762_000_000_000;
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

/** Decodes twice: the first time the shape is learnt, the second time it is used. */
function twice(bytes: Uint8Array): Shown {
  const decoding = new Decoding(cborPlan);
  const first = decoding.decode(bytes);
  expect(first.cause).toBeUndefined();
  expect(decoding.decode(bytes)).toStrictEqual(first);
  return first;
}

// A map of one member `a` is `a1 61 61` and the value.
const accepted: readonly [law: string, payload: Uint8Array, rows: ShownRow[]][] = [
  ["an empty map", hex("a0"), []],
  [
    "integers of every width",
    hex("a1 6161 84 00 17 1818 190100"),
    [
      ["a.0", 0],
      ["a.1", 23],
      ["a.2", 24],
      ["a.3", 256],
    ],
  ],
  [
    "negative integers",
    hex("a1 6161 82 20 3903e7"),
    [
      ["a.0", -1],
      ["a.1", -1000],
    ],
  ],
  ["64-bit integers within 2^53", hex("a1 6161 1b001fffffffffffff"), [["a", 2 ** 53 - 1]]],
  ["64-bit integers that a double holds", hex("a1 6161 1b8000000000000000"), [["a", 2 ** 63]]],
  [
    "other 64-bit integers, as decimal text",
    hex("a1 6161 1bffffffffffffffff"),
    [["a", '"18446744073709551615"']],
  ],
  ["other negative ones too", hex("a1 6161 3b0020000000000000"), [["a", '"-9007199254740993"']]],
  [
    "floats of 16 bits",
    hex("a1 6161 84 f93c00 f97bff f90001 f98000"),
    [
      ["a.0", 1],
      ["a.1", 65_504],
      ["a.2", 5.960464477539063e-8],
      ["a.3", -0],
    ],
  ],
  [
    "floats of 32 and 64 bits",
    hex("a1 6161 82 fa47c35000 fb3ff199999999999a"),
    [
      ["a.0", 100_000],
      ["a.1", 1.1],
    ],
  ],
  [
    "floats that are not finite, as bad",
    hex("a1 6161 85 f97e00 f97c00 f9fc00 fa7fc00000 fb7ff0000000000000"),
    [
      ["a.0", null, "bad"],
      ["a.1", null, "bad"],
      ["a.2", null, "bad"],
      ["a.3", null, "bad"],
      ["a.4", null, "bad"],
    ],
  ],
  [
    "booleans, null and undefined",
    hex("a1 6161 84 f4 f5 f6 f7"),
    [
      ["a.0", false],
      ["a.1", true],
      ["a.2", null],
      ["a.3", null],
    ],
  ],
  [
    "texts",
    hex("a1 6161 82 60 62c3bc"),
    [
      ["a.0", '""'],
      ["a.1", '"ü"'],
    ],
  ],
  ["byte strings, as base64url", hex("a1 6161 43 fbff00"), [["a", '"-_8A"']]],
  [
    "nested maps and arrays",
    hex("a2 6161 a1 6162 81 01 6163 02"),
    [
      ["a.b.0", 1],
      ["c", 2],
    ],
  ],
  [
    "integer keys, by their digits",
    hex("a2 01 18 2a 20 05"),
    [
      ["1", 42],
      ["-1", 5],
    ],
  ],
  [
    "names like those of every object",
    hex(
      `a2 69${Buffer.from("__proto__").toString("hex")}01 6b${Buffer.from("constructor").toString("hex")}02`,
    ),
    [
      ["__proto__", 1],
      ["constructor", 2],
    ],
  ],
  [
    "a key that comes twice, the last one",
    hex("a3 6161 01 6162 02 6161 03"),
    [
      ["b", 2],
      ["a", 3],
    ],
  ],
  ["a time as a sample, in milliseconds", hex("a1 6161 c1 1a690600c0"), [["a", 0x69_06_00_c0 * 1000]]],
  [
    "a time as text as a sample",
    Buffer.concat([hex("a1 6161 c0 74"), Buffer.from("2025-11-01T12:26:40Z")]),
    [["a", at]],
  ],
  ["a time that cannot be read, as bad", hex("a1 6161 c0 61 78"), [["a", null, "bad"]]],
  ["numbers longer than need be", hex("a1 6161 1b0000000000000005"), [["a", 5]]],
];

test.each(accepted)("CBOR gives rows for %s", (_, payload, rows) => {
  expect(twice(payload).rows).toStrictEqual(rows);
});

const deep = (count: number, head: string): string => head.repeat(count);
const refused: readonly [law: string, payload: Uint8Array, cause: string][] = [
  ["nothing", hex(""), "empty"],
  ["a declared array of 4 GB", hex("a1 6161 9affffffff 01"), "too-many-items"],
  ["a declared map of 2^64 pairs", hex("bbffffffffffffffff"), "too-many-items"],
  ["a declared text of 2^64 bytes", hex("a1 6161 7bffffffffffffffff 61"), "too-large"],
  ["a declared byte string of 4 GB", hex("a1 6161 5affffffff 61"), "too-large"],
  ["nested declared lengths", hex(`a1 6161 ${deep(8, "9903e8")} 01`), "too-deep"],
  ["nested declared lengths that add up", hex(`a1 6161 ${deep(3, "9902ff")}`), "malformed"],
  ["5,000 nested arrays", hex(`a1 6161 ${deep(5_000, "81")}01`), "too-deep"],
  ["5,000 nested maps", hex(`${deep(5_000, "a16161")}01`), "too-deep"],
  ["5,000 nested tags", hex(`a1 6161 ${deep(5_000, "c1")}01`), "malformed"],
  ["a bignum", Buffer.concat([hex("a1 6161 c2 59 ea60"), Buffer.alloc(60_000, 255)]), "unsupported"],
  ["a negative bignum", hex("a1 6161 c3 41 01"), "unsupported"],
  ["tag 4, a decimal fraction", hex("a1 6161 c4 82 20 05"), "unsupported"],
  ["tag 5, a bigfloat", hex("a1 6161 c5 82 20 05"), "unsupported"],
  ["tag 27, an object of some class", hex("a1 6161 d81b 82 65 4572726f72 6178"), "unsupported"],
  ["tag 258, a set", hex("a1 6161 d90102 81 01"), "unsupported"],
  ["a record of cbor-x", hex("d9dff1 83 19e000 81 6161 05"), "unsupported"],
  ["self-described CBOR", hex("d9d9f7 a1 6161 01"), "unsupported"],
  ["a tag of 2^64", hex("a1 6161 dbffffffffffffffff 01"), "unsupported"],
  ["an indefinite map", hex("bf 6161 01 ff"), "unsupported"],
  ["an indefinite array", hex("a1 6161 9f 01 ff"), "unsupported"],
  ["an indefinite text", hex("a1 6161 7f 6161 ff"), "unsupported"],
  ["an indefinite byte string", hex("a1 6161 5f 4161 ff"), "unsupported"],
  ["a break alone", hex("a1 6161 ff"), "malformed"],
  ["a reserved head", hex("a1 6161 1c"), "malformed"],
  ["a reserved simple head", hex("a1 6161 fc"), "malformed"],
  ["a simple value without a meaning", hex("a1 6161 e0"), "unsupported"],
  ["a simple value of two bytes", hex("a1 6161 f8ff"), "unsupported"],
  ["tag 0 with a number", hex("a1 6161 c0 01"), "malformed"],
  ["tag 1 with a text", hex("a1 6161 c1 6161"), "malformed"],
  ["tag 1 with a tag", hex("a1 6161 c1 c1 01"), "malformed"],
  ["tag 1 with true", hex("a1 6161 c1 f5"), "malformed"],
  ["a tag of nothing", hex("a1 6161 c1"), "malformed"],
  ["a text that is not UTF-8", hex("a1 6161 62 c328"), "invalid-text"],
  ["a key that is not UTF-8", hex("a1 62 c328 01"), "invalid-text"],
  ["a key that is an array", hex("a1 80 01"), "unsupported"],
  ["a byte string as a key", hex("a1 4161 01"), "unsupported"],
  ["an empty name", hex("a1 60 01"), "invalid-text"],
  ["a control character in a name", hex("a1 6107 01"), "invalid-text"],
  ["a missing value", hex("a1 6161"), "malformed"],
  ["a missing pair", hex("a2 6161 01"), "malformed"],
  ["a text that is cut off", hex("a1 6161 65 61"), "malformed"],
  ["a number that is cut off", hex("a1 6161 1a 0102"), "malformed"],
  ["a float that is cut off", hex("a1 6161 fb 3ff1"), "malformed"],
  ["bytes after the end", hex("a1 6161 01 00"), "malformed"],
  [
    "a text that is too long",
    Buffer.concat([hex("a1 6161 79 0401"), Buffer.alloc(payloadStringBytesMax + 1, 97)]),
    "too-large",
  ],
  ["a payload of more than 64 KiB", Buffer.alloc(65_537, 0xa0), "too-large"],
  ["1,025 values", Buffer.concat([hex("a1 6161 99 0400"), Buffer.alloc(1_024, 1)]), "too-many-items"],
  ["a payload nested nine levels deep", hex(`a1 6161 ${deep(8, "81")} 01`), "too-deep"],
  ["an array", hex("81 01"), "unsupported"],
  ["an integer", hex("05"), "unsupported"],
  ["a text", hex("6161"), "unsupported"],
];

test.each(refused)("CBOR is refused for %s, whether or not a shape is known", (_, payload, cause) => {
  const decoding = new Decoding(cborPlan);
  expect(decoding.decode(payload).cause).toBe(cause);
  expect(decoding.decode(hex("a1 6161 01")).rows).toStrictEqual([["a", 1]]);
  expect(decoding.decode(payload).cause).toBe(cause);
  expect(decoding.series.names).toHaveLength(1);
});

test("1,024 values, tagged ones too, and eight levels are accepted", () => {
  expect(
    twice(Buffer.concat([hex("a1 6161 99 03ff"), Buffer.alloc(1_022, 1), hex("c1 01")])).rows,
  ).toHaveLength(1_023);
  expect(twice(hex(`a1 6161 ${deep(7, "81")} 01`)).rows).toHaveLength(0);
});

const stamps: readonly [law: string, payload: Uint8Array, stampAt: number, unreadable: boolean][] = [
  ["an integer of seconds", encode({ ts: 1_762_000_000, a: 1 }), at, false],
  ["a float of seconds", encode({ ts: 1_762_000_000.5, a: 1 }), at + 500, false],
  ["an integer of milliseconds", encode({ ts: 1_762_000_000_000n, a: 1 }), at, false],
  ["an integer of nanoseconds", encode({ ts: 1_762_000_000_123_999_999n, a: 1 }), at + 123, false],
  ["an even integer of nanoseconds", encode({ ts: 1_762_000_000_123_999_744n, a: 1 }), at + 123, false],
  ["tag 1", hex("a2 627473 c1 1a 6905fc80 6161 01"), 0x69_05_fc_80 * 1000, false],
  [
    "tag 0",
    Buffer.concat([hex("a2 627473 c0 74"), Buffer.from("2025-11-01T12:26:40Z"), hex("6161 01")]),
    at,
    false,
  ],
  ["a text", encode({ time: "2025-11-01T12:26:40Z", a: 1 }), at, false],
  ["nothing", encode({ a: 1 }), Number.NaN, false],
  ["null", encode({ ts: null, a: 1 }), Number.NaN, false],
  ["undefined", hex("a2 627473 f7 6161 01"), Number.NaN, false],
  ["true", encode({ ts: true, a: 1 }), Number.NaN, true],
  ["a small number", encode({ ts: 12, a: 1 }), Number.NaN, true],
  ["not a number", encode({ ts: Number.NaN, a: 1 }), Number.NaN, true],
  ["a time without zone", encode({ ts: "2025-11-01T12:26:40", a: 1 }), Number.NaN, true],
  ["tag 1 of nought", hex("a2 627473 c1 00 6161 01"), Number.NaN, true],
];

test.each(stamps)("%s is the event time it stands for", (_, payload, stampAt, unreadable) => {
  expect(twice(payload)).toStrictEqual({ rows: [["a", 1]], stampAt, unreadable });
});
