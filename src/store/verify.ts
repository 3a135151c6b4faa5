/**
 * Reads a whole store and says what is wrong with it: every checksum, every sequence, and the books.
 *
 * It changes nothing but what LevelDB does at every open (its write-ahead log becomes a table); it repairs
 * nothing and remembers nothing.
 */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../core/errors.ts";
import type { LogRecord } from "../core/record.ts";
import { type LedgerRecord, type StreamName, streamNames } from "../core/streams.ts";
import { BooksCheck } from "./books.ts";
import { type Contents, loadContents } from "./contents.ts";
import { type Database, databaseName, openForReading } from "./database.ts";
import { storeError } from "./failures.ts";
import { readHighWater } from "./high-water.ts";
import { KeyKind, keySequence, kindRange, type Subject, sequenceKey } from "./keys.ts";
import { readRecords } from "./reading.ts";
import { GapCollector, type ScanOutcome, scanChunks, scanEntries } from "./scan.ts";
import { damageOf } from "./seal.ts";
import { chunkRecord } from "./stream-codec.ts";
import { decodeCheckpoint, decodeDefinition } from "./values.ts";

/** How far a verification has come. */
export interface VerifyProgress {
  readonly what: Subject;
  readonly done: number;
  readonly total: number;
}

export interface VerifyOptions {
  /** Called now and then, at most every few hundred records. */
  readonly onProgress?: (progress: VerifyProgress) => void;
}

/** Sequences that are lost, both ends included. */
export interface VerifyGap {
  readonly what: Subject;
  readonly from: number;
  readonly to: number;
  readonly cause: string;
}

/** One stream, as found. */
export interface VerifyStream {
  readonly first: number;
  readonly last: number;
  readonly present: number;
  readonly cursors: Readonly<Record<string, number>>;
}

/** What a store holds and what is wrong with it. */
export interface VerifyReport {
  /** Nothing is missing and nothing contradicts anything. */
  readonly ok: boolean;
  readonly records: {
    readonly first: number;
    readonly last: number;
    readonly present: number;
    /** Samples in the records that are present. */
    readonly samples: number;
  };
  /** In order: the log first, then each stream. */
  readonly gaps: readonly VerifyGap[];
  readonly streams: Readonly<Record<StreamName, VerifyStream>>;
  /** Sequence of the newest intact checkpoint; nothing when there is none. */
  readonly checkpoint: number | undefined;
  readonly series: number;
  /** Values that the broker remembers of its sessions. */
  readonly sessions: number;
  /** Whatever else is wrong, each in one sentence. */
  readonly findings: readonly string[];
}

const progressEvery = 256;

/**
 * Verifies the store in a data directory.
 *
 * @throws AppError `STORE_LOCKED` while a gateway runs on it; `STORE_VERSION` for a later version;
 *   `STORE_FAILED` when there is no store or the disk refuses. Damage is never thrown: a store that does not
 *   open is a finding.
 */
export async function verifyStore(directory: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  const location = join(directory, databaseName);
  await stat(directory).catch((error: unknown) => {
    throw new AppError("STORE_FAILED", "operator", `there is no store in ${directory}`, {
      hint: "Name the data directory of a gateway.",
      cause: error,
    });
  });
  const opened = await openForReading(directory).catch((error: unknown) => {
    throw storeError(error, `opening ${location}`);
  });
  const findings = [...opened.findings, ...opened.dropped.map((line) => `LevelDB left out bytes: ${line}`)];
  if (opened.database === undefined) return emptyReport(findings);
  try {
    const highWater = await readHighWater(join(directory, "high-water"));
    const loaded = await loadContents(opened.database, highWater, { created: false, suspect: false });
    findings.push(...loaded.findings);
    const report = await new Verification(opened.database, loaded.contents, findings, options).run();
    const confirmed = report.gaps.length > 0 ? opened.suspicions : [];
    return { ...report, findings: [...confirmed, ...report.findings] };
  } catch (error) {
    throw storeError(error, `verifying ${location}`);
  } finally {
    await opened.database.close();
  }
}

const noStream: VerifyStream = { first: 1, last: 0, present: 0, cursors: {} };
const noStreams = { alerts: noStream, status: noStream, summaries: noStream, ledger: noStream };

function emptyReport(findings: readonly string[]): VerifyReport {
  return {
    ok: false,
    records: { first: 1, last: 0, present: 0, samples: 0 },
    gaps: [],
    streams: noStreams,
    checkpoint: undefined,
    series: 0,
    sessions: 0,
    findings,
  };
}

/** One run over one store. */
class Verification {
  readonly #database: Database;
  readonly #contents: Contents;
  readonly #findings: string[];
  readonly #options: VerifyOptions;
  readonly #gaps: VerifyGap[] = [];
  readonly #defined = new Set<number>();
  readonly #undefinedSeries = new Set<number>();

  constructor(database: Database, contents: Contents, findings: string[], options: VerifyOptions) {
    this.#database = database;
    this.#contents = contents;
    this.#findings = findings;
    this.#options = options;
  }

  async run(): Promise<VerifyReport> {
    await this.#readDefinitions();
    const records = await this.#readLog();
    if (this.#undefinedSeries.size > 0) {
      const shown = [...this.#undefinedSeries].slice(0, 5).join(", ");
      this.#findings.push(`${this.#undefinedSeries.size} series have samples and no definition: ${shown}`);
    }
    const streams: Record<StreamName, VerifyStream> = { ...noStreams };
    for (const stream of streamNames) streams[stream] = await this.#readStream(stream);
    const checkpoint = await this.#readCheckpoints();
    const sessions = await this.#readSessions();
    return {
      ok: this.#gaps.length === 0 && this.#findings.length === 0,
      records,
      gaps: this.#gaps,
      streams,
      checkpoint,
      series: this.#defined.size,
      sessions,
      findings: this.#findings,
    };
  }

  async #readDefinitions(): Promise<void> {
    const outcome: ScanOutcome = { unreadable: undefined };
    const range = kindRange(KeyKind.seriesDefinition);
    let expected = 0;
    for await (const { key, value } of scanEntries(this.#database, range, outcome)) {
      const id = keySequence(key);
      if (decodeDefinition(value, id) === undefined) {
        this.#findings.push(`the definition of series ${id} is damaged`);
        continue;
      }
      if (id > expected) this.#findings.push(`definitions of series ${expected} to ${id - 1} are missing`);
      expected = id + 1;
      this.#defined.add(id);
    }
    if (outcome.unreadable !== undefined) this.#findings.push(outcome.unreadable);
  }

  async #readLog(): Promise<VerifyReport["records"]> {
    const { firsts, heads } = this.#contents;
    const books = new BooksCheck(this.#ledgerRecords(), firsts.log, this.#findings);
    let present = 0;
    let samples = 0;
    for await (const item of readRecords(this.#database, this.#contents, firsts.log)) {
      if (item.kind === "gap") {
        this.#gaps.push({ what: "log", from: item.from, to: item.to, cause: item.cause });
        books.skip();
        continue;
      }
      present += 1;
      samples += item.record.rows.count;
      this.#checkSeries(item.record);
      await books.add(item.record);
      this.#progress("log", item.record.seq, heads.log);
    }
    await books.finish();
    return { first: firsts.log, last: heads.log, present, samples };
  }

  async *#ledgerRecords(): AsyncGenerator<LedgerRecord> {
    const { firsts, heads } = this.#contents;
    for await (const chunk of scanChunks(this.#database, "ledger", firsts.ledger, heads.ledger)) {
      if ("cause" in chunk) continue;
      for (let seq = chunk.first; seq <= chunk.last; seq += 1) {
        const record = chunkRecord(chunk, seq);
        if ("logSeq" in record) yield record;
      }
    }
  }

  #checkSeries(record: LogRecord): void {
    const { series, count } = record.rows;
    for (let row = 0; row < count; row += 1) {
      const id = series[row]!;
      if (!this.#defined.has(id)) this.#undefinedSeries.add(id);
    }
  }

  async #readStream(stream: StreamName): Promise<VerifyStream> {
    const { firsts, heads, cursors } = this.#contents;
    const first = firsts[stream];
    const last = heads[stream];
    const gaps = new GapCollector();
    const keep = (gap: { from: number; to: number; cause: string } | undefined): void => {
      if (gap !== undefined) this.#gaps.push({ what: stream, ...gap });
    };
    let present = 0;
    for await (const chunk of scanChunks(this.#database, stream, first, last)) {
      if ("cause" in chunk) {
        const known = this.#contents.gaps.find(
          (gap) => gap.what === stream && gap.from <= chunk.from && gap.to >= chunk.to,
        );
        keep(gaps.add({ ...chunk, cause: known?.cause ?? chunk.cause }));
        continue;
      }
      for (let seq = chunk.first; seq <= chunk.last; seq += 1) {
        if (chunkRecord(chunk, seq).seq !== seq) this.#findings.push(`${stream} ${seq} holds another number`);
        if (seq >= first) present += 1;
        this.#progress(stream, seq, last);
      }
    }
    keep(gaps.flush());
    const positions: Record<string, number> = {};
    for (const cursor of cursors.values()) {
      if (cursor.stream !== stream) continue;
      positions[cursor.upstream] = cursor.to;
      if (cursor.to > last) {
        this.#findings.push(`the cursor of ${cursor.upstream} in ${stream} is at ${cursor.to} of ${last}`);
      }
    }
    return { first, last, present, cursors: positions };
  }

  async #readCheckpoints(): Promise<number | undefined> {
    const { checkpoints, heads } = this.#contents;
    for (const seq of checkpoints.toReversed()) {
      if (seq > heads.log) this.#findings.push(`checkpoint ${seq} is ahead of the log`);
      const value = await this.#database.get(sequenceKey(KeyKind.checkpoint, seq));
      if (value !== undefined && decodeCheckpoint(value, seq) !== undefined) return seq;
    }
    return undefined;
  }

  /** @returns How many are intact. */
  async #readSessions(): Promise<number> {
    const outcome: ScanOutcome = { unreadable: undefined };
    let intact = 0;
    for await (const { key, value } of scanEntries(this.#database, kindRange(KeyKind.session), outcome)) {
      const damage = damageOf(value);
      if (damage === undefined) intact += 1;
      else this.#findings.push(`session value ${Buffer.from(key).toString("hex")} is damaged: ${damage}`);
    }
    if (outcome.unreadable !== undefined) this.#findings.push(outcome.unreadable);
    return intact;
  }

  #progress(what: Subject, done: number, total: number): void {
    if (done % progressEvery === 0 || done === total) this.#options.onProgress?.({ what, done, total });
  }
}
