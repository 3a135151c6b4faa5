/**
 * A copy of the database as it stood at one moment, for reading beside a running gateway.
 *
 * LevelDB cannot be opened twice, and opening it writes. So the copy is opened: finished tables are hard links,
 * which cost no room and no time, and everything that LevelDB appends to is copied.
 *
 * What makes it safe:
 * - The manifest, CURRENT and the list of logs are the same before and after copying. LevelDB deletes a table or
 *   a log only after it has written that into the manifest, so nothing that this manifest names is missing, and
 *   no log has begun meanwhile. The end of the newest log may be torn, which is how a crash leaves it.
 * - Only tables with a smaller number than every log are links. When the copy is opened, LevelDB numbers new
 *   tables above the oldest log that counts, and so it never writes to a file that it shares.
 */
import { copyFile, link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "../core/errors.ts";
import { databaseName } from "./database.ts";
import { isAbsent, storeError } from "./failures.ts";

/** A gateway under full load changes its manifest every second or so; copying takes some milliseconds. */
const attemptsMax = 20;

const copyPrefix = "reading-";

/** A data directory that nobody else uses. */
export interface FrozenCopy {
  readonly directory: string;
  remove(): Promise<void>;
}

/**
 * Copies the database of a data directory, whether a gateway runs on it or not.
 *
 * The copy is made beside the original, where hard links work, or among temporary files where that directory
 * cannot be written to; copies that a process has left behind are removed.
 *
 * @throws AppError `STORE_FAILED` when there is no store, or the disk refuses; `STORE_FULL`; `STORE_LOCKED` when
 *   the gateway was too busy to be copied. Nothing is left behind, and the original is as it was.
 */
export async function copyFrozen(directory: string): Promise<FrozenCopy> {
  const source = join(directory, databaseName);
  if (!(await namesIn(source)).includes("CURRENT")) {
    throw new AppError("STORE_FAILED", "operator", `there is no store in ${directory}`, {
      hint: "Name the data directory of a gateway.",
    });
  }
  await removeLeftovers(directory);
  const copy = await makeDirectory(directory);
  const remove = (): Promise<void> => rm(copy, { recursive: true, force: true });
  try {
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      if (await copyOnce(source, join(copy, databaseName))) return { directory: copy, remove };
    }
  } catch (error) {
    await remove();
    throw storeError(error, "copying it for reading");
  }
  await remove();
  throw new AppError("STORE_LOCKED", "operator", "the gateway writes too much to be read beside it", {
    hint: "Try again, or stop the gateway for the moment.",
  });
}

/** Directories are named with the process that uses them. */
async function makeDirectory(directory: string): Promise<string> {
  const name = `${copyPrefix}${process.pid}-`;
  try {
    return await mkdtemp(join(directory, name));
  } catch {
    return await mkdtemp(join(tmpdir(), `holdfast-${name}`));
  }
}

async function removeLeftovers(directory: string): Promise<void> {
  for (const name of await namesIn(directory)) {
    const owner = /^reading-(\d+)-/.exec(name)?.[1];
    if (owner === undefined || isAlive(Number(owner))) continue;
    await rm(join(directory, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

/** @returns Whether nothing that matters changed meanwhile. */
async function copyOnce(source: string, target: string): Promise<boolean> {
  await rm(target, { recursive: true, force: true });
  await mkdir(target);
  const before = await readGuide(source);
  if (before === undefined) return false;
  const oldestLog = Math.min(...before.logs.map(numberOf));
  for (const name of await namesIn(source)) {
    const isTable = /^\d+\.(ldb|sst)$/.test(name);
    if (!isTable && !before.logs.includes(name)) continue;
    const mayShare = isTable && numberOf(name) < oldestLog;
    if (!(await copyOne(join(source, name), join(target, name), mayShare))) return false;
  }
  await writeFile(join(target, before.manifestName), before.manifest);
  await writeFile(join(target, "CURRENT"), before.current);
  const after = await readGuide(source);
  return after !== undefined && isSame(before, after);
}

/** @returns Whether the file was still there. */
async function copyOne(from: string, to: string, mayShare: boolean): Promise<boolean> {
  try {
    if (mayShare) await link(from, to).catch(() => copyFile(from, to));
    else await copyFile(from, to);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

/** What says which files belong to the database. */
interface Guide {
  readonly current: string;
  readonly manifestName: string;
  readonly manifest: Buffer;
  readonly logs: readonly string[];
}

/** @returns Nothing when it changes just now. */
async function readGuide(source: string): Promise<Guide | undefined> {
  try {
    const current = await readFile(join(source, "CURRENT"), "utf8");
    const manifestName = current.trim();
    const manifest = await readFile(join(source, manifestName));
    const logs = (await namesIn(source)).filter((name) => /^\d+\.log$/.test(name)).toSorted();
    return { current, manifestName, manifest, logs };
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function isSame(one: Guide, other: Guide): boolean {
  return (
    one.current === other.current &&
    one.manifest.equals(other.manifest) &&
    one.logs.join() === other.logs.join()
  );
}

function numberOf(name: string): number {
  return Number.parseInt(name, 10);
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw storeError(error, "reading its directory");
  }
}
