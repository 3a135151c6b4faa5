/** The disk fills up under load, and is freed again: nothing is acknowledged meanwhile, nothing is lost. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { fillUp, loopDisksMissing, mountMemory } from "../support/loop-disk.ts";
import { readStoreContents, storeFaults } from "../support/store-contents.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { until } from "../support/until.ts";
import { acknowledgedNow, compare, isLongRun, openFleet } from "./fleet.ts";

const diskBytes = 64 * 1024 * 1024;
const fillCount = isLongRun ? 20 : 3;
const fullForMs = 1_000;
/** Attempts to open the store while the disk is full: each writes, and a card wears out by it. */
const attemptsMax = 8;

describe.skipIf(loopDisksMissing)("a full disk", () => {
  test(`filled ${fillCount} times, it loses nothing acknowledged, recovers by itself within 10 s, and does not start while full`, {
    timeout: 30_000 + fillCount * 30_000,
  }, async () => {
    await using directory = await temporaryDirectory("full");
    await using disk = await mountMemory(directory.path, diskBytes);
    await using gateway = await startGateway({
      directory: directory.path,
      config: { dataDir: join(disk.mountPoint, "data"), rollups: ["1m"] },
    });
    const filler = join(disk.mountPoint, "filler");
    const fleet = openFleet(gateway, { ratePerSecond: 500 });
    const recoveredAfterMs: number[] = [];
    try {
      for (let fill = 0; fill < fillCount; fill += 1) {
        const before = totalOf(fleet);
        await until("the load runs", () => totalOf(fleet) > before + 500);
        await fillUp(filler);
        await until("the gateway says that it cannot store", async () => !(await isReady(gateway.httpPort)));
        // PUBACKs of the last good commit may still be on their way.
        await setTimeout(50);
        const whenFull = acknowledgedBy(fleet);
        const openedBefore = openedCount(gateway);
        await setTimeout(fullForMs);
        expect(openedCount(gateway) - openedBefore).toBeLessThanOrEqual(attemptsMax);
        expect(acknowledgedBy(fleet), "acknowledged while the disk was full").toEqual(whenFull);
        expect((await gateway.ledger()).balanced).toBe(true);
        const freedMs = performance.now();
        await rm(filler);
        await until(
          "every sensor is acknowledged again",
          () => fleet.every(({ acknowledged }, index) => acknowledged > whenFull[index]!),
          { withinMs: 10_000 },
        );
        recoveredAfterMs.push(performance.now() - freedMs);
      }
      await fillUp(filler);
      await gateway.kill();
      await expect(gateway.start()).rejects.toThrow("STORE_FULL");
      await rm(filler);
      await gateway.start();
      await Promise.all(fleet.map((sensor) => sensor.drain()));
      expect(await isReady(gateway.httpPort)).toBe(true);
    } finally {
      for (const sensor of fleet) sensor.close();
    }
    console.info(
      `full ${fillCount} times: recovered after ${Math.round(Math.max(...recoveredAfterMs))} ms at worst`,
    );
    expect(await gateway.stop()).toBe(0);
    const contents = await readStoreContents(gateway.dataDirectory);
    expect(fleet.flatMap(({ faults }) => faults)).toEqual([]);
    expect(compare(contents, acknowledgedNow(fleet)).faults).toEqual([]);
    expect(storeFaults(contents)).toEqual([]);
  });
});

function totalOf(fleet: readonly { readonly acknowledged: number }[]): number {
  return fleet.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
}

async function isReady(httpPort: number): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${httpPort}/readyz`)).status === 200;
}

function acknowledgedBy(fleet: readonly { readonly acknowledged: number }[]): number[] {
  return fleet.map(({ acknowledged }) => acknowledged);
}

function openedCount({ log }: GatewayProcess): number {
  return log.filter(({ event }) => event === "store-opened").length;
}
