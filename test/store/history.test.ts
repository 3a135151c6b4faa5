import { mkdirSync, readdirSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Settings } from "../../src/core/record.ts";
import { type History, openHistory } from "../../src/store/history.ts";
import { openStore } from "../../src/store/store.ts";
import { verifyStore } from "../../src/store/verify.ts";
import {
  fill,
  keptLog,
  nextCommit,
  openTestStore,
  range,
  sampleRecord,
  temporaryDirectory,
} from "../support/stores.ts";

async function sequencesOf(history: History, from = 1): Promise<number[]> {
  const present: number[] = [];
  for await (const entry of history.records(from)) {
    expect(entry.kind).toBe("record");
    if (entry.kind === "record") present.push(entry.record.seq);
  }
  return present;
}

function settings(rollup: string): Settings {
  return { rules: [], rollups: [rollup], devices: [] };
}

async function closedStore(records: number): Promise<string> {
  const directory = await temporaryDirectory();
  const store = await openStore({ directory, durability: "sync", logger: keptLog() });
  await fill(store, records);
  await store.close();
  return directory;
}

test("the history of a gateway that is off is read whole, and its directory stays as it is", async () => {
  const directory = await closedStore(30);
  const before = readdirSync(join(directory, "database"));
  const history = await openHistory(directory);
  expect(await sequencesOf(history)).toEqual(range(1, 30));
  const devices = [...(await history.series()).values()].map(({ device }) => device);
  expect(devices).toEqual(["d0", "d0", "d1", "d1", "d2", "d2", "d3", "d3"]);
  await history.close();
  expect(readdirSync(join(directory, "database"))).toEqual(before);
  expect(readdirSync(directory).toSorted()).toEqual(["ballast", "database", "high-water"]);
});

test("beside a gateway that writes all the time each copy is a whole beginning of the log, and nothing is harmed", async () => {
  const directory = await temporaryDirectory();
  const store = await openTestStore(directory, { writeBufferBytes: 64 * 1024, durability: "async" });
  const writing = new AbortController();
  const writer = (async () => {
    while (!writing.signal.aborted) {
      await store.commit(nextCommit(store, 200));
      // A new table every few milliseconds is more than a machine that does other things as well can copy beside.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  const lengths: number[] = [];
  while (lengths.length < 8) {
    const history = await openHistory(directory);
    const present = await sequencesOf(history);
    expect(present).toEqual(range(1, present.length));
    lengths.push(present.length);
    await history.close();
  }
  writing.abort();
  await writer;
  const last = store.lastSeq;
  await store.close();
  expect(lengths).toEqual(lengths.toSorted((one, other) => one - other));
  expect(lengths.at(-1)).toBeGreaterThan(lengths[0]!);
  expect(await verifyStore(directory)).toMatchObject({ gaps: [], records: { present: last } });
});

test.each([
  [1_762_000_000_000, 1],
  [1_762_000_000_001, 1],
  [1_762_000_000_017, 17],
  [1_762_000_000_016.5, 17],
  [1_762_000_000_030, 30],
  [1_762_000_000_031, 31],
  [Number.NEGATIVE_INFINITY, 1],
])("the first record at or after %d is number %d", async (at, seq) => {
  const history = await openHistory(await closedStore(30));
  expect(await history.seqAt(at)).toBe(seq);
  await history.close();
});

test("settings are those of the newest checkpoint, or what came after it", async () => {
  const directory = await temporaryDirectory();
  const store = await openStore({ directory, durability: "sync", logger: keptLog() });
  await store.commit({ ...nextCommit(store), record: { ...sampleRecord(1), settings: settings("1m") } });
  await store.commit({ ...nextCommit(store), checkpoint: Uint8Array.of(7) });
  await store.commit(nextCommit(store));
  await store.close();
  const history = await openHistory(directory);
  const inCheckpoint = (state: Uint8Array): Promise<Settings> => Promise.resolve(settings(`${state[0]}m`));
  expect(await history.settings(inCheckpoint)).toEqual(settings("7m"));
  expect(await history.settings(() => Promise.resolve(undefined))).toEqual(settings("1m"));
  await history.close();
});

test("finished tables are shared with the copy, so that it costs no room", async () => {
  const directory = await temporaryDirectory();
  const store = await openTestStore(directory, { writeBufferBytes: 64 * 1024, durability: "async" });
  await fill(store, 300, 200);
  const history = await openHistory(directory);
  const names = readdirSync(join(directory, "database")).filter((name) => name.endsWith(".ldb"));
  const links = names.map((name) => statSync(join(directory, "database", name)).nlink);
  expect(links).toContain(2);
  await history.close();
});

test("copies that a process has left behind are removed, those of others are not", async () => {
  const directory = await closedStore(1);
  // No process has this number: it is above what Linux gives.
  mkdirSync(join(directory, "reading-4194305-abc"));
  mkdirSync(join(directory, `reading-${process.ppid}-abc`));
  const history = await openHistory(directory);
  await history.close();
  const left = (await readdir(directory)).filter((name) => name.startsWith("reading-"));
  expect(left).toEqual([`reading-${process.ppid}-abc`]);
});

test("where there is no store it is told, and none is made", async () => {
  const directory = await temporaryDirectory();
  await expect(openHistory(directory)).rejects.toMatchObject({ code: "STORE_FAILED" });
  await expect(openHistory(join(directory, "nowhere"))).rejects.toMatchObject({ code: "STORE_FAILED" });
  expect(readdirSync(directory)).toEqual([]);
});
