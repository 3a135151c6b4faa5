import fc from "fast-check";
import { expect, test } from "vitest";
import { Tail, TwoTails } from "../../../src/core/detect/anomaly-tail.ts";
import { ordinary } from "../../../src/core/detect/anomaly-view.ts";
import { evenNumbers } from "./noise.ts";

function tailOf(sizes: Iterable<number>): Tail {
  const tail = new Tail();
  for (const size of sizes) tail.learn(size);
  return tail;
}

/** 1, 2, … up to `count`, in an order that is not theirs. */
function shuffled(count: number): number[] {
  const even = evenNumbers(count);
  return Array.from({ length: count }, (_, index) => ({ size: index + 1, place: even() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ size }) => size);
}

test("within the record the share is counted", () => {
  const tail = tailOf([...shuffled(1_000).map((size) => size / 1_000), 10, 20, 30]);
  expect(tail.surprise(20)).toBeCloseTo(Math.log10(1_004 / 3), 10);
  expect(tail.surprise(30)).toBeCloseTo(Math.log10(1_004 / 2), 10);
});

test("an inner size is ordinary", () => {
  expect(tailOf(shuffled(1_000)).surprise(500)).toBe(ordinary);
});

test("a size beyond the record is rarer than once in all, and the farther the rarer", () => {
  const tail = tailOf(shuffled(1_000));
  expect(tail.surprise(1_001)).toBeGreaterThan(3);
  expect(tail.surprise(2_000)).toBeGreaterThan(tail.surprise(1_001) + 1);
});

test("the same factor beyond the record says less where the tail is heavy", () => {
  const heavy = tailOf(shuffled(1_000).map((size) => 1 / (size / 1_001) ** 2));
  const light = tailOf(shuffled(1_000).map((size) => size));
  expect(heavy.surprise(3 * heavy.record)).toBeLessThan(light.surprise(3 * light.record) - 1);
});

test("where all were 0, anything else is once in all, and no rarer", () => {
  expect(tailOf(Array.from({ length: 999 }, () => 0)).surprise(1e300)).toBe(3);
});

test("fewer than 50 sizes are no history", () => {
  expect(tailOf(shuffled(49)).surprise(1e9)).toBe(ordinary);
  expect(tailOf(shuffled(50)).surprise(1e9)).toBeGreaterThan(ordinary);
});

test("a record of long ago is forgotten", () => {
  const sizes = evenNumbers(5);
  const tail = tailOf([1_000]);
  for (let row = 0; row < 40_000; row += 1) tail.learn(sizes());
  expect(tail.record).toBeLessThan(1);
});

test("surprise is a finite number that does not fall with size", () => {
  const sizes = fc.array(fc.double({ min: 0, max: 1e150, noNaN: true }), { minLength: 50, maxLength: 80 });
  const size = fc.double({ min: 0, max: 2e150, noNaN: true });
  fc.assert(
    fc.property(sizes, size, size, (learned, one, other) => {
      const tail = tailOf(learned);
      const less = tail.surprise(Math.min(one, other));
      const more = tail.surprise(Math.max(one, other));
      expect(less).toBeGreaterThanOrEqual(ordinary);
      expect(more).toBeGreaterThanOrEqual(less);
      expect(more).toBeLessThan(Number.POSITIVE_INFINITY);
    }),
  );
});

/** The surprise of a deviation that crept out of a noisy range, learned all the while. */
function surpriseOfCreeping(delay: number): number {
  const noise = evenNumbers(11);
  const tails = new TwoTails(delay);
  for (let row = 0; row < 1_000; row += 1) tails.learn(noise() - 0.5);
  let surprise = 0;
  for (let row = 0; row < 40; row += 1) {
    surprise = tails.surprise(0.5 + row * 0.02);
    tails.learn(0.5 + row * 0.02);
  }
  return surprise;
}

test("a deviation that grows slowly is no witness for itself when learning waits", () => {
  expect(surpriseOfCreeping(40)).toBeGreaterThan(2 * surpriseOfCreeping(0));
});
