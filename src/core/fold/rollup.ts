/**
 * Summaries of one numeric series at every configured resolution, without any rule.
 *
 * The finest intervals are tumbling windows; when one closes it is summarised and merged into the
 * interval of each coarser resolution that holds it.
 */
import { idleMs, rollupLatenessMs } from "../limits.ts";
import type { EpochMs, SeriesDefinition } from "../sample.ts";
import { alignedStart, Pane } from "../window/pane.ts";
import type { PaneStore } from "../window/pane-store.ts";
import { PanedWindow } from "../window/paned.ts";
import type { Decider } from "../window/window.ts";
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
  /** The open interval of each coarser resolution; empty ones have no samples. */
  readonly #coarse: Pane[];
  /** Latest stamp from which on an open coarser interval is to be closed. */
  #coarseDueAt: EpochMs = Number.POSITIVE_INFINITY;
  #late = 0;
  #arrivedAt = 0;
  /** Whether the gateway's clock is known to be right, as of the record that is being folded. */
  #synced = false;

  constructor(definition: SeriesDefinition, plan: RollupPlan, output: FoldOutput, panes: PaneStore) {
    this.#definition = definition;
    this.#plan = plan;
    this.#output = output;
    const sizeMs = plan.sizesMs[0]!;
    this.#finest = new PanedWindow({ sizeMs, everyMs: sizeMs, latenessMs: rollupLatenessMs }, panes);
    this.#coarse = plan.sizesMs.slice(1).map(() => new Pane());
  }

  /** @returns true when the sample came too late for its interval. */
  add(
    value: number,
    at: EpochMs,
    context: { readonly runningMs: number; readonly synced: boolean; readonly corrected: boolean },
  ): boolean {
    this.#arrivedAt = context.runningMs;
    this.#synced = context.synced;
    const late = this.#finest.add(value, at, this);
    if (late) this.#late += 1;
    else if (context.corrected) this.#finest.markCorrected();
    if (this.#finest.latestAt >= this.#coarseDueAt)
      this.#closeCoarse(this.#finest.latestAt - rollupLatenessMs);
    return late;
  }

  decide(at: EpochMs, pane: Pane): void {
    this.#closeCoarse(pane.start);
    this.#summarise(pane, this.#plan.names[0]!);
    for (const [index, open] of this.#coarse.entries()) {
      if (open.count === 0) {
        const sizeMs = this.#plan.sizesMs[index + 1]!;
        const start = alignedStart(pane.start, sizeMs);
        open.reset(start, start + sizeMs);
      }
      open.merge(pane);
      this.#coarseDueAt = Math.min(this.#coarseDueAt, open.end + rollupLatenessMs);
    }
    this.#closeCoarse(at);
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
    for (const [index, open] of this.#coarse.entries()) {
      if (open.count === 0) continue;
      if (open.end > until) {
        this.#coarseDueAt = Math.min(this.#coarseDueAt, open.end + rollupLatenessMs);
        continue;
      }
      this.#summarise(open, this.#plan.names[index + 1]!);
      open.reset(0, 0);
    }
  }

  #summarise(pane: Pane, resolution: string): void {
    const { device, metric, unit } = this.#definition;
    this.#output.summary({
      device,
      metric,
      start: pane.start,
      end: pane.end,
      resolution,
      revision: 0,
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
    for (const pane of this.#coarse) pane.write(writer);
  }

  read(reader: SnapshotReader): void {
    this.#late = reader.count();
    this.#arrivedAt = reader.number();
    this.#synced = reader.count() === 1;
    this.#finest.read(reader);
    for (let index = 0; index < this.#coarse.length; index += 1) {
      const open = Pane.read(reader);
      this.#coarse[index] = open;
      if (open.count > 0) this.#coarseDueAt = Math.min(this.#coarseDueAt, open.end + rollupLatenessMs);
    }
  }
}
