/**
 * The general detector, for users who do not want to choose.
 *
 * **Intuition.** A row is strange where the series has not been like this before. "Like this" has several
 * meanings, so several small views look at the series, and each says how rare what it sees is in its own
 * history: not in deviations, which mean something else for each distribution, but as the share of earlier rows
 * that were as strange. Shares compare across views and across series, so one bar serves a thermometer, a
 * message count and a counter of bytes, and nothing has to be known of units, noise or period.
 *
 * **Components.** Six views, each with its own tail of sizes (`anomaly-tail.ts`):
 *
 * | view | compares | sees |
 * | --- | --- | --- |
 * | value | the row with the long run | outliers |
 * | level | the mean of the last rows with the long run | shifts, drifts |
 * | change | the row with the mean of the last rows | spikes within the range, also on a trend |
 * | spread | steps of late with steps in the long run | noise that grows, a sensor that stands still |
 * | shape | the last rows with remembered stretches | broken patterns of any short period |
 * | season | the row with the same hour of week or day | the ordinary at the wrong time |
 *
 * Their mean surprise, in powers of ten and smoothed over two rows, is the evidence: the geometric
 * mean of the shares. What is strange in several respects, or very strange in one, passes the bar. After an alarm
 * attention rests and tires (`anomaly-attention.ts`), for the first row of a trouble is news and the second is
 * not. So it fires at the beginning of what is strange, and not for as long as it lasts; a rule that is to stay
 * up sets `keepFiringFor`.
 *
 * **Score.** `1 - 10^-evidence`: 0.5 is an ordinary row, 0.9 one in ten, and it fires from
 * `1 - sensitivity / 10` on, which for the default is 0.95. During a rest it is low.
 *
 * **False alarms.** On noise of any kind without anomalies, at the default sensitivity, less than one in a thousand
 * rows, and with 0.2 less than one in two thousand.
 *
 * **State and time.** About 10 KB of typed arrays in memory, 14 KB in the snapshot, both fixed; about 2 µs for
 * a row. It looks at one row at a time and never ahead.
 *
 * **Warm-up.** 100 rows with a score of 0. A share cannot be less than one in the rows seen, so it is modest at
 * first. Hours of the day count from the second day on, hours of the week from the second week. What was
 * learned fades over some thousands of rows: after a lasting change the new state becomes ordinary.
 *
 * **Rejected.** The largest instead of the mean surprise: ten points fewer at the benchmark, since some view is odd
 * now and then. Rarity of the evidence in its own history, as the anomaly likelihood has it: one more stage, and
 * no gain where every view is calibrated already. Standardised deviations: infinite on flat series, alarms
 * without end on heavy tails. An autoregressive forecast, smaller and larger shapes, more levels: no
 * difference beyond chance. Forests and networks were not tried: more state, and more to set.
 *
 * Source: rarity in its own history: Ahmad, Lavin, Purdy and Agha, "Unsupervised real-time anomaly detection for
 * streaming data", Neurocomputing 262, 2017; conformal shares: Laxhammar and Falkman, "Conformal prediction for
 * distribution-independent anomaly detection in streaming vessel data", 2010; mean logarithm of shares: Fisher,
 * "Statistical Methods for Research Workers", 1932, section 21.1. The settings are round numbers on plateaus:
 * 30 % more or less of one moves the benchmark by at most four points, of most by less than one, where
 * another first row of the series moves it by six (`npm run bench:nab -- --settings`).
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import { Attention, type AttentionOptions } from "./anomaly-attention.ts";
import { LevelView } from "./anomaly-level.ts";
import { SeasonView } from "./anomaly-season.ts";
import { ShapeView } from "./anomaly-shape.ts";
import { SpreadView } from "./anomaly-spread.ts";
import { ordinary, type View } from "./anomaly-view.ts";
import { learnable } from "./bounds.ts";
import type { Detector } from "./detector.ts";

/** Everything that could be set, in rows where nothing else is said. One set serves all series. */
export interface AnomalySettings extends AttentionOptions {
  /** Learned rows before the first judgement. */
  readonly warmUp: number;
  /** The long run. */
  readonly usual: number;
  /** The last rows, of levels and of changes. */
  readonly level: number;
  /** The last steps, of the spread. */
  readonly spread: number;
  /** A stretch, and how many stretches are remembered. */
  readonly shape: number;
  readonly memories: number;
  /** How much of the evidence is the row's own; the rest is that of the rows before. In (0, 1]. */
  readonly freshness: number;
  /** The geometric mean of the shares at which it fires, at full sensitivity. */
  readonly rarity: number;
}

/** The settings as they are used. Others are for measuring how much depends on them. */
export const anomalySettings: AnomalySettings = {
  warmUp: 100,
  usual: 1_000,
  level: 16,
  spread: 32,
  shape: 8,
  memories: 128,
  freshness: 0.6,
  rarity: 0.1,
  restMin: 50,
  restShare: 0.04,
  restMax: 400,
  fatigue: 0.2,
  recovery: 2_000,
};

/** What one view may say at most: rarer than one in a hundred million is beyond any history. */
const surpriseMax = 8;

/** Scores every row in [0, 1] and fires where something strange begins. See the module for how. */
export class AnomalyDetector implements Detector {
  readonly overdueAt: EpochMs = Number.POSITIVE_INFINITY;
  readonly #settings: AnomalySettings;
  readonly #level: LevelView;
  readonly #season = new SeasonView();
  readonly #views: readonly View[];
  readonly #attention: Attention;
  /** The evidence from which on it fires. */
  readonly #bar: number;
  /** Learned rows. */
  #rows = 0;
  #evidence = ordinary;
  #score = 0;
  #expected = Number.NaN;

  /**
   * @param sensitivity - In [0, 1]: the bar falls as it rises; at 0 it never fires. The half is a compromise
   *   between early and few alarms.
   */
  constructor(sensitivity: number = 0.5, settings: AnomalySettings = anomalySettings) {
    const { level, usual } = settings;
    this.#settings = settings;
    this.#bar = -Math.log10(settings.rarity * sensitivity);
    this.#level = new LevelView({ recent: level, usual });
    this.#views = [
      new LevelView({ recent: 1, usual }),
      this.#level,
      new LevelView({ recent: 1, usual: level }),
      new SpreadView({ recent: settings.spread, usual }),
      new ShapeView({ rows: settings.shape, memories: settings.memories }),
      this.#season,
    ];
    this.#attention = new Attention(settings);
  }

  /** In [0, 1]. 0 while it warms up, about 0.5 for the ordinary, `1 - sensitivity / 10` and more where it fires. */
  get score(): number {
    return this.#score;
  }

  /** The mean of that hour of the week, of that hour of the day, or of the long run: the first that is known. */
  get expected(): number {
    return this.#expected;
  }

  step(value: number, at: EpochMs, learn: boolean): boolean {
    if (!Number.isFinite(value)) {
      this.#score = 0;
      return false;
    }
    const usual = this.#rows > 0 ? this.#level.usual : Number.NaN;
    const surprise = learnable(value) ? this.#meanSurprise(value, at, learn) : surpriseMax;
    this.#expected = Number.isNaN(this.#season.expected) ? usual : this.#season.expected;
    this.#evidence += this.#settings.freshness * (surprise - this.#evidence);
    if (learn && this.#rows <= this.#settings.warmUp) this.#rows += 1;
    if (this.#rows <= this.#settings.warmUp) return false;
    const weighed = this.#attention.weigh(this.#evidence, this.#bar);
    this.#score = 1 - 10 ** -weighed;
    return weighed >= this.#bar;
  }

  shift(byMs: number): void {
    for (const view of this.#views) view.shift(byMs);
  }

  write(writer: SnapshotWriter): void {
    writer.count(this.#rows);
    writer.number(this.#evidence);
    writer.number(this.#score);
    writer.number(this.#expected);
    this.#attention.write(writer);
    for (const view of this.#views) view.write(writer);
  }

  read(reader: SnapshotReader): void {
    this.#rows = reader.count();
    this.#evidence = reader.number();
    this.#score = reader.number();
    this.#expected = reader.number();
    this.#attention.read(reader);
    for (const view of this.#views) view.read(reader);
  }

  #meanSurprise(value: number, at: EpochMs, learn: boolean): number {
    let sum = 0;
    for (const view of this.#views) sum += Math.min(view.surprise(value, at, learn), surpriseMax);
    return sum / this.#views.length;
  }
}
