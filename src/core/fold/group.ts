/**
 * One group of one rule: its window, its condition's memory and its alert.
 *
 * Which samples come here is decided once for each series, when the series is first seen; after that a
 * sample costs one call for each rule that it matters to.
 */
import { type AlertStatus, dueAt, restingAlert, stepAlert, stepSilence } from "../alert/lifecycle.ts";
import { idleMs } from "../limits.ts";
import type { CompiledRule } from "../rule/compile.ts";
import type { ConditionInput } from "../rule/condition.ts";
import { hashOf } from "../rule/hash.ts";
import type { EpochMs } from "../sample.ts";
import type { AlertState } from "../streams.ts";
import type { Pane } from "../window/pane.ts";
import type { PaneStore } from "../window/pane-store.ts";
import { openWindow, type Decider, type WindowState } from "../window/window.ts";
import type { FoldOutput } from "./output.ts";
import type { SnapshotReader, SnapshotWriter } from "./snapshot.ts";

export class Group implements Decider, ConditionInput {
  readonly values: Float64Array;
  latched = 0;
  rule: CompiledRule;
  /** The group's identity: values of the rule's `groupBy`, in its order. */
  readonly key: Readonly<Record<string, string>>;
  readonly #output: FoldOutput;
  #window: WindowState;
  #alert: AlertStatus = restingAlert();
  /** When the last sample came, in milliseconds that the gateway has been running. */
  #arrivedAt = 0;
  /** Event time of the last change; a later one is not told to have been before it. */
  #announcedAt: EpochMs = Number.NEGATIVE_INFINITY;
  /** A series feeds it. */
  fed = true;

  constructor(
    rule: CompiledRule,
    key: Readonly<Record<string, string>>,
    output: FoldOutput,
    panes: PaneStore,
  ) {
    this.rule = rule;
    this.key = key;
    this.#output = output;
    this.values = new Float64Array(rule.fields.length);
    this.#window = openWindow(rule.definition.window, panes);
  }

  /** Samples that left its window early. */
  get overflowCount(): number {
    return this.#window.overflowCount;
  }

  /** Whether its alert is anything but at rest. */
  get active(): boolean {
    return this.#alert.state !== "ok";
  }

  /** @returns true when the sample came too late for a decision that it belonged to. */
  add(value: number, at: EpochMs, runningMs: number): boolean {
    this.#arrivedAt = runningMs;
    return this.#window.add(value, at, this);
  }

  decide(at: EpochMs, pane: Pane): void {
    this.rule.measure(pane, this.values);
    const holds = this.rule.holds(this);
    const change = stepAlert(this.#alert, this.rule.definition, { at, holds });
    if (change !== undefined) this.#announce(change, at);
  }

  /**
   * When, in milliseconds that the gateway has been running, silence alone will have an effect here;
   * `Infinity` when it will not.
   */
  idleDueAt(): number {
    const { window } = this.rule.definition;
    const decisionAt = this.#window.undecidedAt;
    const alertAt = window.type === "none" ? dueAt(this.#alert, this.rule.definition) : Number.NaN;
    const earliest = Number.isNaN(alertAt) ? decisionAt : Math.min(decisionAt, alertAt);
    return earliest === Number.POSITIVE_INFINITY
      ? earliest
      : this.#arrivedAt + idleMs + Math.max(0, earliest + window.latenessMs - this.#window.latestAt);
  }

  /**
   * Lets the gateway's own time pass for a source that has been silent for `limits.idleMs`.
   *
   * The watermark goes on from the last stamp at the pace of the gateway, that long behind: a sample that
   * comes after all is then as little late as it can be.
   */
  advanceIdle(runningMs: number): void {
    const silentMs = runningMs - this.#arrivedAt;
    if (silentMs < idleMs || this.#window.latestAt === Number.NEGATIVE_INFINITY) return;
    const { window, forMs, keepFiringForMs } = this.rule.definition;
    const watermark = this.#window.latestAt + silentMs - idleMs - window.latenessMs;
    this.#window.settle(watermark, this);
    // Only a sample that stands for itself goes on being true; an empty window says nothing.
    if (window.type !== "none" || !this.active) return;
    const dueSince = dueAt(this.#alert, { forMs, keepFiringForMs });
    const change = stepSilence(this.#alert, { forMs, keepFiringForMs }, watermark);
    if (change !== undefined) this.#announce(change, dueSince);
  }

  /** Ends a group whose rule is no longer in force: resolves its alert, and gives back its window. */
  retire(at: EpochMs): void {
    this.#resolve(at);
    this.#window.release();
  }

  #resolve(at: EpochMs): void {
    if (!this.active) return;
    this.#announce(this.#alert.state === "firing" ? "resolved" : "ok", Math.max(at, this.#window.latestAt));
    this.#alert = restingAlert();
  }

  #announce(state: AlertState, changedAt: EpochMs): void {
    const at = Math.max(changedAt, this.#announcedAt);
    this.#announcedAt = at;
    const { definition, fields, annotations } = this.rule;
    const keyText = Object.values(this.key).join("\u0000");
    const values: [string, number | null][] = fields.map((field, index) => {
      const value = this.values[index]!;
      return [field, Number.isFinite(value) ? value : null];
    });
    const named = { ...definition.labels, ...this.key, ...Object.fromEntries(values) };
    this.#output.alert({
      id: hashOf(`${definition.id}\u0000${keyText}\u0000${this.#alert.since}`),
      rule: definition.id,
      key: this.key,
      state,
      severity: definition.severity,
      since: this.#alert.since,
      at,
      values: Object.fromEntries(values),
      labels: definition.labels,
      annotations: Object.fromEntries(annotations.map(([name, template]) => [name, template.render(named)])),
      coverage: null,
      revision: 0,
      historical: false,
      acknowledged: false,
      shelvedUntil: null,
    });
  }

  write(writer: SnapshotWriter): void {
    writer.count(this.latched);
    writer.count(["ok", "pending", "firing"].indexOf(this.#alert.state));
    writer.number(this.#alert.since);
    writer.number(this.#alert.clearSince);
    writer.number(this.#arrivedAt);
    writer.number(this.#announcedAt);
    for (const value of this.values) writer.number(value);
    this.#window.write(writer);
  }

  read(reader: SnapshotReader): void {
    this.latched = reader.count();
    this.#alert.state = (["ok", "pending", "firing"] as const)[reader.count()] ?? "ok";
    this.#alert.since = reader.number();
    this.#alert.clearSince = reader.number();
    this.#arrivedAt = reader.number();
    this.#announcedAt = reader.number();
    for (let index = 0; index < this.values.length; index += 1) this.values[index] = reader.number();
    this.#window.read(reader);
  }

  /** Takes over what an edit of the rule left meaningful: see the shapes of {@link CompiledRule}. */
  inherit(earlier: Group): void {
    if (earlier.rule.conditionShape === this.rule.conditionShape) {
      this.latched = earlier.latched;
      this.values.set(earlier.values);
      this.#alert = earlier.#alert;
      this.#announcedAt = earlier.#announcedAt;
    } else {
      earlier.#resolve(earlier.#window.latestAt);
    }
    if (earlier.rule.windowShape === this.rule.windowShape) {
      this.#window.release();
      this.#window = earlier.#window;
      this.#arrivedAt = earlier.#arrivedAt;
    } else {
      earlier.#window.release();
    }
  }
}
