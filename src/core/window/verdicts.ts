/** The decisions of one window that may still be revised: when each was made last, and what it said. */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";

/** One decision is three numbers: its time, its revision, and 1 when the condition held. */
const stride = 3;

export class Verdicts {
  /** For how long after its decision a window takes late samples. */
  readonly reviseMs: number;
  /** How far silence has moved the watermark. */
  settledAt: EpochMs = Number.NEGATIVE_INFINITY;
  /** Oldest first. */
  readonly #numbers: number[] = [];
  /** Where the decision looked for last stands, or would stand. */
  #found = 0;

  constructor(reviseMs: number) {
    this.reviseMs = reviseMs;
  }

  /** Silence moves the watermark, never back. */
  settle(watermark: EpochMs): void {
    if (watermark > this.settledAt) this.settledAt = watermark;
  }

  /** Looks for the decision of a time; {@link Verdicts.revision} and {@link Verdicts.held} are then its. */
  find(at: EpochMs): void {
    const numbers = this.#numbers;
    let index = numbers.length;
    while (index > 0 && numbers[index - stride]! >= at) index -= stride;
    this.#found = index;
    // A decision that would have seen nothing was not made.
    if (numbers[index] !== at) numbers.splice(index, 0, at, 0, 0);
  }

  get revision(): number {
    return this.#numbers[this.#found + 1]!;
  }

  get held(): boolean {
    return this.#numbers[this.#found + 2] === 1;
  }

  /** Replaces the decision that was looked for. */
  replace(revision: number, held: boolean): void {
    this.#numbers[this.#found + 1] = revision;
    this.#numbers[this.#found + 2] = held ? 1 : 0;
  }

  /** Keeps a decision made for the first time, later than all the others. */
  push(at: EpochMs, held: boolean): void {
    this.#numbers.push(at, 0, held ? 1 : 0);
  }

  /** Forgets decisions up to and including a time. */
  forget(until: EpochMs): void {
    let gone = 0;
    while (gone < this.#numbers.length && this.#numbers[gone]! <= until) gone += stride;
    if (gone > 0) this.#numbers.splice(0, gone);
  }

  /** Moves the watermark, and the decisions by as much as is said for them. */
  shift(byMs: number, decisionsByMs: number): void {
    this.settledAt += byMs;
    for (let index = 0; index < this.#numbers.length; index += stride) this.#numbers[index]! += decisionsByMs;
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.settledAt);
    writer.count(this.#numbers.length / stride);
    for (let index = 0; index < this.#numbers.length; index += stride) {
      writer.number(this.#numbers[index]!);
      writer.count(this.#numbers[index + 1]! * 2 + this.#numbers[index + 2]!);
    }
  }

  read(reader: SnapshotReader): void {
    this.settledAt = reader.number();
    const count = reader.count();
    for (let index = 0; index < count; index += 1) {
      const at = reader.number();
      const verdict = reader.count();
      this.#numbers.push(at, Math.floor(verdict / 2), verdict % 2);
    }
  }
}
