/**
 * Flap detection: an alert that keeps changing is told once as `flapping`, until it has calmed down.
 *
 * Each decision leaves one bit, set when the alert changed by it. The share of changes among the last
 * `history` decisions weighs newer ones more, from 0.8 for the oldest to 1.2 for the newest; the weights
 * average 1, so the share is in [0, 1] and reaches 1 when every decision was a change. It can only rise at a
 * change, so the notice always stands in the place of one.
 *
 * The alert goes on living underneath: what is told differs, what holds does not.
 *
 * Source: Nagios Core documentation, "Detection and Handling of State Flapping".
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { FlapDefinition } from "../rule/definition.ts";
import type { EpochMs } from "../sample.ts";
import type { AlertState } from "../streams.ts";
import { type AlertChange, shownLevel } from "./lifecycle.ts";
import type { AlertStatus } from "./status.ts";

/** Most decisions that `history` may name: two whole numbers of 32 bits a group. Nagios looks at 20. */
export const flapHistoryMax = 64;

const oldestWeight = 0.8;
const newestWeight = 1.2;
const wordBits = 32;

/** What is told of an alert whose changes may be replaced by a notice. */
export interface ToldChange extends Omit<AlertChange, "state"> {
  readonly state: AlertState;
}

/** The last decisions of one alert, and whether it flaps. For groups of rules with `flap` only. */
export class FlapFilter {
  /** One bit a decision, the newest lowest; `#older` goes on where `#newer` ends. */
  #newer = 0;
  #older = 0;
  /** Episode and level of the notice; `NaN` while the alert does not flap. */
  #since: EpochMs = Number.NaN;
  #level = 0;

  get flapping(): boolean {
    return !Number.isNaN(this.#since);
  }

  /**
   * Takes one decision, also one that changed nothing.
   *
   * @param change - What the life cycle has to announce.
   * @param at - Event time of the decision.
   * @returns What is to be told in its place: the change itself, `flapping` when it begins, nothing while it
   *   lasts, the present state when it ends. The end of a flapping that leaves the alert at rest is
   *   `resolved`, of the episode that the notice named.
   */
  step(
    definition: FlapDefinition,
    status: AlertStatus,
    at: EpochMs,
    change: AlertChange | undefined,
  ): ToldChange | undefined {
    if (change === undefined && this.#newer === 0 && this.#older === 0) return undefined;
    this.#push(definition.history, change !== undefined);
    const share = this.share(definition.history);
    if (this.flapping) return share <= definition.low ? this.#calm(status, at) : undefined;
    if (change === undefined || share < definition.high) return change;
    this.#since = change.since;
    this.#level = change.level;
    return { state: "flapping", level: change.level, at: change.at, since: change.since };
  }

  /**
   * Takes a change that no decision has made: the source is silent.
   *
   * What says nothing more does not flap, so that a source that fails altogether is not hidden behind the
   * notice of its flapping.
   *
   * @returns The change itself, or in its place the end of the flapping, as {@link step} tells it.
   */
  silence(status: AlertStatus, change: AlertChange): ToldChange {
    if (!this.flapping) return change;
    this.#newer = 0;
    this.#older = 0;
    return this.#calm(status, change.at);
  }

  /**
   * Tells the end of the alert itself, as when its rule is no longer in force, and forgets everything.
   *
   * @param change - What `endAlert` gave.
   */
  end(at: EpochMs, change: AlertChange | undefined): ToldChange | undefined {
    const told: ToldChange | undefined = this.flapping
      ? { state: "resolved", level: this.#level, at, since: this.#since }
      : change;
    this.#newer = 0;
    this.#older = 0;
    this.#since = Number.NaN;
    return told;
  }

  /** Weighted share of changes among the last `history` decisions, in [0, 1]. Those before the first count as calm. */
  share(history: number): number {
    let weight = 0;
    for (let age = 0; age < history; age += 1) {
      const word = age < wordBits ? this.#newer : this.#older;
      if (((word >>> (age % wordBits)) & 1) === 1) weight += weightOf(age, history);
    }
    return weight / history;
  }

  /** Moves the event time it holds: the clock was corrected. */
  shift(byMs: number): void {
    this.#since += byMs;
  }

  /** Three bytes while the alert is calm. */
  write(writer: SnapshotWriter): void {
    writer.count(this.#newer >>> 0);
    writer.count(this.#older >>> 0);
    writer.count(this.flapping ? this.#level + 1 : 0);
    if (this.flapping) writer.number(this.#since);
  }

  read(reader: SnapshotReader): void {
    this.#newer = reader.count() | 0;
    this.#older = reader.count() | 0;
    const level = reader.count();
    this.#level = Math.max(0, level - 1);
    this.#since = level === 0 ? Number.NaN : reader.number();
  }

  #push(history: number, changed: boolean): void {
    const older = (this.#older << 1) | (this.#newer >>> (wordBits - 1));
    const newer = (this.#newer << 1) | (changed ? 1 : 0);
    // What is older than the history is no part of the state.
    this.#newer = history < wordBits ? newer & ((1 << history) - 1) : newer;
    const olderBits = history - wordBits;
    this.#older = olderBits < wordBits ? older & ((1 << Math.max(0, olderBits)) - 1) : older;
  }

  #calm(status: AlertStatus, at: EpochMs): ToldChange {
    const since = this.#since;
    this.#since = Number.NaN;
    const level = status.state === "ok" ? this.#level : shownLevel(status);
    this.#level = 0;
    return status.state === "ok"
      ? { state: "resolved", level, at, since }
      : { state: status.state, level, at, since: status.since };
  }
}

/** @param age - 0 for the newest decision. */
function weightOf(age: number, history: number): number {
  if (history === 1) return 1;
  return newestWeight - ((newestWeight - oldestWeight) * age) / (history - 1);
}
