/**
 * Report by exception: a sample that says what the last kept one has said is not stored.
 *
 * Only samples that are kept move the reference, and the device's own time counts, so the rows of the log are
 * enough to come to the same reference again.
 */
import type { ReportPolicy } from "../device.ts";
import { type EpochMs, ValueKind } from "../sample.ts";
import type { SnapshotReader, SnapshotWriter } from "./snapshot.ts";

/** Decimals are not exact as doubles: what is a whole band away is not within it. */
const bandShare = 1 - 1e-6;

/** The last sample of a series that was kept. */
export class DeadBand {
  #at: EpochMs = Number.NEGATIVE_INFINITY;
  /** `none` where nothing can be compared with it. */
  #kind: number = ValueKind.none;
  #value = 0;

  /**
   * Whether a sample says nothing new.
   *
   * One from before the last kept one does: what it differs from is not known any more.
   *
   * @param value - Compared as numbers; of a text an identity.
   * @param at - The device's stamp, or the time of receipt where it has none.
   */
  repeats(kind: number, value: number, at: EpochMs, policy: ReportPolicy): boolean {
    if (kind === ValueKind.none || kind !== this.#kind) return false;
    if (!(at >= this.#at && at - this.#at < policy.atLeastMs)) return false;
    if (policy.onChange && value === this.#value) return true;
    return kind === ValueKind.number && Math.abs(value - this.#value) < policy.deadband * bandShare;
  }

  /**
   * Takes a sample that was kept. One that is only late stays out; after one that is older by more than the policy
   * suppresses the device's clock may have been set back, and it is the reference.
   *
   * @param kind - `none` also for what is no good value: the next one is kept.
   */
  keep(kind: number, value: number, at: EpochMs, policy: ReportPolicy): void {
    if (at < this.#at && this.#at - at < policy.atLeastMs) return;
    this.#at = at;
    this.#kind = kind;
    this.#value = value;
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.#at);
    writer.count(this.#kind);
    writer.number(this.#value);
  }

  read(reader: SnapshotReader): void {
    this.#at = reader.number();
    this.#kind = reader.count();
    this.#value = reader.number();
  }
}
