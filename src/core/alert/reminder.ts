/**
 * Repeats and escalates an alert that nobody takes care of.
 *
 * An alert calls while it fires and is not acknowledged, shelved or inhibited. While it calls it is told again
 * every `repeat`, and after `escalate.after` of calling without a break it becomes more severe, once in an
 * episode. A shelf that ends, or an acknowledgement that is withdrawn, begins both waits anew: that it calls
 * again is told at that moment, and people get their full time.
 *
 * All times are of people, so they run on the gateway's running time, which no change of a clock moves. After a
 * standstill a missed repetition comes once, not as often as it was missed.
 *
 * Source: `repeat_interval` as in Prometheus Alertmanager; escalation as in Nagios Core.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { RuleDefinition } from "../rule/definition.ts";

/** The parts of a rule that speak of it. */
export type ReminderDefinition = Pick<RuleDefinition, "repeatMs" | "escalate">;

/** For alerts of rules with `repeat` or `escalate`: make it when the alert fires, drop it when the episode ends. */
export class Reminder {
  #escalated = false;
  /** Since when the alert has been calling, in running time; `NaN` while it does not. */
  #callsFrom: number = Number.NaN;
  /** When it was last told. */
  #toldAt: number = Number.NaN;

  /** Whether the episode has the severity of `escalate`. */
  get escalated(): boolean {
    return this.#escalated;
  }

  /** Takes whether the alert calls now; being told the same again changes nothing. */
  follow(calls: boolean, runningMs: number): void {
    if (calls === !Number.isNaN(this.#callsFrom)) return;
    this.#callsFrom = calls ? runningMs : Number.NaN;
    this.#toldAt = this.#callsFrom;
  }

  /** Takes that the alert was told for another reason, as a change of its level: the next repetition is later. */
  told(runningMs: number): void {
    if (!Number.isNaN(this.#callsFrom)) this.#toldAt = runningMs;
  }

  /**
   * Lets time pass.
   *
   * @returns What is due, at most one; to escalate is to tell, and takes the place of a repetition.
   */
  step(definition: ReminderDefinition, runningMs: number): "repeat" | "escalate" | undefined {
    if (runningMs >= this.#escalateAt(definition)) {
      this.#escalated = true;
      this.#toldAt = runningMs;
      return "escalate";
    }
    if (!(runningMs >= this.#repeatAt(definition))) return undefined;
    this.#toldAt = runningMs;
    return "repeat";
  }

  /** When {@link step} will next have something, in running time; `Infinity` for never. */
  dueAt(definition: ReminderDefinition): number {
    const due = Math.min(this.#escalateAt(definition), this.#repeatAt(definition));
    return Number.isNaN(due) ? Number.POSITIVE_INFINITY : due;
  }

  write(writer: SnapshotWriter): void {
    const calls = !Number.isNaN(this.#callsFrom);
    writer.count((this.#escalated ? 1 : 0) + (calls ? 2 : 0));
    if (!calls) return;
    writer.number(this.#callsFrom);
    writer.number(this.#toldAt);
  }

  read(reader: SnapshotReader): void {
    const parts = reader.count();
    this.#escalated = parts % 2 === 1;
    this.#callsFrom = parts < 2 ? Number.NaN : reader.number();
    this.#toldAt = parts < 2 ? Number.NaN : reader.number();
  }

  #escalateAt({ escalate }: ReminderDefinition): number {
    return escalate === undefined || this.#escalated
      ? Number.POSITIVE_INFINITY
      : this.#callsFrom + escalate.afterMs;
  }

  #repeatAt({ repeatMs }: ReminderDefinition): number {
    return repeatMs === undefined ? Number.POSITIVE_INFINITY : this.#toldAt + repeatMs;
  }
}
