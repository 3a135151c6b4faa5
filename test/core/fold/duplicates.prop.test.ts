import fc from "fast-check";
import { expect, test } from "vitest";
import { DigestWindow, digestOf, StampWindow } from "../../../src/core/fold/duplicates.ts";
import { SnapshotReader, SnapshotWriter } from "../../../src/core/fold/snapshot.ts";
import { clientInFlightMax, messageDigestsMax } from "../../../src/core/limits.ts";

const sample = fc.record({ at: fc.integer({ min: 0, max: 30 }), value: fc.integer({ min: 0, max: 3 }) });

test("a sample is seen again exactly when stamp and value are among the last that were new", () => {
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 300 }), (all) => {
      const window = new StampWindow();
      const held: { at: number; value: number }[] = [];
      for (const { at, value } of all) {
        const known = held.slice(-clientInFlightMax).some((one) => one.at === at && one.value === value);
        expect(window.seen(at, value)).toBe(known);
        if (!known) held.push({ at, value });
      }
    }),
    { numRuns: 300 },
  );
});

test("two samples of one stamp and different values are both new", () => {
  const window = new StampWindow();
  expect([window.seen(5, 1), window.seen(5, 2), window.seen(5, 1)]).toEqual([false, false, true]);
});

test("a window that was written and read back knows the same samples", () => {
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 200 }), fc.array(sample), (before, after) => {
      const window = new StampWindow();
      for (const { at, value } of before) window.seen(at, value);
      const writer = new SnapshotWriter();
      window.write(writer);
      const copy = new StampWindow();
      copy.read(new SnapshotReader(writer.finish()));
      expect(after.map(({ at, value }) => copy.seen(at, value))).toEqual(
        after.map(({ at, value }) => window.seen(at, value)),
      );
    }),
  );
});

test("digests are forgotten oldest first, and only when there are too many", () => {
  const window = new DigestWindow();
  for (let index = 0; index <= messageDigestsMax; index += 1) window.add(digestOf(1, index));
  expect(window.has(digestOf(1, 0))).toBe(false);
  expect(window.has(digestOf(1, 1))).toBe(true);
  expect(window.has(digestOf(1, messageDigestsMax))).toBe(true);
});
