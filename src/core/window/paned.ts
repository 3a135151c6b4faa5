/**
 * Tumbling, hopping and regularly decided sliding windows, as one: a decision at every multiple `t` of
 * `every` over `[t - size, t)`.
 *
 * Samples fall into panes of the greatest common divisor of size and every, and a decision merges the
 * panes of its window; overlapping windows cost no copies. A tumbling window is the case of one pane.
 *
 * With a calendar, the multiples are those of local time: panes, decisions and their bounds are then kept
 * in local time, and stamps in the time that they came in.
 *
 * Source: panes as in Li, Maier, Tufte, Papadimos, Tucker, "No Pane, No Gain", SIGMOD Record 34(1), 2005.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import { calendarOf, type LocalCalendar } from "./calendar.ts";
import { alignedStart } from "./pane.ts";
import { noPane, type PaneHandle, type PanePool } from "./pane-pool.ts";
import { Verdicts } from "./verdicts.ts";
import type { Decider, WindowState } from "./window.ts";

/** What a window of panes is made of. All in milliseconds, whole numbers. */
export interface PanedSpec {
  readonly sizeMs: number;
  /** At most `sizeMs`. */
  readonly everyMs: number;
  readonly latenessMs: number;
  /** Default 0: a decision is made once. */
  readonly reviseMs?: number;
  /** IANA name; `sizeMs` and `everyMs` then each divide a day, or are a day or a week. */
  readonly timezone?: string;
}

export class PanedWindow implements WindowState {
  latestAt: EpochMs = Number.NEGATIVE_INFINITY;
  readonly overflowCount = 0;
  /** Every decision up to and including this time is made. */
  #decidedUntil: EpochMs = Number.NEGATIVE_INFINITY;
  readonly #pool: PanePool;
  /** Oldest first; none of them is empty. */
  readonly #panes: PaneHandle[] = [];
  /** Where the last sample went, and its bounds; most often the next one goes there too. */
  #current: PaneHandle = noPane;
  #currentStart: EpochMs = Number.POSITIVE_INFINITY;
  readonly #sizeMs: number;
  readonly #everyMs: number;
  readonly #paneMs: number;
  readonly #latenessMs: number;
  readonly #calendar: LocalCalendar | undefined;
  /** Decisions that may be revised; nothing where none are. */
  readonly #verdicts: Verdicts | undefined;

  constructor(spec: PanedSpec, pool: PanePool) {
    this.#sizeMs = spec.sizeMs;
    this.#everyMs = spec.everyMs;
    this.#paneMs = greatestCommonDivisor(spec.sizeMs, spec.everyMs);
    this.#latenessMs = spec.latenessMs;
    this.#calendar = spec.timezone === undefined ? undefined : calendarOf(spec.timezone);
    const reviseMs = spec.reviseMs ?? 0;
    this.#verdicts = reviseMs > 0 ? new Verdicts(reviseMs) : undefined;
    this.#pool = pool;
  }

  get undecidedAt(): EpochMs {
    if (this.#lastDecision() <= this.#decidedUntil) return Number.POSITIVE_INFINITY;
    const next = this.#decidedUntil + this.#everyMs;
    const start = this.#pool.startOf(this.#panes[this.#firstSeen(next)]!);
    return this.#instantOf(Math.max(next, alignedStart(start, this.#everyMs) + this.#everyMs));
  }

  add(value: number, at: EpochMs, decider: Decider): boolean {
    const local = this.#localOf(at);
    let late = local < this.#decidedUntil;
    if (late && this.#verdicts !== undefined) {
      const finalUntil = this.#finalUntil(this.#verdicts);
      late = local < finalUntil;
      if (late && local < finalUntil + this.#everyMs - this.#sizeMs) return true;
      this.#put(value, at, local);
      this.#revise(local, finalUntil, this.#verdicts, decider);
    } else {
      if (late && local < this.#decidedUntil + this.#everyMs - this.#sizeMs) return true;
      this.#put(value, at, local);
    }
    if (at > this.latestAt) {
      this.latestAt = at;
      const watermark = this.#localOf(at - this.#latenessMs);
      if (watermark >= this.#decidedUntil + this.#everyMs) this.#advance(watermark, decider);
    }
    return late;
  }

  /** Says of the sample added last, which was not late, that its stamp had been replaced. */
  markCorrected(): void {
    this.#pool.markCorrected(this.#current);
  }

  settle(watermark: EpochMs, decider: Decider): void {
    if (this.#panes.length === 0) return;
    const until = Math.min(watermark, this.#instantOf(this.#lastDecision()));
    this.#verdicts?.settle(until);
    this.#advance(this.#localOf(until), decider);
  }

  shift(byMs: number): void {
    const every = this.#everyMs;
    const boundsByMs = Math.round(byMs / every) * every;
    this.latestAt += byMs;
    this.#decidedUntil += boundsByMs;
    for (const pane of this.#panes) this.#pool.shift(pane, byMs, boundsByMs);
    this.#verdicts?.shift(byMs, boundsByMs);
    this.#leaveCurrent();
    const oldest = this.#panes[0];
    const nothingDecided = oldest === undefined || this.#pool.startOf(oldest) >= this.#decidedUntil;
    // Where the bounds moved too far, what comes next would be late for a decision that was never made.
    if (boundsByMs > byMs && nothingDecided && this.#verdicts === undefined) this.#decidedUntil -= every;
  }

  release(): void {
    for (const pane of this.#panes.splice(0)) this.#pool.release(pane);
    this.#leaveCurrent();
  }

  #localOf(at: EpochMs): number {
    return this.#calendar === undefined ? at : this.#calendar.localOf(at);
  }

  #instantOf(local: number): EpochMs {
    return this.#calendar === undefined ? local : this.#calendar.instantOf(local);
  }

  /** Decisions up to and including this one are never made again. */
  #finalUntil({ settledAt, reviseMs }: Verdicts): EpochMs {
    const watermark = Math.max(settledAt, this.latestAt - this.#latenessMs);
    return alignedStart(this.#localOf(watermark - reviseMs), this.#everyMs);
  }

  /** The last decision that sees one of the panes held; `-Infinity` when none is. */
  #lastDecision(): EpochMs {
    const newest = this.#panes[this.#panes.length - 1];
    return newest === undefined
      ? Number.NEGATIVE_INFINITY
      : alignedStart(this.#pool.startOf(newest) + this.#sizeMs, this.#everyMs);
  }

  /** Index of the first pane that a decision, or a later one, sees; as many as there are when none is. */
  #firstSeen(at: EpochMs): number {
    const from = at - this.#sizeMs;
    let index = 0;
    while (index < this.#panes.length && this.#pool.startOf(this.#panes[index]!) < from) index += 1;
    return index;
  }

  #advance(watermark: EpochMs, decider: Decider): void {
    const every = this.#everyMs;
    const until = alignedStart(watermark, every);
    if (until <= this.#decidedUntil) return;
    let at = this.#decidedUntil + every;
    let index = this.#firstSeen(at);
    while (index < this.#panes.length) {
      // Decisions before the next pane would see nothing.
      const start = this.#pool.startOf(this.#panes[index]!);
      if (!(at > start)) at = alignedStart(start, every) + every;
      if (at > until) break;
      this.#decide(at, index, decider);
      at += every;
      while (index < this.#panes.length && this.#pool.startOf(this.#panes[index]!) < at - this.#sizeMs)
        index += 1;
    }
    this.#decidedUntil = until;
    let finalUntil = until;
    if (this.#verdicts !== undefined) {
      finalUntil = Math.min(until, this.#finalUntil(this.#verdicts));
      this.#verdicts.forget(finalUntil);
    }
    this.#forget(finalUntil + every - this.#sizeMs);
  }

  /** @param index - Of the first pane in its window; there is one. */
  #decide(at: EpochMs, index: number, decider: Decider): void {
    this.#see(at, index);
    const held = decider.decide(this.#instantOf(at), this.#pool.seen);
    this.#verdicts?.push(at, held);
  }

  /** Makes the decisions again that a late sample belongs to and that are not final. */
  #revise(local: number, finalUntil: EpochMs, verdicts: Verdicts, decider: Decider): void {
    const every = this.#everyMs;
    const until = Math.min(this.#decidedUntil, alignedStart(local + this.#sizeMs, every));
    let at = Math.max(alignedStart(local, every), finalUntil) + every;
    for (; at <= until; at += every) {
      verdicts.find(at);
      const revision = verdicts.revision + 1;
      this.#see(at, this.#firstSeen(at));
      verdicts.replace(
        revision,
        decider.revise(this.#instantOf(at), this.#pool.seen, revision, verdicts.held),
      );
    }
  }

  /** Merges the panes of a window into the one that decisions see. */
  #see(at: EpochMs, first: number): void {
    const pool = this.#pool;
    const panes = this.#panes;
    pool.seen.reset(this.#instantOf(at - this.#sizeMs), this.#instantOf(at));
    // Most often the newest pane is the only one behind the window, or in it.
    let end = panes.length;
    while (end > first && pool.startOf(panes[end - 1]!) >= at) end -= 1;
    pool.see(panes, first, end);
  }

  /** Gives back panes that no later decision or revision looks at. */
  #forget(before: EpochMs): void {
    const panes = this.#panes;
    let gone = 0;
    while (gone < panes.length && this.#pool.startOf(panes[gone]!) + this.#paneMs <= before) {
      const pane = panes[gone]!;
      if (pane === this.#current) this.#leaveCurrent();
      this.#pool.release(pane);
      gone += 1;
    }
    if (gone === 1) panes.shift();
    else if (gone > 1) panes.splice(0, gone);
  }

  #leaveCurrent(): void {
    this.#current = noPane;
    this.#currentStart = Number.POSITIVE_INFINITY;
  }

  #put(value: number, at: EpochMs, local: number): void {
    if (local < this.#currentStart || local >= this.#currentStart + this.#paneMs) this.#makeCurrent(local);
    this.#pool.add(this.#current, value, at);
  }

  /** Finds the pane that a stamp falls into, or opens it. */
  #makeCurrent(local: number): void {
    const pool = this.#pool;
    const start = alignedStart(local, this.#paneMs);
    const panes = this.#panes;
    let index = panes.length;
    while (index > 0 && pool.startOf(panes[index - 1]!) > start) index -= 1;
    const before = panes[index - 1];
    if (before !== undefined && pool.startOf(before) === start) {
      this.#current = before;
    } else {
      this.#current = pool.open(start);
      panes.splice(index, 0, this.#current);
    }
    this.#currentStart = start;
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.latestAt);
    writer.number(this.#decidedUntil);
    writer.count(this.#panes.length);
    for (const pane of this.#panes) this.#pool.write(pane, writer);
    this.#verdicts?.write(writer);
  }

  read(reader: SnapshotReader): void {
    this.latestAt = reader.number();
    this.#decidedUntil = reader.number();
    const count = reader.count();
    for (let index = 0; index < count; index += 1) this.#panes.push(this.#pool.read(reader));
    this.#verdicts?.read(reader);
  }
}

/** Greatest common divisor of two whole numbers above 0. */
function greatestCommonDivisor(one: number, other: number): number {
  let left = one;
  let right = other;
  while (right !== 0) [left, right] = [right, left % right];
  return left;
}
