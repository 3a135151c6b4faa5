/**
 * What a store holds, read at open: where log and streams begin and end, cursors, known gaps; and the
 * verification of everything after the newest checkpoint.
 */
import { randomBytes } from "node:crypto";
import { AppError } from "../core/errors.ts";
import { type StreamName, streamNames } from "../core/streams.ts";
import type { Database } from "./database.ts";
import { GapFinder, sortedGaps } from "./gap-finder.ts";
import type { HighWaterFound } from "./high-water.ts";
import {
  cursorKeyParts,
  KeyKind,
  keySequence,
  kindRange,
  metaKey,
  type Subject,
  sequenceKey,
  subjectOfNumber,
  subjectRange,
  subjects,
  trimKey,
} from "./keys.ts";
import { decodeRecordHeader, type StreamHeads } from "./record-codec.ts";
import {
  firstEntry,
  lastEntry,
  type ScanOutcome,
  type SubjectGap,
  scanChunks,
  scanEntries,
  scanLog,
} from "./scan.ts";
import { damageOf } from "./seal.ts";
import { readChunk } from "./stream-codec.ts";
import {
  decodeCheckpoint,
  decodeGap,
  decodeMeta,
  decodeNumber,
  type StoreMeta,
  storeVersion,
} from "./values.ts";

/** Where log and streams stand, by subject. */
export type Positions = Record<Subject, number>;

/** The state of a store, as kept in memory while it is open. */
export interface Contents {
  readonly meta: StoreMeta;
  /** Highest sequence ever used; 0 when none was. */
  readonly heads: Positions;
  /** Lowest sequence that is to be there; `head + 1` when none is. */
  readonly firsts: Positions;
  /** Cursors by {@link cursorName}. */
  readonly cursors: Map<string, Cursor>;
  /** Gaps that are known, in order within each subject. */
  readonly gaps: SubjectGap[];
  /** Sequences of the checkpoints, in ascending order. */
  readonly checkpoints: number[];
  /** The number of the newest dead letter. */
  deadLetters: number;
}

export interface Cursor {
  readonly upstream: string;
  readonly stream: StreamName;
  to: number;
}

/** The name of a cursor in maps. */
export function cursorName(upstream: string, stream: StreamName): string {
  return `${stream}/${upstream}`;
}

/** What loading a store has found. */
export interface LoadedContents {
  readonly contents: Contents;
  /** Gaps that were not known before. */
  readonly newGaps: readonly SubjectGap[];
  readonly findings: readonly string[];
  /** The store is new. */
  readonly created: boolean;
  /** The first log sequence whose bytes were verified. */
  readonly verifiedFrom: number;
}

/**
 * Reads what a store holds and verifies what came after its newest checkpoint.
 *
 * @param highWater - What the side file says; sequences up to there have been used.
 * @param created - There was no database: emptiness is only damage when the side file knows better.
 * @param suspect - Something is wrong already: everything is verified, not only the tail.
 * @throws AppError `STORE_VERSION` when the store was written by a later version.
 */
export async function loadContents(
  database: Database,
  highWater: HighWaterFound,
  { created, suspect }: { readonly created: boolean; readonly suspect: boolean },
): Promise<LoadedContents> {
  const findings: string[] = [];
  // A process that ended while it made the store has left an empty one.
  const isNew = highWater === "missing" && (created || (await isEmpty(database)));
  const meta = await loadMeta(database, highWater, isNew || created, findings);
  const gaps = await loadGaps(database, findings);
  const cursors = await loadCursors(database, findings);
  const checkpoints = await loadCheckpoints(database, findings);
  const firsts = await loadFirsts(database);
  const known = typeof highWater === "string" ? undefined : highWater;

  const logEntry = await lastEntry(database, kindRange(KeyKind.log));
  const logFound = logEntry === undefined ? 0 : keySequence(logEntry.key);
  const heads: Positions = { log: 0, alerts: 0, status: 0, summaries: 0, ledger: 0 };
  heads.log = Math.max(
    logFound,
    known?.logSeq ?? 0,
    checkpoints.at(-1) ?? 0,
    firsts.log - 1,
    lastGapEnd(gaps, "log"),
  );

  const verifiedFrom = suspect ? firsts.log : Math.max(firsts.log, (checkpoints.at(-1) ?? 0) + 1);
  const found = new GapFinder(gaps);
  const tail = await verifyLog(database, verifiedFrom, heads.log, found);
  // The streams as they stood before the verified part: as its first record's predecessor says, if it is there.
  const before = await headsBefore(database, verifiedFrom);

  for (const stream of streamNames) {
    const index = streamNames.indexOf(stream);
    heads[stream] = Math.max(
      await streamFound(database, stream),
      known?.heads[stream] ?? 0,
      tail?.[index] ?? before?.[index] ?? 0,
      firsts[stream] - 1,
      lastGapEnd(gaps, stream),
      ...[...cursors.values()].filter((cursor) => cursor.stream === stream).map((cursor) => cursor.to),
    );
    const from = Math.max(firsts[stream], (before?.[index] ?? 0) + 1);
    for await (const entry of scanChunks(database, stream, from, heads[stream])) {
      if ("cause" in entry) found.add(stream, entry);
    }
  }
  // Nothing follows from sessions, so they are only looked at where something is wrong already.
  if (suspect) {
    await eachEntry(database, KeyKind.session, findings, (_key, value) => damageOf(value) === undefined);
  }
  const newGaps = found.finish();
  const contents: Contents = {
    meta,
    heads,
    firsts,
    cursors,
    gaps: sortedGaps([...gaps, ...newGaps]),
    checkpoints,
    deadLetters: await newestDeadLetter(database),
  };
  return { contents, newGaps, findings, verifiedFrom, created: isNew };
}

async function isEmpty(database: Database): Promise<boolean> {
  return (await firstEntry(database, { gte: Uint8Array.of(0), lt: Uint8Array.of(0xff) })) === undefined;
}

async function loadMeta(
  database: Database,
  highWater: HighWaterFound,
  created: boolean,
  findings: string[],
): Promise<StoreMeta> {
  const known = typeof highWater === "string" ? undefined : highWater;
  if (highWater === "damaged") findings.push("the side file with the high water is damaged");
  if (created && known !== undefined) findings.push("the database is missing");
  const value = await database.get(metaKey);
  const meta = value === undefined ? undefined : decodeMeta(value);
  if (meta === undefined) {
    if (!created) findings.push("the description of the store is missing or damaged");
    return { version: storeVersion, storeId: known?.storeId ?? randomBytes(16).toString("hex"), opened: 1 };
  }
  if (meta.version > storeVersion) {
    throw new AppError("STORE_VERSION", "operator", `the store has version ${meta.version}`, {
      hint: `This version of holdfast reads stores up to version ${storeVersion}: install a newer one.`,
    });
  }
  if (known === undefined && highWater === "missing" && meta.opened > 0) {
    findings.push("the side file with the high water is missing");
  }
  if (known !== undefined && known.storeId !== meta.storeId) {
    findings.push("the side file with the high water belongs to another store");
  }
  return { ...meta, opened: meta.opened + 1 };
}

async function loadGaps(database: Database, findings: string[]): Promise<SubjectGap[]> {
  const gaps: SubjectGap[] = [];
  await eachEntry(database, KeyKind.gap, findings, (key, value) => {
    const what = subjectOfNumber(key[1] ?? 0xff);
    const gap = decodeGap(value);
    if (what === undefined || gap === undefined) return false;
    gaps.push({ what, from: keySequence(key), to: gap.to, cause: gap.cause });
    return true;
  });
  return gaps;
}

async function loadCursors(database: Database, findings: string[]): Promise<Map<string, Cursor>> {
  const cursors = new Map<string, Cursor>();
  await eachEntry(database, KeyKind.cursor, findings, (key, value) => {
    const parts = cursorKeyParts(key);
    const to = decodeNumber(value);
    if (parts === undefined || to === undefined) return false;
    cursors.set(cursorName(parts.upstream, parts.stream), { ...parts, to });
    return true;
  });
  return cursors;
}

async function loadCheckpoints(database: Database, findings: string[]): Promise<number[]> {
  const checkpoints: number[] = [];
  await eachEntry(database, KeyKind.checkpoint, findings, (key, value) => {
    const seq = keySequence(key);
    if (decodeCheckpoint(value, seq) === undefined) return false;
    checkpoints.push(seq);
    return true;
  });
  return checkpoints;
}

async function loadFirsts(database: Database): Promise<Positions> {
  const firsts: Positions = { log: 1, alerts: 1, status: 1, summaries: 1, ledger: 1 };
  for (const subject of subjects) {
    const value = await database.get(trimKey(subject));
    if (value !== undefined) firsts[subject] = decodeNumber(value) ?? 1;
  }
  return firsts;
}

/** Visits all values of a kind; what the visitor refuses becomes a finding. */
async function eachEntry(
  database: Database,
  kind: KeyKind,
  findings: string[],
  visit: (key: Uint8Array, value: Uint8Array) => boolean,
): Promise<void> {
  const outcome: ScanOutcome = { unreadable: undefined };
  for await (const { key, value } of scanEntries(database, kindRange(kind), outcome)) {
    if (!visit(key, value)) findings.push(`damaged value under key ${Buffer.from(key).toString("hex")}`);
  }
  if (outcome.unreadable !== undefined) findings.push(outcome.unreadable);
}

/** Verifies log values. @returns The stream heads that the last valid record knew. */
async function verifyLog(
  database: Database,
  from: number,
  to: number,
  found: GapFinder,
): Promise<StreamHeads | undefined> {
  let heads: StreamHeads | undefined;
  for await (const entry of scanLog(database, from, to)) {
    if ("cause" in entry) {
      found.add("log", entry);
      continue;
    }
    const header = decodeRecordHeader(entry.value, entry.seq);
    if ("damage" in header)
      found.add("log", { from: entry.seq, to: entry.seq, cause: `damaged: ${header.damage}` });
    else ({ heads } = header);
  }
  return heads;
}

async function headsBefore(database: Database, seq: number): Promise<StreamHeads | undefined> {
  if (seq <= 1) return undefined;
  try {
    const value = await database.get(sequenceKey(KeyKind.log, seq - 1));
    if (value === undefined) return undefined;
    const header = decodeRecordHeader(value, seq - 1);
    return "damage" in header ? undefined : header.heads;
  } catch {
    // Unreadable: then more is verified than had to be.
    return undefined;
  }
}

/** The last sequence of the last chunk that can be read. */
async function streamFound(database: Database, stream: StreamName): Promise<number> {
  const entry = await lastEntry(database, subjectRange(KeyKind.stream, stream));
  if (entry === undefined) return 0;
  const first = keySequence(entry.key);
  const chunk = readChunk(entry.value, first);
  return "damage" in chunk ? first : chunk.last;
}

async function newestDeadLetter(database: Database): Promise<number> {
  const entry = await lastEntry(database, kindRange(KeyKind.deadLetter));
  return entry === undefined ? 0 : keySequence(entry.key);
}

function lastGapEnd(gaps: readonly SubjectGap[], what: Subject): number {
  return Math.max(0, ...gaps.filter((gap) => gap.what === what).map((gap) => gap.to));
}
