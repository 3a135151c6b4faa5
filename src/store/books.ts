/** Whether the counts in the records add up to the totals in the ledger. */
import { rejectCauses } from "../core/decode.ts";
import type { LogRecord, RecordCounts } from "../core/record.ts";
import type { LedgerRecord } from "../core/streams.ts";

/** Totals by name, such as `received` or `rejected malformed`. */
type Totals = Map<string, number>;

const findingsMax = 20;

/**
 * Compares each ledger record with the sum of the records up to the one it names.
 *
 * Where the log does not begin at its first record, or has a gap, the sums before are not known: then the
 * next ledger record is taken as it is, and those after it are compared with what came since.
 */
export class BooksCheck {
  readonly #ledger: AsyncIterator<LedgerRecord>;
  readonly #findings: string[];
  readonly #sums: Totals = new Map();
  #next: LedgerRecord | undefined;
  #started = false;
  #trusted: boolean;

  /**
   * @param ledger - The ledger stream in order.
   * @param firstSeq - The first record that will be added.
   * @param findings - Where contradictions are told.
   */
  constructor(ledger: AsyncIterator<LedgerRecord>, firstSeq: number, findings: string[]) {
    this.#ledger = ledger;
    this.#findings = findings;
    this.#trusted = firstSeq === 1;
  }

  /** Adds the next record. */
  async add(record: LogRecord): Promise<void> {
    if (!this.#started) await this.#advance();
    this.#checkRecord(record);
    addCounts(this.#sums, record.counts);
    while (this.#next !== undefined && this.#next.logSeq <= record.seq) {
      if (this.#next.logSeq === record.seq) this.#compare(this.#next);
      await this.#advance();
    }
  }

  /** Tells that records are missing here. */
  skip(): void {
    this.#trusted = false;
  }

  /** Tells that no record follows. */
  async finish(): Promise<void> {
    if (!this.#started) await this.#advance();
    if (this.#next !== undefined && this.#trusted) {
      this.#tell(
        `ledger ${this.#next.seq} counts up to record ${this.#next.logSeq}, which is not in the log`,
      );
    }
    await this.#ledger.return?.();
  }

  async #advance(): Promise<void> {
    this.#started = true;
    const { value, done } = await this.#ledger.next();
    this.#next = done === true ? undefined : value;
  }

  #checkRecord(record: LogRecord): void {
    const { counts, rows, seq } = record;
    const kept = counts.decodedSamples - counts.duplicateSamples - counts.suppressedSamples;
    if (rows.count !== kept) this.#tell(`record ${seq} holds ${rows.count} samples and counts ${kept}`);
    const placed =
      counts.storedMessages +
      counts.duplicateMessages +
      counts.overloadMessages +
      sumOf(counts.rejectedMessages);
    const taken = counts.receivedMessages + sumOf(counts.recoveredMessages);
    if (taken !== placed) {
      this.#tell(`record ${seq} received ${taken} messages and accounts for ${placed}`);
    }
  }

  #compare(ledger: LedgerRecord): void {
    const totals = totalsOf(ledger);
    if (this.#trusted) {
      for (const [name, total] of totals) {
        const sum = this.#sums.get(name) ?? 0;
        if (sum !== total)
          this.#tell(`ledger ${ledger.seq} says ${total} ${name}, the records sum to ${sum}`);
      }
    }
    for (const [name, total] of totals) this.#sums.set(name, total);
    this.#trusted = true;
  }

  #tell(finding: string): void {
    if (this.#findings.length < findingsMax) this.#findings.push(finding);
  }
}

function sumOf(causes: RecordCounts["rejectedMessages"]): number {
  return Object.values(causes).reduce((sum, count) => sum + count, 0);
}

function addCounts(sums: Totals, counts: RecordCounts): void {
  const add = (name: string, count: number): void => {
    sums.set(name, (sums.get(name) ?? 0) + count);
  };
  add("received", counts.receivedMessages);
  add("stored", counts.storedMessages);
  add("dropped duplicate", counts.duplicateMessages);
  add("dropped overload", counts.overloadMessages);
  for (const cause of rejectCauses) {
    add(`rejected ${cause}`, counts.rejectedMessages[cause] ?? 0);
    const recovered = counts.recoveredMessages[cause] ?? 0;
    const unknown = Math.max(0, recovered - (sums.get(`rejected ${cause}`) ?? 0));
    // As in the fold: the record that has counted it is lost.
    add("received", unknown);
    add(`rejected ${cause}`, unknown - recovered);
    add(`recovered ${cause}`, recovered);
  }
  add("samples decoded", counts.decodedSamples);
  add("samples suppressed", counts.suppressedSamples);
  add("samples duplicate", counts.duplicateSamples);
  add("samples corrected", counts.correctedSamples);
}

function totalsOf({ messages, samples }: LedgerRecord): Totals {
  const totals: Totals = new Map([
    ["received", messages.received],
    ["stored", messages.stored],
    ["dropped duplicate", messages.dropped["duplicate"] ?? 0],
    ["dropped overload", messages.dropped["overload"] ?? 0],
    ["samples decoded", samples.decoded],
    ["samples duplicate", samples.duplicate],
    ["samples suppressed", samples.suppressed ?? 0],
    ["samples corrected", samples.corrected],
  ]);
  for (const cause of rejectCauses) {
    totals.set(`rejected ${cause}`, messages.rejected[cause] ?? 0);
    totals.set(`recovered ${cause}`, messages.recovered?.[cause] ?? 0);
  }
  return totals;
}
