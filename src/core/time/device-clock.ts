/**
 * Gives the samples of one device their event time, as the device's clock policy says.
 *
 * Three things hold, whatever the device sends:
 *
 * - Event time is a number. While the gateway's clock is right it is never further ahead of receipt than the
 *   policy allows, so one fast device moves nobody's windows, its own included.
 * - Within one {@link DeviceClock.epoch}, a sample whose stamp is not before that of an earlier one does not
 *   get an event time before it. Where a lower offset would set a sample before one that was given out already,
 *   it gets the time of that one.
 * - The state is of constant size.
 *
 * While the gateway's clock is not synchronised it is no reference: nothing is learned from it and nothing
 * compared with it. Stamps are taken as they are, with `correct` plus the offset that was learned earlier.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import { ClockOffset, deadBandMs, liveMs } from "./clock-offset.ts";
import { behindMsDefault, type ClockMode, type ClockPolicy, clockModes } from "./clock-policy.ts";

/**
 * What was done to a stamp.
 *
 * - `as-sent`: nothing.
 * - `corrected`: the learned offset was added.
 * - `ahead`: it was too far ahead, and the time of receipt stands for it.
 * - `behind`: it was too old, and the oldest time allowed stands for it.
 * - `receipt`: there was none that can be read, or the policy does not want it.
 */
export type ClockOutcome = "as-sent" | "corrected" | "ahead" | "behind" | "receipt";

/** The largest instant of a calendar, in size; beyond it sums are not exact. Source: ECMA-262, time values. */
const instantMax = 8.64e15;

/**
 * By so much an offset may fall in one epoch, or stamps that come very late would get an offset of long ago for
 * ever. It is far from `liveMs`, so a stamp that was too far ahead stays behind all that are corrected.
 */
const fallMsMax: number = liveMs / 2;

/**
 * The event time of a stamp that is trusted: the stamp, unless it is no instant, or further ahead of a gateway
 * clock that is right than allowed; then the time of receipt. Needs nothing remembered.
 */
export function trustedTime(
  stampAt: EpochMs,
  receivedAt: EpochMs,
  aheadMs: number,
  synced: boolean,
): EpochMs {
  if (!(Math.abs(stampAt) <= instantMax)) return receivedAt;
  return synced && stampAt > receivedAt + aheadMs ? receivedAt : stampAt;
}

/**
 * The event time of a stamp that was received long before: decided by what is known of the device's clock now, and
 * nothing is learned of it, since how far it lies behind the present says nothing.
 *
 * @param receivedAt - When it was received.
 * @param known - The device's clock, where something is remembered of it.
 */
export function pastTime(
  stampAt: EpochMs,
  receivedAt: EpochMs,
  { mode, aheadMs }: ClockPolicy,
  known: DeviceClock | undefined,
  synced: boolean,
): EpochMs {
  if (mode === "receipt") return receivedAt;
  const offsetMs = mode === "correct" ? (known?.appliedMs ?? 0) : 0;
  return trustedTime(stampAt + offsetMs, receivedAt, aheadMs, synced);
}

export class DeviceClock {
  /** What the last call of {@link DeviceClock.eventTime} did. */
  outcome: ClockOutcome = "as-sent";
  /**
   * Counts up where order may have been broken: the offset became known, the device's clock was set, or drifted
   * by another half minute, the gateway's was set or became right, or the mode of the policy changed.
   */
  epoch = 0;
  readonly #offset: ClockOffset = new ClockOffset();
  #mode: ClockMode = "trust";
  #synced = false;
  #receivedAt: EpochMs = Number.NEGATIVE_INFINITY;
  /** The newest event time of this epoch. */
  #newestAt: EpochMs = Number.NEGATIVE_INFINITY;
  /** The newest stamp that was corrected in this epoch, and the newest event time given to one. */
  #frontierStampAt: EpochMs = Number.NEGATIVE_INFINITY;
  #frontierAt: EpochMs = Number.NEGATIVE_INFINITY;
  /** The frontier when the offset last became lower. */
  #changeStampAt: EpochMs = Number.NEGATIVE_INFINITY;
  #changeAt: EpochMs = Number.NEGATIVE_INFINITY;
  /** The frontier when it became lower the time before, the largest offset used between, and the largest before. */
  #earlierStampAt: EpochMs = Number.NEGATIVE_INFINITY;
  #earlierAt: EpochMs = Number.NEGATIVE_INFINITY;
  #betweenMsMax = 0;
  #beforeMsMax = 0;

  /** What is to be added to this device's stamps, as far as it was learned. Milliseconds; `NaN` while unknown. */
  get offsetMs(): number {
    return this.#offset.offsetMs;
  }

  /** What is added to them now; 0 while it is not known, or not worth it. */
  get appliedMs(): number {
    return this.#offset.appliedMs;
  }

  /**
   * Gives a sample its event time, and learns from it. Resent samples are not given.
   *
   * @param stampAt - The device's own; anything that is no instant counts as none.
   * @param receivedAt - By the gateway's clock; a finite number.
   * @param synced - The gateway's clock is right.
   */
  eventTime(stampAt: EpochMs, receivedAt: EpochMs, policy: ClockPolicy, synced: boolean): EpochMs {
    if (!(Math.abs(stampAt) <= instantMax)) {
      this.outcome = "receipt";
      return receivedAt;
    }
    if (policy.mode !== this.#mode || synced !== this.#synced || receivedAt < this.#receivedAt) {
      this.#startEpoch();
      this.#mode = policy.mode;
      this.#synced = synced;
    }
    this.#receivedAt = receivedAt;
    if (synced) {
      if (this.#newestAt > receivedAt + Math.max(policy.aheadMs, deadBandMs)) this.#startEpoch();
      this.#learn(stampAt, receivedAt);
    }
    const at = this.#decide(stampAt, receivedAt, policy, synced);
    if (at > this.#newestAt) this.#newestAt = at;
    return at;
  }

  /** The gateway's clock, which had counted as right, was set by this much: what was learned by it moves along. */
  shift(byMs: number): void {
    this.#offset.shift(byMs);
    this.#startEpoch();
    this.#receivedAt = Number.NEGATIVE_INFINITY;
  }

  #decide(stampAt: EpochMs, receivedAt: EpochMs, policy: ClockPolicy, synced: boolean): EpochMs {
    const { mode, aheadMs, behindMs } = policy;
    if (mode === "receipt") {
      this.outcome = "receipt";
      return receivedAt;
    }
    if (mode === "correct" && !Number.isNaN(this.offsetMs)) {
      return this.#corrected(stampAt, receivedAt, behindMs ?? Number.POSITIVE_INFINITY);
    }
    this.outcome = "as-sent";
    if (!synced) return stampAt;
    if (stampAt > receivedAt + aheadMs) {
      this.outcome = "ahead";
      return Math.max(receivedAt, this.#newestAt);
    }
    if (mode === "trust") return stampAt;
    return this.#notBefore(receivedAt - (behindMs ?? behindMsDefault), stampAt);
  }

  #corrected(stampAt: EpochMs, receivedAt: EpochMs, behindMs: number): EpochMs {
    let at = this.#mapped(stampAt);
    // No delay is negative: what still comes from the future is of a clock that was set, and not yet recognised.
    if (this.#synced && at > receivedAt + deadBandMs) {
      this.outcome = "ahead";
      return Math.max(receivedAt, this.#newestAt);
    }
    this.outcome = at === stampAt ? "as-sent" : "corrected";
    if (this.#synced) at = this.#notBefore(receivedAt - behindMs, at);
    this.#frontierStampAt = Math.max(this.#frontierStampAt, stampAt);
    this.#frontierAt = Math.max(this.#frontierAt, at);
    return at;
  }

  #notBefore(oldestAt: EpochMs, at: EpochMs): EpochMs {
    if (at >= oldestAt) return at;
    this.outcome = "behind";
    return oldestAt;
  }

  /**
   * The stamp plus the offset, without breaking the order of what was given out.
   *
   * What a stamp is mapped to never falls while an epoch lasts, and a later stamp is not mapped to an earlier
   * time; that is what keeps the order. So a lower offset is used for stamps newer than all before, and late
   * ones get the offset of their time.
   */
  #mapped(stampAt: EpochMs): EpochMs {
    if (stampAt > this.#changeStampAt) return Math.max(stampAt + this.#offset.appliedMs, this.#changeAt);
    if (stampAt > this.#earlierStampAt) {
      return Math.max(this.#earlierAt, Math.min(stampAt + this.#betweenMsMax, this.#changeAt));
    }
    return Math.min(stampAt + this.#beforeMsMax, this.#earlierAt);
  }

  #learn(stampAt: EpochMs, receivedAt: EpochMs): void {
    const beforeMs = this.#offset.appliedMs;
    if (this.#offset.learn(stampAt, receivedAt)) {
      this.#startEpoch();
      return;
    }
    const { appliedMs } = this.#offset;
    if (appliedMs >= beforeMs) return;
    this.#beforeMsMax = Math.max(this.#beforeMsMax, this.#betweenMsMax);
    this.#earlierStampAt = this.#changeStampAt;
    this.#earlierAt = this.#changeAt;
    this.#betweenMsMax = beforeMs;
    this.#changeStampAt = this.#frontierStampAt;
    this.#changeAt = this.#frontierAt;
    if (Math.max(this.#beforeMsMax, this.#betweenMsMax) - appliedMs > fallMsMax) this.#startEpoch();
  }

  #startEpoch(): void {
    this.epoch += 1;
    this.#newestAt = Number.NEGATIVE_INFINITY;
    this.#frontierStampAt = Number.NEGATIVE_INFINITY;
    this.#frontierAt = Number.NEGATIVE_INFINITY;
    this.#changeStampAt = Number.NEGATIVE_INFINITY;
    this.#changeAt = Number.NEGATIVE_INFINITY;
    this.#earlierStampAt = Number.NEGATIVE_INFINITY;
    this.#earlierAt = Number.NEGATIVE_INFINITY;
    this.#betweenMsMax = this.#offset.appliedMs;
    this.#beforeMsMax = this.#offset.appliedMs;
  }

  write(writer: SnapshotWriter): void {
    writer.count(this.epoch);
    writer.count(clockModes.indexOf(this.#mode));
    writer.count(this.#synced ? 1 : 0);
    writer.number(this.#receivedAt);
    writer.number(this.#newestAt);
    writer.number(this.#frontierStampAt);
    writer.number(this.#frontierAt);
    writer.number(this.#changeStampAt);
    writer.number(this.#changeAt);
    writer.number(this.#earlierStampAt);
    writer.number(this.#earlierAt);
    writer.number(this.#betweenMsMax);
    writer.number(this.#beforeMsMax);
    this.#offset.write(writer);
  }

  read(reader: SnapshotReader): void {
    this.epoch = reader.count();
    this.#mode = clockModes[reader.count()] ?? "trust";
    this.#synced = reader.count() === 1;
    this.#receivedAt = reader.number();
    this.#newestAt = reader.number();
    this.#frontierStampAt = reader.number();
    this.#frontierAt = reader.number();
    this.#changeStampAt = reader.number();
    this.#changeAt = reader.number();
    this.#earlierStampAt = reader.number();
    this.#earlierAt = reader.number();
    this.#betweenMsMax = reader.number();
    this.#beforeMsMax = reader.number();
    this.#offset.read(reader);
  }
}
