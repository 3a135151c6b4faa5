/**
 * `ewma`: fires when a value is far from the exponentially weighted mean of those before it.
 *
 * A value that is `t` old weighs `2^(-t / halfLife)`, so samples may come at any pace. With the weighted mean
 * `m` and deviation `s` of the values before: `score = |value - m| / s`; it fires when `score > k`. The
 * weights of the past never sum to less than {@link ewmaWarmUpSamples}: where samples are rare, or were
 * missing, so many count as if they were fresh, instead of a deviation made of two values. See
 * {@link Baseline} for what a single wild value does, and for the floor of `s`.
 *
 * Warm-up: {@link ewmaWarmUpSamples} values, and one half-life. While frozen, no value is learned and no
 * time passes.
 *
 * Source: mean and variance as in {@link Moments}; weights by age as in J. R. Movellan, "Variable and fixed
 * interval exponential smoothing", arXiv:1502.03465, 2015.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import { Baseline } from "./baseline.ts";
import type { Detector } from "./detector.ts";

/** Values before it judges, and the least weight of the past. 30 give a deviation to within a fifth or so. */
export const ewmaWarmUpSamples = 30;

export class EwmaDetector implements Detector {
  score = 0;
  expected: number = Number.NaN;
  readonly #halfLifeMs: number;
  readonly #k: number;
  readonly #baseline = new Baseline();
  #firstAt: EpochMs = Number.NaN;
  /** Of the value learned last. */
  #learnedAt: EpochMs = Number.NaN;

  constructor(limits: { readonly halfLifeMs: number; readonly k: number }) {
    this.#halfLifeMs = limits.halfLifeMs;
    this.#k = limits.k;
  }

  get overdueAt(): EpochMs {
    return Number.POSITIVE_INFINITY;
  }

  step(value: number, at: EpochMs, learn: boolean): boolean {
    this.score = 0;
    if (!Number.isFinite(value)) return false;
    const warm =
      this.#baseline.weight >= ewmaWarmUpSamples && this.#learnedAt - this.#firstAt >= this.#halfLifeMs;
    if (warm) {
      this.expected = this.#baseline.mean;
      this.score = Math.abs(this.#baseline.distance(value));
    }
    if (learn && this.#baseline.learn(value, this.#keptAt(at), warm)) {
      if (Number.isNaN(this.#firstAt)) this.#firstAt = at;
      this.#learnedAt = at;
    }
    return this.score > this.#k;
  }

  #keptAt(at: EpochMs): number {
    const { weight } = this.#baseline;
    if (weight <= ewmaWarmUpSamples) return weight;
    const elapsedMs = Math.max(0, at - this.#learnedAt);
    return Math.max(weight * 2 ** (-elapsedMs / this.#halfLifeMs), ewmaWarmUpSamples);
  }

  shift(byMs: number): void {
    this.#firstAt += byMs;
    this.#learnedAt += byMs;
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.score);
    writer.number(this.expected);
    writer.number(this.#firstAt);
    writer.number(this.#learnedAt);
    this.#baseline.write(writer);
  }

  read(reader: SnapshotReader): void {
    this.score = reader.number();
    this.expected = reader.number();
    this.#firstAt = reader.number();
    this.#learnedAt = reader.number();
    this.#baseline.read(reader);
  }
}
