/** How fingerprints lie to each other, against every payload that could tell. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type FieldValue,
  type Fingerprint,
  fingerprintCovers,
  fingerprintsOverlap,
  type PayloadFields,
  verdictOn,
} from "../../src/core/fingerprint.ts";

const paths = ["a", "b"];
const values: readonly FieldValue[] = [1, "1", true, null];

/** Each place is empty, or holds one of the values or something else. */
const contents: readonly (FieldValue | undefined)[] = [undefined, ...values, 7];
const payloads = contents.flatMap((a) => contents.map((b) => ({ a, b })));

function fieldsOf(payload: Readonly<Record<string, FieldValue | undefined>>): PayloadFields {
  return { has: (path) => payload[path] !== undefined, valueOf: (path) => payload[path] };
}

const part = fc.option(fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 }), { nil: undefined });
const fingerprint = fc
  .uniqueArray(fc.constantFrom(...paths), { minLength: 1 })
  .chain((chosen) => fc.tuple(...chosen.map((path) => part.map((listed) => ({ path, listed })))))
  .map(
    (parts): Fingerprint =>
      parts.map(({ path, listed }) => (listed === undefined ? { path } : { path, values: listed })),
  );

function carrying(one: Fingerprint): Set<object> {
  return new Set(payloads.filter((payload) => verdictOn(one, fieldsOf(payload)) === "carried"));
}

test("a fingerprint covers another when every payload that carries the other carries it", () => {
  fc.assert(
    fc.property(fingerprint, fingerprint, (wide, narrow) => {
      expect(fingerprintCovers(wide, narrow)).toBe(carrying(narrow).isSubsetOf(carrying(wide)));
    }),
    { numRuns: 2_000 },
  );
});

test("fingerprints overlap when some payload carries both", () => {
  fc.assert(
    fc.property(fingerprint, fingerprint, (left, right) => {
      expect(fingerprintsOverlap(left, right)).toBe(!carrying(left).isDisjointFrom(carrying(right)));
    }),
    { numRuns: 2_000 },
  );
});

test("without a fingerprint every payload is covered", () => {
  fc.assert(
    fc.property(fingerprint, (narrow) => {
      expect(fingerprintCovers(undefined, narrow)).toBe(true);
      expect(fingerprintCovers(narrow, undefined)).toBe(false);
      expect(fingerprintsOverlap(undefined, narrow)).toBe(true);
    }),
  );
});

test.each([
  [{ a: 1, b: true }, "carried"],
  [{ a: 1, b: false }, "carried"],
  [{ a: 1 }, "silent"],
  [{}, "silent"],
  [{ a: "1", b: true }, "other"],
  [{ a: null }, "other"],
])("%j is %s", (payload, verdict) => {
  expect(verdictOn([{ path: "a", values: [1, 2] }, { path: "b" }], fieldsOf(payload))).toBe(verdict);
});
