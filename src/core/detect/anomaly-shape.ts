/**
 * The view of the form of the last rows: how far they are from the most alike of remembered stretches.
 *
 * It knows periods and patterns without being told of any: what came before, in this form, is near some memory.
 *
 * Source: distance to the nearest earlier stretch as a measure of strangeness: Keogh, Lin and Fu, "HOT SAX:
 * Efficiently finding the most unusual time series subsequence", ICDM 2005; on streams, as a conformal
 * measure: Burnaev and Ishimtsev, "Conformalized density- and distance-based anomaly detection in time-series
 * data", 2016. The memory is a reservoir (Vitter, "Random sampling with a reservoir", ACM TOMS 1985) that
 * prefers the younger half.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import { Tail } from "./anomaly-tail.ts";
import { ordinary, type View } from "./anomaly-view.ts";

/** Memories before which nothing is judged. */
const memoriesMin = 20;

/** Rows after which the pace of forgetting no longer slows. */
const historyMax = 16_384;

/** A 32-bit float holds no more; the memory is in floats, relative to the first value, to be small. */
const floatMax = 3e38;

/** A number in [0, 1) that looks random, and is the same whenever asked. Source: finalizer of MurmurHash3. */
function scattered(seed: number): number {
  let bits = seed ^ (seed >>> 16);
  bits = Math.imul(bits, 0x85ebca6b);
  bits ^= bits >>> 13;
  bits = Math.imul(bits, 0xc2b2ae35);
  bits ^= bits >>> 16;
  return (bits >>> 0) / 4_294_967_296;
}

export class ShapeView implements View {
  readonly #rows: number;
  readonly #memoriesMax: number;
  /** The last two stretches, oldest first: the younger is judged, the older may be remembered. */
  readonly #recent: Float32Array;
  readonly #memories: Float32Array;
  readonly #tail = new Tail();
  #origin = 0;
  #seen = 0;
  /** Learned rows without an interruption by rows that were not to be learned. */
  #run = 0;
  #learned = 0;
  #memoryCount = 0;

  /** @param options - Rows of a stretch, and how many stretches are remembered. */
  constructor(options: { readonly rows: number; readonly memories: number }) {
    this.#rows = options.rows;
    this.#memoriesMax = options.memories;
    this.#recent = new Float32Array(2 * options.rows);
    this.#memories = new Float32Array(options.rows * options.memories);
  }

  surprise(value: number, _at: EpochMs, learn: boolean): number {
    this.#take(value);
    this.#run = learn ? this.#run + 1 : 0;
    if (learn) this.#learned = Math.min(this.#learned + 1, Number.MAX_SAFE_INTEGER);
    if (this.#seen < this.#rows) return ordinary;
    let surprise = ordinary;
    if (this.#memoryCount >= memoriesMin) {
      const distance = this.#nearest();
      surprise = this.#tail.surprise(distance);
      if (learn) this.#tail.learn(distance);
    }
    // A stretch that overlaps the one in question would always be near, so the one before it is remembered.
    if (this.#run >= 2 * this.#rows) this.#remember();
    return surprise;
  }

  shift(): void {
    // It holds no times.
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.#origin);
    writer.count(this.#seen);
    writer.count(this.#run);
    writer.count(this.#learned);
    writer.count(this.#memoryCount);
    for (const each of this.#recent) writer.number(each);
    for (let index = 0; index < this.#memoryCount * this.#rows; index += 1) {
      writer.number(this.#memories[index]!);
    }
    this.#tail.write(writer);
  }

  read(reader: SnapshotReader): void {
    this.#origin = reader.number();
    this.#seen = reader.count();
    this.#run = reader.count();
    this.#learned = reader.count();
    this.#memoryCount = reader.count();
    for (let index = 0; index < this.#recent.length; index += 1) this.#recent[index] = reader.number();
    for (let index = 0; index < this.#memoryCount * this.#rows; index += 1) {
      this.#memories[index] = reader.number();
    }
    this.#tail.read(reader);
  }

  #take(value: number): void {
    if (this.#seen === 0) this.#origin = value;
    this.#recent.copyWithin(0, 1);
    const moved = value - this.#origin;
    this.#recent[this.#recent.length - 1] = Math.max(-floatMax, Math.min(floatMax, moved));
    this.#seen += 1;
  }

  /** Euclidean distance of the last stretch to the most alike memory. */
  #nearest(): number {
    const rows = this.#rows;
    const recent = this.#recent;
    const memories = this.#memories;
    let nearest = Number.POSITIVE_INFINITY;
    const end = this.#memoryCount * rows;
    for (let start = 0; start < end; start += rows) {
      let sum = 0;
      for (let row = 0; row < rows && sum < nearest; row += 1) {
        const difference = recent[rows + row]! - memories[start + row]!;
        sum += difference * difference;
      }
      if (sum < nearest) nearest = sum;
    }
    return Math.sqrt(nearest);
  }

  #remember(): void {
    const max = this.#memoriesMax;
    let slot = this.#memoryCount;
    if (slot === max) {
      const choices = Math.max(max, Math.min(this.#learned, historyMax) / 2);
      slot = Math.floor(scattered(this.#learned) * choices);
      if (slot >= max) return;
    } else this.#memoryCount += 1;
    const rows = this.#rows;
    for (let row = 0; row < rows; row += 1) this.#memories[slot * rows + row] = this.#recent[row]!;
  }
}
