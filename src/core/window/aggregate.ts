/** The aggregates that a rule can ask of a window, computed from its pane. */
import type { AggregateName } from "../rule/definition.ts";
import type { Pane } from "./pane.ts";

/**
 * The value of one aggregate over a pane that is not empty.
 *
 * `stddev` is the sample standard deviation, `sqrt(m2 / (count - 1))`, and 0 for a single sample.
 */
export function aggregateOf(pane: Pane, name: AggregateName): number {
  switch (name) {
    case "count":
      return pane.count;
    case "sum":
      return pane.sum;
    case "mean":
      return pane.sum / pane.count;
    case "min":
      return pane.min;
    case "max":
      return pane.max;
    case "range":
      return pane.max - pane.min;
    case "stddev":
      return pane.count > 1 ? Math.sqrt(Math.max(0, pane.m2) / (pane.count - 1)) : 0;
    case "first":
      return pane.first;
    case "last":
      return pane.last;
  }
}
