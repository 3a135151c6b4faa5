/**
 * The intake: takes what the broker and the bridges hand over, decodes it, and puts it into the batch that collects.
 *
 * It never refuses a message for what is in it: a payload that cannot be decoded becomes a dead letter
 * and is acknowledged like any other, or a bad sensor would send it for ever. Only a store that cannot
 * write refuses.
 *
 * The RETAIN flag of a publisher means nothing here: to a broker it says "keep this for later subscribers", not
 * that the reading is old. What another broker had kept is old: its rows are flagged.
 */
import type { Batch, BatchSource } from "../core/batch.ts";
import type { DecodePlan, DecodeTarget, Rejection, SeriesResolver } from "../core/decode.ts";
import type { DeviceFact } from "../core/fact.ts";
import { deadLetterBytesMax, deadLettersMax, packetBytesMax, unheardBytesMax } from "../core/limits.ts";
import type { Clock, Publication, PublicationSink, Receipt } from "../core/ports.ts";
import type { NumberedDeadLetter } from "../core/record.ts";
import { type EpochMs, RowFlag, type SampleColumns, type SeriesId } from "../core/sample.ts";
import type { SeriesOrigin } from "../core/series.ts";
import { Calibrations } from "./calibrations.ts";
import { type Addressed, addressOf } from "./contested-topic.ts";
import { messageDigest } from "./message-digest.ts";

/** What a message and a row cost in a batch, in bytes, whatever is in them: columns, receipts, counts. */
const messageOverheadBytes = 64;
const rowBytes = 24;
/** What a fact costs, roughly: a birth certificate is far larger, and rare. */
const factBytes = 512;

export interface IntakeOptions {
  readonly source: BatchSource;
  readonly clock: Clock;
  readonly resolveSeries: (
    device: string,
    metric: string,
    unit: string | undefined,
    origin: SeriesOrigin,
  ) => SeriesId;
  /** The plan of a message, used before the next one is asked for. */
  readonly planOf: (message: Addressed) => DecodePlan;
  /** How numbers of single devices are put right; without it they are taken as they come. */
  readonly calibrations?: Calibrations;
  /** Takes what messages say about devices, as it comes. */
  readonly noted?: (fact: DeviceFact) => void;
}

export class Intake implements PublicationSink, DecodeTarget {
  readonly #source: BatchSource;
  readonly #clock: Clock;
  readonly #planOf: (message: Addressed) => DecodePlan;
  readonly #calibrations: Calibrations;
  readonly #noted: ((fact: DeviceFact) => void) | undefined;
  readonly series: SeriesResolver;
  /** Of the message that is being decoded. */
  readonly #origin: { topic: string; profile: string | undefined } = { topic: "", profile: undefined };
  rows: SampleColumns;
  stampAt: EpochMs = Number.NaN;
  stampUnreadable = false;
  ownStamps = false;
  clientId = "";
  replayed = false;
  /** What the message that is being decoded says about devices. */
  readonly #facts: DeviceFact[] = [];
  /** Time of receipt of the message that is being decoded; `NaN` until somebody has asked. */
  #receivedAt: EpochMs = Number.NaN;

  constructor(options: IntakeOptions) {
    this.#source = options.source;
    this.#clock = options.clock;
    this.#planOf = options.planOf;
    this.#noted = options.noted;
    const { resolveSeries, calibrations = new Calibrations([]) } = options;
    this.#calibrations = calibrations;
    this.series = (device, metric, unit) => {
      const id = resolveSeries(device, metric, unit, this.#origin);
      calibrations.know(id, device, metric, this.#origin);
      return id;
    };
    this.rows = options.source.batch.rows;
  }

  note(fact: DeviceFact): void {
    this.#facts.push(fact);
  }

  get receivedAt(): EpochMs {
    if (Number.isNaN(this.#receivedAt)) this.#receivedAt = this.#clock.now();
    return this.#receivedAt;
  }

  accept(publication: Publication): void {
    const source = this.#source;
    const { receipt } = publication;
    if (!source.accepting) {
      if (receipt === undefined) source.unheard();
      else receipt.refused(publication.packetId);
      return;
    }
    const { batch } = source;
    batch.counts.receivedMessages += 1;
    if (receipt !== undefined) batch.awaitCommit(receipt, publication.packetId);
    if (receipt === undefined && this.#isTooMuch(publication.clientId)) batch.counts.overloadMessages += 1;
    else this.#take(publication, batch);
    source.appended();
  }

  /** So much waits that a message of this client that nobody waits for is better dropped. */
  #isTooMuch(clientId: string): boolean {
    const { batch, overloaded, pendingBytes } = this.#source;
    return overloaded || (pendingBytes > unheardBytesMax && !batch.takeUnheard(clientId));
  }

  /**
   * Decodes a kept dead letter again, and puts what comes of it into the batch that collects; the letter leaves
   * the ring in the same commit. Its rows are marked as old.
   *
   * @param receipt - Told when that is durable, or will never be.
   * @returns Why it is still refused; then nothing has changed, and the receipt is not told.
   */
  replay(letter: NumberedDeadLetter, receipt: Receipt): Rejection | undefined {
    const source = this.#source;
    if (!source.accepting) {
      receipt.refused(letter.number);
      return undefined;
    }
    const { batch } = source;
    const { rows } = batch;
    const firstRow = rows.count;
    const { bytes, at } = letter;
    const plan = this.#planFor(addressOf(letter), batch, at);
    this.replayed = true;
    const rejection = plan.decode(bytes, 0, bytes.length, this);
    this.replayed = false;
    if (rejection !== undefined) {
      this.#facts.length = 0;
      return rejection;
    }
    if (this.#facts.length > 0) this.#keepFacts(batch);
    this.#calibrations.apply(rows, firstRow);
    for (let row = firstRow; row < rows.count; row += 1) {
      rows.flags[row] = rows.flags[row]! | RowFlag.historical;
    }
    const { stampAt } = this;
    if (this.ownStamps) flagOwnStamps(rows, firstRow);
    if (!Number.isNaN(stampAt)) rows.stamp(firstRow, stampAt, RowFlag.stamped);
    else this.#stampReceipt(batch, firstRow);
    batch.recover(letter, firstRow, receipt);
    batch.bytes += messageOverheadBytes + (rows.count - firstRow) * rowBytes;
    source.appended();
    return undefined;
  }

  /** Makes ready for a message. @param receivedAt - `NaN` where nobody has asked for it yet. */
  #planFor(message: Addressed, batch: Batch, receivedAt: EpochMs): DecodePlan {
    this.rows = batch.rows;
    this.stampAt = Number.NaN;
    this.stampUnreadable = false;
    this.ownStamps = false;
    this.#receivedAt = receivedAt;
    this.clientId = message.clientId;
    const plan = this.#planOf(message);
    this.#origin.topic = message.topic;
    this.#origin.profile = plan.profile;
    return plan;
  }

  /** Gives rows without a stamp the time of receipt. */
  #stampReceipt(batch: Batch, firstRow: number): void {
    batch.rows.stamp(firstRow, this.receivedAt, this.stampUnreadable ? RowFlag.corrected : 0);
    if (this.stampUnreadable) batch.counts.correctedSamples += batch.rows.count - firstRow;
  }

  #take(publication: Publication, batch: Batch): void {
    const { bytes, start, end } = publication;
    const firstRow = batch.rows.count;
    const plan = this.#planFor(publication, batch, Number.NaN);
    const rejection =
      publication.missingBytes > 0 ? tooLarge(publication) : plan.decode(bytes, start, end, this);
    if (rejection === undefined) this.#keep(publication, batch, firstRow);
    else this.#reject(publication, batch, rejection);
    if (this.#facts.length > 0) this.#keepFacts(batch);
    batch.bytes += messageOverheadBytes + (batch.rows.count - firstRow) * rowBytes;
  }

  /** Gives the rows of a decoded message their time, and tells a resent one by its digest. */
  #keep(publication: Publication, batch: Batch, firstRow: number): void {
    const { rows } = batch;
    const { stampAt } = this;
    this.#calibrations.apply(rows, firstRow);
    if (publication.fromMemory) flagRetained(rows, firstRow);
    // Stamps counted from the time of receipt differ when the message is sent again: its digest must tell.
    const isFixed = Number.isNaN(this.#receivedAt);
    const complete = this.ownStamps && flagOwnStamps(rows, firstRow) && isFixed;
    if (complete || !Number.isNaN(stampAt)) {
      // Whether the device's clock is to be believed is decided by the fold, which remembers it.
      batch.endMessage(firstRow);
      rows.stamp(firstRow, stampAt, RowFlag.stamped);
      return;
    }
    if (publication.resent && publication.qos > 0 && this.#wasSent(publication, batch, firstRow)) return;
    batch.endMessage(firstRow);
    if (publication.qos > 0) {
      const { high, low } = messageDigest(publication);
      this.#source.rememberDigest(high, low);
    }
    this.#stampReceipt(batch, firstRow);
  }

  /** Counts a message that is known by its digest, and takes its rows back. */
  #wasSent(publication: Publication, batch: Batch, firstRow: number): boolean {
    const { high, low } = messageDigest(publication);
    if (!this.#source.knowsDigest(high, low)) return false;
    const count = batch.rows.count - firstRow;
    batch.counts.decodedSamples += count;
    batch.counts.duplicateSamples += count;
    batch.counts.duplicateMessages += 1;
    batch.rows.truncate(firstRow);
    return true;
  }

  /** Also of a message that is refused: a codec notes only what it has understood. */
  #keepFacts(batch: Batch): void {
    for (const fact of this.#facts) {
      batch.facts.push(fact);
      this.#noted?.(fact);
      batch.bytes += factBytes;
    }
    this.#facts.length = 0;
  }

  #reject(publication: Publication, batch: Batch, rejection: Rejection): void {
    const { rejectedMessages } = batch.counts;
    rejectedMessages[rejection.cause] = (rejectedMessages[rejection.cause] ?? 0) + 1;
    // Of more than all that are ever kept, the later ones would only overwrite the earlier.
    if (batch.deadLetters.length >= deadLettersMax) return;
    const { bytes, start, end } = publication;
    const kept = bytes.subarray(start, Math.min(end, start + deadLetterBytesMax));
    batch.bytes += kept.length;
    batch.deadLetters.push({
      at: this.#clock.now(),
      topic: publication.topic,
      clientId: publication.clientId,
      cause: rejection.cause,
      detail: rejection.detail,
      length: end - start + publication.missingBytes,
      bytes: Uint8Array.from(kept),
    });
  }
}

function tooLarge({ start, end, missingBytes }: Publication): Rejection {
  const length = end - start + missingBytes;
  return {
    cause: "too-large",
    detail: `Packets of at most ${packetBytesMax} bytes are read; the payload alone has ${length}.`,
  };
}

function flagRetained(rows: SampleColumns, firstRow: number): void {
  for (let row = firstRow; row < rows.count; row += 1) rows.flags[row] = rows.flags[row]! | RowFlag.retained;
}

/**
 * Flags the rows that have stamps of their own.
 *
 * @returns Whether every row has one.
 */
function flagOwnStamps(rows: SampleColumns, firstRow: number): boolean {
  let complete = true;
  for (let row = firstRow; row < rows.count; row += 1) {
    if (Number.isNaN(rows.at[row]!)) complete = false;
    else rows.flags[row] = rows.flags[row]! | RowFlag.stamped;
  }
  return complete;
}
