import { expect, test } from "vitest";
import { jsonPlan } from "../../src/codecs/json.ts";
import { Decoding } from "./decoding.ts";

/** Tells whether a payload is decoded by a known shape: names are not looked up then. */
function isKnown(decoding: Decoding, payload: string): boolean {
  const { asked } = decoding.series;
  decoding.decode(payload);
  return decoding.series.asked === asked;
}

const shapes = ["a", "b", "c", "d", "e"].map((name) => `{"${name}":1}`);

test("payloads that alternate between four shapes are all known", () => {
  const decoding = new Decoding(jsonPlan);
  for (const payload of shapes.slice(0, 4)) decoding.decode(payload);
  for (let round = 0; round < 20; round += 1) {
    expect(shapes.slice(0, 4).map((payload) => isKnown(decoding, payload))).toStrictEqual([
      true,
      true,
      true,
      true,
    ]);
  }
});

test("a shape that stays in use is not pushed out by payloads that never repeat", () => {
  const decoding = new Decoding(jsonPlan);
  decoding.decode(shapes[0]!);
  for (let index = 0; index < 2_000; index += 1) {
    expect(decoding.decode(`{"x${index % 50}":${index},"y${index}":1}`).rows).toHaveLength(2);
    expect(isKnown(decoding, shapes[0]!)).toBe(true);
  }
});

test("a new firmware's shape is known soon, whatever the old ones were", () => {
  const decoding = new Decoding(jsonPlan);
  for (let round = 0; round < 1_000; round += 1)
    for (const payload of shapes.slice(0, 4)) decoding.decode(payload);
  const tries = Array.from({ length: 40 }, () => isKnown(decoding, shapes[4]!));
  expect(tries.slice(-20)).not.toContain(false);
});

test("a payload that is too large to remember is decoded all the same", () => {
  const members = Array.from({ length: 100 }, (_, index) => `"metric-${index}":${index}`);
  const decoding = new Decoding(jsonPlan);
  for (let round = 0; round < 3; round += 1) {
    expect(decoding.decode(`{${members.join(",")}}`).rows).toHaveLength(100);
  }
  expect(isKnown(decoding, `{${members.join(",")}}`)).toBe(false);
});

test("texts that are not ASCII, have escapes or are long are right by shape too", () => {
  const decoding = new Decoding(jsonPlan);
  const texts = ["run", "läuft", String.raw`a\"b`, "x".repeat(200), "läuft", "run", String.raw`a\u0022b`];
  for (let round = 0; round < 3; round += 1) {
    for (const text of texts) {
      const parsed = JSON.stringify(JSON.parse(`"${text}"`));
      expect(decoding.decode(`{"a":"${text}","b":1}`).rows).toStrictEqual([
        ["a", parsed],
        ["b", 1],
      ]);
    }
  }
});

test("a member may change between number, boolean, text, null and object", () => {
  const decoding = new Decoding(jsonPlan);
  const values = ["1", "true", '"x"', "null", '{"b":2}', "[3]", "1e400"];
  const rows = values.map((value) => decoding.decode(`{"a":${value}}`).rows);
  expect(values.map((value) => decoding.decode(`{"a":${value}}`).rows)).toStrictEqual(rows);
  expect(rows.flat()).toStrictEqual([
    ["a", 1],
    ["a", true],
    ["a", '"x"'],
    ["a", null],
    ["a.b", 2],
    ["a.0", 3],
    ["a", null, "bad"],
  ]);
});
