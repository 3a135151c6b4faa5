/**
 * Summaries of one numeric series at every configured resolution, without any rule.
 *
 * The finest intervals are tumbling windows; when one closes it is summarised and merged into the
 * interval of each coarser resolution that holds it. A sample that comes late, within
 * `limits.rollupReviseMs`, goes into the intervals that it belongs to, and those that were closed are
 * summarised again under the next revision: the far end keeps the highest.
 */
import { idleMs, rollupLatenessMs, rollupReviseMs } from "../limits.ts";
import type { EpochMs, SeriesDefinition } from "../sample.ts";
import type { Pane } from "../window/pane.ts";
import type { PaneStore } from "../window/pane-store.ts";
import { PanedWindow } from "../window/paned.ts";
import type { Decider } from "../window/window.ts";
import { CoarseInterval } from "./coarse-interval.ts";
import type { FoldOutput } from "./output.ts";
import type { SnapshotReader, SnapshotWriter } from "./snapshot.ts";

/** The resolutions in force, finest first; each divides the next. */
export interface RollupPlan {
  readonly names: readonly string[];
  readonly sizesMs: readonly number[];
}

export class SeriesRollup implements Decider {
  readonly #definition: SeriesDefinition;
  readonly #plan: RollupPlan;
  readonly #output: FoldOutput;
  readonly #finest: PanedWindow;
  readonly #coarse: readonly CoarseInterval[];
  /** Latest stamp from which on an open coarser interval is to be closed. */
  #coarseDueAt: EpochMs = Number.POSITIVE_INFINITY;
  /** The sample that is being added has gone into an interval that was closed before. */
  #revising = false;
  #late = 0;
  #arrivedAt = 0;
  /** Whether the gateway's clock is known to be right, as of the record that is being folded. */
  #synced = false;

  constructor(definition: SeriesDefinition, plan: RollupPlan, output: FoldOutput, panes: PaneStore) {
    this.#definition = definition;
    this.#plan = plan;
    this.#output = output;
    const sizeMs = plan.sizesMs[0]!;
    this.#finest = new PanedWindow(
      { sizeMs, everyMs: sizeMs, latenessMs: rollupLatenessMs, reviseMs: rollupReviseMs },
      panes.basic,
    );
    this.#coarse = plan.sizesMs.slice(1).map((coarseMs) => new CoarseInterval(coarseMs));
  }

  /** @returns true when the sample came too late for its interval. */
  add(
    value: number,
    at: EpochMs,
    context: { readonly runningMs: number; readonly synced: boolean; readonly corrected: boolean },
  ): boolean {
    this.#arrivedAt = context.runningMs;
    this.#synced = context.synced;
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
    for (const interval of this.#coarse) {
      const open = interval.openAt(pane.start);
      open.merge(pane);
      this.#coarseDueAt = Math.min(this.#coarseDueAt, open.end + rollupLatenessMs);
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
      const closed = interval.addLate(value, at);
      if (closed !== undefined) this.#summarise(closed, index + 1, interval.revision);
      else this.#coarseDueAt = Math.min(this.#coarseDueAt, interval.open.end + rollupLatenessMs);
    }
  }

  /** As `Group.idleDueAt`. */
  idleDueAt(): number {
    const dueAt = Math.min(this.#finest.undecidedAt + rollupLatenessMs, this.#coarseDueAt);
    return dueAt === Number.POSITIVE_INFINITY
      ? dueAt
      : this.#arrivedAt + idleMs + Math.max(0, dueAt - this.#finest.latestAt);
  }

  /** As `Group.advanceIdle`: closes the intervals of a series that has been silent. */
  advanceIdle(runningMs: number): void {
    const silentMs = runningMs - this.#arrivedAt;
    if (silentMs < idleMs) return;
    const watermark = this.#finest.latestAt + silentMs - idleMs - rollupLatenessMs;
    this.#finest.settle(watermark, this);
    this.#closeCoarse(watermark);
  }

  /** Ends it: closes every open interval, whatever of it is still to come. Other resolutions are in force. */
  flush(): void {
    this.#finest.settle(Number.POSITIVE_INFINITY, this);
    this.#closeCoarse(Number.POSITIVE_INFINITY);
    this.#finest.release();
  }

  #closeCoarse(until: EpochMs): void {
    this.#coarseDueAt = Number.POSITIVE_INFINITY;
    for (const [index, interval] of this.#coarse.entries()) {
      const { open } = interval;
      if (open.count > 0 && open.end <= until) this.#summarise(interval.close(), index + 1, 0);
      else if (open.count > 0) this.#coarseDueAt = Math.min(this.#coarseDueAt, open.end + rollupLatenessMs);
    }
  }

  #summarise(pane: Pane, resolution: number, revision: number): void {
    const { device, metric, unit } = this.#definition;
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
      clock: this.#synced ? "synced" : "unsynced",
    });
    this.#late = 0;
  }

  write(writer: SnapshotWriter): void {
    writer.count(this.#late);
    writer.number(this.#arrivedAt);
    writer.count(this.#synced ? 1 : 0);
    this.#finest.write(writer);
    for (const interval of this.#coarse) interval.write(writer);
  }

  read(reader: SnapshotReader): void {
    this.#late = reader.count();
    this.#arrivedAt = reader.number();
    this.#synced = reader.count() === 1;
    this.#finest.read(reader);
    for (const interval of this.#coarse) {
      interval.read(reader);
      const { open } = interval;
      if (open.count > 0) this.#coarseDueAt = Math.min(this.#coarseDueAt, open.end + rollupLatenessMs);
    }
  }
}
