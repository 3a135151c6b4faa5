/**
 * The arithmetic of panes, over runs of numbers wherever they lie.
 *
 * Adding the samples of a stretch of time to one pane, and merging panes of its parts in order of time,
 * give the same up to the rounding of sums.
 * What depends on the order of samples inside a pane is said in `extras.ts`.
 */
import type { EpochMs } from "../sample.ts";
import { addToHistory, addToTrend, mergeExtras } from "./extras.ts";
import { historyPlace, type PaneShape, place, trendPlace } from "./shape.ts";

/** Makes a run the one of an empty pane. */
export function clearRun(numbers: Float64Array, run: number, shape: PaneShape): void {
  for (let index = run; index < run + shape.size; index += 1) numbers[index] = 0;
  numbers[run + place.min] = Number.POSITIVE_INFINITY;
  numbers[run + place.max] = Number.NEGATIVE_INFINITY;
  numbers[run + place.firstAt] = Number.POSITIVE_INFINITY;
  numbers[run + place.lastAt] = Number.NEGATIVE_INFINITY;
  if (!shape.history) return;
  numbers[run + shape.historyStart + historyPlace.lag] = Number.NaN;
  numbers[run + shape.historyStart + historyPlace.lagAt] = Number.NEGATIVE_INFINITY;
}

/**
 * Adds one sample.
 *
 * Source of mean and m2: Welford, "Note on a Method for Calculating Corrected Sums of Squares and
 * Products", Technometrics 4(3), 1962.
 */
export function addToRun(
  numbers: Float64Array,
  run: number,
  shape: PaneShape,
  value: number,
  at: EpochMs,
): void {
  const count = numbers[run + place.count]! + 1;
  // It looks at what was first and last before this sample.
  if (shape.extended && count > 1) addToHistory(numbers, run, shape, value, at);
  numbers[run + place.count] = count;
  numbers[run + place.sum]! += value;
  if (value < numbers[run + place.min]!) numbers[run + place.min] = value;
  if (value > numbers[run + place.max]!) numbers[run + place.max] = value;
  if (at >= numbers[run + place.lastAt]!) {
    numbers[run + place.last] = value;
    numbers[run + place.lastAt] = at;
  }
  if (at < numbers[run + place.firstAt]!) {
    numbers[run + place.first] = value;
    numbers[run + place.firstAt] = at;
  }
  const distance = value - numbers[run + place.mean]!;
  const mean = numbers[run + place.mean]! + distance / count;
  numbers[run + place.mean] = mean;
  numbers[run + place.m2]! += distance * (value - mean);
  if (shape.trend) addToTrend(numbers, run, shape, value, at);
}

/**
 * Adds all samples of another pane.
 *
 * Source: Chan, Golub, LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample
 * Variances", 1979, eq. 2.1.
 */
export function mergeRun(
  into: Float64Array,
  target: number,
  from: Float64Array,
  source: number,
  shape: PaneShape,
): void {
  const added = from[source + place.count]!;
  if (added === 0) return;
  const had = into[target + place.count]!;
  if (had === 0) {
    for (let index = place.count; index < shape.size; index += 1)
      into[target + index] = from[source + index]!;
    return;
  }
  if (shape.extended) mergeExtras(into, target, from, source, shape);
  const count = had + added;
  const distance = from[source + place.mean]! - into[target + place.mean]!;
  const share = added / count;
  into[target + place.m2]! += from[source + place.m2]! + distance * distance * had * share;
  into[target + place.mean]! += distance * share;
  into[target + place.count] = count;
  into[target + place.sum]! += from[source + place.sum]!;
  into[target + place.corrected]! += from[source + place.corrected]!;
  const min = from[source + place.min]!;
  if (min < into[target + place.min]!) into[target + place.min] = min;
  const max = from[source + place.max]!;
  if (max > into[target + place.max]!) into[target + place.max] = max;
  const lastAt = from[source + place.lastAt]!;
  if (lastAt >= into[target + place.lastAt]!) {
    into[target + place.last] = from[source + place.last]!;
    into[target + place.lastAt] = lastAt;
  }
  const firstAt = from[source + place.firstAt]!;
  if (firstAt < into[target + place.firstAt]!) {
    into[target + place.first] = from[source + place.first]!;
    into[target + place.firstAt] = firstAt;
  }
}

/**
 * Makes a run the sum of several, of one to many panes: as {@link mergeRun} for one after the other, in
 * less than half the time, for shapes with only the basics.
 *
 * @param into - Of an empty pane.
 * @param runs - Where they stand, none of them empty; those with an index in `[begin, end)` count.
 *
 * Source: as of `mergeRun`, for many parts at once: the mean of all comes first, then the distances from it.
 */
export function sumBasicRuns(
  into: Float64Array,
  from: Float64Array,
  runs: readonly number[],
  begin: number,
  end: number,
): void {
  let count = 0;
  let sum = 0;
  let weighted = 0;
  let corrected = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let first = begin;
  let last = begin;
  let firstAt = Number.POSITIVE_INFINITY;
  let lastAt = Number.NEGATIVE_INFINITY;
  for (let index = begin; index < end; index += 1) {
    const run = runs[index]!;
    const samples = from[run + place.count]!;
    count += samples;
    sum += from[run + place.sum]!;
    weighted += samples * from[run + place.mean]!;
    corrected += from[run + place.corrected]!;
    if (from[run + place.min]! < min) min = from[run + place.min]!;
    if (from[run + place.max]! > max) max = from[run + place.max]!;
    if (from[run + place.firstAt]! < firstAt) {
      firstAt = from[run + place.firstAt]!;
      first = run;
    }
    if (from[run + place.lastAt]! >= lastAt) {
      lastAt = from[run + place.lastAt]!;
      last = run;
    }
  }
  const mean = weighted / count;
  let m2 = 0;
  for (let index = begin; index < end; index += 1) {
    const run = runs[index]!;
    const distance = from[run + place.mean]! - mean;
    m2 += from[run + place.m2]! + from[run + place.count]! * distance * distance;
  }
  into[place.count] = count;
  into[place.sum] = sum;
  into[place.min] = min;
  into[place.max] = max;
  into[place.first] = from[first + place.first]!;
  into[place.firstAt] = firstAt;
  into[place.last] = from[last + place.last]!;
  into[place.lastAt] = lastAt;
  into[place.mean] = mean;
  into[place.m2] = m2;
  into[place.corrected] = corrected;
}

/** Moves the stamps in a run; its start is left to the caller. */
export function shiftRun(numbers: Float64Array, run: number, shape: PaneShape, byMs: number): void {
  numbers[run + place.firstAt]! += byMs;
  numbers[run + place.lastAt]! += byMs;
  if (shape.trend) numbers[run + shape.trendStart + trendPlace.origin]! += byMs;
  if (shape.history) numbers[run + shape.historyStart + historyPlace.lagAt]! += byMs;
}
