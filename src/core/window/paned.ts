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
import type { PaneHandle, PaneStore } from "./pane-store.ts";
import type { Decider, WindowState } from "./window.ts";

/** What a decision sees; filled anew for each, from one pane or from several. */
const seen = new Pane();
const part = new Pane();

/** No pane. */
const none: PaneHandle = -1;

export class PanedWindow implements WindowState {
  latestAt: EpochMs = Number.NEGATIVE_INFINITY;
  readonly overflowCount = 0;
  /** Every decision up to and including this time is made. */
  #decidedUntil: EpochMs = Number.NEGATIVE_INFINITY;
  /** The next decision that could be due. */
  #nextAt: EpochMs = Number.NEGATIVE_INFINITY;
  readonly #store: PaneStore;
  /** Oldest first; none of them is empty. */
  readonly #panes: PaneHandle[] = [];
  /** Where the last sample went, and its bounds; most often the next one goes there too. */
  #current: PaneHandle = none;
  #currentStart: EpochMs = Number.POSITIVE_INFINITY;
  readonly #sizeMs: number;
  readonly #everyMs: number;
  readonly #paneMs: number;
  readonly #latenessMs: number;

  constructor(
    spec: { readonly sizeMs: number; readonly everyMs: number; readonly latenessMs: number },
    store: PaneStore,
  ) {
    this.#sizeMs = spec.sizeMs;
    this.#everyMs = spec.everyMs;
    this.#paneMs = greatestCommonDivisor(spec.sizeMs, spec.everyMs);
    this.#latenessMs = spec.latenessMs;
    this.#store = store;
  }

  get undecidedAt(): EpochMs {
    return this.#lastDecision() > this.#decidedUntil ? this.#nextAt : Number.POSITIVE_INFINITY;
  }

  add(value: number, at: EpochMs, decider: Decider): boolean {
    const late = at < this.#decidedUntil;
    if (at < this.#currentStart || at >= this.#currentStart + this.#paneMs) {
      if (late && at < this.#decidedUntil + this.#everyMs - this.#sizeMs) return true;
      this.#makeCurrent(at);
    }
    this.#store.add(this.#current, value, at);
    if (at > this.latestAt) {
      this.latestAt = at;
      const watermark = at - this.#latenessMs;
      if (watermark >= this.#nextAt) this.#advance(watermark, decider);
    }
    return late;
  }

  /** Says of the sample added last, which was not late, that its stamp had been replaced. */
  markCorrected(): void {
    this.#store.markCorrected(this.#current);
  }

  settle(watermark: EpochMs, decider: Decider): void {
    if (this.#panes.length > 0) this.#advance(Math.min(watermark, this.#lastDecision()), decider);
  }

  release(): void {
    for (const pane of this.#panes.splice(0)) this.#store.release(pane);
    this.#leaveCurrent();
  }

  /** The last decision that sees one of the panes held; `-Infinity` when none is. */
  #lastDecision(): EpochMs {
    const newest = this.#panes[this.#panes.length - 1];
    return newest === undefined
      ? Number.NEGATIVE_INFINITY
      : alignedStart(this.#store.startOf(newest) + this.#sizeMs, this.#everyMs);
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
      const oldestStart = this.#store.startOf(oldest);
      if (!(at > oldestStart)) at = alignedStart(oldestStart, every) + every;
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
    const store = this.#store;
    const from = at - this.#sizeMs;
    seen.reset(from, at);
    for (const pane of this.#panes) {
      const start = store.startOf(pane);
      if (start >= at) break;
      if (start < from) continue;
      if (seen.count === 0) {
        store.load(pane, seen);
      } else {
        store.load(pane, part);
        seen.merge(part);
      }
    }
    if (seen.count > 0) decider.decide(at, seen);
  }

  /** Gives back panes that no later decision looks at. */
  #forget(before: EpochMs): void {
    const panes = this.#panes;
    while (panes.length > 0 && this.#store.startOf(panes[0]!) + this.#paneMs <= before) {
      const pane = panes.shift()!;
      if (pane === this.#current) this.#leaveCurrent();
      this.#store.release(pane);
    }
  }

  #leaveCurrent(): void {
    this.#current = none;
    this.#currentStart = Number.POSITIVE_INFINITY;
  }

  /** Finds the pane that a stamp falls into, or opens it. */
  #makeCurrent(at: EpochMs): void {
    const store = this.#store;
    const start = alignedStart(at, this.#paneMs);
    const panes = this.#panes;
    let index = panes.length;
    while (index > 0 && store.startOf(panes[index - 1]!) > start) index -= 1;
    const before = panes[index - 1];
    if (before !== undefined && store.startOf(before) === start) {
      this.#current = before;
    } else {
      this.#current = store.open(start);
      panes.splice(index, 0, this.#current);
    }
    this.#currentStart = start;
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.latestAt);
    writer.number(this.#decidedUntil);
    writer.number(this.#nextAt);
    writer.count(this.#panes.length);
    for (const pane of this.#panes) this.#store.write(pane, writer);
  }

  read(reader: SnapshotReader): void {
    this.latestAt = reader.number();
    this.#decidedUntil = reader.number();
    this.#nextAt = reader.number();
    const count = reader.count();
    for (let index = 0; index < count; index += 1) this.#panes.push(this.#store.read(reader));
  }
}

/** Greatest common divisor of two whole numbers above 0. */
function greatestCommonDivisor(one: number, other: number): number {
  let left = one;
  let right = other;
  while (right !== 0) [left, right] = [right, left % right];
  return left;
}
