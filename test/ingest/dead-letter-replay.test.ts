import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { RowFlag } from "../../src/core/sample.ts";
import type { RouteDefinition } from "../../src/ingest/routes.ts";
import { levelsOf, ruleOf, windowOf } from "../support/records.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { openTestEngine, type TestEngine } from "../support/test-engine.ts";
import { until } from "../support/until.ts";

const settings = {
  rules: [
    ruleOf({ window: windowOf({ type: "none" }), levels: levelsOf({ field: "value", op: ">", value: 8 }) }),
  ],
  rollups: ["1m"],
  devices: [],
};

/** By this route JSON is refused, and without it it is not. */
const wrongRoute: RouteDefinition = { match: "#", codec: "cbor" };
const everything = { wants: () => true, dryRun: false };
const startAt = 1_762_000_000_000;

async function opened(directory?: string): Promise<TestEngine & { readonly directory: string }> {
  let path = directory;
  if (path === undefined) {
    const fresh = await temporaryDirectory("replay");
    onTestFinished(() => fresh[Symbol.asyncDispose]());
    ({ path } = fresh);
  }
  return {
    ...(await openTestEngine(path, settings, directory === undefined ? "boot-1" : "boot-2")),
    directory: path,
  };
}

/** Has payloads refused by a wrong route, and puts the route right. */
async function refused(gateway: TestEngine, payloads: readonly string[]): Promise<void> {
  gateway.route([wrongRoute]);
  for (const payload of payloads) {
    gateway.clock.pass(1_000);
    await gateway.send("room", payload).decided;
  }
  gateway.route([]);
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** Every row of the log: value, time since the start in seconds, flags. */
async function rowsOf({ store }: TestEngine): Promise<[value: number, seconds: number, flags: number][]> {
  const found: [number, number, number][] = [];
  for await (const entry of store.records(1)) {
    if (entry.kind === "gap") continue;
    const { rows } = entry.record;
    for (let row = 0; row < rows.count; row += 1) {
      found.push([rows.value[row]!, (rows.at[row]! - startAt) / 1_000, rows.flags[row]!]);
    }
  }
  return found;
}

function kept({ store }: TestEngine): Promise<number[]> {
  return store.real.deadLetters(1_000).then((letters) => letters.map(({ number }) => number).toReversed());
}

test("a letter that decodes now leaves the ring in the commit that holds its samples, with its time of receipt", async () => {
  const gateway = await opened();
  await refused(gateway, ['{"t":1}', '{"t":2}']);
  gateway.clock.pass(3_600_000);
  expect(await gateway.replay.run(everything)).toEqual({
    dryRun: false,
    examined: 2,
    recovered: 2,
    cut: 0,
    refused: {},
  });
  const last = gateway.store.committed.at(-1);
  expect(last?.recovered).toEqual([1, 2]);
  expect(last?.record.counts).toMatchObject({ receivedMessages: 0, storedMessages: 2, decodedSamples: 2 });
  expect(await rowsOf(gateway)).toEqual([
    [1, 1, RowFlag.historical],
    [2, 2, RowFlag.historical],
  ]);
  expect(await kept(gateway)).toEqual([]);
  expect(gateway.engine.books.messages).toEqual({
    received: 2,
    stored: 2,
    rejected: { malformed: 0 },
    dropped: {},
    recovered: { malformed: 2 },
  });
  await gateway.stop();
  const again = await opened(gateway.directory);
  expect(again.engine.books.messages).toEqual(gateway.engine.books.messages);
  expect(again.engine.report?.differences).toBe(0);
  await again.stop();
});

test("a letter that is still refused stays as it is, and is told of by its cause", async () => {
  const gateway = await opened();
  await refused(gateway, ["{", '{"t":1}', "[1,", "{{", "{;", "{1"]);
  const report = await gateway.replay.run(everything);
  expect(report).toMatchObject({ examined: 6, recovered: 1, refused: { malformed: { count: 5 } } });
  expect(report.refused["malformed"]?.examples.map(({ number }) => number)).toEqual([1, 3, 4]);
  expect(await kept(gateway)).toEqual([1, 3, 4, 5, 6]);
  expect(gateway.engine.books.messages).toMatchObject({ received: 6, stored: 1, rejected: { malformed: 5 } });
  await gateway.stop();
});

test("a letter that is kept only in part is counted, and never decoded", async () => {
  const gateway = await opened();
  await refused(gateway, [`1${" ".repeat(5_000)}`, "1"]);
  expect(await gateway.replay.run(everything)).toMatchObject({
    examined: 2,
    recovered: 1,
    cut: 1,
    refused: {},
  });
  expect(await kept(gateway)).toEqual([1]);
  await gateway.stop();
});

test("a dry run tells what a replay then does, and changes nothing", async () => {
  const gateway = await opened();
  await refused(gateway, ["{", '{"t":1}', `1${" ".repeat(5_000)}`]);
  const before = { seq: gateway.store.lastSeq, series: gateway.engine.seriesCount };
  const told = await gateway.replay.run({ ...everything, dryRun: true });
  await gateway.send("other", '{"u":1}').decided;
  expect({ seq: gateway.store.lastSeq, series: gateway.engine.seriesCount }).toEqual({
    seq: before.seq + 1,
    series: before.series + 1,
  });
  expect(await kept(gateway)).toEqual([1, 2, 3]);
  expect(await gateway.replay.run(everything)).toEqual({ ...told, dryRun: false });
  await gateway.stop();
});

test("what the store refuses is still kept, and can be replayed later", async () => {
  const gateway = await opened();
  await refused(gateway, ['{"t":1}', '{"t":2}']);
  gateway.store.refuse = true;
  await expect(gateway.replay.run(everything)).rejects.toMatchObject({ code: "STORE_FAILED" });
  await until("the store is sound again", () => gateway.engine.accepting);
  expect(await kept(gateway)).toEqual([1, 2]);
  expect(gateway.engine.books.messages).toMatchObject({ stored: 0, rejected: { malformed: 2 } });
  expect(await gateway.replay.run(everything)).toMatchObject({ recovered: 2 });
  expect(await rowsOf(gateway)).toHaveLength(2);
  await gateway.stop();
});

test("replays that are asked for at once recover each letter once", async () => {
  const gateway = await opened();
  await refused(gateway, ['{"t":1}', '{"t":2}', '{"t":3}']);
  const reports = await Promise.all([1, 2, 3].map(() => gateway.replay.run(everything)));
  expect(reports.map(({ recovered }) => recovered)).toEqual([3, 0, 0]);
  expect(await rowsOf(gateway)).toHaveLength(3);
  await gateway.stop();
});

test("only the letters that are wanted are replayed", async () => {
  const gateway = await opened();
  await refused(gateway, ['{"t":1}', '{"t":2}', '{"t":3}']);
  const second = { wants: ({ number }: { number: number }) => number === 2, dryRun: false };
  expect(await gateway.replay.run(second)).toMatchObject({ examined: 1, recovered: 1 });
  expect(await kept(gateway)).toEqual([1, 3]);
  await gateway.stop();
});

test("nobody is paged for what is replayed, and summaries take it while there is room", async () => {
  const gateway = await opened();
  await refused(gateway, ['{"temperature":90}']);
  await gateway.replay.run(everything);
  gateway.clock.pass(120_000);
  await gateway.send("room", '{"temperature":5}').decided;
  gateway.clock.pass(120_000);
  await gateway.send("room", '{"temperature":5}').decided;
  expect(gateway.effects.flatMap(({ alerts }) => alerts).filter(({ state }) => state !== "ok")).toEqual([]);
  expect(gateway.effects.flatMap(({ summaries }) => summaries)[0]).toMatchObject({ max: 90, count: 1 });
  await gateway.stop();
});

test("a stamp of a replayed letter is measured by the time at which it came, and teaches nothing", async () => {
  const gateway = await opened();
  const aheadAt = startAt + 3_600_000;
  await refused(gateway, [`{"ts":${startAt - 86_400_000},"t":1}`, `{"ts":${aheadAt},"t":2}`]);
  gateway.clock.pass(7_200_000);
  await gateway.replay.run(everything);
  expect(await rowsOf(gateway)).toEqual([
    [1, -86_400, RowFlag.stamped | RowFlag.historical],
    [2, 2, RowFlag.stamped | RowFlag.historical | RowFlag.restamped | RowFlag.corrected],
  ]);
  await gateway.stop();
});

test("a replayed letter whose samples came in another message counts as sent before", async () => {
  const gateway = await opened();
  const payload = `{"ts":${startAt},"t":1}`;
  await refused(gateway, [payload]);
  await gateway.send("room", payload).decided;
  await gateway.replay.run(everything);
  expect(gateway.engine.books.messages).toMatchObject({
    received: 2,
    stored: 1,
    rejected: { "too-large": 0 },
    dropped: { duplicate: 1 },
  });
  expect(await kept(gateway)).toEqual([]);
  await gateway.stop();
});

test("whatever was refused and replayed, every message is in exactly one place", async () => {
  const payload = fc.oneof(
    fc.integer({ min: 0, max: 3 }).map((value) => `{"t":${value}}`),
    fc.integer({ min: 0, max: 3 }).map((value) => `{"ts":${startAt + value * 1_000},"t":${value}}`),
    fc.constantFrom("", "{", "[[[", "\u0000", `1${" ".repeat(4_200)}`, "{}"),
  );
  const step = fc.record({ payloads: fc.array(payload, { maxLength: 5 }), replay: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 5 }), async (steps) => {
      await using directory = await temporaryDirectory("replay");
      const gateway = await openTestEngine(directory.path, settings);
      for (const { payloads, replay } of steps) {
        await refused(gateway, payloads);
        if (!replay) continue;
        const { examined, recovered, cut, refused: still } = await gateway.replay.run(everything);
        const stillCount = Object.values(still).reduce((sum, { count }) => sum + count, 0);
        expect(recovered + cut + stillCount).toBe(examined);
      }
      const { received, stored, rejected, dropped } = gateway.engine.books.messages;
      expect(stored + sumOf(rejected) + sumOf(dropped)).toBe(received);
      expect(await kept(gateway)).toHaveLength(sumOf(rejected));
      await gateway.stop();
    }),
    { numRuns: 25 },
  );
});
