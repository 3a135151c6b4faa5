import { copyFile, cp, open, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openStore, type Store } from "../../src/store/store.ts";
import { verifyStore } from "../../src/store/verify.ts";
import {
  fill,
  keptLog,
  logOf,
  nextCommit,
  openTestStore,
  range,
  temporaryDirectory,
} from "../support/stores.ts";

const records = 60;
const samples = 200;

/** Opens, fills and leaves a copy of the directory as a kill would: nothing closed, all of it committed. */
async function killedStore(options: { readonly table: boolean }): Promise<string> {
  const source = await temporaryDirectory();
  const directory = await temporaryDirectory();
  let store = await openStore({ directory: source, durability: "sync", logger: keptLog() });
  await fill(store, records / 2, samples);
  if (options.table) {
    // What is in the write-ahead log becomes a table when the store is opened again.
    await store.close();
    store = await openStore({ directory: source, durability: "sync", logger: keptLog() });
  }
  await fill(store, records / 2, samples);
  // The side file follows at a checkpoint.
  await store.commit({ ...nextCommit(store, samples), checkpoint: Uint8Array.of(1) });
  await cp(source, directory, { recursive: true });
  await store.close();
  return directory;
}

async function fileOf(directory: string, pattern: RegExp): Promise<string> {
  const location = join(directory, "database");
  const sizes: { path: string; size: number }[] = [];
  for (const name of await readdir(location)) {
    const path = join(location, name);
    if (pattern.test(name)) sizes.push({ path, size: (await stat(path)).size });
  }
  const [largest] = sizes.toSorted((a, b) => b.size - a.size);
  if (largest === undefined) throw new Error(`no file like ${pattern} in ${directory}`);
  return largest.path;
}

/** Overwrites a stretch in the middle of a file. */
async function damage(path: string, share: number, length: number): Promise<void> {
  const file = await open(path, "r+");
  const at = Math.floor((await file.stat()).size * share);
  const bytes = Buffer.alloc(length);
  await file.read(bytes, 0, length, at);
  await file.write(Buffer.from(bytes.map((byte) => byte ^ 0x55)), 0, length, at);
  await file.close();
}

/** What is there and what is reported lost make up everything that was ever committed. */
async function expectAccounted(store: Store): Promise<number> {
  const { present, gaps } = await logOf(store);
  const lost = gaps.flatMap(([from, to]) => range(from, to));
  expect([...present, ...lost].toSorted((a, b) => a - b)).toStrictEqual(range(1, store.lastSeq));
  expect(store.openReport.lastSeq).toBe(records + 1);
  const told = store.openReport.gaps.filter((gap) => gap.what === "log").map(({ from, to }) => [from, to]);
  expect(told).toStrictEqual(store.openReport.verifiedFrom === 1 ? gaps : told);
  return lost.length;
}

const wal = /^\d+\.log$/;
const table = /^\d+\.ldb$/;

test.each([0.05, 0.35, 0.65, 0.95])(
  "a byte flipped at %f of the write-ahead log is a gap of exactly what is lost",
  async (share) => {
    const directory = await killedStore({ table: false });
    await damage(await fileOf(directory, wal), share, 1);
    const store = await openTestStore(directory);
    expect(await expectAccounted(store)).toBeGreaterThan(0);
    expect(store.openReport.dropped.length).toBeGreaterThan(0);
    const report = await reportOf(store, directory);
    expect(report.ok).toBe(false);
  },
);

test.each([0.1, 0.5, 0.9])("a write-ahead log cut at %f is a gap up to the checkpoint", async (share) => {
  const directory = await killedStore({ table: false });
  const path = await fileOf(directory, wal);
  await truncate(path, Math.floor((await stat(path)).size * share));
  const store = await openTestStore(directory);
  expect(await expectAccounted(store)).toBeGreaterThan(0);
  expect(store.openReport.newGaps).toContainEqual(expect.objectContaining({ what: "log", to: records + 1 }));
  expect(store.head("summaries")).toBe(2 * (records + 1));
});

test("a missing write-ahead log is found, with the sequences that were in it", async () => {
  const directory = await killedStore({ table: true });
  await rm(await fileOf(directory, wal));
  const store = await openTestStore(directory);
  expect(store.openReport.findings).toContain("the write-ahead log is missing");
  expect(await expectAccounted(store)).toBe(records / 2 + 1);
});

test("an empty write-ahead log is found", async () => {
  const directory = await killedStore({ table: true });
  await truncate(await fileOf(directory, wal), 0);
  const store = await openTestStore(directory);
  expect(store.openReport.findings).toContain("the write-ahead log is empty");
  expect(await expectAccounted(store)).toBe(records / 2 + 1);
});

test.each([0.1, 0.3, 0.5, 0.7])(
  "a byte flipped at %f of a table is a gap, not an exception",
  async (share) => {
    const directory = await killedStore({ table: true });
    await damage(await fileOf(directory, table), share, 1);
    const store = await openTestStore(directory);
    expect(await expectAccounted(store)).toBeGreaterThanOrEqual(0);
    expect((await reportOf(store, directory)).ok).toBe(false);
  },
);

test("4 KiB of nonsense in a table are a gap of what was in them", async () => {
  const directory = await killedStore({ table: true });
  await damage(await fileOf(directory, table), 0.2, 4096);
  const store = await openTestStore(directory);
  expect(await expectAccounted(store)).toBeGreaterThan(0);
  expect((await reportOf(store, directory)).ok).toBe(false);
});

test.each([
  { kind: "a missing table", loses: true, harm: async (_: string, file: string) => rm(file) },
  { kind: "an empty CURRENT", loses: false, harm: async (current: string) => writeFile(current, "") },
  { kind: "a missing CURRENT", loses: false, harm: async (current: string) => rm(current) },
])("$kind is repaired, what is lost is told, and the files are set aside", async ({ loses, harm }) => {
  const directory = await killedStore({ table: true });
  await harm(join(directory, "database", "CURRENT"), await fileOf(directory, table));
  expect((await verifyStore(directory)).ok).toBe(false);
  await expectRepaired(directory, loses);
});

test("a torn MANIFEST is repaired without a loss, and the files are set aside", async () => {
  const directory = await killedStore({ table: true });
  await truncate(await fileOf(directory, /^MANIFEST/), 10);
  expect((await verifyStore(directory)).ok).toBe(false);
  await expectRepaired(directory, false);
});

async function expectRepaired(directory: string, loses: boolean): Promise<void> {
  const store = await openTestStore(directory);
  expect((await expectAccounted(store)) > 0).toBe(loses);
  expect(store.openReport).toMatchObject({ repaired: true, setAside: "damaged-1" });
  expect(await readdir(directory)).toContain("damaged-1");
  await fill(store, 3, samples);
  expect((await logOf(store, records + 2)).present).toHaveLength(3);
}

test("a truncated table is found, and repaired once LevelDB fails over it", async () => {
  const directory = await killedStore({ table: true });
  await truncate(await fileOf(directory, table), 2000);
  const store = await openTestStore(directory, { writeBufferBytes: 64 * 1024 });
  expect(await expectAccounted(store)).toBeGreaterThan(0);
  const failures: unknown[] = [];
  for (const _ of range(1, 400)) {
    const commit = nextCommit(store, samples);
    await store.commit(commit).catch(async (error: unknown) => {
      failures.push(error);
      await store.reopen();
      await store.commit(commit);
    });
  }
  expect(failures).toStrictEqual([expect.objectContaining({ code: "STORE_DAMAGED", kind: "corrupt" })]);
  expect(store.openReport.repaired).toBe(true);
  expect((await logOf(store, records + 2)).present).toStrictEqual(range(records + 2, records + 401));
});

test("a database that is gone is told by the side file, and its sequences are not used again", async () => {
  const directory = await killedStore({ table: false });
  await rm(join(directory, "database"), { recursive: true });
  const store = await openTestStore(directory);
  expect(store.openReport.findings).toContain("the database is missing");
  expect(await expectAccounted(store)).toBe(records + 1);
  await fill(store, 1);
  expect(store.lastSeq).toBe(records + 2);
});

test("a gap is told as new once and is known from then on", async () => {
  const directory = await killedStore({ table: false });
  await damage(await fileOf(directory, wal), 0.5, 1);
  const first = await openStore({ directory, durability: "sync", logger: keptLog() });
  const { newGaps } = first.openReport;
  expect(newGaps.length).toBeGreaterThan(0);
  await first.close();
  const store = await openTestStore(directory);
  expect(store.openReport.newGaps).toStrictEqual([]);
  expect(store.openReport.gaps).toStrictEqual(newGaps);
});

test("a reader of a stream is told of the records that are lost", async () => {
  const directory = await killedStore({ table: false });
  await damage(await fileOf(directory, wal), 0.5, 1);
  const store = await openTestStore(directory);
  const gap = store.openReport.newGaps.find((one) => one.what === "summaries");
  if (gap === undefined) throw new Error("no summaries were lost");
  const slice = await store.read("summaries", gap.from, 1000);
  expect(slice).toMatchObject({ from: gap.to + 1, gap: { from: gap.from, to: gap.to } });
  const upTo = await store.read("summaries", gap.from - 2, 1_000_000);
  expect(upTo).toMatchObject({ from: gap.from - 2, to: gap.from - 1 });
});

test.each(["missing", "damaged", "truncated"])("a %s side file is told and made again", async (kind) => {
  const directory = await killedStore({ table: false });
  const path = join(directory, "high-water");
  if (kind === "missing") await rm(path);
  if (kind === "damaged") await writeFile(path, Buffer.alloc(8192, 7));
  if (kind === "truncated") await truncate(path, 20);
  const store = await openTestStore(directory);
  expect(store.openReport.findings).toContainEqual(expect.stringContaining("side file"));
  expect(await expectAccounted(store)).toBe(0);
  expect((await readFile(path)).length).toBeGreaterThan(20);
});

test("of the directories set aside the newest two stay", async () => {
  const directory = await killedStore({ table: false });
  for (const _ of range(1, 4)) {
    await writeFile(join(directory, "database", "CURRENT"), "");
    const store = await openStore({ directory, durability: "sync", logger: keptLog() });
    expect(store.openReport.repaired).toBe(true);
    await store.close();
  }
  const asides = (await readdir(directory)).filter((name) => name.startsWith("damaged-"));
  expect(asides.toSorted()).toStrictEqual(["damaged-3", "damaged-4"]);
});

test("a crash between the two renames of a repair is completed at the next open", async () => {
  const directory = await killedStore({ table: false });
  await cp(join(directory, "database"), join(directory, "database.repaired"), { recursive: true });
  await copyFile(join(directory, "database", "LOG"), join(directory, "database", "MARK"));
  const store = await openTestStore(directory);
  expect(await expectAccounted(store)).toBe(0);
  expect(await readdir(directory)).not.toContain("database.repaired");
  expect(await readdir(join(directory, "damaged-1"))).toContain("MARK");
});

/** Verifies a store that is open, by closing it first. */
async function reportOf(store: Store, directory: string): Promise<Awaited<ReturnType<typeof verifyStore>>> {
  await store.close();
  return verifyStore(directory);
}
