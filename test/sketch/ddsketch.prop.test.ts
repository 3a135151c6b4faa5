import fc from "fast-check";
import { expect, test } from "vitest";
import { SnapshotReader, SnapshotWriter } from "../../src/core/fold/snapshot.ts";
import type { Sketch } from "../../src/core/window/sketch.ts";
import { ddSketches, relativeAccuracy, sketchBinsMax } from "../../src/sketch/ddsketch.ts";

function sketchOf(values: readonly number[]): Sketch {
  const sketch = ddSketches.create();
  for (const value of values) sketch.add(value);
  return sketch;
}

function bytesOf(sketch: Sketch): Uint8Array {
  const writer = new SnapshotWriter();
  sketch.write(writer);
  return writer.finish();
}

/** Between two values in proportion, from all of them. */
function quantileOf(sorted: readonly number[], q: number): readonly [value: number, error: number] {
  const rank = q * (sorted.length - 1);
  const lower = sorted[Math.floor(rank)]!;
  const upper = sorted[Math.ceil(rank)]!;
  const error = relativeAccuracy * Math.max(Math.abs(lower), Math.abs(upper));
  return [lower + (upper - lower) * (rank - Math.floor(rank)), error * (1 + 1e-9) + 1e-300];
}

const values = fc.array(
  fc.oneof(
    fc.integer({ min: -20, max: 30 }),
    fc.double({ min: -40, max: 90, noNaN: true }),
    fc.double({ min: 1, max: 5_000, noNaN: true }),
  ),
  { minLength: 1, maxLength: 80, size: "max" },
);

/** Values over so many magnitudes that the lowest bins have to go. */
const wide = fc.array(fc.double({ noNaN: true, min: -1e150, max: 1e150 }), {
  minLength: 600,
  maxLength: 900,
  size: "max",
});

test("a quantile is within 1 % of the values at its rank", () => {
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (all, q) => {
      const [right, error] = quantileOf(
        all.toSorted((one, other) => one - other),
        q,
      );
      expect(Math.abs(sketchOf(all).quantile(q) - right)).toBeLessThanOrEqual(error);
    }),
    { numRuns: 2_000 },
  );
});

test("the median deviation is within 1 % of the median and of the value furthest from 0", () => {
  fc.assert(
    fc.property(values, (all) => {
      const sorted = all.toSorted((one, other) => one - other);
      const [median] = quantileOf(sorted, 0.5);
      const distances = all.map((value) => Math.abs(value - median)).toSorted((one, other) => one - other);
      const [right] = quantileOf(distances, 0.5);
      const furthest = Math.max(...all.map(Math.abs));
      const error = relativeAccuracy * 2 * furthest * (1 + 1e-9);
      expect(Math.abs(sketchOf(all).medianDeviation() - right)).toBeLessThanOrEqual(error);
    }),
    { numRuns: 1_000 },
  );
});

test.each([
  ["ordinary", values, 1_000],
  ["far spread", wide, 50],
] as const)(
  "sketches of parts of %s values merge, in any order, to the bytes of the whole",
  (_name, all, numRuns) => {
    fc.assert(
      fc.property(all, fc.nat(), fc.boolean(), (whole, place, laterFirst) => {
        const cut = place % whole.length;
        const [one, other] = [sketchOf(whole.slice(0, cut)), sketchOf(whole.slice(cut))];
        const [into, from] = laterFirst ? [other, one] : [one, other];
        into.merge(from);
        expect(bytesOf(into)).toEqual(bytesOf(sketchOf(whole)));
        expect(into.count).toBe(whole.length);
      }),
      { numRuns },
    );
  },
);

test("what is written and read goes on as before, and is written the same", () => {
  fc.assert(
    fc.property(values, values, (before, after) => {
      const sketch = sketchOf(before);
      const read = ddSketches.create();
      const reader = new SnapshotReader(bytesOf(sketch));
      read.read(reader);
      expect(reader.finished).toBe(true);
      expect(read.count).toBe(before.length);
      for (const value of after) {
        sketch.add(value);
        read.add(value);
      }
      expect(bytesOf(read)).toEqual(bytesOf(sketch));
    }),
  );
});

test("values over more magnitudes than there are bins leave the high quantiles exact", () => {
  const all = Array.from({ length: 2_000 }, (_, index) => 1.03 ** (index - 1_000));
  const sketch = sketchOf(all);
  const [right, error] = quantileOf(all, 0.95);
  expect(Math.abs(sketch.quantile(0.95) - right)).toBeLessThanOrEqual(error);
  // A count, and for each bin a step and a count.
  expect(bytesOf(sketch).length).toBeLessThan(2 + sketchBinsMax * 4);
});

test("an empty sketch has no quantiles", () => {
  const sketch = ddSketches.create();
  expect(sketch.quantile(0.5)).toBeNaN();
  expect(sketch.medianDeviation()).toBeNaN();
});

test("a cleared sketch is an empty one", () => {
  const sketch = sketchOf([1, 2, 3]);
  sketch.clear();
  expect(bytesOf(sketch)).toEqual(bytesOf(ddSketches.create()));
  expect(sketch.count).toBe(0);
});
