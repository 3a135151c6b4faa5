/** The log of a gateway as something to read again, also while the gateway runs. */
import type { LogEntry } from "../core/log-store.ts";
import type { Settings } from "../core/record.ts";
import type { EpochMs, SeriesDefinition, SeriesId } from "../core/sample.ts";
import { type Contents, loadContents } from "./contents.ts";
import { type Database, openForReading } from "./database.ts";
import { storeError } from "./failures.ts";
import { copyFrozen, type FrozenCopy } from "./frozen-copy.ts";
import { KeyKind, keySequence, kindRange, sequenceKey } from "./keys.ts";
import { readRecords } from "./reading.ts";
import { decodeRecord } from "./record-codec.ts";
import { type ScanOutcome, scanEntries } from "./scan.ts";
import { decodeCheckpoint, decodeDefinition } from "./values.ts";

/**
 * Opens the history in a data directory: a copy of it, so that a running gateway is not disturbed and the
 * directory stays as it is.
 *
 * @throws AppError `STORE_FAILED` when there is no store, `STORE_DAMAGED` when it does not open, `STORE_FULL`,
 *   `STORE_LOCKED`, `STORE_VERSION`.
 */
export async function openHistory(directory: string): Promise<History> {
  const copy = await copyFrozen(directory);
  let database: Database | undefined;
  try {
    const opened = await openForReading(copy.directory);
    ({ database } = opened);
    if (database === undefined)
      throw storeError(new Error(`Corruption: ${opened.findings.join(", ")}`), "opening it");
    const loaded = await loadContents(database, "missing", { created: false, suspect: false });
    return new History(database, loaded.contents, copy);
  } catch (error) {
    await database?.close();
    await copy.remove();
    throw storeError(error, `reading ${directory}`);
  }
}

export class History {
  readonly #database: Database;
  readonly #contents: Contents;
  readonly #copy: FrozenCopy;

  constructor(database: Database, contents: Contents, copy: FrozenCopy) {
    this.#database = database;
    this.#contents = contents;
    this.#copy = copy;
  }

  /** Sequences of the oldest and the newest record; the newest is below the oldest when there are none. */
  get firstSeq(): number {
    return this.#contents.firsts.log;
  }

  get lastSeq(): number {
    return this.#contents.heads.log;
  }

  /** Records from a sequence on; damage becomes gaps. */
  records(fromSeq: number): AsyncGenerator<LogEntry> {
    return readRecords(this.#database, this.#contents, Math.max(fromSeq, this.firstSeq));
  }

  /**
   * The sequence of the first record at or after an instant of the gateway's clock; one past the newest when
   * there is none.
   *
   * Where the clock was set back in between, it is one of the records that qualify.
   */
  async seqAt(at: EpochMs): Promise<number> {
    let low = this.firstSeq;
    let high = this.lastSeq + 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const found = await this.#readableFrom(middle, high);
      if (found === undefined || found.at >= at) high = middle;
      else low = found.seq + 1;
    }
    return low;
  }

  /** The first record in `[seq, end)` that can be read, and its instant. */
  async #readableFrom(seq: number, end: number): Promise<{ seq: number; at: EpochMs } | undefined> {
    for (let candidate = seq; candidate < end; candidate += 1) {
      const at = await this.#atOf(candidate);
      if (at !== undefined) return { seq: candidate, at };
    }
    return undefined;
  }

  async #atOf(seq: number): Promise<EpochMs | undefined> {
    try {
      const value = await this.#database.get(sequenceKey(KeyKind.log, seq));
      if (value === undefined) return undefined;
      const decoded = decodeRecord(value, seq);
      return "damage" in decoded ? undefined : decoded.record.at;
    } catch {
      return undefined; // Unreadable, as a gap will say.
    }
  }

  /** Every series ever defined, by its number. One whose definition is damaged is not there. */
  async series(): Promise<ReadonlyMap<SeriesId, SeriesDefinition>> {
    const outcome: ScanOutcome = { unreadable: undefined };
    const range = kindRange(KeyKind.seriesDefinition);
    const series = new Map<SeriesId, SeriesDefinition>();
    for await (const { key, value } of scanEntries(this.#database, range, outcome)) {
      const id = keySequence(key);
      const definition = decodeDefinition(value, id);
      if (definition !== undefined) series.set(id, definition);
    }
    return series;
  }

  /**
   * The settings in force at the end of the history.
   *
   * @param readSettings - Takes them out of a checkpoint; gives nothing when that is of another version.
   */
  async settings(
    readSettings: (state: Uint8Array) => Promise<Settings | undefined>,
  ): Promise<Settings | undefined> {
    let settings: Settings | undefined;
    let fromSeq = this.firstSeq;
    for (const seq of this.#contents.checkpoints.toReversed()) {
      const value = await this.#database.get(sequenceKey(KeyKind.checkpoint, seq));
      const state = value === undefined ? undefined : decodeCheckpoint(value, seq);
      settings = state === undefined ? undefined : await readSettings(state);
      if (settings === undefined) continue;
      fromSeq = seq + 1;
      break;
    }
    for await (const entry of this.records(fromSeq)) {
      if (entry.kind === "record") settings = entry.record.settings ?? settings;
    }
    return settings;
  }

  /** Closes the copy and removes it. */
  async close(): Promise<void> {
    await this.#database.close();
    await this.#copy.remove();
  }
}
