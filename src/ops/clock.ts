/** The clocks of this machine behind the core's {@link Clock}. */
import { performance } from "node:perf_hooks";
import type { Clock } from "../core/ports.ts";

/**
 * The machine's own clocks.
 *
 * `now` is the wall clock in whole epoch milliseconds and may jump. `monotonicMs` counts from the start of
 * the process with fractions and never goes back.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
};
