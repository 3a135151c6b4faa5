/**
 * The power fails at any instant: nothing acknowledged is lost.
 *
 * The data directory is on a disk of its own, of which an image is taken while the gateway stands still.
 * The image holds what had been written to the disk, and nothing of what the kernel still kept in memory.
 */
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { startGateway } from "../support/gateway-process.ts";
import { loopDisksMissing, makeLoopDisk, mountLoopDisk } from "../support/loop-disk.ts";
import { seededRandom } from "../../src/cli/simulate/seeded-random.ts";
import { readStoreContents, storeFaults } from "../support/store-contents.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { acknowledgedNow, compare, faultSeed, isLongRun, openFleet } from "./fleet.ts";

const diskBytes = 256 * 1024 * 1024;
const runForMsMax = 500;

interface Cuts {
  readonly acknowledged: number;
  readonly missing: number;
  readonly faults: readonly string[];
  readonly openedAfterMs: number;
}

/** Cuts the power so many times under load, and reads what each cut has left. */
async function cutPower(durability: "sync" | "async", cutCount: number): Promise<Cuts> {
  const random = seededRandom(faultSeed);
  await using directory = await temporaryDirectory(`power-${durability}`);
  await using disk = await makeLoopDisk(directory.path, "disk", diskBytes);
  await using gateway = await startGateway({
    directory: directory.path,
    config: { dataDir: join(disk.mountPoint, "data"), rollups: ["1m"], store: { durability } },
  });
  const fleet = openFleet(gateway, { ratePerSecond: isLongRun ? 100 : 500 });
  const total = { acknowledged: 0, missing: 0, faults: [] as string[], openedAfterMs: 0 };
  try {
    for (let cut = 1; cut <= cutCount; cut += 1) {
      await setTimeout(random() * runForMsMax);
      gateway.signal("SIGSTOP");
      // PUBACKs that have left the gateway are on their way to clients for a moment longer.
      await setTimeout(20);
      const copy = join(directory.path, `cut-${cut}.image`);
      const acknowledged = await disk.copyInstant(copy, () => acknowledgedNow(fleet));
      gateway.signal("SIGCONT");
      await using left = await mountLoopDisk(copy);
      const contents = await readStoreContents(join(left.mountPoint, "data"));
      const { missing, faults } = compare(contents, acknowledged);
      total.acknowledged = [...acknowledged.values()].reduce((sum, upTo) => sum + upTo, 0);
      total.missing += missing;
      total.faults.push(...[...faults, ...storeFaults(contents)].map((fault) => `cut ${cut}: ${fault}`));
      total.openedAfterMs = Math.max(total.openedAfterMs, contents.openedAfterMs);
    }
  } finally {
    for (const sensor of fleet) sensor.close();
  }
  console.info(
    `seed ${faultSeed}: ${cutCount} cuts, durability ${durability}: ${total.acknowledged} acknowledged, ` +
      `${total.missing} of all missing, opened after ${Math.round(total.openedAfterMs)} ms at worst`,
  );
  return total;
}

describe.skipIf(loopDisksMissing)("power cuts", () => {
  const cutCount = isLongRun ? 200 : 5;

  test(`after ${cutCount} cuts nothing acknowledged is missing, twice or out of order, and the books balance`, {
    timeout: 30_000 + cutCount * 5_000,
  }, async () => {
    const { acknowledged, faults, openedAfterMs } = await cutPower("sync", cutCount);
    expect(faults).toEqual([]);
    expect(acknowledged).toBeGreaterThan(1_000);
    expect(openedAfterMs).toBeLessThan(5_000);
  });

  test("without syncs the same cuts lose acknowledged messages, so the test above can see a loss", {
    timeout: 60_000,
  }, async () => {
    const { missing } = await cutPower("async", 2);
    expect(missing).toBeGreaterThan(0);
  });
});
