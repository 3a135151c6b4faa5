/**
 * Recognising what was sent before.
 *
 * A client resends what it saw no PUBACK for, and after a crash between commit and PUBACK that is a message
 * we already hold. A stamped sample is recognised by series, stamp and value; a message without a stamp
 * by client, packet id and payload, and only when it carries the DUP flag: a sensor may well say the same
 * thing twice.
 *
 * Both windows are bounded. A client has at most `limits.clientInFlightMax` messages in flight, so the
 * window of a series holds what one client can possibly resend.
 */
import { clientInFlightMax, messageDigestsMax } from "../limits.ts";
import type { EpochMs } from "../sample.ts";
import type { SnapshotReader, SnapshotWriter } from "./snapshot.ts";

/** The last stamps and values of one series. */
export class StampWindow {
  #latestAt: EpochMs = Number.NEGATIVE_INFINITY;
  #at: Float64Array = new Float64Array(8);
  #value: Float64Array = new Float64Array(8);
  /** Samples held, and where the next one goes. */
  #count = 0;
  #next = 0;

  /**
   * Takes a sample, unless it is in the window.
   *
   * @param value - Compared as numbers; a series whose values are not numbers passes an identity of each.
   * @returns true when the sample was seen before.
   */
  seen(at: EpochMs, value: number): boolean {
    if (at > this.#latestAt) {
      this.#latestAt = at;
    } else {
      const { length } = this.#at;
      // Newest first: what is resent is most often among the last.
      for (let back = 1; back <= this.#count; back += 1) {
        const index = (this.#next - back + length) % length;
        if (this.#at[index] === at && this.#value[index] === value) return true;
      }
    }
    this.#push(at, value);
    return false;
  }

  #push(at: EpochMs, value: number): void {
    if (this.#count === this.#at.length && this.#count < clientInFlightMax) this.#grow();
    this.#at[this.#next] = at;
    this.#value[this.#next] = value;
    this.#next = (this.#next + 1) % this.#at.length;
    if (this.#count < this.#at.length) this.#count += 1;
  }

  /** Doubles a full ring; `#next` is 0 or in the middle, and the oldest sample stands there. */
  #grow(): void {
    const { length } = this.#at;
    const at = new Float64Array(length * 2);
    const value = new Float64Array(length * 2);
    for (let index = 0; index < length; index += 1) {
      at[index] = this.#at[(this.#next + index) % length]!;
      value[index] = this.#value[(this.#next + index) % length]!;
    }
    this.#at = at;
    this.#value = value;
    this.#next = length;
  }

  write(writer: SnapshotWriter): void {
    const { length } = this.#at;
    writer.number(this.#latestAt);
    writer.count(this.#count);
    for (let back = this.#count; back >= 1; back -= 1) {
      const index = (this.#next - back + length) % length;
      writer.number(this.#at[index]!);
      writer.number(this.#value[index]!);
    }
  }

  read(reader: SnapshotReader): void {
    this.#latestAt = reader.number();
    const count = reader.count();
    for (let index = 0; index < count; index += 1) this.#push(reader.number(), reader.number());
  }
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
