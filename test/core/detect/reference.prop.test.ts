/** Each detector against its formula, computed from the whole history at every step. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { learnedDeviationsMax } from "../../../src/core/detect/baseline.ts";
import { EwmaDetector, ewmaWarmUpSamples } from "../../../src/core/detect/ewma.ts";
import { FlatlineDetector } from "../../../src/core/detect/flatline.ts";
import { Moments } from "../../../src/core/detect/moments.ts";
import { RangeDetector } from "../../../src/core/detect/range.ts";
import { RateDetector } from "../../../src/core/detect/rate.ts";
import { SeasonalDetector, seasonalSamples, seasons } from "../../../src/core/detect/seasonal.ts";
import { ShiftSums } from "../../../src/core/detect/shift-sums.ts";
import { deviationsPerMad, SpikeDetector } from "../../../src/core/detect/spike.ts";
import { ThresholdDetector } from "../../../src/core/detect/threshold.ts";

const value = fc.integer({ min: -60, max: 60 }).map((tenths) => tenths / 10);
const values = fc.array(value, { minLength: 1, maxLength: 80 });
/** Mostly the same, with steps of several sizes. */
const coarse = fc.array(fc.constantFrom(100, 100, 100, 100, 100.1, 100.3, 101), {
  minLength: 1,
  maxLength: 80,
});
const timed = fc.array(
  fc.record({
    value,
    elapsedMs: fc.oneof(fc.integer({ min: 0, max: 90 }), fc.integer({ max: 900, min: 0 })),
  }),
  { minLength: 1, maxLength: 120 },
);

interface Sample {
  readonly value: number;
  readonly at: number;
}

function stamped(samples: readonly { readonly value: number; readonly elapsedMs: number }[]): Sample[] {
  let at = 1_000;
  return samples.map((sample) => {
    at += sample.elapsedMs;
    return { value: sample.value, at };
  });
}

interface Weighted {
  readonly value: number;
  weight: number;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function meanOf(held: readonly Weighted[]): number {
  return sumOf(held.map((one) => one.value * one.weight)) / sumOf(held.map((one) => one.weight));
}

function deviationOf(held: readonly Weighted[]): number {
  const mean = meanOf(held);
  const squares = held.map((one) => one.weight * (one.value - mean) ** 2);
  return Math.sqrt(sumOf(squares) / sumOf(held.map((one) => one.weight)));
}

/** The smallest step, at most half a percent of the center. */
function floorOf(history: readonly number[], center: number): number {
  const steps = history.slice(1).map((one, index) => Math.abs(one - history[index]!));
  return Math.min(...steps.filter((step) => step > 0), 0.005 * Math.abs(center));
}

function clip(one: number, mean: number, deviation: number): number {
  if (deviation === 0) return one;
  const reach = learnedDeviationsMax * deviation;
  return Math.min(Math.max(one, mean - reach), mean + reach);
}

/** Whether numbers agree but for rounding, which a distance of 0 or a deviation of nearly 0 makes large. */
function close(one: number, other: number): boolean {
  if (Object.is(one, other)) return true;
  return Math.abs(one - other) <= 1e-6 * Math.max(1, Math.abs(one), Math.abs(other));
}

test("moments are the weighted mean and variance of all values", () => {
  const entry = fc.record({
    value,
    weight: fc.integer({ min: 1, max: 9 }),
    kept: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 60 }), (entries) => {
      const moments = new Moments();
      const held: Weighted[] = [];
      for (const { value: one, weight, kept } of entries) {
        moments.add(one, weight, (moments.weight * kept) / 4);
        for (const earlier of held) earlier.weight *= kept / 4;
        held.push({ value: one, weight });
      }
      expect(moments.mean).toBeCloseTo(meanOf(held), 9);
      expect(Math.sqrt(moments.variance)).toBeCloseTo(deviationOf(held), 6);
      expect(moments.weight).toBeCloseTo(sumOf(held.map(({ weight }) => weight)), 9);
    }),
  );
});

test("threshold fires from a value beyond a bound until one at clear", () => {
  fc.assert(
    fc.property(values, fc.integer({ min: -2, max: 2 }), (series, clear) => {
      const detector = new ThresholdDetector({ above: 3, below: -3, clear });
      const verdicts = series.map((one) => detector.step(one));
      const expected = series.map((_one, index) => {
        const past = series.slice(0, index + 1);
        const high = past.findLastIndex((one) => one > 3);
        const low = past.findLastIndex((one) => one < -3);
        const since = Math.max(high, low);
        if (since < 0) return false;
        return past.slice(since).every((one) => (high > low ? one > clear : one < clear));
      });
      expect(verdicts).toEqual(expected);
    }),
  );
});

test.each([
  [{ above: 8 }, [8, 8.1, 8.1, 8, 7], [false, true, true, false, false]],
  [{ above: 8, clear: 6 }, [7, 9, 7, 6.1, 6, 7], [false, true, true, true, false, false]],
  [{ below: 2, clear: 4 }, [3, 1, 3, 3.9, 4, 3], [false, true, true, true, false, false]],
  [{ below: 2, above: 8 }, [1, 9, 5, 9, 1, 5], [true, true, false, true, true, false]],
])("threshold %o of %o gives %o", (bounds, series, verdicts) => {
  const detector = new ThresholdDetector(bounds);
  expect(series.map((one) => detector.step(one))).toEqual(verdicts);
});

test.each([
  [-10, false, 0],
  [10, false, 0],
  [10.5, true, 0.5],
  [-12, true, 2],
  [Number.MAX_VALUE, true, Number.MAX_VALUE],
])("range of -10 to 10: %d fires %s with score %d", (one, fires, score) => {
  const detector = new RangeDetector({ min: -10, max: 10 });
  expect([detector.step(one), detector.score]).toEqual([fires, score]);
});

test("rate is the change from the value before, per time", () => {
  fc.assert(
    fc.property(timed, (samples) => {
      const series = stamped(samples);
      const detector = new RateDetector({ perMs: 1_000, above: 40 });
      const scores = series.map((one) => [detector.step(one.value, one.at), detector.score]);
      const expected = series.map((one, index) => {
        const before = series[index - 1];
        if (before === undefined || one.at === before.at) return [false, 0];
        const rate = (Math.abs(one.value - before.value) / (one.at - before.at)) * 1_000;
        return [rate > 40, rate];
      });
      expect(scores).toEqual(expected);
    }),
  );
});

function medianOf(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((one, other) => one - other);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

test("spike is the distance from the median of the last n, in MADs", () => {
  fc.assert(
    fc.property(fc.oneof(values, coarse), fc.integer({ min: 5, max: 12 }), (series, n) => {
      const detector = new SpikeDetector({ n, k: 3 });
      for (const [index, one] of series.entries()) {
        const fires = detector.step(one, index, true);
        const last = series.slice(Math.max(0, index - n), index);
        const warm = last.length === n;
        const median = warm ? medianOf(last) : Number.NaN;
        const mad = warm ? medianOf(last.map((other) => Math.abs(other - median))) : 0;
        const deviation = Math.max(deviationsPerMad * mad, floorOf(series.slice(0, index), median));
        const score = !warm || one === median ? 0 : Math.min(Math.abs(one - median) / deviation, 1e6);
        expect(close(detector.expected, median)).toBe(true);
        expect(close(detector.score, score)).toBe(true);
        expect(fires).toBe(detector.score > 3);
      }
    }),
    { numRuns: 300 },
  );
});

test("ewma is the distance from the mean weighted by age, of at least so many values", () => {
  fc.assert(
    fc.property(timed, fc.constantFrom(400, 2_000, 20_000), (samples, halfLifeMs) => {
      const series = stamped([...samples, ...samples, ...samples]);
      const detector = new EwmaDetector({ halfLifeMs, k: 3 });
      const held: Weighted[] = [];
      for (const [index, one] of series.entries()) {
        const before = series[index - 1];
        const lastedMs = before === undefined ? 0 : before.at - series[0]!.at;
        const warm = held.length >= ewmaWarmUpSamples && lastedMs >= halfLifeMs;
        const fires = detector.step(one.value, one.at, true);
        const total = sumOf(held.map(({ weight }) => weight));
        const mean = warm ? meanOf(held) : Number.NaN;
        const history = series.slice(0, index).map((earlier) => earlier.value);
        const deviation = warm ? Math.max(deviationOf(held), floorOf(history, mean)) : 0;
        // Where nothing varies, rounding is all there is.
        const score = warm && deviation < 1e-9 ? detector.score : Math.abs(one.value - mean) / deviation;
        const learned = clip(one.value, mean, deviation);
        expect(close(detector.expected, mean)).toBe(true);
        expect(close(detector.score, warm ? score : 0)).toBe(true);
        expect(fires).toBe(detector.score > 3);
        const aged = 2 ** (-(one.at - (before?.at ?? one.at)) / halfLifeMs);
        const kept = total <= ewmaWarmUpSamples ? 1 : Math.max(aged, ewmaWarmUpSamples / total);
        for (const earlier of held) earlier.weight *= kept;
        held.push({ value: learned, weight: 1 });
      }
    }),
    { numRuns: 60 },
  );
});

test("shift sums are the largest sums of the last distances less the drift", () => {
  fc.assert(
    fc.property(values, fc.constantFrom(0, 0.25, 0.5, 2), (series, drift) => {
      const sums = new ShiftSums({ drift, threshold: 1e6 });
      const distances = series.map((one) => Math.min(Math.max(one, -4), 4));
      for (const [index, one] of series.entries()) {
        sums.add(one);
        const past = distances.slice(0, index + 1);
        const tails = past.map((_one, from) => past.slice(from));
        const rise = Math.max(0, ...tails.map((tail) => sumOf(tail.map((distance) => distance - drift))));
        const fall = Math.max(0, ...tails.map((tail) => sumOf(tail.map((distance) => -distance - drift))));
        expect(sums.larger).toBeCloseTo(Math.max(rise, fall), 9);
      }
    }),
  );
});

test("shift sums are Page's and Hinkley's sums less their least and their most", () => {
  fc.assert(
    fc.property(values, (series) => {
      const drift = 0.5;
      const sums = new ShiftSums({ drift, threshold: 1e6 });
      const distances = series.map((one) => Math.min(Math.max(one, -4), 4));
      for (const one of series) sums.add(one);
      const rising = [
        0,
        ...distances.map((_one, index) => sumOf(distances.slice(0, index + 1).map((z) => z - drift))),
      ];
      const falling = [
        0,
        ...distances.map((_one, index) => sumOf(distances.slice(0, index + 1).map((z) => z + drift))),
      ];
      const rise = rising.at(-1)! - Math.min(...rising);
      const fall = Math.max(...falling) - falling.at(-1)!;
      expect(sums.larger).toBeCloseTo(Math.max(rise, fall), 9);
    }),
  );
});

test("seasonal compares with the same hour of earlier days", () => {
  const hour = fc.record({ value, minutes: fc.constantFrom(20, 60, 60, 60, 240) });
  fc.assert(
    fc.property(fc.array(hour, { minLength: 5, maxLength: 12 }), (pattern) => {
      const k = 2;
      const detector = new SeasonalDetector({ season: "hour-of-day", k });
      const { visitsMin, halfLifeVisits } = seasons["hour-of-day"];
      const slots = Array.from({ length: 24 }, () => ({ held: [] as Weighted[], visits: 0, lastAt: -1e9 }));
      const history: number[] = [];
      let at = 1_700_000_000_000;
      for (let index = 0; index < 500; index += 1) {
        const { value: shape, minutes } = pattern[index % pattern.length]!;
        const one = shape + (index % 7) / 10 + (index % 97 === 96 ? 50 : 0);
        at += minutes * 60_000;
        const slot = slots[new Date(at).getUTCHours()]!;
        const weight = sumOf(slot.held.map((earlier) => earlier.weight));
        const warm = slot.visits >= visitsMin && weight >= seasonalSamples;
        const fires = detector.step(one, at, true);
        const mean = warm ? meanOf(slot.held) : Number.NaN;
        const deviation = warm ? Math.max(deviationOf(slot.held), floorOf(history, mean)) : 0;
        const widening = 1 + (k * k + 1) / (4 * (slot.visits - 1));
        const distance = Math.abs(one - mean) / (deviation * widening);
        const score = warm && deviation < 1e-9 ? detector.score : distance;
        const learned = clip(one, mean, deviation);
        expect(close(detector.expected, mean)).toBe(true);
        expect(close(detector.score, warm ? score : 0)).toBe(true);
        expect(fires).toBe(detector.score > k);
        // Another sample of the same hour of the same day, or not.
        if (Math.floor(slot.lastAt / 3_600_000) !== Math.floor(at / 3_600_000)) {
          slot.visits += 1;
          for (const earlier of slot.held) earlier.weight *= 2 ** (-1 / halfLifeVisits);
        }
        slot.lastAt = at;
        slot.held.push({ value: learned, weight: 1 });
        history.push(one);
      }
    }),
    { numRuns: 25 },
  );
});

test("flatline fires when the last run has lasted long enough, each step counting for half at most", () => {
  fc.assert(
    fc.property(timed, fc.constantFrom(0, 0.5, 3), (samples, within) => {
      const series = stamped(samples);
      const forMs = 200;
      const detector = new FlatlineDetector({ within, forMs });
      const runs: Sample[][] = [];
      for (const one of series) {
        const fires = detector.step(one.value, one.at);
        const open = [...(runs.at(-1) ?? []), one];
        const held = open.map((earlier) => earlier.value);
        if (runs.length > 0 && Math.max(...held) - Math.min(...held) <= within) runs.at(-1)!.push(one);
        else runs.push([one]);
        const run = runs.at(-1)!;
        const steps = run.slice(1).map((later, index) => Math.min(later.at - run[index]!.at, forMs / 2));
        expect(fires).toBe(sumOf(steps) >= forMs);
        expect(detector.score).toBeCloseTo(sumOf(steps) / forMs, 9);
      }
    }),
  );
});

test.each([
  ["a value repeated every ten minutes", 10, 7, [false, false, false, false, false, false, true]],
  ["a value repeated once a day", 1_440, 3, [false, false, true]],
  ["two equal values around an outage", 1_440, 2, [false, false]],
])("flatline: %s", (_name, minutes, count, verdicts) => {
  const detector = new FlatlineDetector({ within: 0, forMs: 3_600_000 });
  const steps = Array.from({ length: count }, (_, index) => detector.step(20, index * minutes * 60_000));
  expect(steps).toEqual(verdicts);
});
