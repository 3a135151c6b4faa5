/**
 * `page-hinkley`: fires when the level of a series has changed, and takes the new level as the ordinary one.
 *
 * The test sums `z - drift`, where `z` is the distance of each value from the mean of the values so far, in
 * deviations, and fires when the sum is more than `threshold` above its least; and the same downwards. Sum
 * less its least is `max(0, earlier + z - drift)`: the sums of {@link ShiftSums}. `score` is the larger one.
 *
 * After an alarm: once it has fired for {@link pageHinkleyAdoptSamples} values, the mean of the last
 * {@link levelSamples} or so of them is the ordinary level, the sums begin at 0 and it is quiet again. It also
 * ends when the values come back before. While frozen nothing is adopted: it fires until they come back.
 *
 * As `cusum`, it takes values to be independent of one another.
 *
 * Warm-up: {@link pageHinkleyWarmUpSamples} values. The mean is over the last level's values, with the weight
 * of at most {@link pageHinkleyMemorySamples}.
 *
 * Source: E. S. Page, "Continuous inspection schemes", Biometrika 41(1/2), 1954; D. V. Hinkley, "Inference
 * about the change-point from cumulative sum tests", Biometrika 58(3), 1971.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import { Baseline } from "./baseline.ts";
import { learnable } from "./bounds.ts";
import type { Detector } from "./detector.ts";
import { ShiftSums } from "./shift-sums.ts";

/** Values before it judges. */
export const pageHinkleyWarmUpSamples = 50;

/** The weight of the past at most. */
const pageHinkleyMemorySamples = 1_000;

/** Values of an alarm after which another level is the ordinary one. */
export const pageHinkleyAdoptSamples = 30;

/** Values that the new level is the exponentially weighted mean of: those before may be of the way there. */
const levelSamples = 10;

export class PageHinkleyDetector implements Detector {
  score = 0;
  expected: number = Number.NaN;
  readonly #baseline = new Baseline();
  readonly #sums: ShiftSums;
  /** Values since the alarm, and their level. */
  #alarmSamples = 0;
  #level = 0;

  constructor(limits: { readonly drift: number; readonly threshold: number }) {
    this.#sums = new ShiftSums(limits);
  }

  get overdueAt(): EpochMs {
    return Number.POSITIVE_INFINITY;
  }

  step(value: number, _at: EpochMs, learn: boolean): boolean {
    this.score = 0;
    if (!Number.isFinite(value)) return false;
    const warm = this.#baseline.weight >= pageHinkleyWarmUpSamples;
    if (warm) {
      this.expected = this.#baseline.mean;
      this.#sums.add(this.#baseline.distance(value));
      this.score = this.#sums.larger;
    }
    const fires = this.#sums.exceeded;
    if (learn) this.#learn(value, fires, warm);
    return fires;
  }

  #learn(value: number, fires: boolean, warm: boolean): void {
    if (!fires) {
      this.#alarmSamples = 0;
      const kept = Math.min(this.#baseline.weight, pageHinkleyMemorySamples - 1);
      this.#baseline.learn(value, kept, warm);
      return;
    }
    if (!learnable(value)) return;
    this.#alarmSamples += 1;
    if (this.#alarmSamples === 1) this.#level = value;
    else this.#level += (value - this.#level) / Math.min(this.#alarmSamples, levelSamples);
    if (this.#alarmSamples < pageHinkleyAdoptSamples) return;
    this.#baseline.moveTo(this.#level, pageHinkleyWarmUpSamples);
    this.#sums.reset();
    this.#alarmSamples = 0;
  }

  shift(): void {
    // It holds no time.
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.score);
    writer.number(this.expected);
    this.#baseline.write(writer);
    this.#sums.write(writer);
    writer.count(this.#alarmSamples);
    writer.number(this.#level);
  }

  read(reader: SnapshotReader): void {
    this.score = reader.number();
    this.expected = reader.number();
    this.#baseline.read(reader);
    this.#sums.read(reader);
    this.#alarmSamples = reader.count();
    this.#level = reader.number();
  }
}
