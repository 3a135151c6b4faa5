import { encode } from "cbor-x";
import fc from "fast-check";
import { expect, test } from "vitest";
import { autoPlan } from "../../src/codecs/auto.ts";
import { Decoding } from "./decoding.ts";

const object = '{"a":1}';

const found: readonly [law: string, payload: string | Uint8Array, codec: string][] = [
  ["an object", object, "json"],
  ["an object after white space", `\n ${object}`, "json"],
  ["an empty object", "{}", "json"],
  ["a number", "5", "scalar"],
  ["a number with a unit", "21.5 °C", "scalar"],
  ["a CBOR map", encode({ a: 1 }), "cbor"],
  ["a word, which tells too little", "offline", "auto"],
];

test.each(found)("the first payload tells the codec: %s", (_, payload, codec) => {
  const decoding = new Decoding(autoPlan);
  expect(decoding.plan.codec).toBe("auto");
  expect(decoding.decode(payload).cause).toBeUndefined();
  expect(decoding.plan.codec).toBe(codec);
});

const undetected: readonly [law: string, payload: string | Uint8Array, cause: string][] = [
  ["nothing", "", "empty"],
  ["white space", "\r\n", "empty"],
  ["free text", "hello world", "undetected"],
  ["line protocol", "press,line=2 bar=4.1 1762000000000000000", "undetected"],
  ["a date", "2025-11-01", "undetected"],
  ["hexadecimal digits", "0x1F", "undetected"],
  ["a byte order mark", `\uFEFF${object}`, "undetected"],
  ["garbage", Buffer.from([0x80, 0xff, 0x00]), "undetected"],
  ["a map that is cut off", Buffer.from([0xa1, 0x61]), "undetected"],
  ["a map with bytes after it", Buffer.from([0xa0, 0x00]), "undetected"],
  ["a map with a bignum", Buffer.from("a16161c24101", "hex"), "undetected"],
  ["a CBOR array", Buffer.from([0x81, 0x01]), "undetected"],
  ["a CBOR bomb", Buffer.from(`${"a16161".repeat(5_000)}01`, "hex"), "too-deep"],
  ["a JSON array", "[1]", "unsupported"],
  ["a JSON text", '"on"', "unsupported"],
  ["broken JSON", '{"a":1', "malformed"],
  ["JSON nested 10,000 deep", '{"a":'.repeat(10_000), "too-deep"],
];

test.each(undetected)("a topic stays open after %s", (_, payload, cause) => {
  const decoding = new Decoding(autoPlan);
  expect(decoding.decode(payload).cause).toBe(cause);
  expect(decoding.plan.codec).toBe("auto");
  expect(decoding.series.names).toHaveLength(0);
  expect(decoding.decode(object).rows).toStrictEqual([["a", 1]]);
});

test("a will on a topic of JSON is refused and flips nothing, however often it comes", () => {
  const decoding = new Decoding(autoPlan);
  decoding.decode(object);
  for (let time = 0; time < 10; time += 1) {
    expect(decoding.decode(time % 2 === 0 ? "offline" : "online").cause).toBe("malformed");
    expect(decoding.decode("").cause).toBe("empty");
  }
  expect(decoding.plan.codec).toBe("json");
  expect(decoding.decode(object).rows).toStrictEqual([["a", 1]]);
  expect(decoding.series.names).toHaveLength(1);
});

test("a will that comes first does not make the topic one of scalars", () => {
  const decoding = new Decoding(autoPlan);
  expect(decoding.decode("offline").rows).toStrictEqual([["press", false]]);
  expect(decoding.decode(object).rows).toStrictEqual([["a", 1]]);
  expect(decoding.plan.codec).toBe("json");
});

test("after three failures in a row the next payload is looked at afresh", () => {
  const decoding = new Decoding(autoPlan);
  decoding.decode("5");
  expect([1, 2, 3].map(() => decoding.decode(object).cause)).toStrictEqual([
    "malformed",
    "malformed",
    "malformed",
  ]);
  expect(decoding.plan.codec).toBe("auto");
  expect(decoding.decode(object).rows).toStrictEqual([["a", 1]]);
  expect(decoding.plan.codec).toBe("json");
});

test("a success between failures keeps the codec", () => {
  const decoding = new Decoding(autoPlan);
  decoding.decode(object);
  for (let round = 0; round < 5; round += 1) {
    decoding.decode("5");
    decoding.decode("5");
    expect(decoding.decode(object).rows).toStrictEqual([["a", 1]]);
  }
  expect(decoding.plan.codec).toBe("json");
});

test("a topic keeps its series numbers through a change of mind", () => {
  const decoding = new Decoding(autoPlan);
  decoding.decode(object);
  for (let time = 0; time < 3; time += 1) decoding.decode("7");
  expect(decoding.decode("7").rows).toStrictEqual([["press", 7]]);
  for (let time = 0; time < 3; time += 1) decoding.decode(object);
  expect(decoding.decode(object).rows).toStrictEqual([["a", 1]]);
  expect(decoding.series.names).toHaveLength(2);
});

test("no more series is not a failure of the codec", () => {
  const decoding = new Decoding(autoPlan, {}, 1);
  decoding.decode(object);
  for (let time = 0; time < 5; time += 1) expect(decoding.decode('{"b":1}').cause).toBe("series-limit");
  expect(decoding.plan.codec).toBe("json");
});

test("random payloads in any order never throw and never leave rows of a refused one", () => {
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 24 }),
    fc.constantFrom(object, "5", "on", "offline", "", "[", "hello").map((text) => Buffer.from(text)),
    fc.constant(encode({ a: 1 })),
  );
  fc.assert(
    fc.property(fc.array(payload, { maxLength: 30 }), (payloads) => {
      const decoding = new Decoding(autoPlan);
      for (const bytes of payloads) {
        const { cause, rows } = decoding.decode(bytes);
        expect(cause === undefined ? [] : rows).toHaveLength(0);
      }
    }),
    { numRuns: 500 },
  );
});
