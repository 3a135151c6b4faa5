/** The clocks of this machine behind the core's {@link Clock}. */
import { existsSync } from "node:fs";
import { performance } from "node:perf_hooks";
import type { Clock } from "../core/ports.ts";

/**
 * Where systemd-timesyncd says that the clock has been set from the network since the boot.
 *
 * Source: systemd-timesyncd.service(8), "/run/systemd/timesync/synchronized".
 */
const timesyncDirectory = "/run/systemd/timesync";
const synchronizedMarker = `${timesyncDirectory}/synchronized`;

/** No clock that is right is behind this: the time at which this was written. */
const writtenAt = Date.UTC(2026, 10, 20);

/** The marker is looked for at most this often. */
const lookEveryMs = 10_000;

let synced = false;
let lookedMs = Number.NEGATIVE_INFINITY;

/**
 * The machine's own clocks.
 *
 * `now` is the wall clock in whole epoch milliseconds and may jump. `monotonicMs` counts from the start of
 * the process with fractions and never goes back. `synced` believes systemd-timesyncd where it runs; on
 * other machines, which have no common way to tell, any clock that is not in the past.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  synced: () => {
    const nowMs = performance.now();
    if (nowMs - lookedMs >= lookEveryMs) {
      lookedMs = nowMs;
      const told = !existsSync(timesyncDirectory) || existsSync(synchronizedMarker);
      synced = told && Date.now() >= writtenAt;
    }
    return synced;
  },
};
