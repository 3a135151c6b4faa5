/** Reads the next batch of a stream, encoded and cut to size. */
import { AppError } from "../core/errors.ts";
import type { Clock } from "../core/ports.ts";
import type { StreamName, StreamSource } from "../core/streams.ts";
import type { WireFormat } from "./batch.ts";
import { type Chunk, cutChunk, gapChunk } from "./chunk.ts";

/** What to read. */
export interface ChunkRequest {
  readonly stream: StreamName;
  readonly from: number;
  /** Encoded bytes that are aimed at. */
  readonly aimBytes: number;
  /** Encoded bytes that the far end refuses to pass. */
  readonly bytesMax: number;
}

/** Turns what a stream holds into batches. */
export class ChunkReader {
  readonly #gateway: string;
  readonly #source: StreamSource;
  readonly #clock: Clock;
  readonly #format: WireFormat;
  /** Our bytes per byte asked for, as last seen: the store has its own encoding, and streams differ. */
  readonly #growth = new Map<StreamName, number>();

  constructor(parts: {
    readonly gateway: string;
    readonly source: StreamSource;
    readonly clock: Clock;
    readonly format: WireFormat;
  }) {
    this.#gateway = parts.gateway;
    this.#source = parts.source;
    this.#clock = parts.clock;
    this.#format = parts.format;
  }

  /**
   * Reads one batch, from exactly `from` on.
   *
   * @returns Records, or a gap: cause `evicted` up to the oldest record still held, what the source says of
   *   records that are lost, or `too-large`.
   * @throws AppError `UPSTREAM_NO_RECORDS` when the stream holds nothing there although its head says so;
   *   kind `transient`. Whatever the source throws passes through.
   */
  async read({ stream, from, aimBytes, bytesMax }: ChunkRequest): Promise<Chunk> {
    const envelope = { gateway: this.#gateway, stream, from, sentAt: this.#clock.now() };
    const first = this.#source.first(stream);
    if (first > from) return gapChunk(envelope, first - 1, "evicted", this.#format);
    const asked = Math.max(1, Math.floor(aimBytes / (this.#growth.get(stream) ?? 1)));
    const slice = await this.#source.read(stream, from, asked);
    // What is lost may reach up to the head, and then no record follows it.
    if (slice !== undefined && slice.from > from) {
      return gapChunk(envelope, slice.from - 1, slice.gap?.cause ?? "evicted", this.#format);
    }
    if (slice === undefined || slice.records.length === 0) {
      throw new AppError("UPSTREAM_NO_RECORDS", "transient", `stream ${stream} has no record ${from}`);
    }
    const chunk = cutChunk(envelope, slice.records, this.#format, { aimBytes, bytesMax });
    // Only a full read tells: one that reached the head ended for want of records.
    if (slice.to < this.#source.head(stream)) {
      const bytesPerRecord = chunk.payload.length / (chunk.batch.to - from + 1);
      const growth = (bytesPerRecord * slice.records.length) / asked;
      this.#growth.set(stream, Math.min(10, Math.max(0.1, growth)));
    }
    return chunk;
  }
}
