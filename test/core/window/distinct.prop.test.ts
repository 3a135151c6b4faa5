import fc from "fast-check";
import { expect, test } from "vitest";
import { SnapshotReader, SnapshotWriter } from "../../../src/core/fold/snapshot.ts";
import { Distinct, distinctExactMax } from "../../../src/core/window/distinct.ts";

function distinctOf(values: readonly number[]): Distinct {
  const distinct = new Distinct();
  for (const value of values) distinct.add(value);
  return distinct;
}

function bytesOf(distinct: Distinct): Uint8Array {
  const writer = new SnapshotWriter();
  distinct.write(writer);
  return writer.finish();
}

const values = fc.array(fc.oneof(fc.integer({ min: 0, max: 30 }), fc.double({ noNaN: true })), {
  maxLength: 120,
  size: "max",
});

test("up to 64 different values are counted exactly", () => {
  fc.assert(
    fc.property(values, (all) => {
      const some = all.slice(0, distinctExactMax);
      expect(distinctOf(some).count).toBe(new Set(some).size);
    }),
  );
});

test.each([65, 100, 300, 640, 1_000, 10_000, 100_000])(
  "%i different values are counted within three standard errors, for numbers of any kind",
  (count) => {
    const kinds = [
      (index: number): number => index,
      (index: number): number => 20 + index / 10,
      (index: number): number => -index * 0.001,
      (index: number): number => index * 1e12,
    ];
    const errors = kinds.map((kind) => {
      const distinct = distinctOf(Array.from({ length: count }, (_, index) => kind(index)));
      return Math.abs(distinct.count / count - 1);
    });
    expect(Math.max(...errors)).toBeLessThan(3 * 0.065);
  },
);

test("merging in any grouping counts the same as adding all", () => {
  fc.assert(
    fc.property(values, fc.nat(120), fc.boolean(), (all, cut, laterFirst) => {
      const [one, other] = [distinctOf(all.slice(0, cut)), distinctOf(all.slice(cut))];
      const [into, from] = laterFirst ? [other, one] : [one, other];
      into.merge(from);
      expect(into.count).toBe(distinctOf(all).count);
    }),
    { numRuns: 1_000 },
  );
});

test("what is written and read counts on as before, and is written the same", () => {
  fc.assert(
    fc.property(values, values, (before, after) => {
      const distinct = distinctOf(before);
      const read = new Distinct();
      read.read(new SnapshotReader(bytesOf(distinct)));
      for (const value of after) {
        distinct.add(value);
        read.add(value);
      }
      expect(bytesOf(read)).toEqual(bytesOf(distinct));
    }),
  );
});
