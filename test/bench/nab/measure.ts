/** Runs contenders over the corpus, and asks how much of a result is chance or tuning. */
import { anomalySettings, AnomalyDetector, type AnomalySettings } from "../../../src/core/detect/anomaly.ts";
import { SnapshotWriter } from "../../../src/core/fold/snapshot.ts";
import { anomalyByFiring, type Contender } from "./contenders.ts";
import type { LabelledSeries } from "./corpus.ts";
import {
  benchmarkScore,
  bestThreshold,
  contributionOf,
  type Contribution,
  type ScoredSeries,
} from "./scoring.ts";

/**
 * Scores every row of every series, each series with a detector of its own.
 *
 * @param skipped - Share of the rows, in front, that the detector does not get: how much of a result hangs on
 *   where a series happens to begin.
 */
export function runOver(
  corpus: readonly LabelledSeries[],
  contender: Contender,
  skipped: number = 0,
): ScoredSeries[] {
  return corpus.map((series) => {
    const judge = contender.open();
    const scores = new Float64Array(series.values.length);
    for (let row = Math.floor(skipped * scores.length); row < scores.length; row += 1) {
      scores[row] = judge.step(series.values[row]!, series.at[row]!);
    }
    return { series, scores };
  });
}

export function contributionsAt(scored: readonly ScoredSeries[], threshold: number): Contribution[] {
  return scored.map((each) => contributionOf(each, threshold));
}

export function categoriesOf(corpus: readonly { readonly category: string }[]): string[] {
  return [...new Set(corpus.map(({ category }) => category))];
}

/** The score where each category is judged by the threshold that is best for the others. */
export function scoreLeavingOut(scored: readonly ScoredSeries[]): number {
  return benchmarkScore(
    categoriesOf(scored.map(({ series }) => series)).flatMap((category) => {
      const others = scored.filter(({ series }) => series.category !== category);
      const own = scored.filter(({ series }) => series.category === category);
      return contributionsAt(own, bestThreshold(others));
    }),
  );
}

function firingContributions(
  corpus: readonly LabelledSeries[],
  sensitivity: number,
  settings: AnomalySettings = anomalySettings,
): Contribution[] {
  return contributionsAt(runOver(corpus, anomalyByFiring(sensitivity, settings)), 1);
}

export interface SensitivityScore {
  readonly sensitivity: number;
  readonly score: number;
}

/** How the detector does at each sensitivity, and with the one chosen for each category on the others. */
export function sensitivityScores(corpus: readonly LabelledSeries[]): {
  readonly scores: readonly SensitivityScore[];
  readonly leavingOut: number;
} {
  const runs = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1].map((sensitivity) => ({
    sensitivity,
    contributions: firingContributions(corpus, sensitivity),
  }));
  const leavingOut = categoriesOf(corpus).flatMap((category) => {
    const scoreOfOthers = (run: (typeof runs)[number]): number =>
      benchmarkScore(run.contributions.filter((each) => each.category !== category));
    const best = runs.reduce((one, other) => (scoreOfOthers(other) > scoreOfOthers(one) ? other : one));
    return best.contributions.filter((each) => each.category === category);
  });
  return {
    scores: runs.map(({ sensitivity, contributions }) => ({
      sensitivity,
      score: benchmarkScore(contributions),
    })),
    leavingOut: benchmarkScore(leavingOut),
  };
}

export interface SettingScore {
  readonly setting: string;
  readonly factor: number;
  readonly score: number;
}

/** Settings that count something. */
const wholeSettings = new Set(["warmUp", "shape", "memories", "restMin", "restMax"]);

/** The score with one setting changed at a time, the others as shipped. */
export function settingScores(
  corpus: readonly LabelledSeries[],
  factors: readonly number[],
): readonly SettingScore[] {
  return Object.entries(anomalySettings).flatMap(([setting, value]: [string, number]) =>
    factors.map((factor) => {
      const changed = wholeSettings.has(setting) ? Math.round(value * factor) : value * factor;
      const settings = { ...anomalySettings, [setting]: changed };
      return { setting, factor, score: benchmarkScore(firingContributions(corpus, 0.5, settings)) };
    }),
  );
}

/** Time for one event, and what one series' state takes in the snapshot after all rows of the longest series. */
export function costOf(corpus: readonly LabelledSeries[]): {
  readonly microsPerEvent: number;
  readonly snapshotBytes: number;
} {
  const longest = corpus.reduce((one, other) => (other.values.length > one.values.length ? other : one));
  const detector = new AnomalyDetector();
  const began = performance.now();
  for (let row = 0; row < longest.values.length; row += 1) {
    detector.step(longest.values[row]!, longest.at[row]!, true);
  }
  const microsPerEvent = ((performance.now() - began) * 1_000) / longest.values.length;
  const writer = new SnapshotWriter();
  detector.write(writer);
  return { microsPerEvent, snapshotBytes: writer.finish().length };
}
