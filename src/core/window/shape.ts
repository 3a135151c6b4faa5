/**
 * What a pane has to know beside the basics, for the aggregates that its rule asks for.
 *
 * A pane is a run of numbers: the basics, which every pane has, and behind them what the shape adds. Panes
 * of rules with basic aggregates pay nothing for the others.
 */
import type { SampleCondition } from "../rule/definition.ts";

/** The basic numbers of a pane, and where each stands in its run. */
export const place = {
  start: 0,
  count: 1,
  sum: 2,
  min: 3,
  max: 4,
  first: 5,
  firstAt: 6,
  last: 7,
  lastAt: 8,
  mean: 9,
  m2: 10,
  corrected: 11,
} as const;
const basicNumbers = 12;

/** Numbers of the trend, from `PaneShape.trend` on: times are counted from the origin. */
export const trendPlace = { origin: 0, timeMean: 1, timeM2: 2, covariance: 3 } as const;
const trendNumbers = 4;

/** Numbers of the history, from `PaneShape.history` on. */
export const historyPlace = { integral: 0, changed: 1, lag: 2, lagAt: 3 } as const;
const historyNumbers = 4;

/** What is asked of panes beyond the basics. */
export interface PaneNeeds {
  /** The least-squares line of values over time. */
  readonly trend: boolean;
  /** What samples have to do with the one before them: area, changes, the value before the last. */
  readonly history: boolean;
  /** For how long each of these held. */
  readonly conditions: readonly SampleCondition[];
  /** A sketch for quantiles. */
  readonly sketched: boolean;
  /** Different values. */
  readonly distinct: boolean;
}

/** Where the numbers of a pane stand in its run. */
export interface PaneShape extends PaneNeeds {
  /** The same for shapes that are the same. */
  readonly key: string;
  /** Numbers of one pane. */
  readonly size: number;
  /** Whether there is anything beyond the basics. */
  readonly extended: boolean;
  readonly trendStart: number;
  readonly historyStart: number;
  /** The times for which the conditions held, one number each. */
  readonly heldStart: number;
}

export function shapeOf(needs: PaneNeeds): PaneShape {
  const trendStart = basicNumbers;
  const historyStart = trendStart + (needs.trend ? trendNumbers : 0);
  const heldStart = historyStart + (needs.history ? historyNumbers : 0);
  const size = heldStart + needs.conditions.length;
  const { trend, history, conditions, sketched, distinct } = needs;
  return {
    ...needs,
    key: JSON.stringify([trend, history, sketched, distinct, conditions.map(({ op, value }) => [op, value])]),
    size,
    extended: size > basicNumbers,
    trendStart,
    historyStart,
    heldStart,
  };
}

/** Of panes that know only the basics. */
export const basicShape: PaneShape = shapeOf({
  trend: false,
  history: false,
  conditions: [],
  sketched: false,
  distinct: false,
});
