/** The aggregates that a rule can ask of a window, computed from its pane. */
import { invariant } from "../errors.ts";
import type { AggregateDefinition } from "../rule/definition.ts";
import type { Pane } from "./pane.ts";
import { historyPlace, type PaneShape, trendPlace } from "./shape.ts";

/**
 * The value of one aggregate over a pane that is not empty.
 *
 * @param intervalMs - Expected time between two samples; NaN when it is not known.
 */
export type Measure = (pane: Pane, intervalMs: number) => number;

/**
 * How an aggregate is computed from panes of a shape, which has what the aggregate needs.
 *
 * - `stddev` and `variance` are of a sample, `m2 / (count - 1)`, and 0 for a single one.
 * - `median`, `quantile` and `mad` are as exact as the sketch; the first two never leave `[min, max]`.
 * - `rate` is NaN when all samples have one stamp; `slope`, the least-squares line, too.
 * - `duration` and `timeWeightedMean` let each value stand until the next one; the last has no time.
 * - `coverage` is the share of expected samples, at most 1, and NaN when the interval is not known.
 * - `lag` is NaN for a single sample.
 */
export function measureOf(aggregate: AggregateDefinition, shape: PaneShape): Measure {
  switch (aggregate.fn) {
    case "count":
      return (pane) => pane.count;
    case "sum":
      return (pane) => pane.sum;
    case "mean":
      return meanOf;
    case "min":
      return (pane) => pane.min;
    case "max":
      return (pane) => pane.max;
    case "range":
      return (pane) => pane.max - pane.min;
    case "first":
      return (pane) => pane.first;
    case "last":
      return (pane) => pane.last;
    case "stddev":
      return (pane) => Math.sqrt(varianceOf(pane));
    case "variance":
      return varianceOf;
    case "delta":
      return (pane) => pane.last - pane.first;
    case "coverage":
      return (pane, intervalMs) => Math.min(1, (pane.count * intervalMs) / (pane.end - pane.start));
    case "distinct":
      return (pane) => pane.distinct!.count;
    case "mad":
      return (pane) => pane.sketch!.medianDeviation();
    case "median":
      return quantileOf(0.5);
    case "quantile":
      invariant(aggregate.q !== undefined, `aggregate ${aggregate.name} has no q`);
      return quantileOf(aggregate.q);
    case "rate":
      return rateOf(perMsOf(aggregate));
    case "slope":
      return slopeOf(shape, perMsOf(aggregate));
    case "duration":
      return durationOf(aggregate, shape);
    case "timeWeightedMean":
    case "lag":
    case "changed":
      return historyOf(aggregate.fn, shape);
  }
}

function meanOf(pane: Pane): number {
  return pane.sum / pane.count;
}

function varianceOf(pane: Pane): number {
  return pane.count > 1 ? Math.max(0, pane.m2) / (pane.count - 1) : 0;
}

function perMsOf({ name, perMs }: AggregateDefinition): number {
  invariant(perMs !== undefined, `aggregate ${name} has no per`);
  return perMs;
}

function quantileOf(q: number): Measure {
  return (pane) => Math.min(pane.max, Math.max(pane.min, pane.sketch!.quantile(q)));
}

function rateOf(perMs: number): Measure {
  return (pane) =>
    pane.lastAt > pane.firstAt
      ? ((pane.last - pane.first) / (pane.lastAt - pane.firstAt)) * perMs
      : Number.NaN;
}

function slopeOf({ trendStart }: PaneShape, perMs: number): Measure {
  return ({ numbers }) => {
    const timeM2 = numbers[trendStart + trendPlace.timeM2]!;
    return timeM2 > 0 ? (numbers[trendStart + trendPlace.covariance]! / timeM2) * perMs : Number.NaN;
  };
}

function durationOf({ name, when }: AggregateDefinition, shape: PaneShape): Measure {
  const index = shape.conditions.findIndex(({ op, value }) => op === when?.op && value === when.value);
  invariant(index >= 0, `aggregate ${name} has no condition`);
  const place = shape.heldStart + index;
  return ({ numbers }) => numbers[place]!;
}

function historyOf(fn: "timeWeightedMean" | "lag" | "changed", { historyStart }: PaneShape): Measure {
  if (fn === "lag") return ({ numbers }) => numbers[historyStart + historyPlace.lag]!;
  if (fn === "changed") return ({ numbers }) => numbers[historyStart + historyPlace.changed]!;
  return (pane) =>
    pane.lastAt > pane.firstAt
      ? pane.numbers[historyStart + historyPlace.integral]! / (pane.lastAt - pane.firstAt)
      : meanOf(pane);
}
