/** The disk answers nothing for seconds, as cards do: publishers are held back, and nobody is hurt. */
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { clientInFlightMax } from "../../src/core/limits.ts";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { loopDisksMissing, makeLoopDisk } from "../support/loop-disk.ts";
import { SequencePublisher } from "../support/sequence-publisher.ts";
import { unreadBytes } from "../support/socket-queues.ts";
import { readStoreContents, storeFaults } from "../support/store-contents.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { until } from "../support/until.ts";
import { acknowledgedNow, compare, isLongRun } from "./fleet.ts";

const clientCount = 50;
const frozenForMs = isLongRun ? 10_000 : 4_000;
/** What each client has in its pipe: some 120 KB, far more than the window of the gateway. */
const pipelineMessages = 1_000;
const rssGrowthMax = 32 * 1024 * 1024;
/** What one read takes off a socket: beyond the window it waits as bytes, not as messages. */
const readBytesMax = 65_536;
const paddingBytes = 80;
/** The longest packet that these clients send. */
const messageBytesMax = 160;

/** What was seen while the disk was frozen, at its worst. */
interface Worst {
  rssBytes: number;
  /** Bytes of one client that the gateway has read and not acknowledged. */
  heldBytes: number;
  inFlightBytes: number;
  healthyAfterMs: number;
}

describe.skipIf(loopDisksMissing)("a frozen disk", () => {
  test("holds publishers back at their window, grows memory by less than 32 MB and drops nobody", {
    timeout: 60_000 + frozenForMs,
  }, async () => {
    await using directory = await temporaryDirectory("frozen");
    await using disk = await makeLoopDisk(directory.path, "disk", 256 * 1024 * 1024);
    await using gateway = await startGateway({
      directory: directory.path,
      config: { dataDir: join(disk.mountPoint, "data"), rollups: ["1m"] },
    });
    const fleet = Array.from(
      { length: clientCount },
      (_, index) =>
        new SequencePublisher({
          port: gateway.mqttPort,
          name: `deep-${index}`,
          inFlightMax: pipelineMessages,
          paddingBytes,
        }),
    );
    try {
      await until(
        "every client has had thousands acknowledged",
        () => fleet.every(({ acknowledged }) => acknowledged > 2 * pipelineMessages),
        { withinMs: 30_000 },
      );
      await using frozen = new AsyncDisposableStack();
      await disk.freeze();
      frozen.defer(() => disk.thaw());
      const acknowledgedAtFreeze = fleet.map(({ acknowledged }) => acknowledged);
      const rssBefore = await gateway.rssBytes();
      const worst = await watch(gateway, fleet, frozenForMs);
      const frozenAt = fleet.map(({ acknowledged }) => acknowledged);
      await disk.thaw();
      console.info(
        `frozen for ${frozenForMs} ms: ${JSON.stringify(worst)}, RSS before ${rssBefore}; ` +
          `${frozenAt.reduce((sum, upTo, index) => sum + upTo - acknowledgedAtFreeze[index]!, 0)} acknowledged meanwhile`,
      );
      expect(worst.inFlightBytes).toBeLessThanOrEqual(clientCount * clientInFlightMax * messageBytesMax);
      expect(worst.heldBytes).toBeLessThanOrEqual(clientInFlightMax * messageBytesMax + readBytesMax);
      expect(worst.rssBytes - rssBefore).toBeLessThan(rssGrowthMax);
      expect(worst.healthyAfterMs).toBeLessThan(1_000);
      await Promise.all(fleet.map((client) => client.drain()));
      expect(fleet.map(({ connections }) => connections)).toEqual(fleet.map(() => 1));
      expect(fleet.flatMap(({ faults }) => faults)).toEqual([]);
    } finally {
      for (const client of fleet) client.close();
    }
    expect(await gateway.stop()).toBe(0);
    const contents = await readStoreContents(gateway.dataDirectory);
    expect(compare(contents, acknowledgedNow(fleet)).faults).toEqual([]);
    expect(storeFaults(contents)).toEqual([]);
  });
});

/** Looks at the gateway until the time is over. */
async function watch(
  gateway: GatewayProcess,
  fleet: readonly SequencePublisher[],
  durationMs: number,
): Promise<Worst> {
  const worst: Worst = { rssBytes: 0, heldBytes: 0, inFlightBytes: 0, healthyAfterMs: 0 };
  const endMs = performance.now() + durationMs;
  // What was under way at the freeze is acknowledged, and what clients may send has been sent.
  await setTimeout(500);
  while (performance.now() < endMs) {
    const askedMs = performance.now();
    expect(await gateway.get("/healthz")).toEqual({ state: "alive" });
    worst.healthyAfterMs = Math.max(worst.healthyAfterMs, performance.now() - askedMs);
    worst.rssBytes = Math.max(worst.rssBytes, await gateway.rssBytes());
    worst.inFlightBytes = Math.max(worst.inFlightBytes, await inFlightBytes(gateway));
    const unread = await unreadBytes(gateway.mqttPort);
    for (const client of fleet) {
      const read = client.writtenBytes - (unread.get(client.localPort ?? 0) ?? 0);
      worst.heldBytes = Math.max(worst.heldBytes, read - client.acknowledgedBytes);
    }
    await setTimeout(100);
  }
  return worst;
}

async function inFlightBytes(gateway: GatewayProcess): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${gateway.httpPort}/metrics`)).text();
  const value = /^holdfast_broker_in_flight_bytes (\d+)$/m.exec(text)?.[1];
  if (value === undefined) throw new Error("the gateway does not tell its bytes in flight");
  return Number(value);
}
