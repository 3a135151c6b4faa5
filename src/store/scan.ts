/**
 * Reading ranges of the store past any damage.
 *
 * LevelDB's iterators step over blocks they cannot read and report that only at their end, together with
 * the loss of whatever entries had been fetched ahead. So a range that fails is read again one entry at a
 * time from where it was, and what is missing shows by its sequence.
 */
import type { StreamName } from "../core/streams.ts";
import type { Database } from "./database.ts";
import { isDamage } from "./failures.ts";
import { KeyKind, keySequence, type Subject, sequenceKey, subjectKey, subjectRange } from "./keys.ts";
import { readChunk, type StoredChunk } from "./stream-codec.ts";

/** One entry of a range. */
export interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Sequences that should be there and are not, both ends included. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly cause: string;
}

/** A gap with what it is in. */
export interface SubjectGap extends Gap {
  readonly what: Subject;
}

interface Range {
  readonly gte: Uint8Array;
  readonly lt: Uint8Array;
}

const fetchEntries = 64;
const fetchBytes = 1024 * 1024;

/** What the iteration met beside entries; set once the last entry has been given. */
export interface ScanOutcome {
  /** LevelDB could not read part of the range. */
  unreadable: string | undefined;
}

/** Reads every readable entry of a range in order; damage ends up in `outcome`, never in an exception. */
export async function* scanEntries(
  database: Database,
  range: Range,
  outcome: ScanOutcome,
): AsyncGenerator<Entry> {
  let lower: { gte: Uint8Array } | { gt: Uint8Array } = { gte: range.gte };
  let batch = fetchEntries;
  for (;;) {
    const iterator = database.iterator({ ...lower, lt: range.lt, highWaterMarkBytes: fetchBytes });
    let last: Uint8Array | undefined;
    try {
      for (;;) {
        const entries = await iterator.nextv(batch);
        if (entries.length === 0) return;
        for (const [key, value] of entries) {
          yield { key, value };
          last = key;
        }
      }
    } catch (error) {
      if (!isDamage(error)) throw error;
      outcome.unreadable = error instanceof Error ? error.message : String(error);
      if (batch === 1) return;
      batch = 1;
    } finally {
      await iterator.close();
    }
    if (last !== undefined) lower = { gt: last };
  }
}

/** The last readable entry of a range. */
export async function lastEntry(database: Database, range: Range): Promise<Entry | undefined> {
  const iterator = database.iterator({ ...range, reverse: true, limit: 1 });
  try {
    const [entry] = await iterator.nextv(1);
    return entry === undefined ? undefined : { key: entry[0], value: entry[1] };
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  } finally {
    await iterator.close();
  }
}

/** The first readable entry of a range. */
export async function firstEntry(database: Database, range: Range): Promise<Entry | undefined> {
  const iterator = database.iterator({ ...range, limit: 1 });
  try {
    const [entry] = await iterator.nextv(1);
    return entry === undefined ? undefined : { key: entry[0], value: entry[1] };
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  } finally {
    await iterator.close();
  }
}

/** Why sequences are not there, as far as the scan can tell. */
function causeOfAbsence(outcome: ScanOutcome): string {
  return outcome.unreadable === undefined ? "missing" : `unreadable: ${outcome.unreadable}`;
}

/** Joins gaps that touch and have the same cause. */
export class GapCollector {
  #pending: Gap | undefined;

  /** Adds a gap after the ones before. @returns The earlier gap, when this one does not continue it. */
  add(gap: Gap): Gap | undefined {
    const pending = this.#pending;
    if (pending !== undefined && pending.to + 1 === gap.from && pending.cause === gap.cause) {
      this.#pending = { ...pending, to: gap.to };
      return undefined;
    }
    this.#pending = gap;
    return pending;
  }

  /** @returns The gap that is still held, when there is one. */
  flush(): Gap | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }
}

/** A value of the log under its sequence; or a gap before it. */
export type LogEntry = { readonly seq: number; readonly value: Uint8Array } | Gap;

/** Reads log values `from` to `to`; sequences without a value become gaps. */
export async function* scanLog(database: Database, from: number, to: number): AsyncGenerator<LogEntry> {
  if (from > to) return;
  const range = { gte: sequenceKey(KeyKind.log, from), lt: sequenceKey(KeyKind.log, to + 1) };
  const outcome: ScanOutcome = { unreadable: undefined };
  let expected = from;
  for await (const { key, value } of scanEntries(database, range, outcome)) {
    const seq = keySequence(key);
    if (key.length !== 9 || seq < expected) continue; // A damaged key; the one it was shows as missing.
    if (seq > expected)
      yield { from: expected, to: seq - 1, cause: await probe(database, expected, outcome) };
    yield { seq, value };
    expected = seq + 1;
  }
  if (expected <= to) yield { from: expected, to, cause: await probe(database, expected, outcome) };
}

/** Asks for one absent value by its key, since an iterator tells of bad blocks only at its end. */
async function probe(database: Database, seq: number, outcome: ScanOutcome): Promise<string> {
  try {
    await database.get(sequenceKey(KeyKind.log, seq));
    return causeOfAbsence(outcome);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return `unreadable: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** A chunk of a stream, or a gap before it. */
export type ChunkEntry = StoredChunk | Gap;

/**
 * Reads the chunks that hold records `from` to `to` of a stream, which may begin before `from`; records in no
 * valid chunk become gaps.
 */
export async function* scanChunks(
  database: Database,
  stream: StreamName,
  from: number,
  to: number,
): AsyncGenerator<ChunkEntry> {
  if (from > to) return;
  const before = await lastEntry(database, {
    gte: subjectKey(KeyKind.stream, stream, 0),
    lt: subjectKey(KeyKind.stream, stream, from + 1),
  });
  const range = {
    gte: before?.key ?? subjectKey(KeyKind.stream, stream, from),
    lt: subjectRange(KeyKind.stream, stream).lt,
  };
  const outcome: ScanOutcome = { unreadable: undefined };
  let expected = from;
  let damage: string | undefined;
  for await (const { key, value } of scanEntries(database, range, outcome)) {
    const first = keySequence(key);
    if (first > to) break;
    const chunk = readChunk(value, first);
    if ("damage" in chunk) {
      damage = `damaged: ${chunk.damage}`;
      continue;
    }
    if (chunk.last < expected) continue;
    if (chunk.first > expected) {
      yield { from: expected, to: chunk.first - 1, cause: damage ?? causeOfAbsence(outcome) };
    }
    yield chunk;
    expected = chunk.last + 1;
    damage = undefined;
  }
  if (expected <= to) yield { from: expected, to, cause: damage ?? causeOfAbsence(outcome) };
}
