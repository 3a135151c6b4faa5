/**
 * Raw samples out of the log, by event time.
 *
 * The log is in the order of receipt. A query looks up where the time of receipt comes near, by halves, and
 * reads on from there; what is read and what is held are bounded.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { stampAheadMsMax } from "../core/limits.ts";
import type { LogRecord } from "../core/record.ts";
import { type EpochMs, RowFlag, type SampleColumns, type SeriesId, ValueKind } from "../core/sample.ts";
import type { Contents } from "./contents.ts";
import type { Database } from "./database.ts";
import { KeyKind, keySequence, sequenceKey } from "./keys.ts";
import { decodeRecord, decodeRecordHeader } from "./record-codec.ts";
import { firstEntry, scanLog } from "./scan.ts";

/** Which samples are wanted. */
export interface StoredSampleQuery {
  readonly series: ReadonlySet<SeriesId>;
  /** Event times `[from, to)`. */
  readonly from: EpochMs;
  readonly to: EpochMs;
  /** How many at most, the earliest; at least 1. */
  readonly limit: number;
  /** How many records are read at most. */
  readonly recordsMax: number;
  /** By how much the times of receipt in a record are to move, by what was learnt of the clock later. */
  readonly movedMs: (boot: string, seq: number) => number;
}

/** One sample of the log. */
export interface StoredSample {
  readonly series: SeriesId;
  /** Of the log record that holds it. */
  readonly seq: number;
  /** Event time; a time of receipt as it was repaired since. */
  readonly at: EpochMs;
  /** `null` where the device sent nothing that is a value. */
  readonly value: number | boolean | string | null;
  /** `corrected`: the device's stamp was not taken as it came. `bad`: no finite number where one belongs. */
  readonly quality?: "corrected" | "bad";
  /** The device's own stamp, where `at` is another one. */
  readonly stampAt?: EpochMs;
  /** The sender or a replay marks it as old. */
  readonly historical?: true;
}

/** The answer to a query. */
export interface StoredSamples {
  /** In the order of event time; samples of one instant in the order of the log. */
  readonly samples: readonly StoredSample[];
  /** There are more, or there may be: not every record was read. */
  readonly truncated: boolean;
}

/** How late a sample may have come and is still found. */
const lateMs = 3_600_000;

/** Iterators keep files from being deleted: after so many records one is closed, and others have their turn. */
const sliceRecords = 256;

/**
 * Reads the samples of some series in a stretch of event time.
 *
 * Records are looked at from {@link stampAheadMsMax} before `from`, by as much as stamps are ahead of receipt
 * unless a device's clock policy allows more, to {@link lateMs} behind `to`, or behind the last sample that
 * the limit leaves room for. What arrived later than that after its event time is not found this way, and
 * neither is what a clock that was set back, without a repair, has put out of order. Missing and damaged
 * records are left out.
 *
 * @throws Error of LevelDB when the disk refuses, or the database is closed meanwhile.
 */
export async function readSamples(
  database: Database,
  contents: Contents,
  query: StoredSampleQuery,
): Promise<StoredSamples> {
  const { movedMs, recordsMax } = query;
  const earliest = new EarliestSamples(query);
  const head = contents.heads.log;
  let next = await firstSeqAt(database, contents, { at: query.from - stampAheadMsMax, movedMs });
  let read = 0;
  while (next <= head) {
    const last = Math.min(next + sliceRecords - 1, head);
    for await (const entry of scanLog(database, next, last)) {
      if ("cause" in entry) continue;
      if (read === recordsMax) return earliest.answer(true);
      read += 1;
      const decoded = decodeRecord(entry.value, entry.seq);
      if ("damage" in decoded) continue;
      const { record } = decoded;
      const moved = movedMs(record.boot, record.seq);
      if (record.at + moved > earliest.to + lateMs) return earliest.answer(false);
      earliest.take(record, moved);
    }
    next = last + 1;
    await nextTurn();
  }
  return earliest.answer(false);
}

/** The sequence of the first record sealed at or after an instant; one past the newest when there is none. */
async function firstSeqAt(
  database: Database,
  contents: Contents,
  { at, movedMs }: Pick<StoredSampleQuery, "movedMs"> & { readonly at: EpochMs },
): Promise<number> {
  let low = contents.firsts.log;
  let high = contents.heads.log + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const found = await readableHeader(database, middle, high);
    // Where nothing can be read, what comes before it decides: too much is read rather than too little.
    if (found === undefined || found.at + movedMs(found.boot, found.seq) >= at) high = middle;
    else low = found.seq + 1;
  }
  return low;
}

/** The first record in `[from, end)` that can be read, as far as its header tells. */
async function readableHeader(
  database: Database,
  from: number,
  end: number,
): Promise<{ readonly seq: number; readonly at: EpochMs; readonly boot: string } | undefined> {
  let candidate = from;
  while (candidate < end) {
    const range = { gte: sequenceKey(KeyKind.log, candidate), lt: sequenceKey(KeyKind.log, end) };
    const entry = await firstEntry(database, range);
    if (entry === undefined) return undefined;
    const seq = keySequence(entry.key);
    const header = decodeRecordHeader(entry.value, seq);
    if (!("damage" in header)) return { seq, at: header.at, boot: header.boot };
    candidate = seq + 1;
  }
  return undefined;
}

/** Collects the earliest samples, and holds not many more than are wanted. */
class EarliestSamples {
  /** Samples from here on are not wanted: the end of the query, or the last one that there is room for. */
  to: EpochMs;
  readonly #from: EpochMs;
  readonly #limit: number;
  readonly #heldMax: number;
  /** 1 for the series that are wanted. */
  readonly #wanted: Uint8Array;
  #held: StoredSample[] = [];
  #leftOut = false;

  constructor({ series, from, to, limit }: StoredSampleQuery) {
    this.#from = from;
    this.to = to;
    this.#limit = limit;
    this.#heldMax = limit + Math.max(limit, 1_024);
    let seriesMax = -1;
    for (const id of series) seriesMax = Math.max(seriesMax, id);
    this.#wanted = new Uint8Array(seriesMax + 1);
    for (const id of series) this.#wanted[id] = 1;
  }

  /** @param movedMs - By which the record's times of receipt move. */
  take({ rows, at: sealedAt, seq }: LogRecord, movedMs: number): void {
    for (let row = 0; row < rows.count; row += 1) {
      if (this.#wanted[rows.series[row]!] !== 1) continue;
      const writtenAt = rows.at[row]!;
      const at = movedMs !== 0 && isReceipt(rows, row, sealedAt) ? writtenAt + movedMs : writtenAt;
      if (at >= this.#from && at < this.to) this.#held.push(sampleOf(rows, row, { at, seq }));
    }
    if (this.#held.length > this.#heldMax) this.#leaveOut();
  }

  answer(recordsLeft: boolean): StoredSamples {
    this.#leaveOut();
    return { samples: this.#held, truncated: recordsLeft || this.#leftOut };
  }

  /** Samples of one instant keep their order: those that are held came before those that follow. */
  #leaveOut(): void {
    this.#held.sort((one, other) => one.at - other.at);
    if (this.#held.length <= this.#limit) return;
    this.#held.length = this.#limit;
    this.#leftOut = true;
    this.to = this.#held[this.#limit - 1]!.at;
  }
}

/** Whether a row's event time is the gateway's: it had no stamp, or the moment of the record stands for it. */
function isReceipt(rows: SampleColumns, row: number, sealedAt: EpochMs): boolean {
  const flags = rows.flags[row]!;
  // The receipt of what is replayed was long before, maybe in another boot.
  if ((flags & RowFlag.historical) !== 0) return false;
  if ((flags & RowFlag.stamped) === 0) return true;
  return (flags & RowFlag.restamped) !== 0 && rows.at[row] === sealedAt;
}

function sampleOf(
  rows: SampleColumns,
  row: number,
  { at, seq }: { readonly at: EpochMs; readonly seq: number },
): StoredSample {
  const flags = rows.flags[row]!;
  const stampAt = (flags & RowFlag.restamped) === 0 ? Number.NaN : rows.stampAt[row]!;
  return {
    series: rows.series[row]!,
    seq,
    at,
    value: valueOf(rows, row),
    ...qualityOf(flags),
    ...(Number.isFinite(stampAt) ? { stampAt } : {}),
    ...((flags & RowFlag.historical) === 0 ? {} : { historical: true }),
  };
}

function qualityOf(flags: number): Pick<StoredSample, "quality"> {
  if ((flags & RowFlag.bad) !== 0) return { quality: "bad" };
  return (flags & RowFlag.corrected) === 0 ? {} : { quality: "corrected" };
}

function valueOf(rows: SampleColumns, row: number): StoredSample["value"] {
  const value = rows.value[row]!;
  const kind = rows.kind[row];
  if (kind === ValueKind.text) return rows.texts[value] ?? null;
  if (kind === ValueKind.boolean) return value !== 0;
  return kind === ValueKind.number && Number.isFinite(value) ? value : null;
}
