/**
 * `range`: fires while the value is outside `[min, max]`.
 *
 * No warm-up, nothing learned. `score` is how far outside the value is, in its own unit.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import { finite } from "./bounds.ts";
import type { Detector } from "./detector.ts";

export class RangeDetector implements Detector {
  score = 0;
  readonly #min: number;
  readonly #max: number;

  constructor(range: { readonly min: number; readonly max: number }) {
    this.#min = range.min;
    this.#max = range.max;
  }

  get expected(): number {
    return Number.NaN;
  }

  get overdueAt(): EpochMs {
    return Number.POSITIVE_INFINITY;
  }

  step(value: number): boolean {
    this.score = Number.isFinite(value) ? finite(Math.max(this.#min - value, value - this.#max, 0)) : 0;
    return this.score > 0;
  }

  shift(): void {
    // It holds no time.
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.score);
  }

  read(reader: SnapshotReader): void {
    this.score = reader.number();
  }
}
