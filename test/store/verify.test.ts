import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import { expect, test } from "vitest";
import { sessionKey } from "../../src/store/keys.ts";
import { openStore } from "../../src/store/store.ts";
import { verifyStore } from "../../src/store/verify.ts";
import {
  fill,
  keptLog,
  ledgerOf,
  nextCommit,
  noEffects,
  openTestStore,
  sampleRecord,
  temporaryDirectory,
} from "../support/stores.ts";

test("a store in order has no findings and is counted", async () => {
  const directory = await temporaryDirectory();
  const store = await openStore({ directory, durability: "sync", logger: keptLog() });
  await fill(store, 30);
  store.moveCursor("cloud", "summaries", 20);
  await store.commit({ ...nextCommit(store), checkpoint: Uint8Array.of(1, 2, 3) });
  await store.close();
  const steps: string[] = [];
  const report = await verifyStore(directory, {
    onProgress: ({ what, done, total }) => steps.push(`${what} ${done}/${total}`),
  });
  expect(report).toStrictEqual({
    ok: true,
    records: { first: 1, last: 31, present: 31, samples: 248 },
    gaps: [],
    streams: {
      alerts: { first: 1, last: 10, present: 10, cursors: {} },
      status: { first: 1, last: 0, present: 0, cursors: {} },
      summaries: { first: 1, last: 62, present: 62, cursors: { cloud: 20 } },
      ledger: { first: 1, last: 3, present: 3, cursors: {} },
    },
    checkpoint: 31,
    series: 8,
    sessions: 0,
    findings: [],
  });
  expect(steps).toContain("log 31/31");
});

test("a new and empty store is in order", async () => {
  const directory = await temporaryDirectory();
  const store = await openStore({ directory, durability: "sync", logger: keptLog() });
  await store.close();
  expect(await verifyStore(directory)).toMatchObject({ ok: true, records: { present: 0 } });
});

test("a ledger that does not sum is a finding", async () => {
  const directory = await temporaryDirectory();
  const store = await openStore({ directory, durability: "sync", logger: keptLog() });
  await store.commit({
    record: sampleRecord(1),
    effects: { ...noEffects, ledger: [ledgerOf(1, 2)] },
    deadLetters: [],
  });
  await store.commit({
    record: sampleRecord(2),
    effects: {
      ...noEffects,
      ledger: [{ ...ledgerOf(2, 2), messages: { ...ledgerOf(2, 2).messages, stored: 15 } }],
    },
    deadLetters: [],
  });
  await store.close();
  const report = await verifyStore(directory);
  expect(report.ok).toBe(false);
  expect(report.findings).toStrictEqual(["ledger 2 says 15 stored, the records sum to 16"]);
});

test("a record whose messages are not all in one place is a finding", async () => {
  const directory = await temporaryDirectory();
  const store = await openStore({ directory, durability: "sync", logger: keptLog() });
  const record = sampleRecord(1);
  record.counts.receivedMessages += 1;
  await store.commit({ record, effects: noEffects, deadLetters: [] });
  await store.close();
  expect((await verifyStore(directory)).findings).toStrictEqual([
    "record 1 received 9 messages and accounts for 8",
  ]);
});

test("a running store is not verified", async () => {
  const directory = await temporaryDirectory();
  await openTestStore(directory);
  await expect(verifyStore(directory)).rejects.toMatchObject({ code: "STORE_LOCKED" });
});

test("a directory that is not there is told apart from damage", async () => {
  const directory = join(await temporaryDirectory(), "nothing");
  await expect(verifyStore(directory)).rejects.toMatchObject({ code: "STORE_FAILED", kind: "operator" });
});

test("a database that is gone is a finding", async () => {
  const directory = await temporaryDirectory();
  const store = await openStore({ directory, durability: "sync", logger: keptLog() });
  await fill(store, 3);
  await store.close();
  await rm(join(directory, "database"), { recursive: true });
  expect(await verifyStore(directory)).toMatchObject({ ok: false, findings: ["the database is missing"] });
});

test("what the broker remembers is counted, and a damaged value of it is a finding and left out", async () => {
  const directory = await temporaryDirectory();
  const store = await openStore({ directory, durability: "sync", logger: keptLog() });
  const changes = [3, 1, 2].map((key) => ({ key: Uint8Array.of(key), value: Uint8Array.of(key, key) }));
  await store.commit({ ...nextCommit(store), changes });
  await store.commit({ ...nextCommit(store), changes: [{ key: Uint8Array.of(2), value: undefined }] });
  await store.close();
  expect(await verifyStore(directory)).toMatchObject({ ok: true, sessions: 2 });
  const database = new Level<Uint8Array, Uint8Array>(join(directory, "database"), {
    keyEncoding: "view",
    valueEncoding: "view",
  });
  const key = sessionKey(Uint8Array.of(1));
  const value = (await database.get(key)) ?? new Uint8Array(0);
  await database.put(key, value.with(5, 9));
  await database.close();
  expect(await verifyStore(directory)).toMatchObject({
    ok: false,
    sessions: 1,
    findings: ["session value 6201 is damaged: checksum mismatch"],
  });
  const again = await openTestStore(directory);
  expect(await Array.fromAsync(again.sessions())).toEqual([
    { key: Uint8Array.of(3), value: Uint8Array.of(3, 3) },
  ]);
});
