/** What an engine knows of Sparkplug edge nodes is what its log says: after a restart, and after a failure. */
import { expect, onTestFinished, test } from "vitest";
import type { Settings } from "../../src/core/record.ts";
import { encodeSparkplug } from "../support/sparkplug-encoder.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { openTestEngine, type TestEngine } from "../support/test-engine.ts";
import { until } from "../support/until.ts";

const settings: Settings = { rules: [], rollups: [], devices: [] };
const startAt = 1_761_999_000_000;

function birth(metric: string, second: number): Buffer {
  const metrics = [{ name: metric, alias: 1, datatype: 3, int_value: second }];
  return encodeSparkplug({ timestamp: startAt + second * 1_000, seq: 0, metrics });
}

function data(second: number): Buffer {
  return encodeSparkplug({
    timestamp: startAt + second * 1_000,
    seq: second,
    metrics: [{ alias: 1, int_value: second }],
  });
}

async function outcomeOf(gateway: TestEngine, verb: string, payload: Buffer): Promise<string> {
  const sent = gateway.send(`spBv1.0/G/${verb}/n`, payload);
  await sent.decided;
  return sent.outcome;
}

/** Metrics of which the log has samples. */
function metricsOf(gateway: TestEngine): ReadonlySet<string> {
  const records = gateway.store.committed.map(({ record }) => record);
  return new Set(records.flatMap(({ definitions }) => definitions.map(({ metric }) => metric)));
}

test("after a restart numbers mean what they meant before it", async () => {
  const directory = await temporaryDirectory("sparkplug-engine");
  onTestFinished(() => directory[Symbol.asyncDispose]());
  const before = await openTestEngine(directory.path, settings);
  expect(await outcomeOf(before, "NBIRTH", birth("temperature", 0))).toBe("committed");
  await before.stop();
  const after = await openTestEngine(directory.path, settings, "boot-2");
  expect(await outcomeOf(after, "NDATA", data(5))).toBe("committed");
  expect(after.deadLetters).toEqual([]);
  await after.stop();
});

test("a birth that could not be written is not known afterwards", async () => {
  const directory = await temporaryDirectory("sparkplug-engine");
  onTestFinished(() => directory[Symbol.asyncDispose]());
  const gateway = await openTestEngine(directory.path, settings);
  await outcomeOf(gateway, "NBIRTH", birth("temperature", 0));
  gateway.store.refuse = true;
  expect(await outcomeOf(gateway, "NBIRTH", birth("humidity", 2))).toBe("refused");
  await until("the store is sound again", () => gateway.engine.accepting);
  expect(await outcomeOf(gateway, "NDATA", data(3))).toBe("committed");
  // It has the number that the birth on disk gives, and none that of the other.
  expect(gateway.deadLetters).toEqual([]);
  expect(metricsOf(gateway)).toEqual(new Set(["temperature", "online"]));
  expect(gateway.engine.books.samples.stored).toBe(3);
  await gateway.stop();
});
