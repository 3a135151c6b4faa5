/** What a rule's aggregates ask of its panes, worked out once when the rule is loaded. */
import type { AggregateDefinition, AggregateName, SampleCondition } from "../rule/definition.ts";
import { measureOf } from "./aggregate.ts";
import type { Pane } from "./pane.ts";
import { type PaneShape, shapeOf } from "./shape.ts";

export interface AggregatePlan {
  /** Of the panes that the rule's windows need. */
  readonly shape: PaneShape;
  /**
   * Fills one value for each aggregate, in their order.
   *
   * @param pane - Of this plan's shape, with at least one sample.
   * @param intervalMs - Expected time between two samples; NaN when it is not known.
   */
  measure(pane: Pane, values: number[], intervalMs: number): void;
}

const ofTrend: ReadonlySet<AggregateName> = new Set<AggregateName>(["slope"]);
const ofHistory: ReadonlySet<AggregateName> = new Set<AggregateName>(["timeWeightedMean", "lag", "changed"]);
const ofSketch: ReadonlySet<AggregateName> = new Set<AggregateName>(["median", "quantile", "mad"]);
const ofDistinct: ReadonlySet<AggregateName> = new Set<AggregateName>(["distinct"]);

/** @param aggregates - Complete and valid: `quantile` has its `q`, `rate` and `slope` their `perMs`. */
export function planAggregates(aggregates: readonly AggregateDefinition[]): AggregatePlan {
  const needs = (names: ReadonlySet<AggregateName>): boolean => aggregates.some(({ fn }) => names.has(fn));
  const shape = shapeOf({
    trend: needs(ofTrend),
    history: needs(ofHistory),
    conditions: conditionsOf(aggregates),
    sketched: needs(ofSketch),
    distinct: needs(ofDistinct),
  });
  const measures = aggregates.map((aggregate) => measureOf(aggregate, shape));
  return {
    shape,
    measure(pane, values, intervalMs) {
      for (let index = 0; index < measures.length; index += 1) {
        values[index] = measures[index]!(pane, intervalMs);
      }
    },
  };
}

/** The different conditions of `duration`, each once. */
function conditionsOf(aggregates: readonly AggregateDefinition[]): readonly SampleCondition[] {
  const conditions: SampleCondition[] = [];
  for (const { fn, when } of aggregates) {
    if (fn !== "duration" || when === undefined) continue;
    if (!conditions.some(({ op, value }) => op === when.op && value === when.value)) conditions.push(when);
  }
  return conditions;
}
