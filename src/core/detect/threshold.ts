/**
 * `threshold`: fires while the value is above or below a bound, with hysteresis.
 *
 * It fires when `value > above` or `value < below`. Once it fires it goes on until the value is back at
 * `clear`: while `value > clear` when it fired above, while `value < clear` when it fired below. Without
 * `clear`, the bound itself. Given both bounds, `clear` lies between them.
 *
 * No warm-up, nothing learned. `score` is how far beyond the nearer bound the value is, in its own unit; 0
 * between them, also while hysteresis keeps it firing.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import { finite } from "./bounds.ts";
import type { Detector } from "./detector.ts";

export class ThresholdDetector implements Detector {
  score = 0;
  readonly #above: number;
  readonly #below: number;
  readonly #clear: number | undefined;
  /** 1: fires above, -1: fires below, 0: does not. */
  #side = 0;

  constructor(bounds: { readonly above?: number; readonly below?: number; readonly clear?: number }) {
    this.#above = bounds.above ?? Number.POSITIVE_INFINITY;
    this.#below = bounds.below ?? Number.NEGATIVE_INFINITY;
    this.#clear = bounds.clear;
  }

  get expected(): number {
    return Number.NaN;
  }

  get overdueAt(): EpochMs {
    return Number.POSITIVE_INFINITY;
  }

  step(value: number): boolean {
    this.score = 0;
    if (!Number.isFinite(value)) return false;
    this.score = finite(Math.max(value - this.#above, this.#below - value, 0));
    if (value > this.#above) this.#side = 1;
    else if (value < this.#below) this.#side = -1;
    else if (this.#side > 0 && value <= (this.#clear ?? this.#above)) this.#side = 0;
    else if (this.#side < 0 && value >= (this.#clear ?? this.#below)) this.#side = 0;
    return this.#side !== 0;
  }

  shift(): void {
    // It holds no time.
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.score);
    writer.count(this.#side + 1);
  }

  read(reader: SnapshotReader): void {
    this.score = reader.number();
    this.#side = reader.count() - 1;
  }
}
