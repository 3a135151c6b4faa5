/**
 * Summaries of one numeric series at every configured resolution, without any rule.
 *
 * The finest intervals are tumbling windows; when one closes it is summarised and merged into the
 * interval of each coarser resolution that holds it. A sample that comes late, within
 * `limits.rollupReviseMs`, goes into the intervals that it belongs to, and those that were closed are
 * summarised again under the next revision: the far end keeps the highest. So every sample that is not
 * counted as late is in the highest revision of one interval of each resolution.
 */
import { idleMs, rollupLatenessMs, rollupReviseMs } from "../limits.ts";
import type { EpochMs, SeriesDefinition } from "../sample.ts";
import type { Pane } from "../window/pane.ts";
import type { PaneStore } from "../window/pane-store.ts";
import { PanedWindow } from "../window/paned.ts";
import type { Decider } from "../window/window.ts";
import { CoarseIntervals } from "./coarse-interval.ts";
import { passDue, type Timed } from "./due-order.ts";
import type { FoldOutput } from "./output.ts";
import type { SnapshotReader, SnapshotWriter } from "./snapshot.ts";

/** The resolutions in force, finest first; each divides the next. */
export interface RollupPlan {
  readonly names: readonly string[];
  readonly sizesMs: readonly number[];
}

export class SeriesRollup implements Decider, Timed {
  readonly #definition: SeriesDefinition;
  readonly #output: FoldOutput;
  readonly #panes: PaneStore;
  #plan: RollupPlan;
  #finest: PanedWindow;
  #coarse: readonly CoarseIntervals[];
  /** Latest stamp from which on an open coarser interval is to be closed. */
  #coarseDueAt: EpochMs = Number.POSITIVE_INFINITY;
  /** The sample that is being added has gone into an interval that was closed before. */
  #revising = false;
  #late = 0;
  #arrivedAt = 0;
  /** Newest stamp that came while the gateway's clock was not known to be right. */
  #unsyncedUntil: EpochMs = Number.NEGATIVE_INFINITY;
  /** Intervals `[from, until)` were summarised up to this revision, by a clock that was ahead. */
  #saidFrom: EpochMs = Number.POSITIVE_INFINITY;
  #saidUntil: EpochMs = Number.NEGATIVE_INFINITY;
  #saidRevisions = 0;
  /** The same of what is being summarised now. */
  #firstStart: EpochMs = Number.POSITIVE_INFINITY;
  #revisionMax = 0;

  constructor(definition: SeriesDefinition, plan: RollupPlan, output: FoldOutput, panes: PaneStore) {
    this.#definition = definition;
    this.#plan = plan;
    this.#output = output;
    this.#panes = panes;
    this.#finest = openFinest(plan, panes);
    this.#coarse = plan.sizesMs.slice(1).map((sizeMs) => new CoarseIntervals(sizeMs));
  }

  /** @returns true when the sample came too late for its interval. */
  add(
    value: number,
    at: EpochMs,
    context: { readonly runningMs: number; readonly synced: boolean; readonly corrected: boolean },
  ): boolean {
    if (context.runningMs - this.#arrivedAt > idleMs) passDue([this], context.runningMs);
    this.#arrivedAt = context.runningMs;
    if (!context.synced && at > this.#unsyncedUntil) this.#unsyncedUntil = at;
    this.#revising = false;
    const late = this.#finest.add(value, at, this);
    if (this.#revising) this.#reviseCoarse(value, at);
    if (late) this.#late += 1;
    else if (context.corrected) this.#finest.markCorrected();
    if (this.#finest.latestAt >= this.#coarseDueAt)
      this.#closeCoarse(this.#finest.latestAt - rollupLatenessMs);
    return late;
  }

  decide(at: EpochMs, pane: Pane): boolean {
    this.#closeCoarse(pane.start);
    this.#summarise(pane, 0, 0);
    for (let index = 0; index < this.#coarse.length; index += 1) {
      const interval = this.#coarse[index]!;
      const closed = interval.merge(pane);
      if (closed === undefined) this.#expect(interval);
      else this.#summarise(closed.pane, index + 1, closed.revision);
    }
    this.#closeCoarse(at);
    return false;
  }

  revise(_at: EpochMs, pane: Pane, revision: number): boolean {
    this.#summarise(pane, 0, revision);
    this.#revising = true;
    return false;
  }

  /** Adds a sample, which its finest interval has taken after it was closed, to the coarser ones. */
  #reviseCoarse(value: number, at: EpochMs): void {
    for (const [index, interval] of this.#coarse.entries()) {
      const closed = interval.addLate(value, at, this.#finest.latestAt - rollupLatenessMs);
      if (closed === undefined) this.#expect(interval);
      else this.#summarise(closed.pane, index + 1, closed.revision);
    }
  }

  timeDueAt(): number {
    const dueAt = Math.min(this.#finest.undecidedAt + rollupLatenessMs, this.#coarseDueAt);
    return dueAt === Number.POSITIVE_INFINITY
      ? dueAt
      : this.#arrivedAt + idleMs + Math.max(0, dueAt - this.#finest.latestAt);
  }

  /** Closes the intervals of a series that has been silent. */
  passTime(runningMs: number): void {
    const silentMs = runningMs - this.#arrivedAt;
    if (silentMs < idleMs) return;
    const watermark = this.#finest.latestAt + silentMs - idleMs - rollupLatenessMs;
    this.#finest.settle(watermark, this);
    this.#closeCoarse(watermark);
  }

  /** Takes that the gateway's clock, which its stamps came from, was wrong by this. */
  clockMoved(byMs: number): void {
    // Within the lateness it is disorder like any other, and forward it is a pause.
    if (byMs >= -rollupLatenessMs) return;
    const { latestAt } = this.#finest;
    this.flush();
    this.#finest = openFinest(this.#plan, this.#panes);
    this.#coarse = this.#coarse.map(({ sizeMs }) => new CoarseIntervals(sizeMs));
    // What was said of the time that now comes again was said by the wrong clock.
    this.#saidFrom = Math.min(this.#saidFrom, this.#firstStart);
    this.#saidUntil = Math.max(this.#saidUntil, latestAt);
    this.#saidRevisions = this.#revisionMax + 1;
    this.#firstStart = Number.POSITIVE_INFINITY;
    this.#unsyncedUntil = Number.NEGATIVE_INFINITY;
  }

  /**
   * Puts other resolutions in force. Those that stay go on as they are, as long as the finest one stays.
   *
   * @returns false when it has ended, and another one is to be made.
   */
  replan(plan: RollupPlan): boolean {
    if (plan.sizesMs[0] !== this.#plan.sizesMs[0]) {
      this.flush();
      return false;
    }
    const earlier = this.#coarse;
    for (const [index, interval] of earlier.entries()) {
      if (!plan.sizesMs.includes(interval.sizeMs)) this.#close(interval, index);
    }
    this.#plan = plan;
    this.#coarse = plan.sizesMs
      .slice(1)
      .map((sizeMs) => earlier.find((one) => one.sizeMs === sizeMs) ?? new CoarseIntervals(sizeMs));
    this.#expectAll();
    return true;
  }

  /** Ends it: closes every open interval, whatever of it is still to come. */
  flush(): void {
    this.#finest.settle(Number.POSITIVE_INFINITY, this);
    this.#closeCoarse(Number.POSITIVE_INFINITY);
    this.#finest.release();
  }

  #closeCoarse(until: EpochMs): void {
    if (until + rollupLatenessMs < this.#coarseDueAt) return;
    for (let index = 0; index < this.#coarse.length; index += 1) {
      const interval = this.#coarse[index]!;
      if (interval.open.end <= until) this.#close(interval, index);
    }
    this.#expectAll();
  }

  #close(interval: CoarseIntervals, index: number): void {
    if (interval.open.count === 0) return;
    const finestMs = this.#plan.sizesMs[0]!;
    const finalUntil = this.#finest.latestAt - rollupLatenessMs - rollupReviseMs - finestMs;
    this.#summarise(interval.close(finalUntil), index + 1, 0);
  }

  #expectAll(): void {
    this.#coarseDueAt = Number.POSITIVE_INFINITY;
    for (const interval of this.#coarse) this.#expect(interval);
  }

  #expect({ open }: CoarseIntervals): void {
    if (open.count > 0) this.#coarseDueAt = Math.min(this.#coarseDueAt, open.end + rollupLatenessMs);
  }

  #summarise(pane: Pane, resolution: number, revisionOfPane: number): void {
    const { device, metric, unit } = this.#definition;
    const saidBefore = pane.end > this.#saidFrom && pane.start < this.#saidUntil;
    const revision = revisionOfPane + (saidBefore ? this.#saidRevisions : 0);
    if (revision > this.#revisionMax) this.#revisionMax = revision;
    if (pane.start < this.#firstStart) this.#firstStart = pane.start;
    this.#output.summary({
      device,
      metric,
      start: pane.start,
      end: pane.end,
      resolution: this.#plan.names[resolution]!,
      revision,
      count: pane.count,
      expected: null,
      sum: pane.sum,
      min: pane.min,
      max: pane.max,
      first: pane.first,
      last: pane.last,
      m2: pane.m2,
      ...(unit === undefined ? {} : { unit }),
      late: this.#late,
      corrected: pane.corrected,
      clock: pane.firstAt > this.#unsyncedUntil ? "synced" : "unsynced",
    });
    this.#late = 0;
  }

  write(writer: SnapshotWriter): void {
    writer.count(this.#late);
    writer.number(this.#arrivedAt);
    writer.number(this.#unsyncedUntil);
    writer.number(this.#firstStart);
    writer.count(this.#revisionMax);
    writer.count(this.#saidRevisions);
    if (this.#saidRevisions > 0) {
      writer.number(this.#saidFrom);
      writer.number(this.#saidUntil);
    }
    this.#finest.write(writer);
    for (const interval of this.#coarse) interval.write(writer);
  }

  read(reader: SnapshotReader): void {
    this.#late = reader.count();
    this.#arrivedAt = reader.number();
    this.#unsyncedUntil = reader.number();
    this.#firstStart = reader.number();
    this.#revisionMax = reader.count();
    this.#saidRevisions = reader.count();
    if (this.#saidRevisions > 0) {
      this.#saidFrom = reader.number();
      this.#saidUntil = reader.number();
    }
    this.#finest.read(reader);
    for (const interval of this.#coarse) interval.read(reader);
    this.#expectAll();
  }
}

function openFinest(plan: RollupPlan, panes: PaneStore): PanedWindow {
  const sizeMs = plan.sizesMs[0]!;
  return new PanedWindow(
    { sizeMs, everyMs: sizeMs, latenessMs: rollupLatenessMs, reviseMs: rollupReviseMs },
    panes.basic,
  );
}
