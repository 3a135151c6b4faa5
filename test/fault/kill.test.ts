/** The process dies at any instant, as by the kernel's memory killer: nothing acknowledged is lost. */
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { startGateway } from "../support/gateway-process.ts";
import { seededRandom } from "../../src/cli/simulate/seeded-random.ts";
import { readStoreContents, storeFaults } from "../support/store-contents.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { acknowledgedNow, compare, faultSeed, isLongRun, openFleet } from "./fleet.ts";

const killCount = isLongRun ? 200 : 10;
/** Between a ready gateway and its end. Some fall into the first moments, when clients resend. */
const aliveForMsMax = isLongRun ? 1_000 : 700;
/** The figure is 2 s; beside other tests, on a slow machine, only that it comes back is to be seen. */
const readyWithinMs = isLongRun ? 2_000 : 20_000;

test(`${killCount} kills at any instant lose, repeat and reorder no acknowledged message`, {
  timeout: killCount * 6_000 + 30_000,
}, async () => {
  await using directory = await temporaryDirectory("kill");
  await using gateway = await startGateway({ directory: directory.path, config: { rollups: ["1m"] } });
  const random = seededRandom(faultSeed);
  const fleet = openFleet(gateway, { ratePerSecond: isLongRun ? 500 : 1_000 });
  const readyAfterMs: number[] = [];
  try {
    for (let kill = 0; kill < killCount; kill += 1) {
      await setTimeout(random() * aliveForMsMax);
      await gateway.kill();
      await gateway.start();
      readyAfterMs.push(gateway.readyAfterMs);
    }
    await Promise.all(fleet.map((sensor) => sensor.drain()));
    expect((await gateway.ledger()).balanced).toBe(true);
  } finally {
    for (const sensor of fleet) sensor.close();
  }
  expect(await gateway.stop()).toBe(0);
  const contents = await readStoreContents(gateway.dataDirectory);
  const worst = Math.max(...readyAfterMs);
  const resent = fleet.reduce((sum, sensor) => sum + sensor.resent, 0);
  console.info(
    `seed ${faultSeed}: ${killCount} kills, ${contents.ledger.received} messages, ${resent} sent again, ` +
      `${contents.ledger.dropped["duplicate"] ?? 0} of them recognised; ready after ` +
      `${Math.round(median(readyAfterMs))} ms, ${Math.round(worst)} ms at worst`,
  );
  expect(fleet.flatMap(({ faults }) => faults)).toEqual([]);
  expect(compare(contents, acknowledgedNow(fleet)).faults).toEqual([]);
  expect(storeFaults(contents)).toEqual([]);
  expect(worst).toBeLessThanOrEqual(readyWithinMs);
});

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
