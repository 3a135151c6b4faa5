/**
 * The intake: takes what the broker hands over, decodes it, and puts it into the batch that collects.
 *
 * It never refuses a message for what is in it: a payload that cannot be decoded becomes a dead letter
 * and is acknowledged like any other, or a bad sensor would send it for ever. Only a store that cannot
 * write refuses.
 */
import type { BatchSource } from "../core/batch.ts";
import type { DecodePlan, DecodeTarget, Rejection } from "../core/decode.ts";
import { deadLetterBytesMax, stampAheadMsMax } from "../core/limits.ts";
import type { Clock, Publication, PublicationSink } from "../core/ports.ts";
import { type EpochMs, RowFlag, type SampleColumns } from "../core/sample.ts";
import type { SeriesResolver } from "../core/decode.ts";
import { messageDigest } from "./message-digest.ts";

export interface IntakeOptions {
  readonly source: BatchSource & { readonly overloaded: boolean };
  readonly clock: Clock;
  readonly resolveSeries: SeriesResolver;
  /** The plan of a topic; made when the topic is new. */
  readonly planOf: (topic: string) => DecodePlan;
}

export class Intake implements PublicationSink, DecodeTarget {
  readonly #source: IntakeOptions["source"];
  readonly #clock: Clock;
  readonly #planOf: (topic: string) => DecodePlan;
  readonly series: SeriesResolver;
  rows: SampleColumns;
  stampAt: EpochMs = Number.NaN;
  stampUnreadable = false;

  constructor(options: IntakeOptions) {
    this.#source = options.source;
    this.#clock = options.clock;
    this.#planOf = options.planOf;
    this.series = options.resolveSeries;
    this.rows = options.source.batch.rows;
  }

  accept(publication: Publication): void {
    const source = this.#source;
    const { receipt } = publication;
    if (!source.accepting) {
      receipt?.refused(publication.packetId);
      return;
    }
    const { batch } = source;
    if (batch.empty) batch.openedAt = this.#clock.now();
    batch.counts.receivedMessages += 1;
    if (receipt !== undefined) batch.await(receipt, publication.packetId);
    batch.bytes += publication.end - publication.start;
    if (publication.qos === 0 && source.overloaded) {
      batch.counts.overloadMessages += 1;
    } else {
      this.rows = batch.rows;
      this.stampAt = Number.NaN;
      this.stampUnreadable = false;
      const firstRow = batch.rows.count;
      const plan = this.#planOf(publication.topic);
      const rejection = plan.decode(publication.bytes, publication.start, publication.end, this);
      if (rejection === undefined) this.#keep(publication, firstRow);
      else this.#reject(publication, rejection);
    }
    source.appended();
  }

  /** Gives the rows of a decoded message their time, and tells a resent one by its digest. */
  #keep(publication: Publication, firstRow: number): void {
    const { batch } = this.#source;
    const { rows } = batch;
    const retained = publication.retain ? RowFlag.retained : 0;
    const { stampAt } = this;
    if (stampAt <= batch.openedAt + stampAheadMsMax) {
      rows.stamp(firstRow, stampAt, RowFlag.stamped | retained);
      batch.endMessage(firstRow);
      return;
    }
    if (publication.qos > 0 && !this.#isNew(publication, firstRow)) return;
    const corrected = !Number.isNaN(stampAt) || this.stampUnreadable;
    rows.stamp(firstRow, batch.openedAt, (corrected ? RowFlag.corrected : 0) | retained);
    if (corrected) batch.counts.correctedSamples += rows.count - firstRow;
    batch.endMessage(firstRow);
  }

  /** For messages without a usable stamp: false, and its rows taken back, when it was sent before. */
  #isNew(publication: Publication, firstRow: number): boolean {
    const { batch } = this.#source;
    const { high, low } = messageDigest(publication);
    if (publication.resent && this.#source.knowsDigest(high, low)) {
      const count = batch.rows.count - firstRow;
      batch.counts.decodedSamples += count;
      batch.counts.duplicateSamples += count;
      batch.counts.duplicateMessages += 1;
      batch.rows.truncate(firstRow);
      return false;
    }
    batch.digests.push(high, low);
    return true;
  }

  #reject(publication: Publication, rejection: Rejection): void {
    const { batch } = this.#source;
    const { rejectedMessages } = batch.counts;
    rejectedMessages[rejection.cause] = (rejectedMessages[rejection.cause] ?? 0) + 1;
    const kept = Math.min(publication.end, publication.start + deadLetterBytesMax);
    batch.deadLetters.push({
      at: batch.openedAt,
      topic: publication.topic,
      clientId: publication.clientId,
      cause: rejection.cause,
      detail: rejection.detail,
      length: publication.end - publication.start,
      bytes: publication.bytes.slice(publication.start, kept),
    });
  }
}
