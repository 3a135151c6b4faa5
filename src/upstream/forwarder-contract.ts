/** What a forwarder is made of, and what it offers. */
import type { Clock, Logger, MetricFamily } from "../core/ports.ts";
import type { EpochMs } from "../core/sample.ts";
import type { StreamName, StreamSource } from "../core/streams.ts";
import { type BackoffPolicy, backoffPolicy } from "../core/sync/backoff.ts";
import type { LinkState } from "../core/sync/link.ts";
import type { WindowBounds } from "../core/sync/window.ts";
import type { WireFormat } from "./batch.ts";
import type { UpstreamTransport } from "./transport.ts";

/** Durations of the link, all in milliseconds. */
export interface ForwarderTiming {
  /** An attempt to connect is given up after this. */
  readonly connectMs: number;
  /** A connection with batches out and no acknowledgement for this long is dropped. */
  readonly acknowledgeMs: number;
  /** How long `close` waits for acknowledgements that are on their way. */
  readonly closeMs: number;
  readonly backoff: BackoffPolicy;
}

/** What the gateway uses. */
export const forwarderTiming: ForwarderTiming = {
  connectMs: 10_000,
  acknowledgeMs: 30_000,
  closeMs: 1_000,
  backoff: backoffPolicy,
};

/** What a forwarder is made of. */
export interface ForwarderOptions {
  /** The upstream's name in the configuration; cursors are kept under it. */
  readonly name: string;
  readonly gateway: string;
  readonly streams: readonly StreamName[];
  readonly source: StreamSource;
  readonly transport: UpstreamTransport;
  readonly clock: Clock;
  readonly logger: Logger;
  /** From `[0, 1)`, evenly distributed. */
  readonly random: () => number;
  readonly format: WireFormat;
  /** Called when `report().state` has changed. */
  readonly onChange?: () => void;
  /** Bounds other than the gateway's own, for a far end that takes less. */
  readonly bounds?: Partial<WindowBounds>;
  readonly timing?: Partial<ForwarderTiming>;
}

/** How an upstream is doing. Holds no secrets. */
export interface ForwarderReport {
  readonly name: string;
  readonly url: string;
  readonly state: LinkState["kind"];
  /** Present while `up`. */
  readonly connectedSince?: EpochMs;
  /** Why it last was not up; stays until the next failure. */
  readonly lastError?: { readonly code: string; readonly message: string; readonly at: EpochMs };
  /** Present while `waiting`. */
  readonly retryAt?: EpochMs;
  /** Of the streams that it sends: the last sequence acknowledged, and how many records follow it. */
  readonly streams: Readonly<
    Partial<Record<StreamName, { readonly acked: number; readonly pending: number }>>
  >;
}

/** A running forwarder. */
export interface Forwarder {
  report(): ForwarderReport;
  readonly metrics: readonly MetricFamily[];
  /**
   * Stops sending, gives acknowledgements that are under way a moment to arrive, and disconnects.
   *
   * Resolves within two seconds, whether or not the far end answers. No cursor moves afterwards.
   */
  close(): Promise<void>;
}
