/**
 * `rate`: fires when the change from one value to the next, per time, exceeds a bound.
 *
 * `score = |value - previous| · per / (at - previousAt)`, in the value's unit per `per`; it fires when
 * `score > above`. `expected` is the previous value. Of two values with one stamp the rate is unknown: the
 * later one gets no verdict, and the next is compared with it.
 *
 * Warm-up: one value. Nothing is learned: the change is from the previous value also while frozen.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import { finite } from "./bounds.ts";
import type { Detector } from "./detector.ts";

export class RateDetector implements Detector {
  score = 0;
  expected: number = Number.NaN;
  readonly #perMs: number;
  readonly #above: number;
  #previous = Number.NaN;
  #previousAt: EpochMs = Number.NEGATIVE_INFINITY;

  constructor(limit: { readonly perMs: number; readonly above: number }) {
    this.#perMs = limit.perMs;
    this.#above = limit.above;
  }

  get overdueAt(): EpochMs {
    return Number.POSITIVE_INFINITY;
  }

  step(value: number, at: EpochMs): boolean {
    this.score = 0;
    if (!Number.isFinite(value)) return false;
    const elapsedMs = at - this.#previousAt;
    this.expected = this.#previous;
    // `elapsedMs` is infinite for the first value.
    if (elapsedMs > 0 && elapsedMs < Number.POSITIVE_INFINITY) {
      // The quotient first: a change of 1e300 times an hour is no number.
      this.score = finite((Math.abs(value - this.#previous) / elapsedMs) * this.#perMs);
    }
    this.#previous = value;
    this.#previousAt = at;
    return this.score > this.#above;
  }

  shift(byMs: number): void {
    this.#previousAt += byMs;
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.score);
    writer.number(this.expected);
    writer.number(this.#previous);
    writer.number(this.#previousAt);
  }

  read(reader: SnapshotReader): void {
    this.score = reader.number();
    this.expected = reader.number();
    this.#previous = reader.number();
    this.#previousAt = reader.number();
  }
}
