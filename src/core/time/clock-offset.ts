/**
 * Learns by how much a device's clock is wrong, from nothing but stamps and times of receipt.
 *
 * `receipt - stamp` is the offset plus a delay, and the delay is never negative but may be hours where a
 * device buffers. So the offset is the least such difference of the recent past: the sample that was delayed
 * least tells the most.
 *
 * - **Drift.** The least difference may rise by {@link driftMax} of the time that passes between samples, so a
 *   clock that gets slower is followed, and one that gets faster is followed at once.
 * - **Steps.** Differences more than {@link liveMs} away from the offset are held apart, in runs of at least
 *   {@link runReceipts} receipts and {@link runMs}. Two runs on end whose least differences agree, to an eighth
 *   of the time that the shorter took, are of a clock that was set: its stamps advance at the pace of receipt.
 *   Those of a backlog that is sent faster than 1.125 times the pace at which it was measured do not agree. A
 *   sample that fits the offset ends the runs. The offset becomes known in the same way.
 * - **Small steps.** A clock that was set forward by less than `liveMs` is followed at once. One that was set
 *   back by that is followed after two generations of {@link generationReceipts} receipts and
 *   {@link generationMs}; so is a single wrong stamp forgotten.
 *
 * While the clock is steady or drifts by less than 100 ppm, and samples come every hour or more often, the
 * offset is not below the true one, and above it by at most the least delay of the last half hour and 0.6 s.
 *
 * What it cannot tell: a delay that never goes away looks like an offset.
 *
 * Source: the least of recent delays as in the clock filter, and its growth with age, of Mills et al., RFC
 * 5905, section 10.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";

/** Offsets up to this count as none, so that right devices keep their own stamps exactly. */
export const deadBandMs = 2_000;

/** A difference this close to the offset is a sample that was not delayed much, and the clock the same as before. */
export const liveMs = 60_000;

/** Share by which a device's clock may be slow: twice what quartz does over the range of temperatures. */
const driftMax = 200e-6;

/** No more drift than of this time is allowed for in one silence: a device that buffers a day is not corrected for it. */
const silenceMsMax = 3_600_000;

/** A correction in use is kept while it is this close to the learned offset, so that intervals stay exact. */
const keepMs = 1_000;

const runReceipts = 4;
const runMs = 60_000;
const paceShare = 1 / 8;

const generationReceipts = 32;
const generationMs = 1_800_000;

export class ClockOffset {
  /** What is to be added to the device's stamps to get the gateway's time. `NaN` while unknown. */
  offsetMs: number = Number.NaN;
  /** The same as it is used: whole, 0 while unknown or in the dead band, and steadier. */
  appliedMs = 0;
  /** The last receipt. Samples that came at one moment, as several metrics of a message, count once. */
  #receivedAt: EpochMs = Number.NEGATIVE_INFINITY;
  /** Receipt of the last sample that fitted. */
  #liveAt: EpochMs = 0;
  #generationCount = 0;
  #generationSince: EpochMs = 0;
  #generationLeastMs = 0;
  #runCount = 0;
  #runSince: EpochMs = 0;
  #runLeastMs = 0;
  /** The run before this one; `NaN` when there is none. */
  #earlierLeastMs: number = Number.NaN;
  #earlierForMs = 0;

  /**
   * Takes one sample. Resent samples are not given.
   *
   * @param receivedAt - By a clock that is right; does not go back except by {@link ClockOffset.shift}.
   * @returns true when the offset became known, or a step was recognised.
   */
  learn(stampAt: EpochMs, receivedAt: EpochMs): boolean {
    const differenceMs = receivedAt - stampAt;
    const counted = receivedAt === this.#receivedAt ? 0 : 1;
    this.#receivedAt = receivedAt;
    if (Math.abs(differenceMs - this.offsetMs) <= liveMs) {
      this.#follow(differenceMs, receivedAt, counted);
      return false;
    }
    return this.#hold(differenceMs, receivedAt, counted);
  }

  /** The gateway's clock, which had counted as right, was set: times of receipt move by this from now on. */
  shift(byMs: number): void {
    this.offsetMs += byMs;
    this.#receivedAt += byMs;
    this.#liveAt += byMs;
    this.#generationSince += byMs;
    this.#generationLeastMs += byMs;
    this.#runSince += byMs;
    this.#runLeastMs += byMs;
    this.#earlierLeastMs += byMs;
    this.appliedMs = 0;
    this.#apply();
  }

  #follow(differenceMs: number, receivedAt: EpochMs, counted: 0 | 1): void {
    this.#runCount = 0;
    this.#earlierLeastMs = Number.NaN;
    const silenceMs = Math.min(Math.max(0, receivedAt - this.#liveAt), silenceMsMax);
    this.#liveAt = receivedAt;
    this.offsetMs = Math.min(this.offsetMs + silenceMs * driftMax, differenceMs);
    if (this.#generationCount === 0) {
      this.#generationCount = 1;
      this.#generationSince = receivedAt;
      this.#generationLeastMs = differenceMs;
    } else {
      this.#generationCount += counted;
      this.#generationLeastMs = Math.min(this.#generationLeastMs, differenceMs);
    }
    if (this.#generationCount >= generationReceipts && receivedAt - this.#generationSince >= generationMs) {
      this.#generationCount = 0;
      // No sample of a whole generation came near the offset: it is not the least difference any more.
      if (this.#generationLeastMs > this.offsetMs + deadBandMs) this.offsetMs = this.#generationLeastMs;
    }
    this.#apply();
  }

  #hold(differenceMs: number, receivedAt: EpochMs, counted: 0 | 1): boolean {
    if (this.#runCount === 0 || receivedAt < this.#runSince) {
      this.#runCount = 1;
      this.#runSince = receivedAt;
      this.#runLeastMs = differenceMs;
    } else {
      this.#runCount += counted;
      this.#runLeastMs = Math.min(this.#runLeastMs, differenceMs);
    }
    const forMs = receivedAt - this.#runSince;
    if (this.#runCount < runReceipts || forMs < runMs) return false;
    const leastMs = this.#runLeastMs;
    const apartMs = Math.abs(leastMs - this.#earlierLeastMs);
    if (apartMs <= Math.min(liveMs, Math.min(forMs, this.#earlierForMs) * paceShare)) {
      this.#step(Math.min(leastMs, this.#earlierLeastMs), receivedAt);
      return true;
    }
    this.#earlierLeastMs = leastMs;
    this.#earlierForMs = forMs;
    this.#runCount = 0;
    return false;
  }

  #step(offsetMs: number, receivedAt: EpochMs): void {
    this.offsetMs = offsetMs;
    this.#liveAt = receivedAt;
    this.#generationCount = 0;
    this.#runCount = 0;
    this.#earlierLeastMs = Number.NaN;
    this.appliedMs = 0;
    this.#apply();
  }

  #apply(): void {
    const sizeMs = Math.abs(this.offsetMs);
    if (this.appliedMs === 0) {
      if (sizeMs > deadBandMs) this.appliedMs = Math.round(this.offsetMs);
    } else if (sizeMs <= deadBandMs / 2) {
      // Left at half of it, so that an offset at the edge does not come and go.
      this.appliedMs = 0;
    } else if (Math.abs(this.offsetMs - this.appliedMs) > keepMs) {
      this.appliedMs = Math.round(this.offsetMs);
    }
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.offsetMs);
    writer.number(this.appliedMs);
    writer.number(this.#receivedAt);
    writer.number(this.#liveAt);
    writer.count(this.#generationCount);
    writer.number(this.#generationSince);
    writer.number(this.#generationLeastMs);
    writer.count(this.#runCount);
    writer.number(this.#runSince);
    writer.number(this.#runLeastMs);
    writer.number(this.#earlierLeastMs);
    writer.number(this.#earlierForMs);
  }

  read(reader: SnapshotReader): void {
    this.offsetMs = reader.number();
    this.appliedMs = reader.number();
    this.#receivedAt = reader.number();
    this.#liveAt = reader.number();
    this.#generationCount = reader.count();
    this.#generationSince = reader.number();
    this.#generationLeastMs = reader.number();
    this.#runCount = reader.count();
    this.#runSince = reader.number();
    this.#runLeastMs = reader.number();
    this.#earlierLeastMs = reader.number();
    this.#earlierForMs = reader.number();
  }
}
