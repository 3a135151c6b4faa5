/**
 * One group of one rule: its windows, its detector, its condition's memory and its alert.
 *
 * It lives through edits of its rule: {@link Group.edit} keeps what the edit left meaningful.
 */
import type { Detector } from "../detect/detector.ts";
import { openDetector } from "../detect/open.ts";
import { dueAt, stepAlert, stepNoData, stepSilence, stepUnknown } from "../alert/lifecycle.ts";
import type { Device } from "../device.ts";
import { idleMs } from "../limits.ts";
import type { CompiledRule } from "../rule/compile.ts";
import type { ConditionInput } from "../rule/condition.ts";
import type { EpochMs } from "../sample.ts";
import type { Timed } from "./due-order.ts";
import type { TimeSpan } from "./fold-time.ts";
import type { FoldContext } from "./context.ts";
import { type AlertFace, GroupAlert } from "./group-alert.ts";
import { GroupSide } from "./group-side.ts";
import {
  arrivedAtOf,
  carryValues,
  coverageOf,
  inheritSides,
  joinSides,
  latestAtOf,
  quietestOf,
  unknownValues,
} from "./group-sides.ts";
import type { SnapshotReader, SnapshotWriter } from "./snapshot.ts";

/** What groups of rules that name no parameter have in common. */
const noParameters: readonly number[] = [];

/** A decision that was made before, and is looked at again. */
export interface PastDecision {
  readonly at: EpochMs;
  readonly revision: number;
  /** What came of it then. */
  readonly held: boolean;
  /** What it has of the expected samples now. */
  readonly coverage: number;
}

export class Group implements ConditionInput, AlertFace, Timed {
  rule: CompiledRule;
  /** The group's identity: values of the rule's `groupBy`, in its order. */
  readonly key: Readonly<Record<string, string>>;
  values: number[];
  parameters: readonly number[] = noParameters;
  latched = 0;
  sides: readonly GroupSide[];
  readonly alert: GroupAlert;
  readonly #context: FoldContext;
  #detector: Detector | undefined;
  /** The detector's overdue time for which it was judged last. */
  #overdueAt: EpochMs | undefined = undefined;
  /** Silence has been taken for what the rule says it means, and lasts. */
  silent = false;
  /** When the gateway was off, until it shows whether samples of that time come. */
  #off: TimeSpan | undefined = undefined;
  /** What is said about the device that it is about, where it is about one. */
  #device: Device | undefined = undefined;
  #texts: Readonly<Record<string, string>> | undefined;
  /** A series feeds it. */
  fed = true;

  constructor(rule: CompiledRule, key: Readonly<Record<string, string>>, context: FoldContext) {
    this.rule = rule;
    this.key = key;
    this.#context = context;
    this.values = unknownValues(rule.fields.length);
    this.sides = this.#openSides();
    this.#detector = detectorOf(rule);
    this.alert = new GroupAlert(this, context);
    this.#takeParameters({});
  }

  get texts(): Readonly<Record<string, string>> {
    this.#texts ??= { ...this.#device?.tags, ...this.rule.definition.labels, ...this.key };
    return this.#texts;
  }

  get coverage(): number {
    return coverageOf(this.sides);
  }

  /** Samples that left its windows early. */
  get overflowCount(): number {
    let count = 0;
    for (const { window } of this.sides) count += window.overflowCount;
    return count;
  }

  /** Takes what is said about the device of one of its series. */
  describe(device: Device, side: GroupSide): void {
    side.describe(device.intervalMs);
    // What is said about one device of several says nothing about the group.
    if (!Object.hasOwn(this.key, "device")) return;
    this.#device = device;
    this.#texts = undefined;
    this.#takeParameters(device.parameters);
  }

  /**
   * Takes what one of its sides has measured.
   *
   * @returns Whether the rule's condition held.
   */
  judge(side: GroupSide, decidedAt: EpochMs): boolean {
    // What silence alone brings to a decision does not make it speak again.
    if (this.silent) return false;
    const at = this.sides.length > 1 ? joinSides(this.sides, side, decidedAt, this.values) : decidedAt;
    if (Number.isNaN(at)) return false;
    if (this.#off !== undefined) this.#discount(this.#off, at);
    const { coverage } = this.rule.definition;
    if (coverage !== undefined && this.coverage < coverage) {
      this.alert.decided(at, stepUnknown(this.alert.status, at));
      return false;
    }
    return this.#decide(at, this.#detect(at));
  }

  /** Whether decisions can be looked at again: not what a detector had learnt by then, nor what another source said. */
  get reconsiders(): boolean {
    return this.#detector === undefined && this.sides.length === 1;
  }

  /** The same for a decision that was made before, with the values of then. */
  reconsider({ at, revision, held, coverage }: PastDecision): boolean {
    const { definition } = this.rule;
    if (definition.coverage !== undefined && coverage < definition.coverage) return held;
    const { latched } = this;
    const level = this.#levelHolding(true);
    // Hysteresis belongs to the present.
    this.latched = latched;
    if (level >= 0 !== held) this.alert.revised({ at, revision, level, coverage });
    return level >= 0;
  }

  /** Lets it wait for the first sample from now on. */
  waitFrom(runningMs: number): void {
    for (const side of this.sides) side.arrivedAt = runningMs;
  }

  /** Takes that a source speaks, while it is silent. */
  hear(runningMs: number): void {
    const { noData } = this.rule.definition;
    if (noData === undefined || runningMs < quietestOf(this.sides).arrivedAt + noData.afterMs)
      this.silent = false;
  }

  /**
   * Takes that the gateway was off: unless a source has kept its samples, nothing is known of that time, and
   * it counts neither as holding nor as clear. A standstill as short as that of an update is passed over.
   */
  wasOff(off: TimeSpan): void {
    if (off.to - off.from < idleMs || !this.alert.active) return;
    // Between two of them nothing has come either.
    this.#off = { from: this.#off?.from ?? off.from, to: off.to };
  }

  #discount(off: TimeSpan, at: EpochMs): void {
    if (at <= off.from) return;
    this.#off = undefined;
    // A decision about that time itself: the source had kept its samples.
    if (at >= off.to) this.alert.status.discount(off);
  }

  /**
   * When, in milliseconds that the gateway has been running, time alone will have an effect here;
   * `Infinity` when it will not.
   */
  timeDueAt(): number {
    let due = this.alert.dueAt();
    for (const side of this.sides) due = Math.min(due, side.idleDueAt());
    const standing = this.#standsDueAt();
    if (!Number.isNaN(standing))
      due = Math.min(due, this.#overdue ? this.#overdueDueAt(standing) : this.sides[0]!.dueAt(standing));
    due = Math.min(due, this.#noDataDueAt);
    const overdueAt = this.#detector?.overdueAt ?? Number.POSITIVE_INFINITY;
    if (overdueAt !== Number.POSITIVE_INFINITY && overdueAt !== this.#overdueAt)
      due = Math.min(due, this.#overdueDueAt(overdueAt));
    return due;
  }

  /** Lets the gateway's own time pass. */
  passTime(runningMs: number): void {
    for (const side of this.sides) side.window.settle(side.idleWatermark(runningMs), side);
    this.#passOverdue(runningMs);
    this.#passStanding(runningMs);
    this.#passNoData(runningMs);
    this.alert.passTime();
  }

  /**
   * Puts an edited rule in force; of the state, what the edit left meaningful lives on. Every series that
   * feeds the group is to be described to it again.
   */
  edit(rule: CompiledRule): void {
    const earlier = this.rule;
    const meant = earlier.conditionShape === rule.conditionShape;
    const silenceMeant = earlier.definition.noData?.state === rule.definition.noData?.state;
    if (!meant || (this.silent && !silenceMeant)) this.alert.end(this.#latestAt);
    const { values, sides } = this;
    this.rule = rule;
    this.fed = false;
    // It is taken again for what the rule says it means, if it has lasted long enough for that.
    this.silent = false;
    this.#texts = undefined;
    this.#takeParameters({});
    if (!meant) this.latched = 0;
    this.values = unknownValues(rule.fields.length);
    if (meant) carryValues(this.values, rule.fields, values, earlier.fields);
    if (earlier.detectShape !== rule.detectShape) {
      this.#detector = detectorOf(rule);
      this.#overdueAt = undefined;
    }
    this.sides = this.#openSides();
    inheritSides(this.sides, sides, earlier.windowShape === rule.windowShape);
  }

  /** Lets its alert go on, once everything about the edit is known. */
  goOn(): void {
    this.alert.goOn(this.#latestAt);
  }

  /** Ends a group whose rule is no longer in force: resolves its alert, and gives back its windows. */
  retire(at: EpochMs): void {
    this.alert.end(Math.max(at, this.#latestAt));
    for (const { window } of this.sides) window.release();
  }

  /** Moves every event time: the clock that they were taken from was wrong. */
  shift(byMs: number): void {
    for (const side of this.sides) side.shift(byMs);
    this.#detector?.shift(byMs);
    if (this.#overdueAt !== undefined) this.#overdueAt += byMs;
    if (this.#off !== undefined) this.#off = { from: this.#off.from, to: this.#off.to + byMs };
    this.alert.shift(byMs);
  }

  /** @returns The level that holds, or −1. Every level is looked at, for the sake of its hysteresis. */
  #levelHolding(fires: boolean): number {
    const { levels } = this.rule;
    let holding = -1;
    for (let level = 0; level < levels.length; level += 1) {
      const { holds } = levels[level]!;
      const met = holds === undefined || holds(this);
      if (met && fires) holding = level;
    }
    return holding;
  }

  #decide(at: EpochMs, fires: boolean): boolean {
    const level = this.#levelHolding(fires);
    this.alert.decided(at, stepAlert(this.alert.status, this.rule.definition, at, level));
    return level >= 0;
  }

  /** Lets the detector look; without one it always fires. */
  #detect(at: EpochMs): boolean {
    const detector = this.#detector;
    if (detector === undefined) return true;
    const value = this.values[this.rule.detectField]!;
    const learns = this.rule.definition.detect?.freeze !== true || !this.alert.active;
    const fires = !Number.isNaN(value) && detector.step(value, at, learns);
    this.#showDetector(detector);
    return fires;
  }

  #showDetector(detector: Detector): void {
    const { fields } = this.rule;
    this.values[fields.length - 2] = detector.score;
    this.values[fields.length - 1] = detector.expected;
  }

  #passOverdue(runningMs: number): void {
    const detector = this.#detector;
    if (detector === undefined) return;
    const { overdueAt } = detector;
    if (overdueAt === Number.POSITIVE_INFINITY || overdueAt === this.#overdueAt) return;
    if (runningMs < this.#overdueDueAt(overdueAt)) return;
    this.#overdueAt = overdueAt;
    this.#showDetector(detector);
    this.#decide(overdueAt, true);
  }

  /** What was said last goes on being true: of a rule without a window, and of a silence that a detector has found. */
  #passStanding(runningMs: number): void {
    const side = this.sides[0]!;
    const watermark = this.#overdue ? this.#nowAt(runningMs) : side.idleWatermark(runningMs);
    // From the moment on when silence means that nothing is known, nothing stands any more.
    this.#standUntil(Math.min(watermark, this.#silentFrom));
  }

  #standUntil(at: EpochMs): void {
    if (Number.isNaN(this.#standsDueAt())) return;
    const { definition } = this.rule;
    for (;;) {
      const change = stepSilence(this.alert.status, definition, at);
      if (change === undefined) return;
      this.alert.passed(change);
    }
  }

  #passNoData(runningMs: number): void {
    const { noData } = this.rule.definition;
    const silentAt = this.#noDataDueAt;
    if (noData === undefined || runningMs < silentAt) return;
    // What waits for others that may be older waits no longer.
    if (this.rule.definition.window.type === "none")
      for (const side of this.sides) side.window.settle(side.window.latestAt, side);
    this.#standUntil(this.#silentFrom);
    this.silent = true;
    const { now } = this.#context;
    // A source that has never said anything has no time of its own.
    const at = Number.isFinite(this.#silentFrom) ? this.#silentFrom : now.at - (now.runningMs - silentAt);
    const change = stepNoData(this.alert.status, noData.state, at);
    if (change !== undefined) this.alert.passed(change);
  }

  /** When, in running time, the rule's `noData` holds if nothing comes; `Infinity` when it has none, or it holds. */
  get #noDataDueAt(): number {
    const { noData } = this.rule.definition;
    return noData === undefined || this.silent
      ? Number.POSITIVE_INFINITY
      : quietestOf(this.sides).arrivedAt + noData.afterMs;
  }

  /** The same in event time; `-Infinity` when nothing has ever come. */
  get #silentFrom(): EpochMs {
    const { noData } = this.rule.definition;
    return noData === undefined
      ? Number.POSITIVE_INFINITY
      : quietestOf(this.sides).window.latestAt + noData.afterMs;
  }

  /** When the alert changes by time alone; `NaN` when it does not, or when nothing is known between two decisions. */
  #standsDueAt(): EpochMs {
    const { definition } = this.rule;
    if (!this.alert.active || this.silent) return Number.NaN;
    if ((definition.window.type !== "none" || this.sides.length > 1) && !this.#overdue) return Number.NaN;
    return dueAt(this.alert.status, definition);
  }

  /** The detector has found the source overdue, and nothing has come since. */
  get #overdue(): boolean {
    return this.#detector !== undefined && this.#detector.overdueAt === this.#overdueAt;
  }

  #overdueDueAt(at: EpochMs): number {
    return this.#arrivedAt + Math.max(0, at - this.#latestAt);
  }

  /** Event time as it is now, if the source's clock has gone on while it was silent. */
  #nowAt(runningMs: number): EpochMs {
    return this.#latestAt + runningMs - this.#arrivedAt;
  }

  get #arrivedAt(): number {
    return arrivedAtOf(this.sides);
  }

  get #latestAt(): EpochMs {
    return latestAtOf(this.sides);
  }

  #openSides(): readonly GroupSide[] {
    const { rule } = this;
    const context = this.#context;
    if (rule.sources.length === 1) return [new GroupSide(rule, rule.sources[0]!, this.values, this, context)];
    return rule.sources.map(
      (source) => new GroupSide(rule, source, unknownValues(rule.sideFieldCount), this, context),
    );
  }

  #takeParameters(known: Readonly<Record<string, number>>): void {
    const { parameters } = this.rule;
    if (parameters.length === 0) return;
    this.parameters = parameters.map((parameter) =>
      Object.hasOwn(known, parameter.param) ? known[parameter.param]! : parameter.default,
    );
  }

  write(writer: SnapshotWriter): void {
    writer.count(this.latched);
    writer.count((this.silent ? 1 : 0) + (this.#off === undefined ? 0 : 2));
    if (this.#off !== undefined) {
      writer.number(this.#off.from);
      writer.number(this.#off.to);
    }
    for (const value of this.values) writer.number(value);
    this.alert.write(writer);
    for (const side of this.sides) {
      if (this.sides.length > 1) for (const value of side.values) writer.number(value);
      side.write(writer);
    }
    if (this.#detector === undefined) return;
    writer.number(this.#overdueAt ?? Number.NaN);
    this.#detector.write(writer);
  }

  read(reader: SnapshotReader): void {
    this.latched = reader.count();
    const parts = reader.count();
    this.silent = (parts & 1) !== 0;
    this.#off = (parts & 2) === 0 ? undefined : { from: reader.number(), to: reader.number() };
    for (let index = 0; index < this.values.length; index += 1) this.values[index] = reader.number();
    this.alert.read(reader);
    for (const side of this.sides) {
      if (this.sides.length > 1) {
        for (let index = 0; index < side.values.length; index += 1) side.values[index] = reader.number();
      }
      side.read(reader);
    }
    if (this.#detector === undefined) return;
    this.#overdueAt = reader.number();
    this.#detector.read(reader);
  }
}

function detectorOf(rule: CompiledRule): Detector | undefined {
  const { detect } = rule.definition;
  return detect === undefined ? undefined : openDetector(detect);
}
