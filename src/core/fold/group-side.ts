/**
 * One side of a group: the window that the samples of its series go through.
 *
 * Most rules have one side; a rule that compares several sources has one for each. Which samples come here
 * is decided once for each series, when the series is first seen; after that a sample costs one call for
 * each rule that it matters to.
 */
import { LearnedInterval } from "../detect/interval.ts";
import type { CompiledRule, CompiledSource } from "../rule/compile.ts";
import type { EpochMs } from "../sample.ts";
import type { Pane } from "../window/pane.ts";
import { type Decider, openWindow, type WindowState } from "../window/window.ts";
import type { FoldContext } from "./context.ts";
import { passDue } from "./due-order.ts";
import type { Group } from "./group.ts";
import type { SnapshotReader, SnapshotWriter } from "./snapshot.ts";

export class GroupSide implements Decider {
  readonly rule: CompiledRule;
  readonly source: CompiledSource;
  /** What was measured last. The group's own values where there is one side. */
  readonly values: number[];
  window: WindowState;
  /** When the last sample came, or before the first when this was made, in milliseconds that the gateway has been running. */
  arrivedAt: number;
  /** Event time of the last decision. */
  decidedAt: EpochMs = Number.NEGATIVE_INFINITY;
  /** Share of the expected samples that the last decision had; `NaN` when it is not known. */
  coverage: number = Number.NaN;
  /** How often samples of all its series are to come, where it was configured for each; `NaN` otherwise. */
  #configuredIntervalMs: number = Number.NaN;
  #seriesCount = 0;
  #learned: LearnedInterval | undefined;
  /** Silence that is shorter has led to nothing. */
  readonly #leastDelayMs: number;
  readonly group: Group;

  constructor(
    rule: CompiledRule,
    source: CompiledSource,
    values: number[],
    group: Group,
    context: Pick<FoldContext, "panes" | "now">,
  ) {
    this.rule = rule;
    this.source = source;
    this.values = values;
    this.group = group;
    this.window = openWindow(rule.definition.window, rule.plan, context.panes);
    this.#leastDelayMs = rule.leastDelayMs;
    this.arrivedAt = context.now.runningMs;
    this.#learned = rule.needsInterval ? new LearnedInterval() : undefined;
  }

  /** Takes one more series, and how often it is to report, where that was configured. */
  describe(intervalMs: number | undefined): void {
    const one = intervalMs ?? Number.NaN;
    const others = this.#configuredIntervalMs;
    // Of two series, the rates add up.
    this.#configuredIntervalMs = this.#seriesCount === 0 ? one : (one * others) / (one + others);
    this.#seriesCount += 1;
  }

  /** @returns true when the sample came too late for a decision that it belonged to. */
  add(value: number, at: EpochMs, runningMs: number): boolean {
    if (runningMs - this.arrivedAt >= this.#leastDelayMs) this.#wake(runningMs);
    this.arrivedAt = runningMs;
    this.#learned?.arrive(at, true);
    return this.window.add(value, at, this);
  }

  #wake(runningMs: number): void {
    // What its silence had led to by now is not for those to decide who look at all groups once a second.
    passDue([this.group], runningMs);
    this.arrivedAt = runningMs;
    if (this.group.silent) this.group.hear(runningMs);
  }

  decide(at: EpochMs, pane: Pane): boolean {
    const intervalMs = this.#intervalMs;
    this.rule.plan.measure(pane, this.values, intervalMs);
    this.decidedAt = at;
    this.coverage = coverageOf(pane, intervalMs);
    return this.group.judge(this, at);
  }

  revise(at: EpochMs, pane: Pane, revision: number, held: boolean): boolean {
    if (!this.group.reconsiders) return held;
    const intervalMs = this.#intervalMs;
    // What is found out about the past is not what the alert stands on.
    const present = this.values.slice();
    this.rule.plan.measure(pane, this.values, intervalMs);
    const holds = this.group.reconsider({ at, revision, held, coverage: coverageOf(pane, intervalMs) });
    for (const [index, value] of present.entries()) this.values[index] = value;
    return holds;
  }

  /** Silence so far, in milliseconds of the gateway's running time. */
  silentMs(runningMs: number): number {
    return runningMs - this.arrivedAt;
  }

  /** When silence alone will lead to a decision, in running time; `Infinity` when it will not. */
  idleDueAt(): number {
    return this.dueAt(this.window.undecidedAt);
  }

  /** When, in running time, silence will have moved the watermark to an instant of event time. */
  dueAt(at: EpochMs): number {
    if (at === Number.POSITIVE_INFINITY) return at;
    const { latenessMs, idleMs } = this.rule.definition.window;
    return this.arrivedAt + idleMs + Math.max(0, at + latenessMs - this.window.latestAt);
  }

  /**
   * The watermark of a source that has been silent: it goes on from the last stamp at the pace of the
   * gateway, `idle` behind, so that a sample that comes after all is as little late as it can be.
   *
   * @returns `-Infinity` while it has not been silent for long enough.
   */
  idleWatermark(runningMs: number): EpochMs {
    const { latenessMs, idleMs } = this.rule.definition.window;
    const beyondMs = this.silentMs(runningMs) - idleMs;
    return beyondMs < 0 ? Number.NEGATIVE_INFINITY : this.window.latestAt + beyondMs - latenessMs;
  }

  /** Takes over the window of the same side before an edit that left it meaningful. */
  inherit(earlier: GroupSide): void {
    this.window.release();
    this.window = earlier.window;
    this.arrivedAt = earlier.arrivedAt;
    this.decidedAt = earlier.decidedAt;
    this.coverage = earlier.coverage;
    if (this.#learned !== undefined && earlier.#learned !== undefined) this.#learned = earlier.#learned;
  }

  /** Moves every event time: the clock that they were taken from was wrong. */
  shift(byMs: number): void {
    this.window.shift(byMs);
    this.decidedAt += byMs;
    this.#learned?.shift(byMs);
  }

  get #intervalMs(): number {
    return Number.isNaN(this.#configuredIntervalMs)
      ? (this.#learned?.intervalMs ?? Number.NaN)
      : this.#configuredIntervalMs;
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.arrivedAt);
    writer.number(this.decidedAt);
    writer.number(this.coverage);
    this.#learned?.write(writer);
    this.window.write(writer);
  }

  read(reader: SnapshotReader): void {
    this.arrivedAt = reader.number();
    this.decidedAt = reader.number();
    this.coverage = reader.number();
    this.#learned?.read(reader);
    this.window.read(reader);
  }
}

function coverageOf(pane: Pane, intervalMs: number): number {
  return (pane.count * intervalMs) / (pane.end - pane.start);
}
