/**
 * Opening LevelDB without ever losing data silently, and repairing it when it does not open.
 *
 * LevelDB makes a new database when CURRENT is missing, and then deletes the tables it does not know. So a
 * directory with anything in it is only ever opened as an existing database, and what does not open is
 * repaired in a copy of hard links, with the original set aside.
 */
import type { Dirent } from "node:fs";
import { copyFile, link, mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import { isAbsent, isDamage, isLocked, storeError } from "./failures.ts";
import { syncDirectory } from "./high-water.ts";

export type Database = Level<Uint8Array, Uint8Array>;

// The class has this static method in Node, where it is LevelDB; its types also describe browsers.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
const repairer = Level as unknown as { repair(location: string): Promise<void> };

/** What LevelDB is opened with. */
export interface DatabaseOptions {
  /** Bounds the write-ahead log, and so what a restart has to replay. */
  readonly writeBufferBytes: number;
  readonly cacheBytes: number;
}

/** The directory of LevelDB inside the data directory. */
export const databaseName = "database";
/** Where a repair is prepared; it takes the place of the database once it is complete. */
const repairName = "database.repairing";
const repairedName = "database.repaired";
const asidePrefix = "damaged-";
/** Damaged directories kept for a person to look at; older ones are deleted. */
const asideKept = 2;

/** What was found and done while opening. */
export interface OpenedDatabase {
  readonly database: Database;
  /** There was no database. */
  readonly created: boolean;
  readonly repaired: boolean;
  /** Directory that the damaged files were moved to. */
  readonly setAside: string | undefined;
  /** Lines of LevelDB's own log that tell of bytes it left out. */
  readonly dropped: readonly string[];
  readonly findings: readonly string[];
  /** What explains lost sequences if there are any, and says nothing if there are none. */
  readonly suspicions: readonly string[];
}

/** Files of LevelDB by what they are. */
interface DatabaseFiles {
  readonly any: boolean;
  readonly current: boolean;
  readonly logs: readonly { readonly name: string; readonly bytes: number }[];
}

/**
 * Opens the database in a data directory, repairing it if it does not open as it is.
 *
 * @param repairFirst - Repair even what would open: LevelDB opens a damaged table, and then cannot compact it.
 * @throws AppError `STORE_LOCKED`, `STORE_FULL`, `STORE_FAILED`; and `STORE_DAMAGED` when a repair did not
 *   help. Nothing was deleted in any of these cases.
 */
export async function openDatabase(
  directory: string,
  options: DatabaseOptions,
  repairFirst: boolean,
): Promise<OpenedDatabase> {
  const location = join(directory, databaseName);
  await finishRepair(directory);
  const files = await filesOf(location);
  const findings = logFindings(files);
  const suspicions = logSuspicions(files);
  let failure: unknown;
  if (repairFirst && files.any) findings.push("LevelDB could not go on with a damaged table");
  else if (!files.any || files.current) {
    try {
      const database = await openLevel(location, options, !files.any);
      const dropped = await droppedLines(location);
      return {
        database,
        created: !files.any,
        repaired: false,
        setAside: undefined,
        dropped,
        findings,
        suspicions,
      };
    } catch (error) {
      if (isLocked(error) || !isDamage(error)) throw storeError(error, "opening it");
      failure = error;
    }
  } else findings.push("CURRENT is missing");
  if (failure !== undefined) findings.push(storeError(failure, "opening it").message);

  try {
    const { setAside, dropped } = await repair(directory);
    const database = await openLevel(location, options, false);
    return { database, created: false, repaired: true, setAside, dropped, findings, suspicions };
  } catch (error) {
    throw storeError(error, "repairing it");
  }
}

/**
 * Opens the database without making or repairing anything.
 *
 * @returns No database when it does not open; the findings say why.
 * @throws Error of LevelDB when it is locked, or when the disk refuses.
 */
export async function openForReading(directory: string): Promise<{
  readonly database: Database | undefined;
  readonly dropped: readonly string[];
  readonly findings: readonly string[];
  readonly suspicions: readonly string[];
}> {
  const location = join(directory, databaseName);
  const files = await filesOf(location);
  const findings = logFindings(files);
  const suspicions = logSuspicions(files);
  if (!files.current) {
    findings.push(files.any ? "CURRENT is missing" : "the database is missing");
    return { database: undefined, dropped: [], findings, suspicions };
  }
  try {
    const database = await openLevel(location, { writeBufferBytes: 2 << 20, cacheBytes: 2 << 20 }, false);
    return { database, dropped: await droppedLines(location), findings, suspicions };
  } catch (error) {
    if (isLocked(error) || !isDamage(error)) throw error;
    findings.push(storeError(error, "opening it").message);
    return { database: undefined, dropped: [], findings, suspicions };
  }
}

async function openLevel(location: string, options: DatabaseOptions, create: boolean): Promise<Database> {
  const database: Database = new Level(location, {
    keyEncoding: "view",
    valueEncoding: "view",
    createIfMissing: create,
    compression: true,
    cacheSize: options.cacheBytes,
    writeBufferSize: options.writeBufferBytes,
    maxOpenFiles: 100,
  });
  await database.open();
  return database;
}

/** What the files say before LevelDB has touched them. */
function logFindings(files: DatabaseFiles): string[] {
  if (!files.current) return [];
  if (files.logs.length === 0) return ["the write-ahead log is missing"];
  return [];
}

/** An open that was not followed by a write leaves an empty log behind too, and then nothing is lost. */
function logSuspicions(files: DatabaseFiles): string[] {
  const empty = files.logs.length > 0 && files.logs.every((log) => log.bytes === 0);
  return empty ? ["the write-ahead log is empty"] : [];
}

async function filesOf(location: string): Promise<DatabaseFiles> {
  const entries = await entriesOf(location);
  const names = entries.map((entry) => entry.name);
  const logs: { name: string; bytes: number }[] = [];
  for (const name of names) {
    if (/^\d+\.log$/.test(name)) logs.push({ name, bytes: (await stat(join(location, name))).size });
  }
  const any = names.some((name) => /^(\d+\.(log|ldb|sst)|MANIFEST-\d+|CURRENT)$/.test(name));
  return { any, current: names.includes("CURRENT"), logs };
}

/** Entries of a directory; none where it does not exist. */
async function entriesOf(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** The lines of LevelDB's log, since it was last opened, that tell of bytes it left out. */
async function droppedLines(location: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(join(location, "LOG"), "utf8");
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
  const lines = text.split("\n").filter((line) => /dropping|Ignoring error|[Cc]orruption/.test(line));
  return lines.slice(0, 20).map((line) => line.replace(/^\S+ \S+ /, ""));
}

/**
 * Repairs the database: in a directory of hard links, since LevelDB never writes to a finished table; the
 * short files are copied. Then the two directories change places.
 */
async function repair(directory: string): Promise<{ setAside: string; dropped: string[] }> {
  const location = join(directory, databaseName);
  const working = join(directory, repairName);
  await rm(working, { recursive: true, force: true });
  await mkdir(working, { recursive: true });
  for (const entry of await entriesOf(location)) {
    if (!entry.isFile() || entry.name === "LOCK") continue;
    const source = join(location, entry.name);
    const target = join(working, entry.name);
    if (/\.(ldb|sst)$/.test(entry.name)) await link(source, target).catch(() => copyFile(source, target));
    else await copyFile(source, target);
  }
  await repairer.repair(working);
  const dropped = await droppedLines(working);
  const setAside = await freeAsideName(directory);
  await rename(working, join(directory, repairedName));
  await rename(location, join(directory, setAside));
  await rename(join(directory, repairedName), location);
  await syncDirectory(directory);
  await forgetOldAsides(directory);
  return { setAside, dropped };
}

/** Completes the exchange of directories that a crash has interrupted. */
async function finishRepair(directory: string): Promise<void> {
  const entries = (await entriesOf(directory)).map((entry) => entry.name);
  if (!entries.includes(repairedName)) return;
  if (entries.includes(databaseName)) {
    await rename(join(directory, databaseName), join(directory, await freeAsideName(directory)));
  }
  await rename(join(directory, repairedName), join(directory, databaseName));
  await syncDirectory(directory);
}

/** Numbers of the directories set aside, in ascending order. */
async function asideNumbers(directory: string): Promise<number[]> {
  const numbers: number[] = [];
  for (const entry of await entriesOf(directory)) {
    const number = Number(entry.name.slice(asidePrefix.length));
    if (entry.name.startsWith(asidePrefix) && Number.isSafeInteger(number)) numbers.push(number);
  }
  return numbers.toSorted((a, b) => a - b);
}

async function freeAsideName(directory: string): Promise<string> {
  const newest = (await asideNumbers(directory)).at(-1) ?? 0;
  return `${asidePrefix}${newest + 1}`;
}

async function forgetOldAsides(directory: string): Promise<void> {
  for (const number of (await asideNumbers(directory)).slice(0, -asideKept)) {
    await rm(join(directory, `${asidePrefix}${number}`), { recursive: true, force: true });
  }
}
