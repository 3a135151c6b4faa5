/**
 * What windows have in common that take samples one by one in order of event time.
 *
 * With lateness, samples wait in order of their stamps until the watermark reaches them, so that a window
 * sees them in order whatever the order of arrival. Of one stamp, the order of arrival stands.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import { slidingSamplesMax } from "../limits.ts";
import type { EpochMs } from "../sample.ts";
import { type Held, readHeld, shiftHeld, writeHeld } from "./held.ts";
import type { Decider, WindowState } from "./window.ts";

export abstract class OrderedWindow implements WindowState {
  latestAt: EpochMs = Number.NEGATIVE_INFINITY;
  overflowCount = 0;
  /** When it decides if nothing comes until then; `Infinity` when it does not. */
  protected closeAt: EpochMs = Number.POSITIVE_INFINITY;
  /** The watermark: what is before it has been taken, or is too late. */
  #reachedAt: EpochMs = Number.NEGATIVE_INFINITY;
  /** Not taken yet, oldest first; of one stamp, in order of arrival. */
  #waiting: Held[] = [];
  readonly #latenessMs: number;

  constructor(latenessMs: number) {
    this.#latenessMs = latenessMs;
  }

  get undecidedAt(): EpochMs {
    return Math.min(this.closeAt, this.#waiting[0]?.at ?? Number.POSITIVE_INFINITY);
  }

  /** Takes the next sample in order of event time; it is before `closeAt`. */
  protected abstract take(value: number, at: EpochMs, decider: Decider): void;

  /** Decides at `closeAt`, and sets it anew. Not called of a window that leaves `closeAt` at `Infinity`. */
  protected close(_decider: Decider): void {
    // Nothing is decided by silence.
  }

  /** A sample from before the watermark. @returns true when no place is left for it. */
  protected takeLate(_value: number, _at: EpochMs): boolean {
    return true;
  }

  add(value: number, at: EpochMs, decider: Decider): boolean {
    if (at < this.#reachedAt) return this.takeLate(value, at);
    if (this.#latenessMs === 0) {
      // The watermark is the newest stamp: nothing waits.
      this.latestAt = at;
      this.#reachedAt = at;
      if (this.closeAt <= at) this.close(decider);
      this.take(value, at, decider);
      return false;
    }
    let index = this.#waiting.length;
    while (index > 0 && this.#waiting[index - 1]!.at > at) index -= 1;
    this.#waiting.splice(index, 0, { at, value });
    if (at > this.latestAt) this.latestAt = at;
    this.#advance(Math.max(this.#reachedAt, this.latestAt - this.#latenessMs), decider);
    if (this.#waiting.length > slidingSamplesMax) {
      this.overflowCount += 1;
      this.#advance(this.#waiting[0]!.at, decider);
    }
    return false;
  }

  settle(watermark: EpochMs, decider: Decider): void {
    const newest = this.#waiting[this.#waiting.length - 1]?.at ?? Number.NEGATIVE_INFINITY;
    this.#advance(Math.min(watermark, newest), decider);
    // Behind what it decides last, time stands still until a sample comes.
    if (this.closeAt < Number.POSITIVE_INFINITY) this.#advance(Math.min(watermark, this.closeAt), decider);
  }

  shift(byMs: number): void {
    this.latestAt += byMs;
    this.#reachedAt += byMs;
    this.closeAt += byMs;
    this.#waiting = shiftHeld(this.#waiting, byMs);
  }

  release(): void {
    // Its samples are its own: only a window with a pane gives something back.
  }

  #advance(watermark: EpochMs, decider: Decider): void {
    let due = 0;
    for (const sample of this.#waiting) {
      if (sample.at > watermark) break;
      if (this.closeAt <= sample.at) this.close(decider);
      this.take(sample.value, sample.at, decider);
      due += 1;
    }
    if (due > 0) this.#waiting.splice(0, due);
    if (this.closeAt <= watermark) this.close(decider);
    if (watermark > this.#reachedAt) this.#reachedAt = watermark;
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.latestAt);
    writer.number(this.#reachedAt);
    writeHeld(writer, this.#waiting);
  }

  read(reader: SnapshotReader): void {
    this.latestAt = reader.number();
    this.#reachedAt = reader.number();
    this.#waiting = readHeld(reader);
  }
}
