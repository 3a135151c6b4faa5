/** What the store promises to the rest of the gateway. */
import type { Logger, MetricFamily } from "../core/ports.ts";
import type { DeadLetter, Effects, LogRecord } from "../core/record.ts";
import type { SeriesDefinition } from "../core/sample.ts";
import type { StreamName, StreamSource } from "../core/streams.ts";
import type { StoredRecord } from "./reading.ts";
import type { SubjectGap } from "./scan.ts";

/** How a store is opened. */
export interface StoreOptions {
  /** The data directory. It is made where it does not exist. */
  readonly directory: string;
  /** `sync`: a commit survives a power cut. `async`: it survives the end of the process only. */
  readonly durability: "sync" | "async";
  readonly logger: Logger;
  /** Bounds LevelDB's write-ahead log, and what is kept free to recover on a full disk. 4 MiB. */
  readonly writeBufferBytes?: number;
  /** LevelDB's cache of blocks. 4 MiB. */
  readonly cacheBytes?: number;
}

/** One group commit. */
export interface Commit {
  readonly record: LogRecord;
  readonly effects: Effects;
  readonly deadLetters: readonly DeadLetter[];
  /** The state after this record. The two newest are kept. */
  readonly checkpoint?: Uint8Array;
}

/** What was found when the store was opened. */
export interface OpenReport {
  /** There was no store. */
  readonly created: boolean;
  /** The store had been closed in order. */
  readonly closedCleanly: boolean;
  /** LevelDB did not open and was repaired; the damaged files are in `setAside`. */
  readonly repaired: boolean;
  readonly setAside: string | undefined;
  /** Sequences that are lost, and were not known to be. */
  readonly newGaps: readonly SubjectGap[];
  /** All sequences known to be lost, those included. */
  readonly gaps: readonly SubjectGap[];
  /** What LevelDB's own log says about bytes it left out. */
  readonly dropped: readonly string[];
  /** Everything else that was not as it should be, each a sentence's worth. */
  readonly findings: readonly string[];
  /** Log sequences from here on were verified byte for byte. */
  readonly verifiedFrom: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
}

/** The store. Methods reject with `AppError`; after a failed write all writes do, until `reopen`. */
export interface Store extends StreamSource {
  /** Sequence of the newest record that is durable, lost ones included; 0 at first. */
  readonly lastSeq: number;
  /** Sequence of the oldest record still held. */
  readonly firstSeq: number;
  readonly openReport: OpenReport;
  /**
   * Writes one record with its effects; resolves once all of it is durable.
   *
   * The caller keeps one commit in flight. After a `reopen` the newest record may be committed again: when
   * it turns out to be in the store already, nothing is written.
   *
   * @throws AppError `STORE_FULL` or `STORE_FAILED`: whether it was written is unknown, and every later
   *   commit rejects with `STORE_FAILED`, kind `transient`, until `reopen` has succeeded.
   */
  commit(commit: Commit): Promise<void>;
  /**
   * Closes and opens the store again, and verifies its tail: the only way on after a failed write.
   *
   * @throws AppError as {@link openStore}; it may be called again.
   */
  reopen(): Promise<void>;
  /** Reads records from a sequence on, in order; what is lost becomes exact gaps, never an exception. */
  records(fromSeq: number): AsyncIterable<StoredRecord>;
  /** The digest that a commit of these effects stores: what replay derives must have the same. */
  effectsDigest(effects: Effects): number;
  /** The newest checkpoint that is intact. */
  checkpoint(): Promise<{ readonly seq: number; readonly state: Uint8Array } | undefined>;
  /** The newest dead letters, newest first. */
  deadLetters(limit: number): Promise<DeadLetter[]>;
  /** All series, by number. */
  series(): AsyncIterable<SeriesDefinition>;
  /**
   * Gives up what is older than a sequence, and deletes it in slices between which commits go on.
   *
   * The log keeps what follows the older checkpoint, whatever is asked. The caller counts what it evicts
   * from streams: `first(stream) - 1` are gone.
   *
   * @param before - The first sequence to keep.
   * @returns The first sequence that is kept from now on.
   * @throws AppError as {@link commit}. Calling it again goes on where it has stopped.
   */
  trim(what: "log" | StreamName, before: number): Promise<number>;
  /** Bytes of the database on disk. */
  sizeBytes(): Promise<number>;
  readonly metrics: readonly MetricFamily[];
  /** Writes what is pending and closes. Resolves even when the disk refuses; the next open then tells. */
  close(): Promise<void>;
}
