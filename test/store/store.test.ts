import { expect, test } from "vitest";
import { deadLettersMax } from "../../src/core/limits.ts";
import type { DeadLetter } from "../../src/core/record.ts";
import { openStore } from "../../src/store/store.ts";
import {
  alertOf,
  fill,
  keptLog,
  logOf,
  nextCommit,
  noEffects,
  openTestStore,
  range,
  sampleRecord,
  summaryOf,
  temporaryDirectory,
} from "../support/stores.ts";
import { until } from "../support/until.ts";

const letter = (index: number): DeadLetter => ({
  at: index,
  topic: "plant/1",
  clientId: "c1",
  cause: "malformed",
  detail: `number ${index}`,
  length: 3,
  bytes: Uint8Array.of(1, 2, index & 255),
});

test("a committed record is read back after reopening, with the digest of its effects", async () => {
  const directory = await temporaryDirectory();
  const first = await openStore({ directory, durability: "sync", logger: keptLog() });
  const commit = nextCommit(first);
  await first.commit(commit);
  await first.close();
  const store = await openTestStore(directory);
  expect(store.openReport).toMatchObject({
    created: false,
    closedCleanly: true,
    gaps: [],
    findings: [],
    lastSeq: 1,
  });
  for await (const item of store.records(1)) {
    expect(item.kind).toBe("record");
    if (item.kind !== "record") continue;
    expect(item.record.rows.value.slice(0, 8)).toStrictEqual(commit.record.rows.value.slice(0, 8));
    expect(item.record.definitions).toStrictEqual(commit.record.definitions);
    expect(item.effectsDigest).toBe(store.effectsDigest(commit.effects));
  }
});

test("the digest tells effects apart and does not depend on how they are stored", async () => {
  const store = await openTestStore(await temporaryDirectory());
  const many = { ...noEffects, summaries: range(1, 2000).map(summaryOf) };
  expect(store.effectsDigest(noEffects)).toBe(0);
  expect(store.effectsDigest(many)).toBe(store.effectsDigest(structuredClone(many)));
  const other = { ...many, summaries: [...many.summaries.slice(0, -1), { ...summaryOf(2000), late: 1 }] };
  expect(store.effectsDigest(many)).not.toBe(store.effectsDigest(other));
});

test("heads count only what is durable", async () => {
  const store = await openTestStore(await temporaryDirectory());
  const committing = store.commit(nextCommit(store));
  expect([store.lastSeq, store.head("summaries")]).toStrictEqual([0, 0]);
  await committing;
  expect([store.lastSeq, store.head("summaries"), store.head("alerts")]).toStrictEqual([1, 2, 0]);
});

test("a stream is read from any record on, whatever the commits were", async () => {
  const store = await openTestStore(await temporaryDirectory());
  await fill(store, 20);
  for (const from of range(1, 40)) {
    const slice = await store.read("summaries", from, 1_000_000);
    expect(slice).toMatchObject({ stream: "summaries", from, to: 40 });
    expect(slice?.records).toStrictEqual(range(from, 40).map(summaryOf));
  }
  expect(await store.read("summaries", 41, 1000)).toBeUndefined();
});

test("a read stops at about the bytes asked for and gives at least one record", async () => {
  const store = await openTestStore(await temporaryDirectory());
  await fill(store, 20);
  expect((await store.read("summaries", 3, 1))?.records).toHaveLength(1);
  const some = await store.read("summaries", 3, 1000);
  expect(some?.records.length).toBeGreaterThan(2);
  expect(some?.records.length).toBeLessThan(10);
});

test("effects larger than a chunk are cut and read back whole", async () => {
  const store = await openTestStore(await temporaryDirectory());
  const summaries = range(1, 3000).map(summaryOf);
  await store.commit({ record: sampleRecord(1), effects: { ...noEffects, summaries }, deadLetters: [] });
  const slice = await store.read("summaries", 1500, 10_000_000);
  expect(slice?.records).toStrictEqual(summaries.slice(1499));
});

test("names that are dangerous as keys stay values", async () => {
  const store = await openTestStore(await temporaryDirectory());
  const alert = alertOf(1, { key: { device: "__proto__" }, labels: { team: "constructor" } });
  await store.commit({
    record: sampleRecord(1),
    effects: { ...noEffects, alerts: [alert] },
    deadLetters: [],
  });
  expect((await store.read("alerts", 1, 1000))?.records).toStrictEqual([alert]);
});

test("growth is told after the commit that brought it, until it is stopped", async () => {
  const store = await openTestStore(await temporaryDirectory());
  const heads: number[] = [];
  const stop = store.onGrowth(() => heads.push(store.head("summaries")));
  await fill(store, 2);
  await store.commit({ record: sampleRecord(3), effects: noEffects, deadLetters: [] });
  stop();
  await fill(store, 1);
  expect(heads).toStrictEqual([2, 4]);
});

test("a cursor survives with the commit that follows it", async () => {
  const directory = await temporaryDirectory();
  const first = await openStore({ directory, durability: "sync", logger: keptLog() });
  await fill(first, 3);
  first.moveCursor("cloud", "summaries", 4);
  first.moveCursor("cloud", "summaries", 2);
  first.moveCursor("backup", "summaries", 1);
  await fill(first, 1);
  await first.close();
  const store = await openTestStore(directory);
  expect(store.cursor("cloud", "summaries")).toBe(4);
  expect(store.cursor("backup", "summaries")).toBe(1);
  expect(store.cursor("cloud", "alerts")).toBe(0);
});

test("a cursor is written by itself when no commit follows", async () => {
  const store = await openTestStore(await temporaryDirectory());
  await fill(store, 1);
  const written = (): number =>
    store.metrics.find((family) => family.name === "holdfast_store_commit_bytes_total")?.read()[0]?.value ??
    0;
  const before = written();
  store.moveCursor("cloud", "summaries", 1);
  await until("the cursor is written", () => written() > before, { withinMs: 2000 });
  expect(store.cursor("cloud", "summaries")).toBe(1);
});

test("the newest checkpoint is found, and two are kept", async () => {
  const directory = await temporaryDirectory();
  const first = await openStore({ directory, durability: "sync", logger: keptLog() });
  for (const seq of range(1, 5)) {
    await first.commit({ ...nextCommit(first), checkpoint: new Uint8Array(100_000).fill(seq) });
  }
  await first.close();
  const store = await openTestStore(directory);
  expect(await store.checkpoint()).toStrictEqual({ seq: 5, state: new Uint8Array(100_000).fill(5) });
  expect(store.openReport.verifiedFrom).toBe(6);
});

test("dead letters come back newest first, and the oldest make room", async () => {
  const directory = await temporaryDirectory();
  const first = await openStore({ directory, durability: "sync", logger: keptLog() });
  const deadLetters = range(1, 600).map(letter);
  await first.commit({ ...nextCommit(first), deadLetters });
  await first.commit({ ...nextCommit(first), deadLetters: range(601, 1200).map(letter) });
  await first.close();
  const store = await openTestStore(directory);
  await store.commit({ ...nextCommit(store), deadLetters: [letter(1201)] });
  expect(await store.deadLetters(2)).toStrictEqual([
    { number: 1201, ...letter(1201) },
    { number: 1200, ...letter(1200) },
  ]);
  const all = await store.deadLetters(5000);
  expect(all).toHaveLength(deadLettersMax);
  expect(all.at(-1)?.at).toBe(1202 - deadLettersMax);
});

test("a recovered dead letter leaves with the commit that holds its samples, and its number is never given again", async () => {
  const directory = await temporaryDirectory();
  const first = await openStore({ directory, durability: "sync", logger: keptLog() });
  await first.commit({ ...nextCommit(first), deadLetters: range(1, 5).map(letter) });
  await first.commit({ ...nextCommit(first), deadLetters: [], recovered: [2, 4, 5] });
  expect((await first.deadLetters(10)).map(({ number }) => number)).toStrictEqual([3, 1]);
  expect((await first.deadLetters(1)).map(({ number }) => number)).toStrictEqual([3]);
  await first.close();
  const store = await openTestStore(directory);
  await store.commit({ ...nextCommit(store), deadLetters: [letter(6)] });
  expect((await store.deadLetters(10)).map(({ number }) => number)).toStrictEqual([6, 3, 1]);
  await store.commit({ ...nextCommit(store), deadLetters: range(7, 1_004).map(letter), recovered: [6] });
  expect((await store.deadLetters(5_000)).at(-1)?.number).toBe(7);
});

test("series come back by number", async () => {
  const store = await openTestStore(await temporaryDirectory());
  await fill(store, 2);
  const series = await Array.fromAsync(store.series());
  expect(series).toStrictEqual(sampleRecord(1).definitions);
});

test("a second store on the same directory is refused and says so", async () => {
  const directory = await temporaryDirectory();
  const store = await openTestStore(directory);
  await fill(store, 1);
  await expect(openStore({ directory, durability: "sync", logger: keptLog() })).rejects.toMatchObject({
    code: "STORE_LOCKED",
    kind: "operator",
    hint: expect.stringContaining("directory"),
  });
  await fill(store, 1);
  expect((await logOf(store)).present).toStrictEqual([1, 2]);
});

test("reopening keeps everything and goes on", async () => {
  const store = await openTestStore(await temporaryDirectory());
  await fill(store, 5);
  store.moveCursor("cloud", "summaries", 7);
  await store.reopen();
  expect(store.cursor("cloud", "summaries")).toBe(7);
  await fill(store, 5);
  expect(await logOf(store)).toStrictEqual({ present: range(1, 10), gaps: [] });
});

test("a commit that does not follow is a bug", async () => {
  const store = await openTestStore(await temporaryDirectory());
  await fill(store, 1);
  const skipping = { record: sampleRecord(3), effects: noEffects, deadLetters: [] };
  await expect(store.commit(skipping)).rejects.toThrow("invariant");
  const repeating = { ...nextCommit(store), effects: { ...noEffects, summaries: [summaryOf(1)] } };
  await expect(store.commit(repeating)).rejects.toThrow("invariant");
  await fill(store, 1);
  expect(store.lastSeq).toBe(2);
});

test("a closed store refuses, and is told apart from a killed one", async () => {
  const directory = await temporaryDirectory();
  const store = await openStore({ directory, durability: "async", logger: keptLog() });
  await store.close();
  await expect(store.commit(nextCommit(store))).rejects.toMatchObject({
    code: "STORE_FAILED",
    kind: "transient",
  });
  await store.close();
});
