/** Cuts what was read from a stream to what one batch may hold. */
import type { StreamRecord } from "../core/streams.ts";
import type { GapCause, WireBatch, WireEnvelope, WireFormat } from "./batch.ts";
import { encodeBatch } from "./wire.ts";

/** How large a batch may become, encoded. */
export interface ChunkBounds {
  /** What is aimed at; a single record may pass it. */
  readonly aimBytes: number;
  /** What the far end refuses to pass. */
  readonly bytesMax: number;
}

/** An encoded batch and what it holds. */
export interface Chunk {
  readonly payload: Uint8Array;
  readonly batch: WireBatch;
}

/**
 * Encodes as many of the records as fit, from the first on.
 *
 * @param envelope - `from` is the first record's sequence; `to` is overwritten.
 * @param records - Consecutive, one at least.
 * @returns A batch of one record or more; a gap of one with the cause `too-large` when even the first
 *   record alone passes what the far end takes.
 */
export function cutChunk(
  envelope: Omit<WireEnvelope, "to">,
  records: readonly StreamRecord[],
  format: WireFormat,
  bounds: ChunkBounds,
): Chunk {
  let count = records.length;
  for (;;) {
    const to = envelope.from + count - 1;
    const batch: WireBatch = { ...envelope, to, records: records.slice(0, count) };
    const payload = encodeBatch(batch, format);
    const limit = count === 1 ? bounds.bytesMax : Math.min(bounds.aimBytes, bounds.bytesMax);
    if (payload.length <= limit) return { payload, batch };
    if (count === 1) return gapChunk(envelope, to, "too-large", format);
    // In proportion, a little less since records differ; at least one fewer, so that it ends.
    count = Math.max(1, Math.min(count - 1, Math.floor((count * limit * 0.95) / payload.length)));
  }
}

/** Encodes the notice that the records from `envelope.from` to `to` will never come. */
export function gapChunk(
  envelope: Omit<WireEnvelope, "to">,
  to: number,
  cause: GapCause,
  format: WireFormat,
): Chunk {
  const batch: WireBatch = { ...envelope, to, gap: { from: envelope.from, to, cause } };
  return { payload: encodeBatch(batch, format), batch };
}
