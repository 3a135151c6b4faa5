/** Has the JavaScript engine keep little memory while there is time for it, and be fast when there is none. */
import { type EventLoopUtilization, performance } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";

/**
 * Flags of V8 (Node 24) that take effect in a running process. `--max-semi-space-size` does not, and a
 * service is not always started with the arguments that we would choose.
 */
const lasting = [
  // Finished jobs of the middle compiler wait for the next one to be destroyed, on a thread that has no
  // reason to hurry: some 30 MB that nobody needs, as soon as a thousand clients have connected.
  "--no-maglev-destroy-on-background",
  // The young generation stays near the 1 MB it begins with. Under bursts that outlive a collection it
  // would grow to 64 MB and more, and not shrink while there is load.
  "--semi-space-growth-factor=1",
];

/**
 * The old generation is collected when it is a third larger than what lives in it, in steps of 2 MB; on a
 * machine with much memory it would grow to several times that. Fragmented pages are cleared as well.
 */
const small = "--optimize-for-size";
const fast = "--no-optimize-for-size";

/** Shares of the time that the event loop is busy, above which speed counts, and below which memory does. */
const busyAbove = 0.85;
const calmBelow = 0.6;

/** How often it is looked. */
const lookEveryMs = 500;

/**
 * Keeps the resident memory near what is used. To be called first, before the heap grows.
 *
 * No limit is lowered: a heap that needs more gets it, so that no bound of `core/limits.ts` becomes a way
 * to run out of memory. With a thousand clients, ten rules and 5,000 messages a second resident memory is some
 * 130 MB instead of 250; of that, 10 are saved by the first line of `main.ts`, which has the C library keep one
 * arena for all threads, and two threads for the disk, which are enough for one commit and one read; and 15 more
 * after a checkpoint, since blocks of its size are given back to the system (mallopt(3), M_MMAP_THRESHOLD: left
 * alone, the threshold rises to the largest block ever freed). Collecting that often costs a fifth of the throughput of a gateway that has nothing left
 * to give, so it is left off while the event loop is busy all the time.
 */
export function boundMemory(): void {
  for (const flag of [...lasting, small]) setFlagsFromString(flag);
  let before: EventLoopUtilization = performance.eventLoopUtilization();
  let mode = small;
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    const wanted = utilization > busyAbove ? fast : utilization < calmBelow ? small : mode;
    if (wanted === mode) return;
    mode = wanted;
    setFlagsFromString(mode);
  }, lookEveryMs);
  timer.unref();
}
