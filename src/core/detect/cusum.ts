/**
 * `cusum`: fires when values stay a little off what is ordinary, each of them too little to be noticed.
 *
 * The two sums of {@link ShiftSums} over the distance of each value from a slowly learned mean, in slowly
 * learned deviations; `score` is the larger sum, and it fires while `score > threshold`. It goes on firing
 * until the values are back, or until the baseline has followed them: a past of {@link cusumMemorySamples}
 * values, in which the weight of a value falls to a third after so many further ones.
 *
 * It takes values to be independent of one another. A temperature that wanders by itself is a shift all the
 * time: give such a series a window, and look at its means, or use `seasonal`.
 *
 * Warm-up: {@link cusumWarmUpSamples} values. While frozen the sums go on, and the baseline stays.
 *
 * Source: E. S. Page, "Continuous inspection schemes", Biometrika 41(1/2), 1954; D. C. Montgomery,
 * "Introduction to Statistical Quality Control", section 9.1: drift 0.5 is best against shifts of one
 * deviation. Mean run to a false alarm, for a known mean and deviation: D. Siegmund, "Sequential Analysis",
 * 1985: `(e^(2kb) - 2kb - 1) / 4k²` for both sides, with drift `k` and `b = threshold + 1.166`.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import { Baseline } from "./baseline.ts";
import type { Detector } from "./detector.ts";
import { ShiftSums } from "./shift-sums.ts";

/** Values before it judges. */
export const cusumWarmUpSamples = 50;

/** The weight of the past at most; a mean of so many values is right to a thirtieth of a deviation. */
const cusumMemorySamples = 1_000;

export class CusumDetector implements Detector {
  score = 0;
  expected: number = Number.NaN;
  readonly #baseline = new Baseline();
  readonly #sums: ShiftSums;

  constructor(limits: { readonly drift: number; readonly threshold: number }) {
    this.#sums = new ShiftSums(limits);
  }

  get overdueAt(): EpochMs {
    return Number.POSITIVE_INFINITY;
  }

  step(value: number, _at: EpochMs, learn: boolean): boolean {
    this.score = 0;
    if (!Number.isFinite(value)) return false;
    const { weight } = this.#baseline;
    const warm = weight >= cusumWarmUpSamples;
    if (warm) {
      this.expected = this.#baseline.mean;
      this.#sums.add(this.#baseline.distance(value));
      this.score = this.#sums.larger;
    }
    if (learn) this.#baseline.learn(value, Math.min(weight, cusumMemorySamples - 1), warm);
    return this.#sums.exceeded;
  }

  shift(): void {
    // It holds no time.
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.score);
    writer.number(this.expected);
    this.#baseline.write(writer);
    this.#sums.write(writer);
  }

  read(reader: SnapshotReader): void {
    this.score = reader.number();
    this.expected = reader.number();
    this.#baseline.read(reader);
    this.#sums.read(reader);
  }
}
