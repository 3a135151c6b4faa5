import { decode, encode } from "cbor-x";
import fc from "fast-check";
import { expect, test } from "vitest";
import { cborPlan } from "../../src/codecs/cbor.ts";
import { Decoding, type Shown, type ShownRow } from "./decoding.ts";
import { expectedRows, jsonText, mutated, stampedTree, type Tree, tree } from "./json-trees.ts";

function head(major: number, argument: number): Buffer {
  if (argument < 24) return Buffer.from([(major << 5) | argument]);
  return Buffer.from([(major << 5) | 25, argument >> 8, argument & 255]);
}

/** Writes a tree as CBOR: numbers by cbor-x (but -0, which it makes 0), the rest by hand, so that order and names stay. */
function cborBytes(value: Tree): Buffer {
  if ("elements" in value)
    return Buffer.concat([head(4, value.elements.length), ...value.elements.map(cborBytes)]);
  if ("members" in value) {
    const parts = value.members.flatMap(([name, member]) => [text(name), cborBytes(member)]);
    return Buffer.concat([head(5, value.members.length), ...parts]);
  }
  const scalar: unknown = JSON.parse(value.scalar);
  if (typeof scalar === "string") return text(scalar);
  if (Object.is(scalar, -0)) return Buffer.from("f98000", "hex");
  return Buffer.from(encode(scalar));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([head(3, bytes.length), bytes]);
}

test("any map gives the rows that the same JSON gives, first generally, then by shape", () => {
  fc.assert(
    fc.property(tree, (object) => {
      const decoding = new Decoding(cborPlan);
      const bytes = cborBytes(object);
      const first = decoding.decode(bytes);
      expect(first.rows).toStrictEqual(expectedRows(object));
      expect(decoding.decode(bytes)).toStrictEqual(first);
    }),
    { numRuns: 1000 },
  );
});

test("payloads of one shape with other values take no look at names", () => {
  const values = fc.record({
    ts: fc.integer({ min: 1_000_000_000, max: 2_000_000_000 }),
    // cbor-x writes -0 as the integer 0.
    temperature: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    count: fc.maxSafeInteger(),
    on: fc.boolean(),
    state: fc.string({ unit: fc.constantFrom("a", "b", " ", "0", "1") }),
  });
  const decoding = new Decoding(cborPlan);
  decoding.decode(encode({ ts: 1_762_000_000, temperature: 21.5, count: 1, on: true, state: "run" }));
  const { asked } = decoding.series;
  fc.assert(
    fc.property(values, (object) => {
      const rows: ShownRow[] = [
        ["temperature", object.temperature],
        ["count", object.count],
        ["on", object.on],
        ["state", JSON.stringify(object.state)],
      ];
      const expected: Shown = { rows, stampAt: object.ts * 1000, unreadable: false };
      expect(decoding.decode(encode(object))).toStrictEqual(expected);
      expect(decoding.series.asked).toBe(asked);
    }),
    { numRuns: 1000 },
  );
});

test("a damaged payload that is accepted is CBOR to cbor-x too, and a known shape changes nothing", () => {
  fc.assert(
    fc.property(stampedTree, tree, fc.infiniteStream(fc.nat()), (object, other, choices) => {
      const original = cborBytes(object);
      const second = cborBytes(other);
      const trained = new Decoding(cborPlan);
      trained.decode(original);
      trained.decode(second);
      for (let round = 0; round < 4; round += 1) {
        const bytes = mutated(original, second, () => choices.next().value);
        const fresh = new Decoding(cborPlan).decode(bytes);
        expect(trained.decode(bytes)).toStrictEqual(fresh);
        // What cbor-x does with what we refuse is its own affair.
        expect(typeof (fresh.cause === undefined ? decode(bytes) : {})).toBe("object");
      }
    }),
    { numRuns: 1000 },
  );
});

test("random bytes never throw, with or without a known shape", () => {
  const trained = new Decoding(cborPlan);
  trained.decode(encode({ a: 1, b: "x" }));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat({ max: 23 }), (bytes, pairs) => {
      const payload = Buffer.concat([Buffer.from([0xa0 | pairs]), bytes]);
      expect(trained.decode(payload)).toStrictEqual(new Decoding(cborPlan).decode(payload));
    }),
    { numRuns: 3000 },
  );
});

test("JSON text of the same tree is never taken for a map", () => {
  fc.assert(
    fc.property(tree, (object) => {
      const { cause } = new Decoding(cborPlan).decode(Buffer.from(jsonText(object, () => "")));
      expect(cause).toBeDefined();
    }),
  );
});
