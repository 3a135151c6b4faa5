/**
 * The durable log with everything that follows from it, in one LevelDB.
 *
 * One commit is one atomic batch: a record, its effects, the cursors that moved meanwhile, and now and then
 * a checkpoint. Nothing else writes, so after a failed write there is exactly one thing whose fate is
 * unknown, and {@link Store.reopen} finds it out.
 */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError, invariant } from "../core/errors.ts";
import type { MetricFamily } from "../core/ports.ts";
import type { Effects, NumberedDeadLetter } from "../core/record.ts";
import type { SeriesDefinition } from "../core/sample.ts";
import type { JournalEntry } from "../core/session-journal.ts";
import type { StreamName, StreamSlice } from "../core/streams.ts";
import { applyCommit, encodeCommit, expectFollowing, type Operation } from "./commit-batch.ts";
import { type Contents, type Cursor, cursorName } from "./contents.ts";
import type { Commit, LogEntry } from "../core/log-store.ts";
import type { OpenReport, Store, StoreOptions } from "./contract.ts";
import { databaseName } from "./database.ts";
import { isDamage, storeError } from "./failures.ts";
import { cursorKey, KeyKind, keySequence, kindRange, type Subject, sequenceKey } from "./keys.ts";
import { storeMetrics } from "./metrics.ts";
import { closeParts, highWaterOf, type OpenParts, openParts } from "./opening.ts";
import { readRecords, readStream } from "./reading.ts";
import { readSamples, type StoredSampleQuery, type StoredSamples } from "./sample-history.ts";
import { type ScanOutcome, scanEntries } from "./scan.ts";
import { decodeDeadLetter, encodeEffects } from "./stream-codec.ts";
import { applyTrim, trimBound, trimOperations, trimSlices } from "./trim.ts";
import { decodeCheckpoint, decodeDefinition, decodeSession, encodeNumber } from "./values.ts";

export type { OpenReport, Store, StoreOptions } from "./contract.ts";

/** A moved cursor is durable within this, commit or not. */
const cursorFlushMs = 200;
/** How often the side file follows the log without a sync. */
const highWaterMs = 1000;
/** Free space is looked at after so many bytes: far less than the reserve that is asked for. */
const roomCheckBytes = 256 * 1024;

/**
 * Opens the store in a directory, or makes one.
 *
 * Whatever is wrong with it is repaired where possible, and told in `openReport` and in the log. Lost
 * sequences are never used again.
 *
 * @throws AppError `STORE_LOCKED` (operator): another process has it. `STORE_FULL` (operator): no room even
 *   to recover. `STORE_DAMAGED` (corrupt): a repair did not help. `STORE_VERSION` (operator): written by a
 *   later version. `STORE_FAILED` (transient): the disk refused. Nothing was lost by the attempt.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const store = new LevelStore(options);
  await store.open();
  return store;
}

class LevelStore implements Store {
  readonly metrics: readonly MetricFamily[];
  readonly #options: StoreOptions;
  readonly #sync: boolean;
  readonly #listeners = new Set<() => void>();
  readonly #movedCursors = new Map<string, Cursor>();
  #parts: OpenParts | undefined;
  /** Answers questions even while the store is being reopened. */
  #known: { readonly contents: Contents; readonly report: OpenReport } | undefined;
  #failed = true;
  /** LevelDB cannot write because of a damaged table: opening it again would not help. */
  #repairFirst = false;
  /** The newest record was found at reopen, not committed through this handle. */
  #newestWasFound = false;
  #writing: Promise<void> = Promise.resolve();
  /** The queries for samples so far. */
  #sampling: Promise<unknown> = Promise.resolve();
  #cursorTimer: NodeJS.Timeout | undefined;
  #highWaterTimer: NodeJS.Timeout | undefined;
  /** How far bytes have been deleted through this handle. */
  readonly #trimmed = new Map<Subject, number>();
  #commits = 0;
  #commitBytes = 0;
  /** Free space is looked at again when so many bytes have been committed. */
  #roomCheckAt = 0;
  #failures = 0;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#sync = options.durability === "sync";
    this.metrics = storeMetrics({
      commits: () => this.#commits,
      commitBytes: () => this.#commitBytes,
      failures: () => this.#failures,
      failed: () => this.#failed,
      contents: () => this.#known?.contents,
    });
  }

  async open(): Promise<void> {
    this.#parts = await openParts(this.#options, this.#repairFirst);
    this.#repairFirst = false;
    this.#known = this.#parts;
    this.#failed = false;
  }

  get #open(): OpenParts {
    if (this.#parts === undefined) {
      throw new AppError("STORE_FAILED", "transient", "the store is not open", { hint: "Reopen it." });
    }
    return this.#parts;
  }

  get #contents(): Contents {
    invariant(this.#known !== undefined, "the store has never been open");
    return this.#known.contents;
  }

  get lastSeq(): number {
    return this.#contents.heads.log;
  }

  get firstSeq(): number {
    return this.#contents.firsts.log;
  }

  get openReport(): OpenReport {
    invariant(this.#known !== undefined, "the store has never been open");
    return this.#known.report;
  }

  commit(commit: Commit): Promise<void> {
    return this.#exclusively(async () => {
      this.#writable();
      await this.#ensureRoom();
      const contents = this.#contents;
      const batch = encodeCommit(contents, commit);
      if (commit.record.seq === contents.heads.log && this.#newestWasFound) {
        await this.#expectStored(commit.record.seq, batch.recordValue.slice());
        return;
      }
      expectFollowing(contents, commit);
      await this.#write(batch.operations, "committing");
      applyCommit(contents, batch);
      this.#newestWasFound = false;
      this.#commits += 1;
      if (commit.checkpoint === undefined) this.#followLog();
      else await this.#writeHighWater(true, false).catch((error: unknown) => this.#reportHighWater(error));
      if (batch.grows) for (const listener of this.#listeners) listener();
    });
  }

  /** Runs one thing after the other: whoever writes next finds the handle dead if the one before failed. */
  #exclusively<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#writing.then(run);
    this.#writing = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  /**
   * Refuses a commit while the disk is nearly full: a write that fails half-way costs a reopen, and the
   * reopen needs room.
   */
  async #ensureRoom(): Promise<void> {
    if (this.#commitBytes < this.#roomCheckAt) return;
    const { ballast } = this.#writable();
    if (!(await ballast.hasRoom())) {
      throw new AppError("STORE_FULL", "operator", "the disk is nearly full: nothing was written", {
        hint: "Free space on the partition of the data directory; the gateway then goes on by itself.",
      });
    }
    this.#roomCheckAt = this.#commitBytes + roomCheckBytes;
  }

  /** A commit that is repeated after a reopen must be the one that was found. */
  async #expectStored(seq: number, value: Uint8Array): Promise<void> {
    const stored = await this.#open.database.get(sequenceKey(KeyKind.log, seq));
    invariant(
      stored !== undefined && Buffer.compare(stored, value) === 0,
      `record ${seq} was committed before with other contents`,
    );
    this.#newestWasFound = false;
  }

  #writable(): OpenParts {
    if (this.#failed) {
      throw new AppError("STORE_FAILED", "transient", "an earlier write failed", {
        hint: "Reopen the store.",
      });
    }
    return this.#open;
  }

  /** Writes one batch, with the cursors that have moved; a failure ends the handle. */
  async #write(operations: Operation[], doing: string): Promise<void> {
    const { database } = this.#writable();
    const moved = [...this.#movedCursors.values()];
    this.#movedCursors.clear();
    for (const { upstream, stream, to } of moved) {
      operations.push({ type: "put", key: cursorKey(upstream, stream), value: encodeNumber(to) });
    }
    let bytes = 0;
    for (const operation of operations) {
      bytes += operation.key.length + (operation.type === "put" ? operation.value.length : 0);
    }
    try {
      await database.batch(operations, { sync: this.#sync });
      this.#commitBytes += bytes;
    } catch (error) {
      this.#failed = true;
      this.#failures += 1;
      this.#repairFirst = isDamage(error);
      for (const cursor of moved) this.#movedCursors.set(cursorName(cursor.upstream, cursor.stream), cursor);
      throw storeError(error, doing);
    }
  }

  /** Lets the side file follow the log a little later. */
  #followLog(): void {
    if (this.#highWaterTimer !== undefined) return;
    this.#highWaterTimer = setTimeout(() => {
      this.#highWaterTimer = undefined;
      this.#writeHighWater(false, false).catch((error: unknown) => this.#reportHighWater(error));
    }, highWaterMs).unref();
  }

  async #writeHighWater(sync: boolean, closed: boolean): Promise<void> {
    await this.#parts?.highWater.write(highWaterOf(this.#contents, closed), sync);
  }

  #reportHighWater(error: unknown): void {
    // The log itself is written: only the detection of a lost end is weaker until the next time.
    this.#options.logger.warn(
      { event: "store-high-water-failed", error },
      "The side file could not be written.",
    );
  }

  reopen(): Promise<void> {
    this.#failed = true;
    this.#clearTimers();
    return this.#exclusively(async () => {
      const durable = this.#contents;
      const parts = this.#parts;
      this.#parts = undefined;
      if (parts !== undefined) await closeParts(parts);
      this.#roomCheckAt = 0;
      await this.open();
      const contents = this.#contents;
      this.#newestWasFound = contents.heads.log > durable.heads.log;
      // Cursors that had moved and were not yet written, or have moved meanwhile.
      for (const cursor of this.#movedCursors.values()) {
        contents.cursors.set(cursorName(cursor.upstream, cursor.stream), cursor);
      }
      this.#scheduleCursorFlush();
    });
  }

  records(fromSeq: number): AsyncIterable<LogEntry> {
    return readRecords(this.#open.database, this.#contents, fromSeq);
  }

  effectsDigest(effects: Effects): number {
    return encodeEffects(effects).digest;
  }

  async checkpoint(): Promise<{ readonly seq: number; readonly state: Uint8Array } | undefined> {
    const { database } = this.#open;
    for (const seq of this.#contents.checkpoints.toReversed()) {
      const value = await database.get(sequenceKey(KeyKind.checkpoint, seq)).catch(() => undefined);
      const state = value === undefined ? undefined : decodeCheckpoint(value, seq);
      if (state !== undefined) return { seq, state };
    }
    return undefined;
  }

  async deadLetters(limit: number): Promise<NumberedDeadLetter[]> {
    const { database } = this.#open;
    const letters: NumberedDeadLetter[] = [];
    for await (const [key, value] of database.iterator({ ...kindRange(KeyKind.deadLetter), reverse: true })) {
      const letter = decodeDeadLetter(value);
      if (letter !== undefined) letters.push({ number: keySequence(key), ...letter });
      if (letters.length === limit) break;
    }
    return letters;
  }

  samples(query: StoredSampleQuery): Promise<StoredSamples> {
    const answer = this.#sampling.then(async () => {
      const { database } = this.#open;
      try {
        return await readSamples(database, this.#contents, query);
      } catch (error) {
        throw storeError(error, "reading samples");
      }
    });
    this.#sampling = answer.catch(() => undefined);
    return answer;
  }

  async *series(): AsyncGenerator<SeriesDefinition> {
    const outcome: ScanOutcome = { unreadable: undefined };
    const range = kindRange(KeyKind.seriesDefinition);
    for await (const { key, value } of scanEntries(this.#open.database, range, outcome)) {
      const definition = decodeDefinition(value, keySequence(key));
      if (definition !== undefined) yield definition;
    }
  }

  async *sessions(): AsyncGenerator<JournalEntry> {
    const outcome: ScanOutcome = { unreadable: undefined };
    for await (const { key, value } of scanEntries(
      this.#open.database,
      kindRange(KeyKind.session),
      outcome,
    )) {
      const entry = decodeSession(value);
      if (entry !== undefined) yield { key: Uint8Array.from(key.subarray(1)), value: entry };
      else this.#reportSessions(`damaged value under key ${Buffer.from(key).toString("hex")}`);
    }
    if (outcome.unreadable !== undefined) this.#reportSessions(outcome.unreadable);
  }

  #reportSessions(finding: string): void {
    this.#options.logger.error(
      { event: "store-session-damaged", finding },
      "A part of the broker's sessions is damaged; it is left out.",
    );
  }

  head(stream: StreamName): number {
    return this.#contents.heads[stream];
  }

  first(stream: StreamName): number {
    return this.#contents.firsts[stream];
  }

  async read(stream: StreamName, from: number, bytesMax: number): Promise<StreamSlice | undefined> {
    const { database } = this.#open;
    try {
      return await readStream(database, this.#contents, stream, from, bytesMax);
    } catch (error) {
      throw storeError(error, `reading ${stream}`);
    }
  }

  cursor(upstream: string, stream: StreamName): number {
    return this.#contents.cursors.get(cursorName(upstream, stream))?.to ?? 0;
  }

  moveCursor(upstream: string, stream: StreamName, to: number): void {
    const contents = this.#contents;
    invariant(to <= contents.heads[stream], `cursor of ${stream} to ${to} of ${contents.heads[stream]}`);
    const name = cursorName(upstream, stream);
    const cursor = contents.cursors.get(name) ?? { upstream, stream, to: 0 };
    if (to <= cursor.to) return;
    cursor.to = to;
    contents.cursors.set(name, cursor);
    this.#movedCursors.set(name, cursor);
    this.#scheduleCursorFlush();
  }

  #scheduleCursorFlush(): void {
    if (this.#cursorTimer !== undefined || this.#movedCursors.size === 0) return;
    this.#cursorTimer = setTimeout(() => {
      this.#cursorTimer = undefined;
      this.#exclusively(() => this.#flushCursors()).catch((error: unknown) => {
        // The next commit finds the handle dead, and whoever made it reopens the store.
        this.#options.logger.warn({ event: "store-cursor-failed", error }, "Cursors could not be written.");
      });
    }, cursorFlushMs).unref();
  }

  async #flushCursors(): Promise<void> {
    if (this.#failed || this.#movedCursors.size === 0) return;
    await this.#write([], "moving cursors");
  }

  onGrowth(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  async trim(what: Subject, before: number): Promise<number> {
    const bound = trimBound(this.#contents, what, before);
    await this.#exclusively(async () => {
      if (bound <= this.#contents.firsts[what]) return;
      await this.#write(trimOperations(this.#contents, what, bound), "trimming");
      applyTrim(this.#contents, what, bound);
    });
    const from = this.#trimmed.get(what) ?? 0;
    for await (const slice of trimSlices(this.#open.database, what, from, bound)) {
      const last = slice.at(-1);
      await this.#exclusively(() => this.#write(slice, "trimming"));
      if (last !== undefined) this.#trimmed.set(what, keySequence(last.key) + 1);
    }
    return bound;
  }

  async sizeBytes(): Promise<number> {
    const location = join(this.#options.directory, databaseName);
    let bytes = 0;
    for (const name of await readdir(location)) {
      // Compaction deletes files while they are counted.
      bytes += await stat(join(location, name)).then(
        (found) => found.size,
        () => 0,
      );
    }
    return bytes;
  }

  #clearTimers(): void {
    clearTimeout(this.#cursorTimer);
    clearTimeout(this.#highWaterTimer);
    this.#cursorTimer = undefined;
    this.#highWaterTimer = undefined;
  }

  close(): Promise<void> {
    this.#clearTimers();
    return this.#exclusively(async () => {
      const parts = this.#parts;
      if (parts === undefined) return;
      try {
        await this.#flushCursors();
        if (!this.#failed) await this.#writeHighWater(true, true);
      } catch (error) {
        this.#options.logger.error(
          { event: "store-close-failed", error },
          "The store was not closed in order.",
        );
      }
      this.#failed = true;
      this.#parts = undefined;
      await closeParts(parts);
    });
  }
}
