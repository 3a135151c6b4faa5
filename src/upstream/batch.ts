/** What a batch says, whatever its encoding. */
import type { EpochMs } from "../core/sample.ts";
import type { StreamName, StreamRecord } from "../core/streams.ts";

/** How batches are encoded. */
export type WireFormat = "cbor" | "json";

/**
 * Why a run of records will never come: `evicted`, `too-large` for the far end, or what was found to be wrong
 * with them where they were stored.
 */
export type GapCause = string;

/** A run of sequences that cannot be sent any more; sent in place of its records. */
export interface WireGap {
  readonly from: number;
  readonly to: number;
  readonly cause: GapCause;
}

/** What every batch says. `(gateway, stream, seq)` is the key by which a receiver recognises repeats. */
export interface WireEnvelope {
  readonly gateway: string;
  readonly stream: StreamName;
  /** Sequence of the first and the last record, both included; dense. */
  readonly from: number;
  readonly to: number;
  /** The gateway's clock when this batch was built; a batch that is sent again may say another. */
  readonly sentAt: EpochMs;
}

/** One upstream message. */
export type WireBatch = WireEnvelope &
  ({ readonly records: readonly StreamRecord[] } | { readonly gap: WireGap });

/** The `v` of this format. */
export const wireVersion = 1;
