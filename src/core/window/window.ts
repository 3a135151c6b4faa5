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
import { EachWindow } from "./each.ts";
import type { Pane } from "./pane.ts";
import type { PaneStore } from "./pane-store.ts";
import { PanedWindow } from "./paned.ts";

/** Who is told that a decision is due. */
export interface Decider {
  /**
   * @param at - Event time of the decision; never before that of an earlier one of this window.
   * @param pane - The samples it looks at, at least one. Valid only during the call.
   */
  decide(at: EpochMs, pane: Pane): void;
}

/** The state of one window of one group. Memory is bounded by panes, not by samples. */
export interface WindowState {
  /** Latest stamp seen; `-Infinity` before the first. */
  readonly latestAt: EpochMs;
  /** Next decision that would see something, when the watermark gets there; `Infinity` when none would. */
  readonly undecidedAt: EpochMs;
  /** Samples that left a window early because it held too many. */
  readonly overflowCount: number;
  /**
   * Adds a sample and makes the decisions that become due.
   *
   * @returns true when the sample came too late for a decision that it belonged to.
   */
  add(value: number, at: EpochMs, decider: Decider): boolean;
  /**
   * Moves the watermark forward without a sample: the source has been silent.
   *
   * It moves no further than to the last decision that sees something, so that how often it is called
   * makes no difference, and what a source kept back meanwhile is not late.
   */
  settle(watermark: EpochMs, decider: Decider): void;
  /** Gives back what it holds elsewhere; the window is not used afterwards. */
  release(): void;
  write(writer: SnapshotWriter): void;
  read(reader: SnapshotReader): void;
}

/** Makes the empty state of a window, with its panes in a store. */
export function openWindow(definition: WindowDefinition, panes: PaneStore): WindowState {
  switch (definition.type) {
    case "none":
      return new EachWindow(0, definition.latenessMs);
    case "tumbling":
      return new PanedWindow({ ...definition, everyMs: definition.sizeMs }, panes);
    case "hopping":
      return new PanedWindow(definition, panes);
    case "sliding":
      return definition.everyMs === undefined
        ? new EachWindow(definition.sizeMs, definition.latenessMs)
        : new PanedWindow({ ...definition, everyMs: definition.everyMs }, panes);
  }
}
