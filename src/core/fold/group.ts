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
import type { TimeSpan } from "./fold-time.ts";
import type { FoldContext } from "./context.ts";
import { type AlertFace, GroupAlert } from "./group-alert.ts";
import { GroupSide } from "./group-side.ts";
import type { SnapshotReader, SnapshotWriter } from "./snapshot.ts";

/** What groups of rules that name no parameter have in common. */
const noParameters = new Float64Array(0);

export class Group implements ConditionInput, AlertFace {
  rule: CompiledRule;
  /** The group's identity: values of the rule's `groupBy`, in its order. */
  readonly key: Readonly<Record<string, string>>;
  values: Float64Array;
  parameters: Float64Array = noParameters;
  latched = 0;
  coverage: number = Number.NaN;
  sides: readonly GroupSide[];
  readonly alert: GroupAlert;
  readonly #context: FoldContext;
  #detector: Detector | undefined;
  /** The detector's overdue time for which it was judged last. */
  #overdueAt: EpochMs = Number.NaN;
  /** Silence has been taken for what the rule says it means, and nothing has come since. */
  #silent = false;
  /** When the gateway was off, until it shows whether samples of that time come. */
  #off: TimeSpan | undefined = undefined;
  #texts: Readonly<Record<string, string>> | undefined;
  /** A series feeds it. */
  fed = true;

  constructor(rule: CompiledRule, key: Readonly<Record<string, string>>, context: FoldContext) {
    this.rule = rule;
    this.key = key;
    this.#context = context;
    this.values = new Float64Array(rule.fields.length).fill(Number.NaN);
    this.sides = this.#openSides();
    this.#detector = detectorOf(rule);
    this.alert = new GroupAlert(this, context);
    this.#takeParameters({});
  }

  get texts(): Readonly<Record<string, string>> {
    this.#texts ??= { ...this.rule.definition.labels, ...this.key };
    return this.#texts;
  }

  /** Takes what is said about the device of one of its series. */
  describe(device: Device, side: GroupSide): void {
    side.configuredIntervalMs = device.intervalMs ?? Number.NaN;
    // What is said about one device of several says nothing about the group.
    if (!Object.hasOwn(this.key, "device")) return;
    this.#texts = { ...device.tags, ...this.rule.definition.labels, ...this.key };
    this.#takeParameters(device.parameters);
  }

  /**
   * Takes what one of its sides has measured.
   *
   * @param coverage - Share of the expected samples that were there; `NaN` when it is not known.
   * @returns Whether the rule's condition held.
   */
  judge(side: GroupSide, at: EpochMs, coverage: number): boolean {
    this.coverage = coverage;
    this.#silent = false;
    if (this.#off !== undefined) this.#discount(this.#off, at);
    if (this.sides.length > 1 && !this.#join(side, at)) return false;
    const { definition } = this.rule;
    if (definition.coverage !== undefined && coverage < definition.coverage) {
      this.alert.decided(at, stepUnknown(this.alert.status, at));
      return false;
    }
    return this.#decide(at, this.#detect(at));
  }

  /**
   * The same for a decision that was made before.
   *
   * @param held - What came of it then.
   */
  reconsider(at: EpochMs, revision: number, held: boolean): boolean {
    // What a detector had learnt by then is not known any more, nor what another source said.
    if (this.#detector !== undefined || this.sides.length > 1) return held;
    const { latched } = this;
    const level = this.#levelHolding(true);
    // Hysteresis belongs to the present.
    this.latched = latched;
    if (level >= 0 !== held) this.alert.revised(at, revision, level);
    return level >= 0;
  }

  /**
   * Takes that the gateway was off: unless a source has kept its samples, nothing is known of that time, and
   * it counts neither as holding nor as clear. A standstill as short as that of an update is passed over.
   */
  wasOff(off: TimeSpan): void {
    if (off.to - off.from >= idleMs && this.alert.active) this.#off = off;
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
    const { noData } = this.rule.definition;
    if (noData !== undefined && !this.#silent) due = Math.min(due, this.#arrivedAt + noData.afterMs);
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

  /** Puts an edited rule in force; of the state, what the edit left meaningful lives on. */
  edit(rule: CompiledRule): void {
    const earlier = this.rule;
    const at = this.#latestAt;
    if (earlier.conditionShape !== rule.conditionShape) this.alert.end(at);
    this.rule = rule;
    this.#texts = undefined;
    if (earlier.conditionShape !== rule.conditionShape) {
      this.latched = 0;
      this.values = new Float64Array(rule.fields.length).fill(Number.NaN);
    }
    if (earlier.detectShape !== rule.detectShape) this.#detector = detectorOf(rule);
    const kept = earlier.windowShape === rule.windowShape;
    const sides = this.sides;
    this.sides = this.#openSides();
    for (const [index, side] of sides.entries()) {
      if (kept) this.sides[index]!.inherit(side);
      else side.window.release();
    }
    this.fed = false;
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
    this.#overdueAt += byMs;
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

  /**
   * Puts the values of all sides together.
   *
   * @returns false when they cannot be compared: another side is still to decide about the same time, or
   *   what it said last is too old.
   */
  #join(decided: GroupSide, at: EpochMs): boolean {
    let offset = 0;
    for (const side of this.sides) {
      if (side !== decided) {
        if (side.window.undecidedAt <= at) return false;
        if (!(at - side.decidedAt <= side.source.maxAgeMs)) return false;
      }
      this.values.set(side.values, offset);
      offset += side.values.length;
    }
    return true;
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
    if (Number.isNaN(this.#standsDueAt())) return;
    const { definition } = this.rule;
    const side = this.sides[0]!;
    const watermark = this.#overdue ? this.#nowAt(runningMs) : side.idleWatermark(runningMs);
    // From the moment on when silence means that nothing is known, nothing stands any more.
    const until = Math.min(watermark, this.#silentFrom);
    for (;;) {
      const change = stepSilence(this.alert.status, definition, until);
      if (change === undefined) return;
      this.alert.passed(change);
    }
  }

  #passNoData(runningMs: number): void {
    const { noData } = this.rule.definition;
    if (noData === undefined || this.#silent || runningMs - this.#arrivedAt < noData.afterMs) return;
    this.#silent = true;
    // A source that has never said anything has no time of its own.
    const at = Number.isFinite(this.#latestAt) ? this.#silentFrom : this.#context.now.at;
    const change = stepNoData(this.alert.status, noData.state, at);
    if (change !== undefined) this.alert.passed(change);
  }

  /** Event time from which on the rule's `noData` holds if nothing comes; `Infinity` when it has none. */
  get #silentFrom(): EpochMs {
    const { noData } = this.rule.definition;
    return noData === undefined ? Number.POSITIVE_INFINITY : this.#latestAt + noData.afterMs;
  }

  /** When the alert changes by time alone; `NaN` when it does not, or when nothing is known between two decisions. */
  #standsDueAt(): EpochMs {
    const { definition } = this.rule;
    if (!this.alert.active || this.#silent) return Number.NaN;
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
    let arrivedAt = 0;
    for (const side of this.sides) arrivedAt = Math.max(arrivedAt, side.arrivedAt);
    return arrivedAt;
  }

  get #latestAt(): EpochMs {
    let latestAt = Number.NEGATIVE_INFINITY;
    for (const { window } of this.sides) latestAt = Math.max(latestAt, window.latestAt);
    return latestAt;
  }

  #openSides(): readonly GroupSide[] {
    const { rule } = this;
    const context = this.#context;
    if (rule.sources.length === 1) return [new GroupSide(rule, rule.sources[0]!, this.values, this, context)];
    return rule.sources.map(
      (source) =>
        new GroupSide(rule, source, new Float64Array(rule.sideFieldCount).fill(Number.NaN), this, context),
    );
  }

  #takeParameters(known: Readonly<Record<string, number>>): void {
    const { parameters } = this.rule;
    if (parameters.length === 0) return;
    this.parameters = Float64Array.from(parameters, (parameter) =>
      Object.hasOwn(known, parameter.param) ? known[parameter.param]! : parameter.default,
    );
  }

  write(writer: SnapshotWriter): void {
    writer.count(this.latched);
    writer.count((this.#silent ? 1 : 0) + (this.#off === undefined ? 0 : 2));
    if (this.#off !== undefined) {
      writer.number(this.#off.from);
      writer.number(this.#off.to);
    }
    writer.number(this.coverage);
    for (const value of this.values) writer.number(value);
    this.alert.write(writer);
    for (const side of this.sides) {
      if (this.sides.length > 1) for (const value of side.values) writer.number(value);
      side.write(writer);
    }
    if (this.#detector === undefined) return;
    writer.number(this.#overdueAt);
    this.#detector.write(writer);
  }

  read(reader: SnapshotReader): void {
    this.latched = reader.count();
    const parts = reader.count();
    this.#silent = (parts & 1) !== 0;
    this.#off = (parts & 2) === 0 ? undefined : { from: reader.number(), to: reader.number() };
    this.coverage = reader.number();
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
