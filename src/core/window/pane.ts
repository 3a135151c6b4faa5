/**
 * A pane: what is known of the samples of one stretch of event time, in constant memory.
 *
 * Panes merge in any grouping, so overlapping windows share them and coarse summaries are made of fine
 * ones.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import { addToRun, clearRun, mergeRun, shiftRun } from "./accumulate.ts";
import { Distinct } from "./distinct.ts";
import { basicShape, type PaneShape, place } from "./shape.ts";
import type { Sketch, SketchMaker } from "./sketch.ts";

/** One pane on its own: what a decision looks at. Panes that are many stand in a `PanePool`. */
export class Pane {
  /** Half-open, `[start, end)`, where the window has bounds; else the stamps of its first and last sample. */
  end: EpochMs = 0;
  readonly shape: PaneShape;
  /** As `shape` says. */
  readonly numbers: Float64Array;
  readonly sketch: Sketch | undefined;
  readonly distinct: Distinct | undefined;

  /** @param sketches - Has to be there for a shape with a sketch. */
  constructor(shape: PaneShape = basicShape, sketches?: SketchMaker) {
    this.shape = shape;
    this.numbers = new Float64Array(shape.size);
    this.sketch = shape.sketched ? sketches?.create() : undefined;
    this.distinct = shape.distinct ? new Distinct() : undefined;
    clearRun(this.numbers, 0, shape);
  }

  get start(): EpochMs {
    return this.numbers[place.start]!;
  }

  get count(): number {
    return this.numbers[place.count]!;
  }

  get sum(): number {
    return this.numbers[place.sum]!;
  }

  get min(): number {
    return this.numbers[place.min]!;
  }

  get max(): number {
    return this.numbers[place.max]!;
  }

  /** Value and time of the earliest and the latest sample; of two with one time, first and last arrived. */
  get first(): number {
    return this.numbers[place.first]!;
  }

  get firstAt(): EpochMs {
    return this.numbers[place.firstAt]!;
  }

  get last(): number {
    return this.numbers[place.last]!;
  }

  get lastAt(): EpochMs {
    return this.numbers[place.lastAt]!;
  }

  get mean(): number {
    return this.numbers[place.mean]!;
  }

  /** Sum of squared distances from the mean. */
  get m2(): number {
    return this.numbers[place.m2]!;
  }

  /** Samples whose stamp was replaced; counted by whoever adds them. */
  get corrected(): number {
    return this.numbers[place.corrected]!;
  }

  /** Makes it empty again, for another stretch of time. */
  reset(start: EpochMs, end: EpochMs): void {
    clearRun(this.numbers, 0, this.shape);
    this.numbers[place.start] = start;
    this.end = end;
    this.sketch?.clear();
    this.distinct?.clear();
  }

  /** Adds one sample. */
  add(value: number, at: EpochMs): void {
    addToRun(this.numbers, 0, this.shape, value, at);
    if (this.sketch !== undefined) this.sketch.add(value);
    if (this.distinct !== undefined) this.distinct.add(value);
  }

  /** Adds all samples of another pane of the same shape. */
  merge(other: Pane): void {
    mergeRun(this.numbers, 0, other.numbers, 0, this.shape);
    if (this.sketch !== undefined && other.sketch !== undefined) this.sketch.merge(other.sketch);
    if (this.distinct !== undefined && other.distinct !== undefined) this.distinct.merge(other.distinct);
  }

  /** Moves its samples in time, and its bounds by as much as is said for them. */
  shift(byMs: number, boundsByMs: number = byMs): void {
    shiftRun(this.numbers, 0, this.shape, byMs);
    this.numbers[place.start]! += boundsByMs;
    this.end += boundsByMs;
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.start);
    writer.number(this.end);
    writer.count(this.count);
    if (this.count === 0) return;
    for (let index = place.sum; index < this.shape.size; index += 1) writer.number(this.numbers[index]!);
    this.sketch?.write(writer);
    this.distinct?.write(writer);
  }

  /** Reads a pane with the basics. */
  static read(reader: SnapshotReader): Pane {
    const pane = new Pane();
    pane.reset(reader.number(), reader.number());
    const count = reader.count();
    if (count === 0) return pane;
    pane.numbers[place.count] = count;
    for (let index = place.sum; index < basicShape.size; index += 1) pane.numbers[index] = reader.number();
    return pane;
  }
}

/** Start of the stretch of `size` that holds `at`, aligned to the Unix epoch. */
export function alignedStart(at: EpochMs, sizeMs: number): EpochMs {
  return Math.floor(at / sizeMs) * sizeMs;
}
