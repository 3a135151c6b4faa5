/**
 * Where the panes of all windows live: one block of numbers, a run of twelve for each pane.
 *
 * As objects, ten rules over a thousand devices were 37,000 panes of some 350 bytes each, scattered over the
 * heap; as numbers they take 96 bytes and lie where the processor finds them.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import type { Pane } from "./pane.ts";

/** Numbers of one pane, and where each stands. */
const stride = 12;
const start = 0;
const count = 1;
const sum = 2;
const min = 3;
const max = 4;
const first = 5;
const firstAt = 6;
const last = 7;
const lastAt = 8;
const mean = 9;
const m2 = 10;
const corrected = 11;

/** Names a pane of a store while it is held. Never negative. */
export type PaneHandle = number;

export class PaneStore {
  #numbers: Float64Array = new Float64Array(stride * 64);
  /** Numbers in use or free; what is behind them has never been used. */
  #used = 0;
  readonly #free: PaneHandle[] = [];

  /** Panes held. */
  get size(): number {
    return this.#used / stride - this.#free.length;
  }

  /** Makes an empty pane; its holder gives it back with {@link PaneStore.release}. */
  open(startAt: EpochMs): PaneHandle {
    const pane = this.#free.pop() ?? this.#extend();
    const numbers = this.#numbers;
    numbers.fill(0, pane, pane + stride);
    numbers[pane + start] = startAt;
    numbers[pane + min] = Number.POSITIVE_INFINITY;
    numbers[pane + max] = Number.NEGATIVE_INFINITY;
    numbers[pane + firstAt] = Number.POSITIVE_INFINITY;
    numbers[pane + lastAt] = Number.NEGATIVE_INFINITY;
    return pane;
  }

  release(pane: PaneHandle): void {
    this.#free.push(pane);
  }

  startOf(pane: PaneHandle): EpochMs {
    return this.#numbers[pane + start]!;
  }

  /** Adds one sample, as {@link Pane.add} does. */
  add(pane: PaneHandle, value: number, at: EpochMs): void {
    const numbers = this.#numbers;
    const samples = numbers[pane + count]! + 1;
    numbers[pane + count] = samples;
    numbers[pane + sum]! += value;
    if (value < numbers[pane + min]!) numbers[pane + min] = value;
    if (value > numbers[pane + max]!) numbers[pane + max] = value;
    if (at >= numbers[pane + lastAt]!) {
      numbers[pane + last] = value;
      numbers[pane + lastAt] = at;
    }
    if (at < numbers[pane + firstAt]!) {
      numbers[pane + first] = value;
      numbers[pane + firstAt] = at;
    }
    const distance = value - numbers[pane + mean]!;
    const center = numbers[pane + mean]! + distance / samples;
    numbers[pane + mean] = center;
    numbers[pane + m2]! += distance * (value - center);
  }

  markCorrected(pane: PaneHandle): void {
    this.#numbers[pane + corrected]! += 1;
  }

  /** Copies a pane into one that decisions can look at; its bounds are left to the caller. */
  load(pane: PaneHandle, into: Pane): void {
    const numbers = this.#numbers;
    into.count = numbers[pane + count]!;
    into.sum = numbers[pane + sum]!;
    into.min = numbers[pane + min]!;
    into.max = numbers[pane + max]!;
    into.first = numbers[pane + first]!;
    into.firstAt = numbers[pane + firstAt]!;
    into.last = numbers[pane + last]!;
    into.lastAt = numbers[pane + lastAt]!;
    into.mean = numbers[pane + mean]!;
    into.m2 = numbers[pane + m2]!;
    into.corrected = numbers[pane + corrected]!;
  }

  write(pane: PaneHandle, writer: SnapshotWriter): void {
    for (let index = 0; index < stride; index += 1) writer.number(this.#numbers[pane + index]!);
  }

  read(reader: SnapshotReader): PaneHandle {
    const pane = this.open(0);
    for (let index = 0; index < stride; index += 1) this.#numbers[pane + index] = reader.number();
    return pane;
  }

  #extend(): PaneHandle {
    if (this.#used === this.#numbers.length) {
      // By half: doubling would hold twice the need just after it.
      const panes = Math.ceil((this.#used / stride) * 1.5);
      const numbers = new Float64Array(panes * stride);
      numbers.set(this.#numbers);
      this.#numbers = numbers;
    }
    const pane = this.#used;
    this.#used += stride;
    return pane;
  }
}
