import fc from "fast-check";
import { expect, test } from "vitest";
import { LearnedInterval } from "../../../src/core/detect/interval.ts";
import { SilenceDetector } from "../../../src/core/detect/silence.ts";
import { SnapshotReader, SnapshotWriter } from "../../../src/core/fold/snapshot.ts";
import { evenNumbers, normalNumbers } from "./noise.ts";

/** Learns intervals one after the other. */
function learned(gapsMs: readonly number[]): LearnedInterval {
  const interval = new LearnedInterval();
  let at = 1_700_000_000_000;
  interval.arrive(at, true);
  for (const gapMs of gapsMs) {
    at += gapMs;
    interval.arrive(at, true);
  }
  return interval;
}

function repeated(count: number, ...gapsMs: readonly number[]): number[] {
  return Array.from({ length: count }, () => gapsMs).flat();
}

test("the interval of a regular series is its interval", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 86_400_000 }), fc.integer({ min: 4, max: 300 }), (gapMs, count) => {
      const interval = learned(repeated(count, gapMs));
      expect(interval.intervalMs).toBe(gapMs);
      expect(interval.deviationMs).toBe(0);
    }),
  );
});

test("nothing is learned before the fifth arrival at another time", () => {
  expect(learned([10, 0, 10, 0, 10]).intervalMs).toBeNaN();
  expect(learned([10, 0, 10, 0, 10, 10]).intervalMs).toBe(10);
});

test("an arrival that is not to be learned is only the begin of the next interval", () => {
  const interval = learned(repeated(10, 1_000));
  const begin = interval.lastAt;
  interval.arrive(begin + 2_500, false);
  expect([interval.intervalMs, interval.lastAt]).toEqual([1_000, begin + 2_500]);
  interval.arrive(begin + 3_500, true);
  expect([interval.intervalMs, interval.deviationMs]).toEqual([1_000, 0]);
});

test("the interval is never below the shortest, nor above the longest", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 1e9 }), { minLength: 4, maxLength: 100 }), (gapsMs) => {
      const { intervalMs, deviationMs } = learned(gapsMs);
      // But for rounding; and a long one may count for less.
      expect(intervalMs).toBeGreaterThanOrEqual(Math.min(...gapsMs) * (1 - 1e-9));
      expect(intervalMs).toBeLessThanOrEqual(Math.max(...gapsMs) * (1 + 1e-9));
      expect(deviationMs).toBeGreaterThanOrEqual(0);
    }),
  );
});

test("writing and reading at any place changes nothing", () => {
  const gaps = fc.array(fc.integer({ min: -5, max: 90_000 }), { maxLength: 60 });
  fc.assert(
    fc.property(gaps, gaps, (before, after) => {
      const whole = learned(before);
      const writer = new SnapshotWriter();
      whole.write(writer);
      const copy = new LearnedInterval();
      copy.read(new SnapshotReader(writer.finish()));
      let at = whole.lastAt;
      for (const gapMs of after) {
        at += gapMs;
        whole.arrive(at, true);
        copy.arrive(at, true);
      }
      expect([copy.intervalMs, copy.deviationMs, copy.lastAt]).toEqual([
        whole.intervalMs,
        whole.deviationMs,
        whole.lastAt,
      ]);
    }),
  );
});

const tenSeconds = repeated(100, 10_000);

test.each([
  ["one sample late", [...tenSeconds, 15_000], 10_000, 10_500],
  ["one sample lost", [...tenSeconds, 20_000], 10_000, 11_000],
  ["a night without power", [...tenSeconds, 8 * 3_600_000], 10_000, 13_000],
  [
    "twenty intervals after that night",
    [...tenSeconds, 8 * 3_600_000, ...repeated(20, 10_000)],
    10_000,
    11_500,
  ],
  ["500 samples at once", [...tenSeconds, ...repeated(500, 1), ...repeated(3, 10_000)], 9_000, 10_000],
  ["each sample twice", repeated(200, 1, 9_999), 9_900, 10_000],
  ["ten samples a second apart, then a pause", repeated(20, ...repeated(9, 1_000), 51_000), 40_000, 51_000],
  ["a burst at the start", [1, 1, 1, 1, ...repeated(12, 60_000)], 59_000, 60_000],
  ["from ten seconds to a minute", [...tenSeconds, ...repeated(20, 60_000)], 55_000, 60_000],
  ["from an hour to ten seconds", [...repeated(50, 3_600_000), ...repeated(1_500, 10_000)], 10_000, 100_000],
  ["from a minute to ten seconds", [...repeated(100, 60_000), ...repeated(400, 10_000)], 10_000, 15_000],
])("after %s the interval is between bounds", (_name, gapsMs, low, high) => {
  const { intervalMs } = learned(gapsMs);
  expect(intervalMs).toBeGreaterThanOrEqual(low);
  expect(intervalMs).toBeLessThanOrEqual(high);
});

/** How many of 20,000 arrivals came after they were overdue. */
function overdueCount(gapMs: (index: number) => number): number {
  const detector = new SilenceDetector({ factor: 3 });
  let at = 1_700_000_000_000;
  let overdue = 0;
  for (let index = 0; index < 20_000; index += 1) {
    at += gapMs(index);
    if (at > detector.overdueAt) overdue += 1;
    detector.step(1, at);
    expect(detector.score > 1 ? 1 : 0).toBeLessThanOrEqual(overdue);
  }
  return overdue;
}

const even = evenNumbers(7);
const normal = normalNumbers(8);

test.each([
  ["regular", () => 10_000, 0],
  ["a tenth of jitter", () => Math.max(1, 10_000 * (1 + 0.1 * normal())), 0],
  ["a twentieth lost", () => (even() < 0.05 ? 20_000 : 10_000), 0],
  ["at random", () => Math.max(1, -Math.log(1 - even()) * 10_000), 5],
  ["from now on more slowly", (index: number) => (index < 1_000 ? 10_000 : 300_000), 8],
  ["in bursts", (index: number) => (index % 10 === 9 ? 50_000 : 1_000), 5],
])("silence: a sensor that sends %s is hardly ever overdue", (_name, gapMs, most) => {
  expect(overdueCount(gapMs)).toBeLessThanOrEqual(most);
});

test("silence: overdue is the last stamp and three intervals, and the arrival says by how much", () => {
  const detector = new SilenceDetector({ factor: 3 });
  for (let index = 0; index < 10; index += 1) detector.step(1, index * 60_000);
  expect(detector.overdueAt).toBe(12 * 60_000);
  expect(detector.step(1, 15 * 60_000)).toBe(false);
  expect(detector.score).toBe(2);
  expect(detector.overdueAt).toBeGreaterThan(18 * 60_000);
});

test("silence: less than a second is none", () => {
  const detector = new SilenceDetector({ factor: 3 });
  for (let index = 0; index < 10; index += 1) detector.step(1, index * 10);
  expect(detector.overdueAt).toBe(90 + 1_000);
});
