/** The books: totals since the store was created, as the sum of the counts of every log record. */
import type { RecordCounts } from "../record.ts";
import type { LedgerTotals } from "../streams.ts";
import type { SnapshotReader, SnapshotWriter } from "./snapshot.ts";

export class Books {
  #received = 0;
  #stored = 0;
  readonly #rejected: Map<string, number> = new Map();
  readonly #dropped: Map<string, number> = new Map();
  readonly #recovered: Map<string, number> = new Map();
  #decodedSamples = 0;
  #duplicateSamples = 0;
  #suppressedSamples = 0;
  #lateSamples = 0;
  #correctedSamples = 0;

  add(counts: RecordCounts): void {
    this.#received += counts.receivedMessages;
    this.#stored += counts.storedMessages;
    for (const [cause, count] of Object.entries(counts.rejectedMessages))
      increase(this.#rejected, cause, count);
    for (const [cause, count] of Object.entries(counts.recoveredMessages)) this.#recover(cause, count);
    increase(this.#dropped, "duplicate", counts.duplicateMessages);
    increase(this.#dropped, "overload", counts.overloadMessages);
    this.#decodedSamples += counts.decodedSamples;
    this.#duplicateSamples += counts.duplicateSamples;
    this.#suppressedSamples += counts.suppressedSamples;
    this.#correctedSamples += counts.correctedSamples;
  }

  /** Takes messages out of those that were rejected; the same record counts them as stored, or as sent before. */
  #recover(cause: string, count: number): void {
    const rejected = this.#rejected.get(cause) ?? 0;
    this.#rejected.set(cause, Math.max(0, rejected - count));
    // Where the record is lost that has counted them as received and rejected, they are received now.
    this.#received += Math.max(0, count - rejected);
    increase(this.#recovered, cause, count);
  }

  addLate(samples: number): void {
    this.#lateSamples += samples;
  }

  totals(): LedgerTotals {
    return {
      messages: {
        received: this.#received,
        stored: this.#stored,
        rejected: Object.fromEntries(this.#rejected),
        dropped: Object.fromEntries(this.#dropped),
        ...(this.#recovered.size === 0 ? {} : { recovered: Object.fromEntries(this.#recovered) }),
      },
      samples: {
        decoded: this.#decodedSamples,
        stored: this.#decodedSamples - this.#duplicateSamples - this.#suppressedSamples,
        duplicate: this.#duplicateSamples,
        ...(this.#suppressedSamples === 0 ? {} : { suppressed: this.#suppressedSamples }),
        late: this.#lateSamples,
        corrected: this.#correctedSamples,
      },
    };
  }

  write(writer: SnapshotWriter): void {
    writer.count(this.#received);
    writer.count(this.#stored);
    for (const causes of [this.#rejected, this.#dropped, this.#recovered]) {
      writer.count(causes.size);
      for (const [cause, count] of causes) {
        writer.text(cause);
        writer.count(count);
      }
    }
    writer.count(this.#decodedSamples);
    writer.count(this.#duplicateSamples);
    writer.count(this.#suppressedSamples);
    writer.count(this.#lateSamples);
    writer.count(this.#correctedSamples);
  }

  read(reader: SnapshotReader): void {
    this.#received = reader.count();
    this.#stored = reader.count();
    for (const causes of [this.#rejected, this.#dropped, this.#recovered]) {
      const size = reader.count();
      for (let index = 0; index < size; index += 1) {
        const cause = reader.text();
        causes.set(cause, reader.count());
      }
    }
    this.#decodedSamples = reader.count();
    this.#duplicateSamples = reader.count();
    this.#suppressedSamples = reader.count();
    this.#lateSamples = reader.count();
    this.#correctedSamples = reader.count();
  }
}

function increase(causes: Map<string, number>, cause: string, by: number): void {
  if (by > 0) causes.set(cause, (causes.get(cause) ?? 0) + by);
}
