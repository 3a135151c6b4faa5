/**
 * The score of the Numenta Anomaly Benchmark, standard profile.
 *
 * A detection inside a labelled window earns up to 1, more the earlier it stands; only the best of a window
 * counts. A detection elsewhere costs up to 0.11, less right behind a window. A window without detection costs
 * 1. The sum over all series is scaled so that 0 is to detect nothing and 100 to find each window at its
 * first row.
 *
 * Source: Lavin and Ahmad, "Evaluating Real-time Anomaly Detection Algorithms - the Numenta Anomaly
 * Benchmark", ICMLA 2015, section II; the widths of windows in rows as in the benchmark's version 1.1.
 */
import type { LabelledSeries } from "./corpus.ts";

const weights = { found: 1, missed: 1, falseAlarm: 0.11 } as const;

/** Share of a series, and at most of 5,000 rows, in which nothing is counted. */
const probation = { share: 0.15, rowsMax: 5_000 } as const;

/** What one series contributes at one threshold. */
export interface Contribution {
  readonly name: string;
  readonly category: string;
  readonly windows: number;
  readonly found: number;
  readonly missed: number;
  readonly falseAlarms: number;
  /** Unscaled: of `-windows` to `windows`, and less with many false alarms. */
  readonly raw: number;
}

/** Anomaly scores, one for each row of a series. */
export interface ScoredSeries {
  readonly series: LabelledSeries;
  readonly scores: Float64Array;
}

function scaledSigmoid(position: number): number {
  return position > 3 ? -1 : 2 / (1 + Math.exp(5 * position)) - 1;
}

const earliest = scaledSigmoid(-1);

/** What a detection in each row is worth: of a window's row what it earns, of others what it costs. */
interface RowWorth {
  readonly worth: Float64Array;
  /** Index of the window that holds the row; -1 outside. */
  readonly window: Int32Array;
  readonly firstCounted: number;
}

const worths = new WeakMap<LabelledSeries, RowWorth>();

function rowWorth(series: LabelledSeries): RowWorth {
  const known = worths.get(series);
  if (known) return known;
  const rows = series.values.length;
  const worth = new Float64Array(rows).fill(-weights.falseAlarm);
  const window = new Int32Array(rows).fill(-1);
  for (const [index, { first, last }] of series.windows.entries()) {
    const width = last - first + 1;
    for (let row = first; row <= last; row += 1) {
      worth[row] = (weights.found * scaledSigmoid(-(last - row + 1) / width)) / earliest;
      window[row] = index;
    }
    const next = series.windows[index + 1]?.first ?? rows;
    for (let row = last + 1; row < next; row += 1) {
      worth[row] = weights.falseAlarm * scaledSigmoid((row - last) / (width - 1));
    }
  }
  const firstCounted = Math.floor(probation.share * Math.min(rows, probation.rowsMax));
  const made = { worth, window, firstCounted };
  worths.set(series, made);
  return made;
}

/** Counts one series at one threshold: a row is a detection where its score is at least that. */
export function contributionOf({ series, scores }: ScoredSeries, threshold: number): Contribution {
  const { worth, window, firstCounted } = rowWorth(series);
  const best = series.windows.map(() => Number.NEGATIVE_INFINITY);
  let falseAlarms = 0;
  let raw = 0;
  for (let row = firstCounted; row < scores.length; row += 1) {
    if (!(scores[row]! >= threshold)) continue;
    const index = window[row]!;
    if (index >= 0) best[index] = Math.max(best[index]!, worth[row]!);
    else {
      falseAlarms += 1;
      raw += worth[row]!;
    }
  }
  const found = best.filter(Number.isFinite);
  const missed = best.length - found.length;
  raw += found.reduce((sum, each) => sum + each, 0) - weights.missed * missed;
  const { name, category } = series;
  return { name, category, windows: best.length, found: found.length, missed, falseAlarms, raw };
}

/** Scales contributions to the benchmark's score: 0 detects nothing, 100 is perfect. */
export function benchmarkScore(contributions: readonly Contribution[]): number {
  const windows = contributions.reduce((sum, each) => sum + each.windows, 0);
  const raw = contributions.reduce((sum, each) => sum + each.raw, 0);
  const nothing = -weights.missed * windows;
  return (100 * (raw - nothing)) / (weights.found * windows - nothing);
}

/** What is in play when one row after the other becomes a detection. */
interface Row {
  readonly score: number;
  readonly worth: number;
  /** Index over the windows of all series; -1 outside. */
  readonly window: number;
}

function countedRows(all: readonly ScoredSeries[]): Row[] {
  const rows: Row[] = [];
  let windowsBefore = 0;
  for (const { series, scores } of all) {
    const { worth, window, firstCounted } = rowWorth(series);
    for (let row = firstCounted; row < scores.length; row += 1) {
      const index = window[row]!;
      const score = scores[row]!;
      if (score > 0) rows.push({ score, worth: worth[row]!, window: index < 0 ? -1 : windowsBefore + index });
    }
    windowsBefore += series.windows.length;
  }
  return rows.toSorted((a, b) => b.score - a.score);
}

/**
 * The one threshold for all series that scores best, as the benchmark's optimizer chooses it.
 *
 * @returns A score that some row has; `Infinity` where it is best to detect nothing.
 */
export function bestThreshold(all: readonly ScoredSeries[]): number {
  const rows = countedRows(all);
  const best = new Map<number, number>();
  let raw = 0;
  let top = { raw: 0, threshold: Number.POSITIVE_INFINITY };
  for (const [index, { score, worth, window }] of rows.entries()) {
    if (window < 0) raw += worth;
    else {
      const before = best.get(window) ?? -weights.missed;
      if (worth > before) {
        raw += worth - before;
        best.set(window, worth);
      }
    }
    if (rows[index + 1]?.score !== score && raw > top.raw) top = { raw, threshold: score };
  }
  return top.threshold;
}
