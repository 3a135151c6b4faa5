/**
 * Windows: which samples a decision looks at, and when it is made.
 *
 * Time is event time. A window has its own watermark, `latest stamp - lateness`, which never goes back;
 * a decision at `t` is made once the watermark has reached `t`. Nothing here knows of records or of the
 * time of day, so cutting the same samples into other records changes nothing.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { WindowDefinition } from "../rule/definition.ts";
import type { EpochMs } from "../sample.ts";
import { CountWindow } from "./count.ts";
import { EachWindow } from "./each.ts";
import type { Pane } from "./pane.ts";
import type { PaneStore } from "./pane-store.ts";
import { PanedWindow } from "./paned.ts";
import type { AggregatePlan } from "./plan.ts";
import { SessionWindow } from "./session.ts";
import { StateWindow } from "./state.ts";

/** Who is told that a decision is due. */
export interface Decider {
  /**
   * Makes a decision for the first time.
   *
   * @param at - Event time of the decision; never before that of an earlier one of this window.
   * @param pane - The samples it looks at, at least one. Valid only during the call.
   * @returns whether the condition held: the window keeps it while the decision may still be revised.
   */
  decide(at: EpochMs, pane: Pane): boolean;
  /**
   * Makes a decision again, because samples came late. Only windows with `reviseMs` above 0 do so.
   *
   * A decision that would have seen nothing was not made; when samples come for it after all, that is
   * its first revision, and what it said before counts as false.
   *
   * @param revision - From 1 on.
   * @param held - What the decision last said.
   * @returns what it says now.
   */
  revise(at: EpochMs, pane: Pane, revision: number, held: boolean): boolean;
}

/** The state of one window of one group. Memory is bounded by panes, or by samples that `limits` bounds. */
export interface WindowState {
  /** Latest stamp seen; `-Infinity` before the first. */
  readonly latestAt: EpochMs;
  /**
   * Event time from which on, once the watermark gets there, `settle` has something to do although nothing
   * comes: a decision, or a sample that waits; `Infinity` when it has not.
   */
  readonly undecidedAt: EpochMs;
  /** Samples that left a window early because it held too many. */
  readonly overflowCount: number;
  /**
   * Adds a sample and makes the decisions that become due.
   *
   * @returns true when the sample came too late for a decision that it belonged to, also for a revision.
   */
  add(value: number, at: EpochMs, decider: Decider): boolean;
  /**
   * Moves the watermark forward without a sample: the source has been silent.
   *
   * It moves no further than to the last decision that sees something, so that how often it is called
   * makes no difference, and what a source kept back meanwhile is not late.
   */
  settle(watermark: EpochMs, decider: Decider): void;
  /**
   * Moves every time it holds: the clock that gave the stamps was wrong by so much.
   *
   * Bounds of panes move by the nearest multiple of the window's `every`, all others exactly. Nothing is
   * decided by it, and no sample meets a decision twice because of it.
   */
  shift(byMs: number): void;
  /** Gives back what it holds elsewhere; the window is not used afterwards. */
  release(): void;
  write(writer: SnapshotWriter): void;
  /** Reads into a window that is new. */
  read(reader: SnapshotReader): void;
}

/**
 * Makes the empty state of a window, with its panes in a store.
 *
 * @param plan - Of the aggregates that decisions will be measured with.
 */
export function openWindow(definition: WindowDefinition, plan: AggregatePlan, panes: PaneStore): WindowState {
  const pool = panes.poolOf(plan.shape);
  switch (definition.type) {
    case "none":
      return new EachWindow(0, definition.latenessMs, pool);
    case "tumbling":
      return new PanedWindow({ ...definition, everyMs: definition.sizeMs }, pool);
    case "hopping":
      return new PanedWindow(definition, pool);
    case "sliding":
      return definition.everyMs === undefined
        ? new EachWindow(definition.sizeMs, definition.latenessMs, pool)
        : new PanedWindow({ ...definition, everyMs: definition.everyMs }, pool);
    case "session":
      return new SessionWindow(definition, pool);
    case "count":
      return new CountWindow(definition, pool);
    case "state":
      return new StateWindow(definition, pool);
  }
}
