/**
 * Windows that are decided at every sample: `none` looks at the sample alone, `sliding` at the last
 * `size` before it, `(at - size, at]`.
 *
 * With lateness, samples wait in order of their stamps until the watermark reaches them, so that
 * decisions are made in order of event time whatever the order of arrival.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import { slidingSamplesMax } from "../limits.ts";
import type { EpochMs } from "../sample.ts";
import { Pane } from "./pane.ts";
import type { Decider, WindowState } from "./window.ts";

interface Held {
  readonly at: EpochMs;
  readonly value: number;
}

/** What a decision sees; filled anew for each. */
const seen = new Pane();

export class EachWindow implements WindowState {
  latestAt: EpochMs = Number.NEGATIVE_INFINITY;
  #decidedAt: EpochMs = Number.NEGATIVE_INFINITY;
  /** Not decided yet, oldest first; of one stamp, in order of arrival. */
  #waiting: Held[] = [];
  /** Decided, and still within `size` of the last decision. Always empty for `none`. */
  #held: Held[] = [];
  overflowCount = 0;
  readonly #sizeMs: number;
  readonly #latenessMs: number;

  /** @param sizeMs - 0 for `none`. */
  constructor(sizeMs: number, latenessMs: number) {
    this.#sizeMs = sizeMs;
    this.#latenessMs = latenessMs;
  }

  get undecidedAt(): EpochMs {
    return this.#waiting[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  add(value: number, at: EpochMs, decider: Decider): boolean {
    if (at < this.#decidedAt) return true;
    if (this.#latenessMs === 0) {
      // The watermark is the newest stamp: nothing waits.
      this.latestAt = at;
      this.#decide(value, at, decider);
      return false;
    }
    let index = this.#waiting.length;
    while (index > 0 && this.#waiting[index - 1]!.at > at) index -= 1;
    this.#waiting.splice(index, 0, { at, value });
    if (at > this.latestAt) {
      this.latestAt = at;
      this.#advance(at - this.#latenessMs, decider);
    }
    if (this.#waiting.length > slidingSamplesMax) {
      this.overflowCount += 1;
      this.#advance(this.#waiting[0]!.at, decider);
    }
    return false;
  }

  settle(watermark: EpochMs, decider: Decider): void {
    const newest = this.#waiting[this.#waiting.length - 1];
    if (newest !== undefined) this.#advance(Math.min(watermark, newest.at), decider);
  }

  #advance(watermark: EpochMs, decider: Decider): void {
    let due = 0;
    for (const sample of this.#waiting) {
      if (sample.at > watermark) break;
      this.#decide(sample.value, sample.at, decider);
      due += 1;
    }
    if (due > 0) this.#waiting.splice(0, due);
    if (watermark > this.#decidedAt) this.#decidedAt = watermark;
  }

  #decide(value: number, at: EpochMs, decider: Decider): void {
    this.#decidedAt = at;
    const from = at - this.#sizeMs;
    seen.reset(from, at);
    if (this.#sizeMs > 0) {
      const held = this.#held;
      let gone = 0;
      while (gone < held.length && held[gone]!.at <= from) gone += 1;
      if (held.length - gone >= slidingSamplesMax) {
        gone += 1;
        this.overflowCount += 1;
      }
      if (gone > 0) held.splice(0, gone);
      for (const sample of held) seen.add(sample.value, sample.at);
      held.push({ at, value });
    }
    seen.add(value, at);
    decider.decide(at, seen);
  }

  release(): void {
    // Its samples are its own.
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.latestAt);
    writer.number(this.#decidedAt);
    for (const samples of [this.#waiting, this.#held]) {
      writer.count(samples.length);
      for (const sample of samples) {
        writer.number(sample.at);
        writer.number(sample.value);
      }
    }
  }

  read(reader: SnapshotReader): void {
    this.latestAt = reader.number();
    this.#decidedAt = reader.number();
    this.#waiting = readSamples(reader);
    this.#held = readSamples(reader);
  }
}

function readSamples(reader: SnapshotReader): Held[] {
  return Array.from({ length: reader.count() }, () => ({ at: reader.number(), value: reader.number() }));
}
