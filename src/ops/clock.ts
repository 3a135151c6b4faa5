/** The clocks of this machine, and the gateway's time made from them. */
import { existsSync } from "node:fs";
import { uptime } from "node:os";
import { performance } from "node:perf_hooks";
import type { Clock } from "../core/ports.ts";
import type { EpochMs } from "../core/sample.ts";
import { GatewayTimeline, type TimelineOptions } from "../core/time/gateway-timeline.ts";
import type { RepairSource, TimeRepair } from "../core/time/time-repair.ts";

/** What a machine tells about time. */
export interface TimeSources {
  /** Whole epoch milliseconds; may jump. */
  wallAt(): EpochMs;
  /** Milliseconds with fractions that never go back; does not pass while the machine sleeps. */
  monotonicMs(): number;
  /** The same, to about 10 ms, from another start; passes while the machine sleeps. */
  awakeAndAsleepMs(): number;
  /** Whether the clock was set from the network since the boot; nothing where nobody says so. */
  setFromNetwork(): boolean | undefined;
}

/** No clock that is right is behind this: the time at which this was written. */
export const writtenAt: EpochMs = Date.UTC(2026, 10, 20);

/** The marker is looked for at most this often. */
const lookEveryMs = 10_000;

/** The wall clock running away from the monotonic one by this is worth a look whether the machine slept. */
const sleepMsMin = 1_000;

/**
 * The gateway's clock, and everybody else's.
 *
 * `now` is the gateway's time: the system's wall clock, that does not go back except by a repair, and that
 * {@link MachineClock.takeRepair} tells the difference of when it was set. `monotonicMs` counts from the start
 * of the process. `synced` believes systemd-timesyncd where it runs; on other machines, which have no common
 * way to tell, any clock that is not in the past. Once true it stays so: a marker that vanishes makes no right
 * clock wrong.
 */
export class MachineClock implements Clock, RepairSource {
  readonly #sources: TimeSources;
  #timeline: GatewayTimeline = new GatewayTimeline({ boot: "" });
  #set = false;
  #lookedMs: number = Number.NEGATIVE_INFINITY;
  /** How long the machine has slept since the process started. */
  #sleptMs = 0;
  /** Where the clock that passes in sleep was when the monotonic one was at 0. */
  readonly #awakeAndAsleepAt0: number;
  /** The last reading. */
  #wallAt: EpochMs = Number.NaN;
  #monotonicMs = 0;

  constructor(sources: TimeSources) {
    this.#sources = sources;
    this.#awakeAndAsleepAt0 = sources.awakeAndAsleepMs() - sources.monotonicMs();
  }

  /**
   * Begins the time of a boot, before anything is received in it. What happened to the clock earlier is no
   * matter of that boot and gives no repair.
   */
  begin(options: TimelineOptions): void {
    this.#timeline = new GatewayTimeline(options);
    this.now();
  }

  now(): EpochMs {
    const wallAt = this.#sources.wallAt();
    const monotonicMs = this.#sources.monotonicMs();
    const partedMs = wallAt - this.#wallAt - (monotonicMs - this.#monotonicMs);
    if (partedMs > sleepMsMin) {
      const passedMs = this.#sources.awakeAndAsleepMs() - this.#awakeAndAsleepAt0;
      const sleptMs = passedMs - monotonicMs;
      if (sleptMs - this.#sleptMs > sleepMsMin) this.#sleptMs = sleptMs;
    }
    this.#wallAt = wallAt;
    this.#monotonicMs = monotonicMs;
    return this.#timeline.observe(wallAt, monotonicMs + this.#sleptMs, this.#claims(wallAt, monotonicMs));
  }

  monotonicMs(): number {
    return this.#sources.monotonicMs();
  }

  synced(): boolean {
    this.now();
    return this.#timeline.synced;
  }

  takeRepair(): TimeRepair | undefined {
    return this.#timeline.takeRepair();
  }

  /** Whether the machine says that its wall clock is right. */
  #claims(wallAt: EpochMs, monotonicMs: number): boolean {
    if (!this.#set && monotonicMs - this.#lookedMs >= lookEveryMs) {
      this.#lookedMs = monotonicMs;
      this.#set = this.#sources.setFromNetwork() ?? wallAt >= writtenAt;
    }
    return this.#set && wallAt >= writtenAt;
  }
}

/**
 * Where systemd-timesyncd says that the clock has been set from the network since the boot.
 *
 * Source: systemd-timesyncd.service(8), "/run/systemd/timesync/synchronized".
 */
const timesyncDirectory = "/run/systemd/timesync";
const synchronizedMarker = `${timesyncDirectory}/synchronized`;

/** This machine's own. Its uptime goes on in sleep. Source: clock_gettime(2), CLOCK_BOOTTIME; proc_uptime(5). */
const systemSources: TimeSources = {
  wallAt: () => Date.now(),
  monotonicMs: () => performance.now(),
  awakeAndAsleepMs: () => uptime() * 1_000,
  setFromNetwork: () => (existsSync(timesyncDirectory) ? existsSync(synchronizedMarker) : undefined),
};

/** The clock of this process. */
export const systemClock: MachineClock = new MachineClock(systemSources);
