/**
 * The gateway's own time in one boot: the system's wall clock as long as it goes steadily, held against a
 * monotonic clock.
 *
 * A board without a real-time clock starts in the past and is set, by years, once the network is there. The
 * step is not believed silently: it becomes a repair, by which everything that was received before gets its
 * right time.
 *
 * The monotonic clock follows the system's slewing and not its steps, so the two part only by steps.
 * Source: clock_gettime(2), CLOCK_MONOTONIC.
 */
import type { EpochMs } from "../sample.ts";
import { joinedRepair, type TimeRepair } from "./time-repair.ts";

/** A moment of a boot by both clocks. */
export interface ClockAnchor {
  readonly boot: string;
  readonly monotonicMs: number;
  readonly wallAt: EpochMs;
  readonly synced: boolean;
}

/** A clock that is right steps when it moves by more: a second, a leap second too, and a quarter for late reading. */
export const stepMs = 1_250;

/** A clock that is not known to be right steps when it moves by more, so that repaired times are right to this. */
const stepUnsyncedMs = 100;

/**
 * A clock that began behind the log, and then says for this long that it is right and is not set, is believed:
 * it may be the log that was once written in a wrong future.
 */
export const believeAfterMs: number = 24 * 3_600_000;

export interface TimelineOptions {
  readonly boot: string;
  /**
   * The time of the last record of the log that was written by a right clock, repaired. A boot that begins
   * before it is not synchronised.
   */
  readonly lastWallAt?: EpochMs;
  /** Whether that time was known to be right; true where missing. What was not cannot make a right clock wrong. */
  readonly lastSynced?: boolean;
}

/**
 * Fed with readings of the system's clocks, it answers with the time.
 *
 * The time does not go back except by a repair. Once right, it stays right for the boot: if the system's clock
 * is set and says itself that it is wrong, the monotonic clock goes on alone. It wants to be asked once a
 * minute at least where the system's clocks may part slowly.
 */
export class GatewayTimeline {
  readonly boot: string;
  readonly #lastWallAt: EpochMs;
  readonly #lastSynced: boolean;
  /** The anchor: the two clocks when they were last compared. `NaN` before that. */
  #monotonicMs: number = Number.NaN;
  #wallAt: EpochMs = 0;
  #nowAt: EpochMs = Number.NEGATIVE_INFINITY;
  #synced = false;
  /** The first wall clock of this boot was behind the log. */
  #doubted = false;
  /**
   * By how much the system's clock is behind the time given: a boot that begins behind the log goes on from
   * where the log ends, or everything without a stamp would be late for every window until the clock is set.
   */
  #liftMs = 0;
  /** Monotonic time since which the system says that its clock is right; `NaN` while it does not. */
  #claimedSinceMs: number = Number.NaN;
  #repair: TimeRepair | undefined;

  constructor(options: TimelineOptions) {
    this.boot = options.boot;
    this.#lastWallAt = options.lastWallAt ?? Number.NEGATIVE_INFINITY;
    this.#lastSynced = options.lastSynced ?? true;
  }

  /** Whether the time given last is known to be right. */
  get synced(): boolean {
    return this.#synced;
  }

  /** The last comparison of the two clocks; nothing before the first reading. */
  get anchor(): ClockAnchor | undefined {
    if (Number.isNaN(this.#monotonicMs)) return undefined;
    return { boot: this.boot, monotonicMs: this.#monotonicMs, wallAt: this.#wallAt, synced: this.#synced };
  }

  /**
   * Takes one reading of the system's clocks.
   *
   * @param systemWallAt - May jump.
   * @param monotonicMs - Taken at the same moment; does not go back, and passes while the machine sleeps.
   * @param claimed - The system says that its wall clock is right.
   * @returns The gateway's time, whole milliseconds as long as the wall clock gives such.
   */
  observe(systemWallAt: EpochMs, monotonicMs: number, claimed: boolean): EpochMs {
    if (Number.isNaN(this.#monotonicMs)) return this.#begin(systemWallAt, monotonicMs, claimed);
    const predictedAt = this.#wallAt + Math.max(0, monotonicMs - this.#monotonicMs);
    const stepped = this.#hasStepped(systemWallAt + this.#liftMs - predictedAt);
    if (stepped && this.#synced && !claimed) {
      this.#nowAt = Math.max(this.#nowAt, Math.floor(predictedAt));
      return this.#nowAt;
    }
    const synced = this.#synced || this.#believes(systemWallAt, monotonicMs, claimed, stepped);
    this.#claim(claimed, monotonicMs);
    if (synced || (stepped && systemWallAt >= this.#lastWallAt)) this.#liftMs = 0;
    // A step that ends behind the log makes the clock no better than it was.
    else if (stepped && this.#liftMs > 0) this.#liftMs = Math.round(predictedAt - systemWallAt);
    const wallAt = systemWallAt + this.#liftMs;
    const byMs = wallAt - predictedAt;
    if (this.#hasStepped(byMs) || synced !== this.#synced) {
      this.#addRepair(Math.round(byMs), synced);
      this.#nowAt = wallAt;
    } else {
      this.#nowAt = Math.max(this.#nowAt, wallAt);
    }
    this.#synced = synced;
    this.#wallAt = wallAt;
    this.#monotonicMs = monotonicMs;
    return this.#nowAt;
  }

  #hasStepped(byMs: number): boolean {
    return Math.abs(byMs) > (this.#synced ? stepMs : stepUnsyncedMs);
  }

  /** What has to be repaired since the last call, as one. */
  takeRepair(): TimeRepair | undefined {
    const repair = this.#repair;
    this.#repair = undefined;
    return repair;
  }

  #begin(systemWallAt: EpochMs, monotonicMs: number, claimed: boolean): EpochMs {
    this.#doubted = systemWallAt < this.#lastWallAt - stepMs && (this.#lastSynced || !claimed);
    this.#synced = claimed && !this.#doubted;
    this.#claim(claimed, monotonicMs);
    if (this.#doubted) this.#liftMs = Math.round(this.#lastWallAt - systemWallAt);
    this.#wallAt = systemWallAt + this.#liftMs;
    this.#monotonicMs = monotonicMs;
    this.#nowAt = this.#wallAt;
    return this.#nowAt;
  }

  #claim(claimed: boolean, monotonicMs: number): void {
    if (!claimed) this.#claimedSinceMs = Number.NaN;
    else if (Number.isNaN(this.#claimedSinceMs)) this.#claimedSinceMs = monotonicMs;
  }

  /**
   * Whether a claim is believed. After a start behind the log it needs more than it had then: that the claim is
   * new, that the clock was set to a time after the log's, or that it stood for long.
   */
  #believes(systemWallAt: EpochMs, monotonicMs: number, claimed: boolean, stepped: boolean): boolean {
    if (!claimed) return false;
    if (!this.#doubted || Number.isNaN(this.#claimedSinceMs)) return true;
    if (stepped && systemWallAt >= this.#lastWallAt) return true;
    return monotonicMs - this.#claimedSinceMs >= believeAfterMs;
  }

  #addRepair(byMs: number, synced: boolean): void {
    const repair: TimeRepair = {
      boot: this.boot,
      byMs: byMs === 0 ? 0 : byMs,
      from: this.#synced ? "synced" : "unsynced",
      to: synced ? "synced" : "unsynced",
    };
    this.#repair = this.#repair === undefined ? repair : joinedRepair(this.#repair, repair);
  }
}
