/** What the store promises to the rest of the gateway. */
import type { Commit, LogStore } from "../core/log-store.ts";
import type { Logger, MetricFamily } from "../core/ports.ts";
import type { NumberedDeadLetter } from "../core/record.ts";
import type { StreamName, StreamSource } from "../core/streams.ts";
import type { StoredSampleQuery, StoredSamples } from "./sample-history.ts";
import type { SubjectGap } from "./scan.ts";

/** How a store is opened. */
export interface StoreOptions {
  /** The data directory. It is made where it does not exist. */
  readonly directory: string;
  /** `sync`: a commit survives a power cut. `async`: it survives the end of the process only. */
  readonly durability: "sync" | "async";
  readonly logger: Logger;
  /** Bounds LevelDB's write-ahead log, and what is kept free to recover on a full disk. 2 MiB. */
  readonly writeBufferBytes?: number;
  /** LevelDB's cache of blocks. 2 MiB. */
  readonly cacheBytes?: number;
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
export interface Store extends StreamSource, LogStore {
  /** Sequence of the oldest record still held. */
  readonly firstSeq: number;
  readonly openReport: OpenReport;
  /**
   * As the log promises; and after a `reopen` the newest record may be committed again: when it turns out
   * to be in the store already, nothing is written.
   *
   * @throws AppError `STORE_FULL`, kind operator: the disk has no room, and it may not have been tried.
   */
  commit(commit: Commit): Promise<void>;
  /** The newest dead letters, newest first. */
  deadLetters(limit: number): Promise<NumberedDeadLetter[]>;
  /**
   * Reads raw samples out of the log, by event time; what arrived more than an hour late may be missing.
   *
   * Queries wait for each other, so that together they take no more of the process than one.
   *
   * @throws AppError `STORE_FAILED`, also when the store is closed or reopened meanwhile.
   */
  samples(query: StoredSampleQuery): Promise<StoredSamples>;
  head(stream: StreamName): number;
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
