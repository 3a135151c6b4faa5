/**
 * How the local broker makes its sessions durable: small values under keys of its own, written with the log.
 *
 * Sessions are not part of the log's state: nothing is derived from them, and their values are opaque to
 * everybody but the broker. They only share the commit, so that a message and what the broker has to
 * remember of it are on disk together or not at all.
 */

/** A value under its key; without a value the key is to be removed. */
export interface JournalChange {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** A value that grows as long as its batch collects. */
export interface LateValue {
  /** Called once, when nothing more is handed over with the batch. The bytes belong to the journal from then on. */
  complete(): Uint8Array;
}

/** What is stored under a key. */
export interface JournalEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/**
 * Takes changes in order; `engine/` fulfils it.
 *
 * What is handed over directly before a message is accepted, in the same turn, is in the same atomic commit
 * as that message's record. Everything else is in the next commit, which is made within a second even when no
 * message comes, and at once after {@link flush}.
 *
 * While the store is broken, changes are dropped: whoever hands them over makes its memory anew from what is
 * stored as soon as the store is sound.
 */
export interface SessionJournal {
  /** Number of the change that was handed over last. */
  readonly position: number;
  /** All changes up to this one are durable. */
  readonly durablePosition: number;
  /** The bytes belong to the journal from now on. */
  put(key: Uint8Array, value: Uint8Array | LateValue): void;
  /** A value that is not complete has grown by so many bytes. */
  grow(byteCount: number): void;
  remove(key: Uint8Array): void;
  /**
   * Has what was handed over written as soon as the disk is free; resolves when all of it is durable.
   *
   * @throws AppError `STORE_FAILED` when it never will be.
   */
  flush(): Promise<void>;
}
