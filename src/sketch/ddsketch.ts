/**
 * Quantiles by DDSketch: every value falls into a bin of a relative width, and bins are counted.
 *
 * Relative accuracy 1 %: a quantile is within 1 % of the true value of its rank; between two values, of the
 * values on both sides. A sketch has at most 512 bins, which is a span of 28,000 times in values of one sign;
 * beyond that the lowest values count as the lowest that is kept, so high quantiles stay exact. Values nearer
 * to 0 than 2^-1022 count as 0.
 *
 * Of the package only the mapping of values to bins is used. Its stores keep every bin of the span, in
 * steps of 128 and for each sign (over 2 KB for one temperature); its `merge` leaves out negative values;
 * and what it writes does not say what it reads back, without the bound on bins. Bins here are only those that
 * have counts, sorted, and any order of adding and merging gives the same ones.
 *
 * Source: Masson, Rim, Lee, "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with Relative-Error
 * Guarantees", VLDB 2019, sections 2.1 to 2.3.
 */
import { DDSketch } from "@datadog/sketches-js";
import type { SnapshotReader, SnapshotWriter } from "../core/fold/snapshot.ts";
import type { Sketch, SketchMaker } from "../core/window/sketch.ts";

/** How far a bin's value is from any value in it, at most, as a share of that value. */
export const relativeAccuracy = 0.01;

/** Bins of one sketch: 512 × 8 bytes = 4 KB at most. */
export const sketchBinsMax = 512;

const { mapping } = new DDSketch({ relativeAccuracy });

/**
 * Bins of values below 0, of 0 and of values above it as one sequence in order of value: keys of the mapping lie
 * within ±35,500, so that with this added they are above 0; those of negative values are negative.
 */
const keyOffset = 40_000;

/** Bins for which there is room at first, and by which room grows. */
const binsStep = 8;

/** A bin is two numbers: its key, and how many values are in it, at most 2^31 - 1. */
const stride = 2;

class BinnedSketch implements Sketch {
  count = 0;
  #bins: Int32Array = new Int32Array(binsStep * stride);
  /** Numbers in use. */
  #used = 0;

  add(value: number): void {
    this.count += 1;
    this.#put(keyOf(value), 1);
  }

  merge(other: BinnedSketch): void {
    this.count += other.count;
    if (this.#used === 0) {
      this.#bins = other.#bins.slice();
      this.#used = other.#used;
      return;
    }
    for (let bin = 0; bin < other.#used; bin += stride) this.#put(other.#bins[bin]!, other.#bins[bin + 1]!);
  }

  clear(): void {
    this.count = 0;
    this.#used = 0;
  }

  quantile(q: number): number {
    const rank = q * (this.count - 1);
    const below = Math.floor(rank);
    const lower = this.#valueAt(below);
    return rank === below ? lower : lower + (this.#valueAt(below + 1) - lower) * (rank - below);
  }

  /**
   * The weighted median of the bins' distances from the median.
   *
   * Off by at most 1 % of the median plus 1 % of the value whose distance it is: of little use where values
   * spread less than some per cent.
   */
  medianDeviation(): number {
    const median = this.quantile(0.5);
    const distances: [distance: number, count: number][] = [];
    for (let bin = 0; bin < this.#used; bin += stride) {
      distances.push([Math.abs(valueOf(this.#bins[bin]!) - median), this.#bins[bin + 1]!]);
    }
    distances.sort(([one], [other]) => one - other);
    let rest = (this.count - 1) / 2;
    for (const [index, [distance, count]] of distances.entries()) {
      rest -= count;
      if (rest < 0) {
        // Of an even count the median lies between two values, which may be in two bins.
        const next = rest >= -0.5 && this.count % 2 === 0 ? distances[index + 1] : undefined;
        return next === undefined ? distance : (distance + next[0]) / 2;
      }
    }
    return Number.NaN;
  }

  /** The value of the bin that holds the value with so many below it; NaN when there is none. */
  #valueAt(rank: number): number {
    let below = 0;
    for (let bin = 0; bin < this.#used; bin += stride) {
      below += this.#bins[bin + 1]!;
      if (below > rank) return valueOf(this.#bins[bin]!);
    }
    return Number.NaN;
  }

  #put(key: number, count: number): void {
    const bin = this.#find(key);
    if (bin < this.#used && this.#bins[bin] === key) {
      this.#bins[bin + 1]! += count;
    } else if (this.#used < sketchBinsMax * stride) {
      this.#insert(bin, key, count);
    } else if (bin === 0) {
      this.#bins[1]! += count;
    } else {
      // The lowest bin gives up its place, and goes with the next one.
      const lowest = this.#bins[1]!;
      this.#bins.copyWithin(0, stride, bin);
      this.#bins[bin - stride] = key;
      this.#bins[bin - stride + 1] = count;
      this.#bins[1]! += lowest;
    }
  }

  /** Where a key stands, or is to stand. */
  #find(key: number): number {
    let low = 0;
    let high = this.#used / stride;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#bins[middle * stride]! < key) low = middle + 1;
      else high = middle;
    }
    return low * stride;
  }

  #insert(bin: number, key: number, count: number): void {
    if (this.#used === this.#bins.length) {
      const bins = new Int32Array(this.#used + binsStep * stride);
      bins.set(this.#bins);
      this.#bins = bins;
    }
    this.#bins.copyWithin(bin + stride, bin, this.#used);
    this.#bins[bin] = key;
    this.#bins[bin + 1] = count;
    this.#used += stride;
  }

  write(writer: SnapshotWriter): void {
    writer.count(this.#used / stride);
    let before = -keyOffset * stride;
    for (let bin = 0; bin < this.#used; bin += stride) {
      const key = this.#bins[bin]!;
      writer.count(key - before);
      writer.count(this.#bins[bin + 1]!);
      before = key;
    }
  }

  read(reader: SnapshotReader): void {
    const bins = reader.count();
    this.#used = bins * stride;
    this.#bins = new Int32Array(Math.max(1, Math.ceil(bins / binsStep)) * binsStep * stride);
    let key = -keyOffset * stride;
    for (let bin = 0; bin < this.#used; bin += stride) {
      key += reader.count();
      this.#bins[bin] = key;
      this.#bins[bin + 1] = reader.count();
      this.count += this.#bins[bin + 1]!;
    }
  }
}

function keyOf(value: number): number {
  if (value > mapping.minPossible) return mapping.key(value) + keyOffset;
  if (value < -mapping.minPossible) return -(mapping.key(-value) + keyOffset);
  return 0;
}

function valueOf(key: number): number {
  if (key === 0) return 0;
  return key > 0 ? mapping.value(key - keyOffset) : -mapping.value(-key - keyOffset);
}

/** Makes sketches with a relative accuracy of 1 %. */
export const ddSketches: SketchMaker = { create: () => new BinnedSketch() };
