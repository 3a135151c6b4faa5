/** The durable log as the engine uses it. `store/` fulfils it. */
import type { DeadLetter, Effects, LogRecord } from "./record.ts";
import type { SeriesDefinition } from "./sample.ts";
import type { JournalChange, JournalEntry } from "./session-journal.ts";
import type { StreamName } from "./streams.ts";

/** Everything that becomes durable at once. */
export interface Commit {
  readonly record: LogRecord;
  readonly effects: Effects;
  readonly deadLetters: readonly DeadLetter[];
  /** Numbers of kept dead letters whose samples are in the record: they leave the ring with it. */
  readonly recovered?: readonly number[];
  /** The state after this record. */
  readonly checkpoint?: Uint8Array;
  /** What the broker remembers of its sessions, in order; of two changes of a key the later one holds. */
  readonly changes?: readonly JournalChange[];
}

/** What reading the log gives: a record, or the exact stretch of records that is missing. */
export type LogEntry =
  | { readonly kind: "record"; readonly record: LogRecord; readonly effectsDigest: number }
  | { readonly kind: "gap"; readonly from: number; readonly to: number; readonly cause: string };

export interface LogStore {
  /** Sequence of the newest durable record; 0 when the log is empty. */
  readonly lastSeq: number;
  /**
   * Makes one commit durable; resolves when it survives a power cut.
   *
   * All or nothing. The caller keeps one commit under way at a time.
   *
   * @throws AppError `STORE_FAILED`, kind transient: the disk refused, and whether the commit was
   *   written is unknown. Nothing may be acknowledged; every later commit fails until `reopen`.
   */
  commit(commit: Commit): Promise<void>;
  /** Closes what is left of the store, opens it again and verifies its tail. */
  reopen(): Promise<void>;
  /** Records from `fromSeq` on, in order. Damage becomes gaps, never exceptions. */
  records(fromSeq: number): AsyncIterable<LogEntry>;
  /** Digest of effects in their stored form, to compare what replay derives with what was stored. */
  effectsDigest(effects: Effects): number;
  /** The newest valid checkpoint. */
  checkpoint(): Promise<{ readonly seq: number; readonly state: Uint8Array } | undefined>;
  /** Every series ever defined, in the order of its number. */
  series(): AsyncIterable<SeriesDefinition>;
  /** What the broker remembers of its sessions, in the order of the keys. Damaged values are left out. */
  sessions(): AsyncIterable<JournalEntry>;
  /** Sequence of the newest durable record of a stream; 0 when it is empty. */
  head(stream: StreamName): number;
}
