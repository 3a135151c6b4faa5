/**
 * The two sums by which a small, lasting shift is found: one for upwards, one for downwards.
 *
 * With `z` the value's distance from what is ordinary, in deviations:
 * `rise = max(0, rise + z - drift)`, `fall = max(0, fall - z - drift)`. Noise is eaten by the drift, a shift
 * of more than the drift adds up. One wild value counts for {@link sampleDeviationsMax} deviations, because
 * it is not a shift; and a sum stays at twice the threshold, so that the end of a long shift is seen soon.
 *
 * Source: E. S. Page, "Continuous inspection schemes", Biometrika 41(1/2), 1954; in this tabular form
 * D. C. Montgomery, "Introduction to Statistical Quality Control", section 9.1.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import { limited } from "./bounds.ts";

/** How many deviations one value adds at most. */
export const sampleDeviationsMax = 4;

/** A sum stays at this many thresholds. */
const sumThresholdsMax = 2;

export class ShiftSums {
  readonly #drift: number;
  readonly #threshold: number;
  #rise = 0;
  #fall = 0;

  /** @param limits - In deviations: `0 <= drift < sampleDeviationsMax`, `threshold > 0`. */
  constructor(limits: { readonly drift: number; readonly threshold: number }) {
    this.#drift = limits.drift;
    this.#threshold = limits.threshold;
  }

  /** The larger sum, in deviations. */
  get larger(): number {
    return Math.max(this.#rise, this.#fall);
  }

  get exceeded(): boolean {
    return this.larger > this.#threshold;
  }

  /** @param distance - Signed, in deviations. */
  add(distance: number): void {
    const deviations = limited(distance, -sampleDeviationsMax, sampleDeviationsMax);
    const most = sumThresholdsMax * this.#threshold;
    this.#rise = limited(this.#rise + deviations - this.#drift, 0, most);
    this.#fall = limited(this.#fall - deviations - this.#drift, 0, most);
  }

  reset(): void {
    this.#rise = 0;
    this.#fall = 0;
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.#rise);
    writer.number(this.#fall);
  }

  read(reader: SnapshotReader): void {
    this.#rise = reader.number();
    this.#fall = reader.number();
  }
}
