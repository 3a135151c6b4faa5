import { expect, onTestFinished, test } from "vitest";
import type { LogRecord } from "../../src/core/record.ts";
import { RowFlag, SampleColumns, ValueKind } from "../../src/core/sample.ts";
import { openForReading } from "../../src/store/database.ts";
import { KeyKind, sequenceKey } from "../../src/store/keys.ts";
import type { StoredSampleQuery, StoredSamples } from "../../src/store/sample-history.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { recordOf, rowsOf, type TestSample } from "../support/records.ts";
import { keptLog, noEffects, openTestStore, temporaryDirectory } from "../support/stores.ts";
import { openTestEngine, type TestEngine } from "../support/test-engine.ts";

const start = 1_762_000_000_000;
const minute = 60_000;
const hour = 60 * minute;

async function commit(store: Store, part: Partial<LogRecord>): Promise<void> {
  const record = recordOf({ seq: store.lastSeq + 1, ...part });
  await store.commit({ record, effects: noEffects, deadLetters: [] });
}

/** A store with a record a minute that holds these samples; `at` of each is from the start on. */
async function storeOf(directory: string, records: readonly (readonly TestSample[])[]): Promise<Store> {
  const store = await openStore({ directory, durability: "async", logger: keptLog() });
  for (const [index, samples] of records.entries()) {
    const rows = rowsOf(samples.map((sample) => ({ ...sample, at: start + sample.at })));
    await commit(store, { at: start + index * minute, rows });
  }
  onTestFinished(() => store.close());
  return store;
}

function queryOf(part: Partial<StoredSampleQuery>): StoredSampleQuery {
  return {
    series: new Set([0]),
    from: start,
    to: start + hour,
    limit: 1_000,
    recordsMax: 1_000,
    movedMs: () => 0,
    ...part,
  };
}

/** Values alone, for tests of which samples are there. */
function valuesOf({ samples }: StoredSamples): unknown[] {
  return samples.map(({ value }) => value);
}

/** One sample of series 0 a minute, at the second 0 of it, with the number of the minute. */
function everyMinute(count: number): TestSample[][] {
  return Array.from({ length: count }, (_, value) => [{ series: 0, at: value * minute, value }]);
}

test("samples come in the order of event time, those of one instant in the order of the log", async () => {
  const store = await storeOf(await temporaryDirectory(), [
    [
      { series: 0, at: 30_000, value: 1 },
      { series: 1, at: 10_000, value: 2 },
      { series: 2, at: 20_000, value: 3 },
    ],
    [
      { series: 1, at: 30_000, value: 4 },
      { series: 0, at: 5_000, value: 5 },
    ],
  ]);
  const both = await store.samples(queryOf({ series: new Set([0, 1]) }));
  expect(both).toEqual({
    samples: [
      { series: 0, seq: 2, at: start + 5_000, value: 5 },
      { series: 1, seq: 1, at: start + 10_000, value: 2 },
      { series: 0, seq: 1, at: start + 30_000, value: 1 },
      { series: 1, seq: 2, at: start + 30_000, value: 4 },
    ],
    truncated: false,
  });
  expect(valuesOf(await store.samples(queryOf({ series: new Set([7]) })))).toEqual([]);
  expect(valuesOf(await store.samples(queryOf({ series: new Set() })))).toEqual([]);
});

test.each([
  [0, 10, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  [3, 5, [3, 4]],
  [2.5, 3, []],
  [2.5, 3.1, [3]],
  [8, 1_000, [8, 9]],
  [-1_000, 1, [0]],
  [10, 20, []],
  [-20, 0, []],
])("from minute %d to minute %d the samples are %j: the end is not in it", async (from, to, values) => {
  const store = await storeOf(await temporaryDirectory(), everyMinute(10));
  const found = await store.samples(queryOf({ from: start + from * minute, to: start + to * minute }));
  expect(found.truncated).toBe(false);
  expect(valuesOf(found)).toEqual(values);
});

test.each([
  ["an hour late", 60, [1]],
  ["more than an hour late", 62, []],
])("a sample of minute 0 that came %s is found accordingly", async (_name, minutes, values) => {
  const records = everyMinute(70).map((): TestSample[] => []);
  records[minutes] = [{ series: 0, at: 0, value: 1 }];
  const store = await storeOf(await temporaryDirectory(), records);
  expect(valuesOf(await store.samples(queryOf({ to: start + minute })))).toEqual(values);
});

test("a sample whose stamp is five minutes ahead of its receipt is found", async () => {
  const records = everyMinute(40).map((): TestSample[] => []);
  records[20] = [{ series: 0, at: 25 * minute, value: 1 }];
  const store = await storeOf(await temporaryDirectory(), records);
  expect(valuesOf(await store.samples(queryOf({ from: start + 25 * minute })))).toEqual([1]);
});

test.each([
  [4, [0, 1, 2, 3], true],
  [10, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], false],
  [1, [0], true],
])("with room for %d of ten the earliest are given", async (limit, values, truncated) => {
  const store = await storeOf(await temporaryDirectory(), everyMinute(10).toReversed());
  const found = await store.samples(queryOf({ limit }));
  expect(found.truncated).toBe(truncated);
  expect(valuesOf(found)).toEqual(values);
});

test("among very many only the earliest are held, and what is behind them is not read", async () => {
  const records = everyMinute(200).map((samples, index) =>
    Array.from({ length: 100 }, (_, value) => ({ series: 0, at: samples[0]!.at - value, value: index })),
  );
  const store = await storeOf(await temporaryDirectory(), records);
  const wanted = { to: start + 200 * minute, limit: 150 };
  const looked: number[] = [];
  const movedMs = (_boot: string, seq: number): number => {
    looked.push(seq);
    return 0;
  };
  const found = await store.samples(queryOf({ ...wanted, from: start - hour, movedMs }));
  const instants = found.samples.map(({ at }) => at);
  expect(instants).toEqual(instants.toSorted((one, other) => one - other));
  expect(found.samples.filter(({ value }) => value === 0)).toHaveLength(100);
  expect(found.samples.filter(({ value }) => value === 1)).toHaveLength(50);
  // Of the second minute are the last samples that there is room for, and an hour later late ones may come.
  expect(looked.at(-1)).toBe(62);
});

test("of a long log only what is near is read", async () => {
  const store = await storeOf(await temporaryDirectory(), everyMinute(1_000));
  const looked = new Set<number>();
  const movedMs = (_boot: string, seq: number): number => {
    looked.add(seq);
    return 0;
  };
  const from = start + 500 * minute;
  expect(valuesOf(await store.samples(queryOf({ from, to: from + 2 * minute, movedMs })))).toEqual([
    500, 501,
  ]);
  // Five minutes before, two in between, an hour after and the first beyond it; and some to find the beginning.
  expect(looked.size).toBeLessThanOrEqual(5 + 2 + 60 + 2 + 10);
});

test("after so many records the answer says that there may be more", async () => {
  const store = await storeOf(await temporaryDirectory(), everyMinute(10));
  expect(await store.samples(queryOf({ recordsMax: 3 }))).toMatchObject({ truncated: true });
  expect(valuesOf(await store.samples(queryOf({ recordsMax: 3 })))).toEqual([0, 1, 2]);
  expect(await store.samples(queryOf({ recordsMax: 10 }))).toMatchObject({ truncated: false });
});

test("every kind of value, what is wrong with it, and the device's own stamp are told", async () => {
  const store = await openTestStore(await temporaryDirectory());
  const rows = new SampleColumns();
  rows.push(0, ValueKind.number, -1.25);
  rows.push(0, ValueKind.boolean, 0);
  rows.push(0, ValueKind.boolean, 1);
  rows.pushText(0, "open");
  rows.push(0, ValueKind.none, Number.NaN);
  rows.flags[4] = RowFlag.bad;
  rows.push(0, ValueKind.number, Number.POSITIVE_INFINITY);
  rows.stamp(0, start, RowFlag.stamped);
  const unreadable = rows.count;
  rows.push(0, ValueKind.number, 7);
  rows.stamp(unreadable, start, RowFlag.corrected);
  const corrected = rows.count;
  rows.push(0, ValueKind.number, 8);
  rows.stamp(corrected, start - hour, RowFlag.stamped | RowFlag.corrected);
  rows.restamp(corrected, start + 1);
  await commit(store, { at: start + 1, rows });
  const { samples } = await store.samples(queryOf({}));
  expect(samples.map((sample) => ({ ...sample, at: sample.at - start }))).toEqual([
    { series: 0, seq: 1, at: 0, value: -1.25 },
    { series: 0, seq: 1, at: 0, value: false },
    { series: 0, seq: 1, at: 0, value: true },
    { series: 0, seq: 1, at: 0, value: "open" },
    { series: 0, seq: 1, at: 0, value: null, quality: "bad" },
    { series: 0, seq: 1, at: 0, value: null },
    { series: 0, seq: 1, at: 0, value: 7, quality: "corrected" },
    { series: 0, seq: 1, at: 1, value: 8, quality: "corrected", stampAt: start - hour },
  ]);
});

test("samples that were recognised as sent before are not there", async () => {
  const store = await openTestStore(await temporaryDirectory());
  const rows = rowsOf([
    { series: 0, at: start, value: 1 },
    { series: 0, at: start, value: 1 },
  ]);
  rows.flags[1] = rows.flags[1]! | RowFlag.duplicate;
  await commit(store, { at: start, rows });
  expect(valuesOf(await store.samples(queryOf({})))).toEqual([1]);
});

test("the answer is the same after a restart", async () => {
  const directory = await temporaryDirectory();
  const store = await storeOf(directory, everyMinute(300));
  const query = queryOf({ from: start + 100 * minute, to: start + 200 * minute, limit: 50 });
  const before = await store.samples(query);
  expect(before).toMatchObject({ truncated: true });
  expect(before.samples).toHaveLength(50);
  await store.close();
  expect(await (await openTestStore(directory)).samples(query)).toEqual(before);
});

test("missing and damaged records are left out, wherever they are", async () => {
  const directory = await temporaryDirectory();
  const store = await storeOf(directory, everyMinute(100));
  await store.close();
  const { database } = await openForReading(directory);
  if (database === undefined) throw new Error("the store does not open");
  // Records are numbered from 1, minutes from 0: 51 is the first that is looked at by halves.
  await database.del(sequenceKey(KeyKind.log, 51));
  await database.put(sequenceKey(KeyKind.log, 52), Uint8Array.of(1, 2, 3, 4, 5, 6, 7));
  await database.close();
  const again = await openTestStore(directory);
  const wanted = { from: start + 48 * minute, to: start + 54 * minute };
  expect(valuesOf(await again.samples(queryOf(wanted)))).toEqual([48, 49, 52, 53]);
});

test("while samples are read everything else has its turn", async () => {
  const store = await storeOf(await temporaryDirectory(), everyMinute(2_000));
  let turns = 0;
  const turn = (): void => {
    turns += 1;
    counting = setImmediate(turn);
  };
  let counting = setImmediate(turn);
  await store.samples(queryOf({ to: start + 3_000 * minute, recordsMax: 5_000 }));
  clearImmediate(counting);
  // Once in 256 records at least.
  expect(turns).toBeGreaterThanOrEqual(7);
});

test("a store that is closed meanwhile says so", async () => {
  const store = await storeOf(await temporaryDirectory(), everyMinute(500));
  const asking = (async () => {
    for (;;) await store.samples(queryOf({ to: start + 500 * minute }));
  })();
  await Promise.all([expect(asking).rejects.toMatchObject({ code: "STORE_FAILED" }), store.close()]);
});

const settings = { rules: [], rollups: [], devices: [] };

async function samplesOf(gateway: TestEngine, from: number): Promise<StoredSamples> {
  const { engine, store } = gateway;
  const movedMs = engine.repairedBy.bind(engine);
  return await store.real.samples(queryOf({ from, to: from + hour, movedMs }));
}

/** Sets the clock of a boot right, which has run for a minute, and writes that with a sample. */
async function repair(
  gateway: TestEngine,
  boot: string,
  { byMs, value }: { readonly byMs: number; readonly value: number },
): Promise<void> {
  gateway.clock.pass(minute);
  gateway.clock.wallMs += byMs;
  gateway.clock.repair = { boot, byMs, from: "unsynced", to: "synced" };
  await gateway.send("room", `{"temperature":${value}}`).decided;
}

test("samples that are marked as old say so, and a repair of the clock does not move them", async () => {
  const store = await openTestStore(await temporaryDirectory());
  const rows = new SampleColumns(2);
  for (const flags of [0, RowFlag.historical]) {
    const row = rows.count;
    rows.push(0, ValueKind.number, row);
    rows.stamp(row, start + row, flags);
  }
  await commit(store, { at: start + 1, rows });
  const { samples } = await store.samples(queryOf({ movedMs: () => minute }));
  expect(samples).toEqual([
    { series: 0, seq: 1, at: start + 1, value: 1, historical: true },
    { series: 0, seq: 1, at: start + minute, value: 0 },
  ]);
});

test("times of receipt of a boot whose clock was wrong are given and found as they were repaired", async () => {
  const directory = await temporaryDirectory();
  // Each boot of these begins at the same wall-clock time, which is right for the first of them.
  const first = await openTestEngine(directory, settings, "boot-1");
  const wrongMs = 20 * hour;
  const from = start + wrongMs;
  first.clock.pass(wrongMs);
  await first.send("room", '{"temperature":1}').decided;
  await first.stop();

  const second = await openTestEngine(directory, settings, "boot-2");
  await second.send("room", '{"temperature":2}').decided;
  const stampAt = from + minute + 500;
  await second.send("room", JSON.stringify({ ts: stampAt, temperature: 3 })).decided;
  await repair(second, "boot-2", { byMs: wrongMs + minute, value: 4 });
  const repaired = await samplesOf(second, from);
  expect(repaired.samples.map(({ at, value }) => [at - from, value])).toEqual([
    [0, 1],
    [minute, 2],
    // Its stamp was too far ahead of that clock, and the time of receipt stood for it.
    [minute, 3],
    [2 * minute, 4],
  ]);
  expect(repaired.samples[2]).toMatchObject({ quality: "corrected", stampAt });
  await second.stop();

  const third = await openTestEngine(directory, settings, "boot-3");
  await repair(third, "boot-3", { byMs: wrongMs + 2 * hour, value: 5 });
  expect(await samplesOf(third, from)).toEqual(repaired);
  expect(valuesOf(await samplesOf(third, from + 2 * hour))).toEqual([5]);
  await third.stop();
});
