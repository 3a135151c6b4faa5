/**
 * What the forwarder asks of a transport, so that MQTT, HTTP and Kafka are the same to it.
 */
import type { AppError } from "../core/errors.ts";
import type { StreamName } from "../core/streams.ts";
import type { FarEndLimits } from "../core/sync/window.ts";

/** Makes connections to one far end, one at a time. */
export interface UpstreamTransport {
  /** Where it connects, for people: never a user name, password or token. */
  readonly url: string;
  /**
   * Begins an attempt to connect, and returns before anything has happened.
   *
   * Never throws: whatever goes wrong comes as `lost`.
   */
  connect(events: TransportEvents): TransportConnection;
}

/** What a connection tells. Nothing follows `lost`, nor a call of `close`. */
export interface TransportEvents {
  /** The far end accepts batches, within these limits. Once. */
  connected(limits: FarEndLimits): void;
  /** The far end has taken responsibility for the batch. Once for each batch, in any order. */
  acknowledged(batchId: number): void;
  /** The attempt failed or the connection ended; batches without an acknowledgement are void. Once. */
  lost(failure: AppError, circumstances: { readonly crowded: boolean }): void;
}

/** One attempt and the connection it becomes. */
export interface TransportConnection {
  /**
   * Hands over an encoded batch. Only between `connected` and `lost`; the bytes are not changed afterwards.
   * It is not resent by the transport: after `lost` the forwarder reads again from its cursor.
   */
  send(batch: { readonly id: number; readonly stream: StreamName; readonly payload: Uint8Array }): void;
  /** Ends the attempt or connection; resolves when its socket is closed, within a second. Never rejects. */
  close(): Promise<void>;
}
