/** The time that sessions and messages grow old by: that of the running gateway, whatever its clock is set to. */
import type { Clock } from "../core/ports.ts";
import type { Instant } from "./session-values.ts";

export class RunningTime {
  readonly #clock: Clock;
  readonly #runningMs: () => number;
  readonly #startedMs: number;

  /** @param runningMs - Milliseconds that the gateway has been running, over all its starts. */
  constructor(clock: Clock, runningMs: () => number) {
    this.#clock = clock;
    this.#runningMs = runningMs;
    this.#startedMs = runningMs();
  }

  now(): Instant {
    return { runningMs: this.#runningMs(), wallMs: this.#clock.now(), synced: this.#clock.synced() };
  }

  /**
   * Milliseconds since a moment. Within one run the clock has no say; over a restart the time that the gateway was
   * off counts where the clock was known to be right both then and now.
   */
  elapsedMs(since: Instant): number {
    const runMs = this.#runningMs() - since.runningMs;
    if (since.runningMs > this.#startedMs || !since.synced || !this.#clock.synced()) return runMs;
    return Math.max(runMs, this.#clock.now() - since.wallMs);
  }
}
