/**
 * The arithmetic of what panes know beyond the basics, over runs of numbers.
 *
 * What depends on the order of samples (area, changes, times held) is exact when the samples of one pane
 * come in order of their stamps, or before all the others. One that comes between the oldest and the newest
 * stamp of its pane changes none of them: the value before it is taken to have stood on.
 */
import type { EpochMs } from "../sample.ts";
import { compare } from "../rule/condition.ts";
import type { SampleCondition } from "../rule/definition.ts";
import { historyPlace, type PaneShape, place, trendPlace } from "./shape.ts";

/** Adds a sample to area, changes, times held and the value before the last, all before it is among the basics. */
export function addToHistory(
  numbers: Float64Array,
  run: number,
  shape: PaneShape,
  value: number,
  at: EpochMs,
): void {
  const firstAt = numbers[run + place.firstAt]!;
  const lastAt = numbers[run + place.lastAt]!;
  if (at >= lastAt) {
    const last = numbers[run + place.last]!;
    stand(numbers, run, shape, last, at - lastAt, value);
  } else if (at < firstAt) {
    stand(numbers, run, shape, value, firstAt - at, numbers[run + place.first]!);
  }
  if (!shape.history) return;
  const history = run + shape.historyStart;
  if (at >= lastAt) {
    numbers[history + historyPlace.lag] = numbers[run + place.last]!;
    numbers[history + historyPlace.lagAt] = lastAt;
  } else if (at >= numbers[history + historyPlace.lagAt]!) {
    numbers[history + historyPlace.lag] = value;
    numbers[history + historyPlace.lagAt] = at;
  }
}

/** A value stood for a time, until the next one came. */
function stand(
  numbers: Float64Array,
  run: number,
  shape: PaneShape,
  value: number,
  forMs: number,
  next: number,
): void {
  if (shape.history) {
    numbers[run + shape.historyStart + historyPlace.integral]! += value * forMs;
    if (value !== next) numbers[run + shape.historyStart + historyPlace.changed]! += 1;
  }
  const { conditions, heldStart } = shape;
  for (let index = 0; index < conditions.length; index += 1) {
    if (holdsOf(conditions[index]!, value)) numbers[run + heldStart + index]! += forMs;
  }
}

/** Whether a condition holds of a sample's own value. */
export function holdsOf(condition: SampleCondition, value: number): boolean {
  return compare(condition.op, value, condition.value);
}

/**
 * Adds a sample to the least-squares line, once it is among the basics.
 *
 * Source: Welford, as of mean and m2 in `addToRun`, for the product of two distances.
 */
export function addToTrend(
  numbers: Float64Array,
  run: number,
  shape: PaneShape,
  value: number,
  at: EpochMs,
): void {
  const trend = run + shape.trendStart;
  const count = numbers[run + place.count]!;
  if (count === 1) numbers[trend + trendPlace.origin] = at;
  const time = at - numbers[trend + trendPlace.origin]!;
  const distance = time - numbers[trend + trendPlace.timeMean]!;
  const timeMean = numbers[trend + trendPlace.timeMean]! + distance / count;
  numbers[trend + trendPlace.timeMean] = timeMean;
  numbers[trend + trendPlace.timeM2]! += distance * (time - timeMean);
  numbers[trend + trendPlace.covariance]! += distance * (value - numbers[run + place.mean]!);
}

/** Merges what is beyond the basics. Both runs hold samples, and the target's basics are still its own. */
export function mergeExtras(
  into: Float64Array,
  target: number,
  from: Float64Array,
  source: number,
  shape: PaneShape,
): void {
  if (shape.trend) mergeTrend(into, target, from, source, shape);
  const { conditions, heldStart } = shape;
  for (let index = 0; index < conditions.length; index += 1) {
    into[target + heldStart + index]! += from[source + heldStart + index]!;
  }
  if (shape.history) mergeHistory(into, target, from, source, shape);
  // The last value of the earlier one stood until the first of the later one.
  const gapBehind = from[source + place.firstAt]! - into[target + place.lastAt]!;
  const gapBefore = into[target + place.firstAt]! - from[source + place.lastAt]!;
  if (gapBehind >= 0) {
    stand(into, target, shape, into[target + place.last]!, gapBehind, from[source + place.first]!);
  } else if (gapBefore >= 0) {
    stand(into, target, shape, from[source + place.last]!, gapBefore, into[target + place.first]!);
  }
}

function mergeHistory(
  into: Float64Array,
  target: number,
  from: Float64Array,
  source: number,
  shape: PaneShape,
): void {
  const mine = target + shape.historyStart;
  const theirs = source + shape.historyStart;
  into[mine + historyPlace.integral]! += from[theirs + historyPlace.integral]!;
  into[mine + historyPlace.changed]! += from[theirs + historyPlace.changed]!;
  // The newest but one: either the winner's own, or the newest of the other.
  const theirsLast = from[source + place.lastAt]! >= into[target + place.lastAt]!;
  const lagAt = theirsLast ? from[theirs + historyPlace.lagAt]! : into[mine + historyPlace.lagAt]!;
  const lag = theirsLast ? from[theirs + historyPlace.lag]! : into[mine + historyPlace.lag]!;
  const otherAt = theirsLast ? into[target + place.lastAt]! : from[source + place.lastAt]!;
  const other = theirsLast ? into[target + place.last]! : from[source + place.last]!;
  const own = theirsLast ? lagAt >= otherAt : lagAt > otherAt;
  into[mine + historyPlace.lag] = own ? lag : other;
  into[mine + historyPlace.lagAt] = own ? lagAt : otherAt;
}

/** Source: Chan, Golub, LeVeque, as of `mergeRun`, for the product of two distances. The source's times move to the target's origin. */
function mergeTrend(
  into: Float64Array,
  target: number,
  from: Float64Array,
  source: number,
  shape: PaneShape,
): void {
  const mine = target + shape.trendStart;
  const theirs = source + shape.trendStart;
  const had = into[target + place.count]!;
  const added = from[source + place.count]!;
  const originsApart = from[theirs + trendPlace.origin]! - into[mine + trendPlace.origin]!;
  const timeDistance = from[theirs + trendPlace.timeMean]! + originsApart - into[mine + trendPlace.timeMean]!;
  const distance = from[source + place.mean]! - into[target + place.mean]!;
  const weight = (had * added) / (had + added);
  into[mine + trendPlace.timeM2]! += from[theirs + trendPlace.timeM2]! + timeDistance * timeDistance * weight;
  into[mine + trendPlace.covariance]! +=
    from[theirs + trendPlace.covariance]! + timeDistance * distance * weight;
  into[mine + trendPlace.timeMean]! += (timeDistance * added) / (had + added);
}
