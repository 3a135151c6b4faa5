/** From a directory to an open store whose contents are known and verified. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Ballast, openBallast } from "./ballast.ts";
import { openingBatch } from "./commit-batch.ts";
import { type Contents, loadContents } from "./contents.ts";
import type { OpenReport, StoreOptions } from "./contract.ts";
import { type Database, type DatabaseOptions, openDatabase } from "./database.ts";
import { isFull, storeError } from "./failures.ts";
import { type HighWater, HighWaterFile } from "./high-water.ts";

/** An open store. */
export interface OpenParts {
  readonly database: Database;
  readonly highWater: HighWaterFile;
  readonly ballast: Ballast;
  readonly contents: Contents;
  readonly report: OpenReport;
}

const defaultWriteBufferBytes = 2 * 1024 * 1024;
const defaultCacheBytes = 2 * 1024 * 1024;

/**
 * Opens everything, giving up the ballast where the disk is too full to recover.
 *
 * @param repairFirst - LevelDB has failed over a damaged table: open only after a repair.
 * @throws AppError as `openStore`; nothing stays open.
 */
export async function openParts(options: StoreOptions, repairFirst: boolean): Promise<OpenParts> {
  const { directory, logger, writeBufferBytes = defaultWriteBufferBytes } = options;
  const cacheBytes = options.cacheBytes ?? defaultCacheBytes;
  const ballast = openBallast(directory, writeBufferBytes);
  const openOnce = (): Promise<OpenParts> =>
    openAndLoad(directory, { writeBufferBytes, cacheBytes }, ballast, repairFirst);
  try {
    await mkdir(directory, { recursive: true });
  } catch (error) {
    throw storeError(error, "making the data directory");
  }
  let parts: OpenParts;
  try {
    parts = await openOnce();
  } catch (error) {
    if (!isFull(error) || !(await ballast.release())) throw error;
    logger.warn(
      { event: "store-ballast-released" },
      "The disk is full: the reserve was given up to recover.",
    );
    parts = await openOnce();
  }
  logReport(options, parts.report);
  return parts;
}

async function openAndLoad(
  directory: string,
  levels: DatabaseOptions,
  ballast: Ballast,
  repairFirst: boolean,
): Promise<OpenParts> {
  const opened = await openDatabase(directory, levels, repairFirst);
  const { database } = opened;
  let highWater: HighWaterFile | undefined;
  try {
    const side = await HighWaterFile.open(join(directory, "high-water"));
    highWater = side.file;
    const { suspicions } = opened;
    const suspect = opened.repaired || opened.dropped.length + opened.findings.length + suspicions.length > 0;
    const loaded = await loadContents(database, side.found, { created: opened.created, suspect });
    const { contents, created } = loaded;
    const confirmed = loaded.newGaps.length > 0 ? suspicions : [];
    await database.batch(openingBatch(contents, loaded.newGaps), { sync: true });
    await highWater.write(highWaterOf(contents, false), true);
    await ballast.restore();
    const report: OpenReport = {
      created,
      closedCleanly: created || (typeof side.found !== "string" && side.found.closed),
      repaired: opened.repaired,
      setAside: opened.setAside,
      newGaps: loaded.newGaps,
      gaps: contents.gaps,
      dropped: opened.dropped,
      findings: created ? loaded.findings : [...opened.findings, ...confirmed, ...loaded.findings],
      verifiedFrom: loaded.verifiedFrom,
      firstSeq: contents.firsts.log,
      lastSeq: contents.heads.log,
    };
    return { database, highWater, ballast, contents, report };
  } catch (error) {
    await highWater?.close();
    await database.close();
    throw storeError(error, "reading it");
  }
}

/** What the side file is to say about contents. */
export function highWaterOf(contents: Contents, closed: boolean): HighWater {
  const { log: logSeq, ...heads } = contents.heads;
  return { storeId: contents.meta.storeId, closed, logSeq, heads };
}

/** Closes what {@link openParts} has opened. */
export async function closeParts(parts: OpenParts): Promise<void> {
  await parts.highWater.close();
  await parts.database.close();
}

function logReport({ logger }: StoreOptions, report: OpenReport): void {
  const { created, closedCleanly, firstSeq, lastSeq, newGaps, dropped, findings, repaired, setAside } =
    report;
  logger.info({ event: "store-opened", created, closedCleanly, firstSeq, lastSeq }, "Store opened.");
  if (newGaps.length === 0 && findings.length === 0 && !repaired && dropped.length === 0) return;
  const fields = { event: "store-damaged", newGaps, findings, dropped, repaired, setAside };
  if (newGaps.length > 0 || repaired) logger.error(fields, "The store was damaged; what is lost is listed.");
  else logger.warn(fields, "The store was not as it should be; no sequence is known to be lost.");
}
