/** The gateway dies, and its disk fills up, while it takes messages from a broker elsewhere. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../src/cli/simulate/seeded-random.ts";
import { FarPublisher } from "../support/far-publisher.ts";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { lastingPort } from "../support/lasting-port.ts";
import { fillUp, loopDisksMissing, mountMemory } from "../support/loop-disk.ts";
import { mosquittoMissing, startMosquitto } from "../support/mosquitto.ts";
import { readStoreContents, storeFaults } from "../support/store-contents.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { until } from "../support/until.ts";
import { faultSeed, isLongRun } from "./fleet.ts";

const killCount = isLongRun ? 50 : 4;
/** Published at once, again and again: the gateway finds some thousands when it is back. */
const burst = 250;
/** Between a ready gateway and its end. */
const aliveForMsMax = 300;

describe.skipIf(mosquittoMissing)("a bridge", () => {
  test.each(["5", "3.1.1"])(
    `over MQTT %s stores each message once in effect while the gateway is killed ${killCount} times`,
    { timeout: killCount * 8_000 + 60_000 },
    async (protocol) => {
      await using directory = await temporaryDirectory("bridge-kill");
      // All that is there is sent at once, so that a kill meets as many as can be in flight.
      const mosquitto = await startMosquitto({
        port: await lastingPort(),
        lines: ["max_inflight_messages 0"],
      });
      await using cleanup = new AsyncDisposableStack();
      cleanup.defer(() => mosquitto.close());
      await using gateway = await startGateway({
        directory: directory.path,
        config: {
          // Commits are long enough to be killed in.
          store: { commitDelay: "5ms" },
          ingest: { bridges: [{ name: "far", url: mosquitto.url, protocol, topics: ["plant/#"] }] },
        },
      });
      await until("subscribed", async () => (await subscribedTo(gateway)) === 1);
      await using publisher = await FarPublisher.open(mosquitto.url);
      const random = seededRandom(faultSeed);
      let published = 0;
      const enough = new AbortController();
      const publishing = (async () => {
        while (!enough.signal.aborted) {
          await publisher.readings("plant/a", published, burst);
          published += burst;
          await setTimeout(50);
        }
      })();
      for (let kill = 0; kill < killCount; kill += 1) {
        await setTimeout(random() * aliveForMsMax);
        await gateway.kill();
        await gateway.start();
      }
      enough.abort();
      await publishing;
      await drained(gateway, published);
      expect((await gateway.ledger()).balanced).toBe(true);
      expect(await gateway.stop()).toBe(0);
      const contents = await readStoreContents(gateway.dataDirectory);
      console.info(
        `seed ${faultSeed}: ${published} messages, ${contents.ledger.received - published} sent again and ` +
          `${contents.ledger.dropped["duplicate"] ?? 0} of them recognised`,
      );
      expect(storeFaults(contents)).toEqual([]);
      expectNumbers(contents.series.get("plant/a n")?.value, published);
    },
  );

  test.skipIf(loopDisksMissing)(
    "acknowledges nothing while the disk is full, does not try again busily, and stores each message once afterwards",
    { timeout: 90_000 },
    async () => {
      await using directory = await temporaryDirectory("bridge-full");
      await using disk = await mountMemory(directory.path, 64 * 1024 * 1024);
      const mosquitto = await startMosquitto({ port: await lastingPort() });
      await using cleanup = new AsyncDisposableStack();
      cleanup.defer(() => mosquitto.close());
      await using gateway = await startGateway({
        directory: directory.path,
        config: {
          dataDir: join(disk.mountPoint, "data"),
          ingest: { bridges: [{ name: "far", url: mosquitto.url, topics: ["plant/#"] }] },
        },
      });
      await until("subscribed", async () => (await subscribedTo(gateway)) === 1);
      await using publisher = await FarPublisher.open(mosquitto.url);
      await publisher.readings("plant/a", 0, 1_000);
      await drained(gateway, 1_000);
      const filler = join(disk.mountPoint, "filler");
      await fillUp(filler);
      let published = 1_000;
      // The store has some room left in its own files.
      while ((await metricOf(gateway, "refused_messages_total")) === 0) {
        await publisher.readings("plant/a", published, burst);
        published += burst;
      }
      const acknowledged = await metricOf(gateway, "acknowledged_messages_total");
      const attempts = await metricOf(gateway, "connect_attempts_total");
      await setTimeout(3_000);
      expect(await metricOf(gateway, "acknowledged_messages_total")).toBe(acknowledged);
      expect((await metricOf(gateway, "connect_attempts_total")) - attempts).toBeLessThan(15);
      expect((await gateway.ledger()).samples.stored).toBe(acknowledged);
      await rm(filler);
      await drained(gateway, published);
      expect(await gateway.stop()).toBe(0);
      const contents = await readStoreContents(gateway.dataDirectory);
      expect(storeFaults(contents)).toEqual([]);
      expectNumbers(contents.series.get("plant/a n")?.value, published);
    },
  );
});

async function drained(gateway: GatewayProcess, count: number): Promise<void> {
  await until("all is stored", async () => (await gateway.ledger()).samples.stored >= count, {
    withinMs: 30_000,
    everyMs: 50,
  });
}

async function subscribedTo(gateway: GatewayProcess): Promise<unknown> {
  const { bridges } = await gateway.get<{
    readonly bridges: readonly { readonly subscriptions: readonly { readonly granted: unknown }[] }[];
  }>("/api/v1/bridges");
  return bridges[0]?.subscriptions[0]?.granted;
}

async function metricOf({ httpPort }: GatewayProcess, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
  const value = new RegExp(`^holdfast_bridge_${name}\\{bridge="far"\\} (\\d+)$`, "m").exec(text)?.[1];
  if (value === undefined) throw new Error(`the gateway does not tell ${name}`);
  return Number(value);
}

/** Expects the numbers from 0 on, each once. */
function expectNumbers(values: readonly (number | string)[] | undefined, count: number): void {
  const held = (values ?? []).map(Number).toSorted((a, b) => a - b);
  expect(held.length).toBe(count);
  expect(held.findIndex((value, index) => value !== index)).toBe(-1);
}
