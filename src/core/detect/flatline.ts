/**
 * `flatline`: fires when a sensor keeps sending the same value.
 *
 * A run is a stretch of values of which the largest and the smallest differ by at most `within`; a value
 * that does not fit begins the next run. It fires at a sample when its run has lasted for `for`.
 * `score` is the time that the run has lasted, over `for`.
 *
 * Between two values a run lasts as long as they are apart, but at most half of `for`: it takes three values,
 * and an outage between two equal ones is no proof. Silence itself is the matter of `silence`, so
 * `overdueAt` is `Infinity`. A run that a slow drift broke begins at the value that broke it, though
 * some of the earlier ones would have fitted: it fires later than it could, and never too early.
 *
 * No warm-up beside `for`, nothing learned.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import type { Detector } from "./detector.ts";

/** The share of `for` that the time between two values counts for at most. */
const flatlineStepShare = 0.5;

export class FlatlineDetector implements Detector {
  score = 0;
  readonly #within: number;
  readonly #forMs: number;
  #low: number = Number.POSITIVE_INFINITY;
  #high: number = Number.NEGATIVE_INFINITY;
  #lastedMs = 0;
  #lastAt: EpochMs = Number.NaN;

  /** @param limits - `within` not negative; `forMs` above 0. */
  constructor(limits: { readonly within: number; readonly forMs: number }) {
    this.#within = limits.within;
    this.#forMs = limits.forMs;
  }

  get expected(): number {
    return Number.NaN;
  }

  get overdueAt(): EpochMs {
    return Number.POSITIVE_INFINITY;
  }

  step(value: number, at: EpochMs): boolean {
    if (!Number.isFinite(value)) {
      this.score = 0;
      return false;
    }
    const low = Math.min(this.#low, value);
    const high = Math.max(this.#high, value);
    // False before the first value.
    if (high - low <= this.#within && !Number.isNaN(this.#lastAt)) {
      this.#low = low;
      this.#high = high;
      const elapsedMs = Math.max(0, at - this.#lastAt);
      this.#lastedMs += Math.min(elapsedMs, flatlineStepShare * this.#forMs);
    } else {
      this.#low = value;
      this.#high = value;
      this.#lastedMs = 0;
    }
    this.#lastAt = at;
    this.score = this.#lastedMs / this.#forMs;
    return this.#lastedMs >= this.#forMs;
  }

  shift(byMs: number): void {
    this.#lastAt += byMs;
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.score);
    writer.number(this.#low);
    writer.number(this.#high);
    writer.number(this.#lastedMs);
    writer.number(this.#lastAt);
  }

  read(reader: SnapshotReader): void {
    this.score = reader.number();
    this.#low = reader.number();
    this.#high = reader.number();
    this.#lastedMs = reader.number();
    this.#lastAt = reader.number();
  }
}
