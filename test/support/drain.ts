/**
 * Drains a backlog of summaries to an MQTT server in a process of its own, and tells how fast and in how
 * much memory: `node --expose-gc drain.ts PORT RECORDS` prints seconds and the most megabytes held.
 */
import { MemoryStreams } from "./memory-streams.ts";
import { openTestForwarder } from "./test-forwarder.ts";
import { until } from "./until.ts";

/** What is held after a collection: objects and buffers, without garbage. */
function heldMb(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
}

const [port = 0, count = 0] = process.argv.slice(2).map(Number);
const streams = new MemoryStreams();
// The first record loads the client, so that its code is not counted as held by the backlog.
streams.grow({ alerts: 1 });
const { forwarder } = openTestForwarder(port, streams);
await until("connected and sent", () => streams.cursor("cloud", "alerts") === 1);
const before = heldMb();
let most = 0;
const startedAt = performance.now();
streams.grow({ summaries: count });
await until(
  "everything is acknowledged",
  () => {
    most = Math.max(most, heldMb() - before);
    return streams.cursor("cloud", "summaries") === count;
  },
  { withinMs: 60_000, everyMs: 100 },
);
const seconds = (performance.now() - startedAt) / 1_000;
await forwarder.close();
console.log(`${seconds} ${most}`);
