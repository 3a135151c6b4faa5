/**
 * `spike`: fires when a value is far from the median of the `n` values before it.
 *
 * `score = |value - median| / max(1.4826 · MAD, floor)`, where MAD is the median of the distances of the
 * `n` values from their median, and 1.4826 makes it the deviation of normally distributed values. It fires
 * when `score > k`. The floor, for values more than half of which are the same, is that of
 * {@link Resolution}. Unlike a mean, the median does not move with the spike itself.
 *
 * Warm-up: `n` values. While frozen the `n` values stay what they are. A lasting new level stops firing
 * after about `n / 2` values.
 *
 * Source: the Hampel identifier: L. Davies, U. Gather, "The identification of multiple outliers", Journal of
 * the American Statistical Association 88(423), 1993, section 4; the median of an even number is the mean of
 * the two in the middle.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import { deviationsBetween, learnable } from "./bounds.ts";
import type { Detector } from "./detector.ts";
import { Resolution } from "./resolution.ts";

/** Deviations of the normal distribution in its MAD: 1 / Φ⁻¹(3/4). */
export const deviationsPerMad = 1.4826;

/** Fewest and most values of the median. Beyond 255 the state of a group would be more than 4 KB. */
export const spikeValuesMin = 5;
export const spikeValuesMax = 255;

export class SpikeDetector implements Detector {
  score = 0;
  expected: number = Number.NaN;
  readonly #n: number;
  readonly #k: number;
  readonly #resolution = new Resolution();
  /** The last values, a ring. */
  readonly #ring: Float64Array;
  /** The same values in ascending order. */
  readonly #sorted: Float64Array;
  #count = 0;
  #next = 0;

  /** @param limits - `n` from {@link spikeValuesMin} to {@link spikeValuesMax}. */
  constructor(limits: { readonly n: number; readonly k: number }) {
    this.#n = limits.n;
    this.#k = limits.k;
    this.#ring = new Float64Array(limits.n);
    this.#sorted = new Float64Array(limits.n);
  }

  get overdueAt(): EpochMs {
    return Number.POSITIVE_INFINITY;
  }

  step(value: number, _at: EpochMs, learn: boolean): boolean {
    this.score = 0;
    if (!Number.isFinite(value)) return false;
    if (this.#count === this.#n) {
      const median = middleOf(this.#sorted);
      const spread = deviationsPerMad * medianDistance(this.#sorted, median);
      const deviation = Math.max(spread, this.#resolution.floorAt(median));
      this.expected = median;
      this.score = Math.abs(deviationsBetween(value, median, deviation));
    }
    // Of the two zeros only one is kept, so that the order of equal values has no effect.
    if (learn && learnable(value)) this.#take(value + 0);
    return this.score > this.#k;
  }

  #take(value: number): void {
    this.#resolution.take(value);
    if (this.#count === this.#n) removeSorted(this.#sorted, this.#ring[this.#next]!);
    else this.#count += 1;
    insertSorted(this.#sorted, this.#count - 1, value);
    this.#ring[this.#next] = value;
    this.#next = (this.#next + 1) % this.#n;
  }

  shift(): void {
    // It holds no time.
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.score);
    writer.number(this.expected);
    this.#resolution.write(writer);
    writer.count(this.#count);
    // Oldest first, so that the bytes do not depend on where the ring began.
    for (let age = this.#count; age > 0; age -= 1) {
      writer.number(this.#ring[(this.#next + this.#n - age) % this.#n]!);
    }
  }

  read(reader: SnapshotReader): void {
    this.score = reader.number();
    this.expected = reader.number();
    this.#resolution.read(reader);
    this.#count = reader.count();
    for (let index = 0; index < this.#count; index += 1) {
      const value = reader.number();
      this.#ring[index] = value;
      insertSorted(this.#sorted, index, value);
    }
    this.#next = this.#count % this.#n;
  }
}

/** Puts a value in its place among the first `count`. */
function insertSorted(sorted: Float64Array, count: number, value: number): void {
  let index = count;
  while (index > 0 && sorted[index - 1]! > value) {
    sorted[index] = sorted[index - 1]!;
    index -= 1;
  }
  sorted[index] = value;
}

/** Takes out a value that is among them; the last place is free then. */
function removeSorted(sorted: Float64Array, value: number): void {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  sorted.copyWithin(low, low + 1);
}

function middleOf(sorted: Float64Array): number {
  const half = sorted.length >>> 1;
  const upper = sorted[half]!;
  return sorted.length % 2 === 1 ? upper : (sorted[half - 1]! + upper) / 2;
}

/** The median of the distances from the median: taken nearest first, outwards from the middle. */
function medianDistance(sorted: Float64Array, median: number): number {
  const half = sorted.length >>> 1;
  let below = half - 1;
  let above = half;
  let previous = 0;
  let distance = 0;
  for (let taken = 0; taken <= half; taken += 1) {
    previous = distance;
    const down = below >= 0 ? median - sorted[below]! : Number.POSITIVE_INFINITY;
    const up = above < sorted.length ? sorted[above]! - median : Number.POSITIVE_INFINITY;
    if (down < up) {
      distance = down;
      below -= 1;
    } else {
      distance = up;
      above += 1;
    }
  }
  return sorted.length % 2 === 1 ? distance : (previous + distance) / 2;
}
