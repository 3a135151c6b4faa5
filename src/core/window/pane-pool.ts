/**
 * Panes of one shape: one block of numbers, a run for each pane.
 *
 * As objects, ten rules over a thousand devices were 37,000 panes of some 350 bytes each, scattered over the
 * heap; as numbers the basic ones take 96 bytes and lie where the processor finds them. Sketches and sets of
 * different values are objects beside the block.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import { addToRun, clearRun, mergeRun, shiftRun, sumBasicRuns } from "./accumulate.ts";
import { Distinct } from "./distinct.ts";
import { Pane } from "./pane.ts";
import { type PaneShape, place } from "./shape.ts";
import type { Sketch, SketchMaker } from "./sketch.ts";

/** Names a pane of a pool while it is held. Never negative. */
export type PaneHandle = number;

/** No pane. */
export const noPane: PaneHandle = -1;

/** Panes for which a pool has room at first. */
const panesFirst = 16;

export class PanePool {
  readonly shape: PaneShape;
  /** What a decision sees; every decision of this pool's windows fills it anew. */
  readonly seen: Pane;
  readonly #stride: number;
  readonly #maker: SketchMaker | undefined;
  #numbers: Float64Array;
  /** Numbers in use or free; what is behind them has never been used. */
  #used = 0;
  readonly #free: PaneHandle[] = [];
  /** By number of the pane in the block; empty where the shape has none. */
  readonly #sketches: (Sketch | undefined)[] = [];
  readonly #distincts: (Distinct | undefined)[] = [];

  constructor(shape: PaneShape, maker: SketchMaker | undefined) {
    this.shape = shape;
    this.seen = new Pane(shape, maker);
    this.#stride = shape.size;
    this.#maker = maker;
    this.#numbers = new Float64Array(this.#stride * panesFirst);
  }

  /** Panes held. */
  get size(): number {
    return this.#used / this.#stride - this.#free.length;
  }

  /** Makes an empty pane; its holder gives it back with {@link PanePool.release}. */
  open(startAt: EpochMs): PaneHandle {
    const pane = this.#free.pop() ?? this.#extend();
    clearRun(this.#numbers, pane, this.shape);
    this.#numbers[pane + place.start] = startAt;
    if (this.shape.sketched) this.#sketches[pane / this.#stride] = this.#maker?.create();
    if (this.shape.distinct) this.#distincts[pane / this.#stride] = new Distinct();
    return pane;
  }

  release(pane: PaneHandle): void {
    this.#free.push(pane);
    if (this.shape.sketched) this.#sketches[pane / this.#stride] = undefined;
    if (this.shape.distinct) this.#distincts[pane / this.#stride] = undefined;
  }

  startOf(pane: PaneHandle): EpochMs {
    return this.#numbers[pane + place.start]!;
  }

  lastAtOf(pane: PaneHandle): EpochMs {
    return this.#numbers[pane + place.lastAt]!;
  }

  /** Adds one sample. */
  add(pane: PaneHandle, value: number, at: EpochMs): void {
    addToRun(this.#numbers, pane, this.shape, value, at);
    if (this.shape.sketched) this.#sketches[pane / this.#stride]!.add(value);
    if (this.shape.distinct) this.#distincts[pane / this.#stride]!.add(value);
  }

  markCorrected(pane: PaneHandle): void {
    this.#numbers[pane + place.corrected]! += 1;
  }

  /**
   * Adds what several panes know to the one that decisions see, which is empty.
   *
   * @param panes - In order of time, none of them empty; those with an index in `[begin, end)` count.
   */
  see(panes: readonly PaneHandle[], begin: number, end: number): void {
    const { seen, shape } = this;
    if (end > begin + 1 && !shape.extended) {
      sumBasicRuns(seen.numbers, this.#numbers, panes, begin, end);
    } else {
      for (let index = begin; index < end; index += 1) {
        mergeRun(seen.numbers, 0, this.#numbers, panes[index]!, shape);
      }
    }
    if (shape.sketched) {
      for (let index = begin; index < end; index += 1) {
        seen.sketch!.merge(this.#sketches[panes[index]! / this.#stride]!);
      }
    }
    if (shape.distinct) {
      for (let index = begin; index < end; index += 1) {
        seen.distinct!.merge(this.#distincts[panes[index]! / this.#stride]!);
      }
    }
  }

  /** Moves the samples of a pane in time, and its start by as much as is said for it. */
  shift(pane: PaneHandle, byMs: number, startByMs: number): void {
    shiftRun(this.#numbers, pane, this.shape, byMs);
    this.#numbers[pane + place.start]! += startByMs;
  }

  write(pane: PaneHandle, writer: SnapshotWriter): void {
    for (let index = 0; index < this.#stride; index += 1) writer.number(this.#numbers[pane + index]!);
    if (this.shape.sketched) this.#sketches[pane / this.#stride]!.write(writer);
    if (this.shape.distinct) this.#distincts[pane / this.#stride]!.write(writer);
  }

  read(reader: SnapshotReader): PaneHandle {
    const pane = this.open(0);
    for (let index = 0; index < this.#stride; index += 1) this.#numbers[pane + index] = reader.number();
    if (this.shape.sketched) this.#sketches[pane / this.#stride]!.read(reader);
    if (this.shape.distinct) this.#distincts[pane / this.#stride]!.read(reader);
    return pane;
  }

  #extend(): PaneHandle {
    if (this.#used === this.#numbers.length) {
      // By half: doubling would hold twice the need just after it.
      const panes = Math.ceil((this.#used / this.#stride) * 1.5);
      const numbers = new Float64Array(panes * this.#stride);
      numbers.set(this.#numbers);
      this.#numbers = numbers;
    }
    const pane = this.#used;
    this.#used += this.#stride;
    return pane;
  }
}
