/** The batch that is being collected while the one before it is being written. */
import { batchMessagesMax, batchSamplesMax, clientUnheardMax } from "./limits.ts";
import type { Receipt } from "./ports.ts";
import type { DeviceFact } from "./fact.ts";
import type { DeadLetter, NumberedDeadLetter, RecordCounts } from "./record.ts";
import { type EpochMs, RowFlag, SampleColumns } from "./sample.ts";
import type { JournalChange, LateValue } from "./session-journal.ts";

/** Counts of a record to which nothing has happened. */
export function noCounts(): RecordCounts {
  return {
    receivedMessages: 0,
    storedMessages: 0,
    duplicateMessages: 0,
    overloadMessages: 0,
    rejectedMessages: {},
    recoveredMessages: {},
    decodedSamples: 0,
    duplicateSamples: 0,
    suppressedSamples: 0,
    correctedSamples: 0,
  };
}

/** Rows `[firstRow, endRow)` of a message that was received long before its record is sealed. */
export interface PastReceipt {
  readonly firstRow: number;
  readonly endRow: number;
  readonly receivedAt: EpochMs;
}

/** Messages that will share one log record. Reused, so that a steady load allocates nothing. */
export class Batch {
  readonly rows: SampleColumns = new SampleColumns();
  counts: RecordCounts = noCounts();
  /** First row of each message that was decoded, in order of arrival. */
  readonly #firstRows: number[] = [];
  /** Who waits, in order of arrival, and for which packet. */
  readonly #receipts: Receipt[] = [];
  readonly #packetIds: number[] = [];
  /** Messages that nobody waits for, by client, while much waits. */
  readonly #unheardOf = new Map<string, number>();
  digests: number[] = [];
  deadLetters: DeadLetter[] = [];
  /** What its messages said about devices, in order. */
  facts: DeviceFact[] = [];
  /** What the broker has to remember, in the order in which it said so. */
  readonly changes: JournalChange[] = [];
  /** Which of them are not complete. */
  readonly #late: { readonly index: number; readonly key: Uint8Array; readonly value: LateValue }[] = [];
  /** Position of the last of them; see `SessionJournal`. */
  changesPosition = 0;
  /** They are to be written although no message comes. */
  changesDue = false;
  /** Kept dead letters whose samples are among the rows, by number; and when each was received. */
  recovered: number[] = [];
  pastReceipts: PastReceipt[] = [];
  /** Who waits for these. */
  readonly #recoveredReceipts: Receipt[] = [];
  /** What it holds in memory, estimated: payloads are decoded into rows, and every message costs something. */
  bytes = 0;

  get empty(): boolean {
    return this.counts.receivedMessages === 0 && this.recovered.length === 0;
  }

  get full(): boolean {
    const taken = this.counts.receivedMessages - this.counts.overloadMessages + this.recovered.length;
    return this.rows.count >= batchSamplesMax || taken >= batchMessagesMax;
  }

  /** Messages that nobody waits for. */
  get unheardMessages(): number {
    return this.counts.receivedMessages - this.#receipts.length;
  }

  /** Takes one more message of a client that nobody waits for. @returns False when it has had its share. */
  takeUnheard(clientId: string): boolean {
    const taken = this.#unheardOf.get(clientId) ?? 0;
    if (taken >= clientUnheardMax) return false;
    this.#unheardOf.set(clientId, taken + 1);
    return true;
  }

  /** Says that the rows from `firstRow` on are one message. */
  endMessage(firstRow: number): void {
    this.#firstRows.push(firstRow);
  }

  /** Adds a change of a session. */
  addChange(key: Uint8Array, value: Uint8Array | LateValue | undefined, position: number): void {
    this.changesPosition = position;
    this.bytes += key.length;
    if (value === undefined || value instanceof Uint8Array) {
      this.changes.push({ key, value });
      this.bytes += value?.length ?? 0;
    } else {
      this.#late.push({ index: this.changes.length, key, value });
      this.changes.push({ key, value: undefined });
    }
  }

  /** Nothing more is added. */
  complete(): void {
    for (const { index, key, value } of this.#late) this.changes[index] = { key, value: value.complete() };
    this.#late.length = 0;
  }

  awaitCommit(receipt: Receipt, packetId: number): void {
    this.#receipts.push(receipt);
    this.#packetIds.push(packetId);
  }

  /** Says that the rows from `firstRow` on are a kept dead letter: it leaves the ring with this record. */
  recover({ number, cause, at }: NumberedDeadLetter, firstRow: number, receipt: Receipt): void {
    const { recoveredMessages } = this.counts;
    recoveredMessages[cause] = (recoveredMessages[cause] ?? 0) + 1;
    this.endMessage(firstRow);
    this.recovered.push(number);
    this.pastReceipts.push({ firstRow, endRow: this.rows.count, receivedAt: at });
    this.#recoveredReceipts.push(receipt);
  }

  /**
   * Completes the counts once the fold has marked the rows that are not stored.
   *
   * A message is a duplicate when it has rows and all of them were sent before.
   */
  countMarked(markedRows: number, suppressedRows: number): void {
    const { rows, counts } = this;
    let duplicates = 0;
    if (markedRows > 0) {
      for (let index = 0; index < this.#firstRows.length; index += 1) {
        const from = this.#firstRows[index]!;
        const to = this.#firstRows[index + 1] ?? rows.count;
        let row = from;
        while (row < to && (rows.flags[row]! & RowFlag.duplicate) !== 0) row += 1;
        if (row === to && to > from) duplicates += 1;
      }
    }
    counts.decodedSamples += rows.count;
    counts.duplicateSamples += markedRows;
    counts.suppressedSamples += suppressedRows;
    counts.duplicateMessages += duplicates;
    counts.storedMessages += this.#firstRows.length - duplicates;
  }

  /** Tells everybody who waits that the batch is on disk. */
  committed(): void {
    for (let index = 0; index < this.#receipts.length; index += 1) {
      this.#receipts[index]?.committed(this.#packetIds[index]!);
    }
    for (const [index, receipt] of this.#recoveredReceipts.entries()) {
      receipt.committed(this.recovered[index]!);
    }
  }

  /** Tells everybody who waits that the batch is not on disk. */
  refused(): void {
    for (let index = 0; index < this.#receipts.length; index += 1) {
      this.#receipts[index]?.refused(this.#packetIds[index]!);
    }
    for (const [index, receipt] of this.#recoveredReceipts.entries()) {
      receipt.refused(this.recovered[index]!);
    }
  }

  clear(): void {
    this.rows.clear();
    this.counts = noCounts();
    this.#firstRows.length = 0;
    this.#receipts.length = 0;
    this.#packetIds.length = 0;
    if (this.#unheardOf.size > 0) this.#unheardOf.clear();
    if (this.digests.length > 0) this.digests = [];
    if (this.deadLetters.length > 0) this.deadLetters = [];
    if (this.facts.length > 0) this.facts = [];
    this.changes.length = 0;
    this.#late.length = 0;
    this.changesDue = false;
    if (this.recovered.length > 0) {
      this.recovered = [];
      this.pastReceipts = [];
      this.#recoveredReceipts.length = 0;
    }
    this.bytes = 0;
  }
}

/** Where the intake puts messages; `engine/` fulfils it. */
export interface BatchSource {
  /** The batch that collects now. */
  readonly batch: Batch;
  /** Estimated bytes of memory that wait for a commit. */
  readonly pendingBytes: number;
  /** So much waits that messages nobody waits for are better dropped. */
  readonly overloaded: boolean;
  /** False while the store is broken: what comes now is refused. */
  readonly accepting: boolean;
  /** Says that a message was put into the batch. */
  appended(): void;
  /** Whether a message was taken before, by its digest. */
  knowsDigest(high: number, low: number): boolean;
  /** Keeps the digest of a message that was put into the batch. */
  rememberDigest(high: number, low: number): void;
  /** Counts a message that came while nothing is accepted, and that nobody waits for. */
  unheard(): void;
}
