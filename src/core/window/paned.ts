/**
 * Tumbling, hopping and regularly decided sliding windows, as one: a decision at every multiple `t` of
 * `every` over `[t - size, t)`.
 *
 * Samples fall into panes of the greatest common divisor of size and every, and a decision merges the
 * panes of its window; overlapping windows cost no copies. A tumbling window is the case of one pane.
 *
 * Source: panes as in Li, Maier, Tufte, Papadimos, Tucker, "No Pane, No Gain", SIGMOD Record 34(1), 2005.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import { alignedStart, Pane } from "./pane.ts";
import type { Decider, WindowState } from "./window.ts";

/** What a decision sees when its window has several panes; filled anew for each. */
const merged = new Pane();

export class PanedWindow implements WindowState {
  latestAt: EpochMs = Number.NEGATIVE_INFINITY;
  /** Every decision up to and including this time is made. */
  #decidedUntil: EpochMs = Number.NEGATIVE_INFINITY;
  /** The next decision that could be due. */
  #nextAt: EpochMs = Number.NEGATIVE_INFINITY;
  /** Not empty, oldest first. */
  #panes: Pane[] = [];
  /** Where the last sample went; most often the next one goes there too. */
  #current: Pane = new Pane();
  readonly #sizeMs: number;
  readonly #everyMs: number;
  readonly #paneMs: number;
  readonly #latenessMs: number;

  constructor(sizeMs: number, everyMs: number, latenessMs: number) {
    this.#sizeMs = sizeMs;
    this.#everyMs = everyMs;
    this.#paneMs = greatestCommonDivisor(sizeMs, everyMs);
    this.#latenessMs = latenessMs;
  }

  readonly overflowCount = 0;

  get undecidedAt(): EpochMs {
    const newest = this.#panes[this.#panes.length - 1];
    const last = newest === undefined ? Number.NEGATIVE_INFINITY : this.#lastDecisionOf(newest);
    return last > this.#decidedUntil ? this.#nextAt : Number.POSITIVE_INFINITY;
  }

  settle(watermark: EpochMs, decider: Decider): void {
    const newest = this.#panes[this.#panes.length - 1];
    if (newest !== undefined) this.#advance(Math.min(watermark, this.#lastDecisionOf(newest)), decider);
  }

  /** The last decision whose window reaches back to a pane. */
  #lastDecisionOf(pane: Pane): EpochMs {
    return alignedStart(pane.start + this.#sizeMs, this.#everyMs);
  }

  add(value: number, at: EpochMs, decider: Decider): boolean {
    const late = at < this.#decidedUntil;
    const current = this.#current;
    if (at >= current.start && at < current.end) {
      current.add(value, at);
    } else if (late && at < this.#decidedUntil + this.#everyMs - this.#sizeMs) {
      return true;
    } else {
      this.#paneOf(at).add(value, at);
    }
    if (at > this.latestAt) {
      this.latestAt = at;
      const watermark = at - this.#latenessMs;
      if (watermark >= this.#nextAt) this.#advance(watermark, decider);
    }
    return late;
  }

  /** Says of the sample added last, which was not late, that its stamp had been replaced. */
  markCorrected(): void {
    this.#current.corrected += 1;
  }

  #advance(watermark: EpochMs, decider: Decider): void {
    const every = this.#everyMs;
    const until = alignedStart(watermark, every);
    if (until <= this.#decidedUntil) return;
    let at = this.#decidedUntil + every;
    for (;;) {
      const oldest = this.#panes[0];
      if (oldest === undefined) break;
      // Decisions before the oldest pane would see nothing.
      if (!(at > oldest.start)) at = alignedStart(oldest.start, every) + every;
      if (at > until) break;
      this.#decide(at, decider);
      this.#forget(at + every - this.#sizeMs);
      at += every;
    }
    this.#decidedUntil = until;
    this.#nextAt = until + every;
    this.#forget(this.#nextAt - this.#sizeMs);
  }

  #decide(at: EpochMs, decider: Decider): void {
    const panes = this.#panes;
    const from = at - this.#sizeMs;
    if (this.#paneMs === this.#sizeMs) {
      const pane = panes[0]!;
      if (pane.start === from) decider.decide(at, pane);
      return;
    }
    merged.reset(from, at);
    for (const pane of panes) {
      if (pane.end > at) break;
      if (pane.start >= from) merged.merge(pane);
    }
    if (merged.count > 0) decider.decide(at, merged);
  }

  /** Drops panes that no later decision looks at. */
  #forget(before: EpochMs): void {
    const panes = this.#panes;
    while (panes.length > 0 && panes[0]!.end <= before) {
      const pane = panes.shift()!;
      if (pane === this.#current) this.#current = new Pane();
    }
  }

  #paneOf(at: EpochMs): Pane {
    const start = alignedStart(at, this.#paneMs);
    const panes = this.#panes;
    let index = panes.length;
    while (index > 0 && panes[index - 1]!.start > start) index -= 1;
    const before = panes[index - 1];
    if (before !== undefined && before.start === start) {
      this.#current = before;
      return before;
    }
    const pane = new Pane();
    pane.reset(start, start + this.#paneMs);
    panes.splice(index, 0, pane);
    this.#current = pane;
    return pane;
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.latestAt);
    writer.number(this.#decidedUntil);
    writer.number(this.#nextAt);
    writer.count(this.#panes.length);
    for (const pane of this.#panes) pane.write(writer);
  }

  read(reader: SnapshotReader): void {
    this.latestAt = reader.number();
    this.#decidedUntil = reader.number();
    this.#nextAt = reader.number();
    this.#panes = Array.from({ length: reader.count() }, () => Pane.read(reader));
    this.#current = this.#panes[this.#panes.length - 1] ?? new Pane();
  }
}

/** Greatest common divisor of two whole numbers above 0. */
function greatestCommonDivisor(one: number, other: number): number {
  let left = one;
  let right = other;
  while (right !== 0) [left, right] = [right, left % right];
  return left;
}
