/** What the windows need of a quantile sketch. What makes one stands outside of the core. */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";

/**
 * A summary of values in bounded memory that answers for quantiles.
 *
 * Merging in any order and grouping gives the same bytes as adding every value to one sketch.
 */
export interface Sketch {
  /** Values added. */
  readonly count: number;
  add(value: number): void;
  /** @param other - Of the same maker. */
  merge(other: Sketch): void;
  /** Makes it empty again. */
  clear(): void;
  /**
   * The value at a share of the sorted values, between two of them in proportion: rank `q × (count - 1)`.
   *
   * @param q - In [0, 1].
   * @returns NaN when the sketch is empty.
   */
  quantile(q: number): number;
  /**
   * The median distance from the median.
   *
   * @returns NaN when the sketch is empty.
   */
  medianDeviation(): number;
  write(writer: SnapshotWriter): void;
  /** Reads into an empty sketch. */
  read(reader: SnapshotReader): void;
}

/** Makes empty sketches. */
export interface SketchMaker {
  create(): Sketch;
}
