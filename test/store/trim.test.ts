import { expect, test } from "vitest";
import { openStore } from "../../src/store/store.ts";
import { verifyStore } from "../../src/store/verify.ts";
import {
  fill,
  keptLog,
  logOf,
  nextCommit,
  openTestStore,
  range,
  summaryOf,
  temporaryDirectory,
} from "../support/stores.ts";

test("a trimmed log begins where it was told to and no earlier than recovery needs", async () => {
  const directory = await temporaryDirectory();
  const first = await openStore({ directory, durability: "sync", logger: keptLog() });
  await fill(first, 700);
  expect(await first.trim("log", 500)).toBe(1);
  await first.commit({ ...nextCommit(first), checkpoint: Uint8Array.of(1) });
  await fill(first, 99);
  await first.commit({ ...nextCommit(first), checkpoint: Uint8Array.of(2) });
  expect(await first.trim("log", 500)).toBe(500);
  expect(await first.trim("log", 800)).toBe(702);
  expect(await first.trim("log", 600)).toBe(702);
  await first.close();
  const store = await openTestStore(directory);
  expect(store.firstSeq).toBe(702);
  expect(await logOf(store, 702)).toStrictEqual({ present: range(702, 801), gaps: [] });
  expect((await logOf(store)).gaps).toStrictEqual([[1, 701]]);
  await store.close();
  expect(await verifyStore(directory)).toMatchObject({ ok: true, records: { first: 702, present: 100 } });
});

test("a reader behind what was evicted is told and goes on after it", async () => {
  const directory = await temporaryDirectory();
  const first = await openStore({ directory, durability: "sync", logger: keptLog() });
  await fill(first, 300);
  expect(await first.trim("summaries", 400)).toBe(400);
  expect(await first.trim("summaries", 452)).toBe(452);
  await first.close();
  const store = await openTestStore(directory);
  expect(store.first("summaries")).toBe(452);
  const slice = await store.read("summaries", 1, 1_000_000);
  expect(slice).toMatchObject({ from: 452, to: 600, gap: { from: 1, to: 451, cause: "evicted" } });
  expect(slice?.records[0]).toStrictEqual(summaryOf(452));
  expect(await store.trim("summaries", 10_000)).toBe(601);
  expect(await store.read("summaries", 500, 1000)).toStrictEqual({
    stream: "summaries",
    from: 601,
    to: 600,
    records: [],
    gap: { from: 500, to: 600, cause: "evicted" },
  });
  await store.close();
  expect(await verifyStore(directory)).toMatchObject({ ok: true });
});

test("commits go on while a log is trimmed", async () => {
  const store = await openTestStore(await temporaryDirectory());
  await fill(store, 600);
  await store.commit({ ...nextCommit(store), checkpoint: Uint8Array.of(1) });
  const trimming = store.trim("log", 601);
  await fill(store, 50);
  expect(await trimming).toBe(601);
  expect(await logOf(store, 601)).toStrictEqual({ present: range(601, 651), gaps: [] });
});
