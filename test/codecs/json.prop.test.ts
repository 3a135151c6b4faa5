import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonPlan } from "../../src/codecs/json.ts";
import { Decoding, type Shown, type ShownRow } from "./decoding.ts";
import { expectedRows, jsonText, mutated, stampedTree, tree } from "./json-trees.ts";

/** How many of the resolver's calls a decode takes: a payload of known shape takes none. */
function askedDuring(decoding: Decoding, decode: () => Shown): number {
  const before = decoding.series.asked;
  decode();
  return decoding.series.asked - before;
}

/** Tells whether JSON.parse accepts the bytes. */
function isParsed(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString());
    return true;
  } catch {
    return false;
  }
}

test("any object gives the rows that JSON.parse and a plain walk give, first generally, then by shape", () => {
  fc.assert(
    fc.property(tree, fc.infiniteStream(fc.constantFrom("", "", "", " ", "\n")), (object, spaces) => {
      const text = jsonText(object, () => spaces.next().value);
      const decoding = new Decoding(jsonPlan);
      const rows = expectedRows(object);
      const first = decoding.decode(text);
      expect(JSON.parse(text)).toBeTypeOf("object");
      expect(first.rows).toStrictEqual(rows);
      expect(decoding.decode(text)).toStrictEqual(first);
    }),
    { numRuns: 1500 },
  );
});

test("payloads of one shape with other values are decoded by shape, to the bit", () => {
  const values = fc.record({
    ts: fc.integer({ min: 1e12, max: 2e12 }),
    temperature: fc.double({ noNaN: true, noDefaultInfinity: true }),
    vibration: fc.float({ noNaN: true, noDefaultInfinity: true }),
    on: fc.boolean(),
    state: fc.option(fc.string({ unit: fc.constantFrom("a", "b", " ", "0", "1") })),
  });
  const decoding = new Decoding(jsonPlan);
  decoding.decode('{"ts":1762000000000,"temperature":21.5,"vibration":0.125,"on":true,"state":"run"}');
  fc.assert(
    fc.property(values, (object) => {
      const text = JSON.stringify(object);
      const parsed: typeof object = JSON.parse(text);
      let shown: Shown | undefined;
      expect(askedDuring(decoding, () => (shown = decoding.decode(text)))).toBe(0);
      const state: ShownRow = ["state", parsed.state === null ? null : JSON.stringify(parsed.state)];
      expect(shown).toStrictEqual({
        rows: [
          ["temperature", parsed.temperature],
          ["vibration", parsed.vibration],
          ["on", parsed.on],
          state,
        ],
        stampAt: parsed.ts,
        unreadable: false,
      });
    }),
    { numRuns: 1000 },
  );
});

test("a damaged payload is accepted only if JSON.parse accepts it, and a known shape changes nothing", () => {
  fc.assert(
    fc.property(stampedTree, tree, fc.infiniteStream(fc.nat()), (object, other, choices) => {
      const original = Buffer.from(jsonText(object, () => ""));
      const second = Buffer.from(jsonText(other, () => ""));
      const trained = new Decoding(jsonPlan);
      trained.decode(original);
      trained.decode(second);
      for (let round = 0; round < 4; round += 1) {
        const bytes = mutated(original, second, () => choices.next().value);
        const fresh = new Decoding(jsonPlan).decode(bytes);
        expect(trained.decode(bytes)).toStrictEqual(fresh);
        // Other causes are bounds and names, of which JSON.parse knows nothing.
        const isJson =
          fresh.cause === undefined ? true : fresh.cause === "malformed" ? false : isParsed(bytes);
        expect(isParsed(bytes)).toBe(isJson);
      }
    }),
    { numRuns: 1000 },
  );
});

test("random bytes never throw and never leave rows of a refused payload", () => {
  const decoding = new Decoding(jsonPlan);
  decoding.decode('{"a":1,"b":"x"}');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const { cause } = decoding.decode(bytes);
      expect(cause === undefined ? JSON.parse(Buffer.from(bytes).toString()) : {}).toBeTypeOf("object");
    }),
    { numRuns: 2000 },
  );
});
