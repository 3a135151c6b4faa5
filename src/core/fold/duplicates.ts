/**
 * Recognising what was sent before.
 *
 * A client resends what it saw no PUBACK for, and after a crash between commit and PUBACK that is a message
 * we already hold. A stamped sample is recognised by series, stamp and value; a message without a stamp
 * by client, packet id and payload, and only when it carries the DUP flag: a sensor may well say the same
 * thing twice.
 *
 * Both windows are bounded. What a client may resend is what it has sent and saw no PUBACK for: at most 64
 * messages that we have not acknowledged, and those whose PUBACKs were lost on the way, some seconds' worth.
 */
import { messageDigestsMax, stampWindowMax, stampWindowMs } from "../limits.ts";
import type { EpochMs } from "../sample.ts";
import type { SnapshotReader, SnapshotWriter } from "./snapshot.ts";

/**
 * The last stamps and values of one series: at least `limits.stampWindowMs` of them, as far as
 * `limits.stampWindowMax` goes.
 */
export class StampWindow {
  #latestAt: EpochMs = Number.NEGATIVE_INFINITY;
  #at: Float64Array = new Float64Array(8);
  #value: Float64Array = new Float64Array(8);
  /** Samples held, and where the next one goes. */
  #count = 0;
  #next = 0;
  /** Samples since the last one taken that were older than everything held. */
  #olderInARow = 0;
  /** Running time of the first of these. */
  #olderSince = 0;
  /** Running time at which the first place was last written, and the time before that. */
  #roundAt: number = Number.NEGATIVE_INFINITY;
  #roundBeforeAt: number = Number.NEGATIVE_INFINITY;

  /** Whether a sample is in the window. */
  has(at: EpochMs, value: number): boolean {
    if (at > this.#latestAt) return false;
    for (let index = 0; index < this.#count; index += 1) {
      if (this.#at[index] === at && this.#value[index] === value) return true;
    }
    return false;
  }

  /**
   * Takes a sample, unless it is in the window.
   *
   * @param value - Compared as numbers; a series whose values are not numbers passes an identity of each.
   * @param runningMs - How long the gateway has been running.
   * @returns true when the sample was seen before.
   */
  seen(at: EpochMs, value: number, runningMs: number): boolean {
    if (at > this.#latestAt) {
      this.#latestAt = at;
      this.#push(at, value, runningMs);
      return false;
    }
    const { length } = this.#at;
    let oldest = 0;
    // Newest first: what is resent is most often among the last.
    for (let back = 1; back <= this.#count; back += 1) {
      const index = (this.#next - back + length) % length;
      if (this.#at[index] === at && this.#value[index] === value) return true;
      if (this.#at[index]! < this.#at[oldest]!) oldest = index;
    }
    if (at === this.#latestAt || this.#count < length || this.#isFast(runningMs)) {
      this.#push(at, value, runningMs);
    } else if (at > this.#at[oldest]!) {
      // The oldest stamp leaves, not the first that came: a run that is resent from its beginning would
      // otherwise push out, one by one, just what it is going to be recognised by. What came first moves to
      // its place, so that the ring stays in the order of arrival and the newest is never next to leave.
      this.#at[oldest] = this.#at[this.#next]!;
      this.#value[oldest] = this.#value[this.#next]!;
      this.#push(at, value, runningMs);
    } else {
      this.#startAnewAfterClockStep(at, value, runningMs);
    }
    return false;
  }

  /**
   * A whole window of samples, over more than its time, that are older than everything in it is no resent
   * run, which takes moments: the device's clock was set back, and the stamps held are of a time that it may
   * not reach again for hours.
   */
  #startAnewAfterClockStep(at: EpochMs, value: number, runningMs: number): void {
    if (this.#olderInARow === 0) this.#olderSince = runningMs;
    this.#olderInARow += 1;
    if (this.#olderInARow <= this.#count || runningMs - this.#olderSince < stampWindowMs) return;
    this.#count = 0;
    this.#next = 0;
    this.#latestAt = at;
    this.#push(at, value, runningMs);
  }

  #push(at: EpochMs, value: number, runningMs: number): void {
    this.#olderInARow = 0;
    if (this.#count === this.#at.length && this.#isFast(runningMs)) this.#grow();
    if (this.#next === 0) {
      this.#roundBeforeAt = this.#roundAt;
      this.#roundAt = runningMs;
    }
    this.#at[this.#next] = at;
    this.#value[this.#next] = value;
    this.#next = (this.#next + 1) % this.#at.length;
    if (this.#count < this.#at.length) this.#count += 1;
  }

  /** What would have to leave a full ring has not been there for as long as it should be. */
  #isFast(runningMs: number): boolean {
    const since = this.#next === 0 ? this.#roundAt : this.#roundBeforeAt;
    return this.#count < stampWindowMax && runningMs - since < stampWindowMs;
  }

  /** Doubles a full ring; what came first stands first then. */
  #grow(): void {
    this.#at = doubled(this.#at, this.#next);
    this.#value = doubled(this.#value, this.#next);
    this.#next = this.#count;
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.#latestAt);
    writer.number(this.#roundAt);
    writer.number(this.#roundBeforeAt);
    writer.count(this.#at.length);
    writer.count(this.#next);
    writer.count(this.#count);
    writer.count(this.#olderInARow);
    writer.number(this.#olderSince);
    for (let index = 0; index < this.#count; index += 1) {
      writer.number(this.#at[index]!);
      writer.number(this.#value[index]!);
    }
  }

  read(reader: SnapshotReader): void {
    this.#latestAt = reader.number();
    this.#roundAt = reader.number();
    this.#roundBeforeAt = reader.number();
    const length = reader.count();
    this.#next = reader.count();
    this.#count = reader.count();
    this.#olderInARow = reader.count();
    this.#olderSince = reader.number();
    this.#at = new Float64Array(length);
    this.#value = new Float64Array(length);
    for (let index = 0; index < this.#count; index += 1) {
      this.#at[index] = reader.number();
      this.#value[index] = reader.number();
    }
  }
}

/** A ring of twice the size, with the content from `first` on at its beginning. */
function doubled(ring: Float64Array, first: number): Float64Array {
  const larger = new Float64Array(ring.length * 2);
  larger.set(ring.subarray(first));
  larger.set(ring.subarray(0, first), ring.length - first);
  return larger;
}

/** The last messages without a stamp. */
export class DigestWindow {
  readonly #digests: Set<number> = new Set();

  has(digest: number): boolean {
    return this.#digests.has(digest);
  }

  add(digest: number): void {
    // Again to the end: the set keeps the order of insertion, and the oldest leaves first.
    this.#digests.delete(digest);
    this.#digests.add(digest);
    if (this.#digests.size <= messageDigestsMax) return;
    for (const oldest of this.#digests) {
      this.#digests.delete(oldest);
      break;
    }
  }

  write(writer: SnapshotWriter): void {
    writer.count(this.#digests.size);
    for (const digest of this.#digests) writer.number(digest);
  }

  read(reader: SnapshotReader): void {
    const count = reader.count();
    for (let index = 0; index < count; index += 1) this.#digests.add(reader.number());
  }
}

/** One number for the two 32-bit halves of a message digest; 53 bits of the 64 are kept. */
export function digestOf(high: number, low: number): number {
  return (high & 0x1f_ffff) * 0x1_0000_0000 + (low >>> 0);
}
