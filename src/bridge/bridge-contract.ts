/** What a bridge is made of, and what it offers. */
import type { MqttAddress, TlsMaterial } from "../core/mqtt-address.ts";
import type { Clock, FarBroker, Logger, MetricFamily, PublicationSink } from "../core/ports.ts";
import type { BridgeFilter, BridgeStatus, ListenerAddress } from "../core/read-model.ts";
import { type BackoffPolicy, backoffPolicy } from "../core/sync/backoff.ts";

/** `auto`: 5, and 3.1.1 where the far broker does not speak it. */
export type BridgeProtocol = "auto" | "3.1.1" | "5";

/** Durations of the link. */
export interface BridgeTiming {
  /** An attempt to connect is given up after this, in milliseconds. */
  readonly connectMs: number;
  /** Without anything from the far broker it is asked after so many seconds, and given up after half as many more. */
  readonly keepaliveSeconds: number;
  readonly backoff: BackoffPolicy;
}

/** What the gateway uses. */
export const bridgeTiming: BridgeTiming = { connectMs: 10_000, keepaliveSeconds: 60, backoff: backoffPolicy };

/** What a bridge is made of. */
export interface BridgeOptions {
  /** Its name in the configuration. */
  readonly name: string;
  readonly address: MqttAddress;
  /** Our name at the far broker: its session is kept under it. */
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  /** For `mqtts` only. */
  readonly tls: TlsMaterial;
  readonly protocol: BridgeProtocol;
  readonly topics: readonly BridgeFilter[];
  /** Levels in front of every topic before it is ingested; empty for none. */
  readonly prefix: string;
  readonly sink: PublicationSink;
  /** Where the gateway's own broker listens: a bridge does not connect to it. */
  readonly ownListeners: () => readonly ListenerAddress[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** From `[0, 1)`, evenly distributed. */
  readonly random: () => number;
  readonly timing?: Partial<BridgeTiming>;
}

/**
 * A running bridge.
 *
 * A message of QoS 1 or 2 is acknowledged to the far broker after the commit that holds it is durable, and never
 * otherwise; when it cannot be stored the connection is dropped, so that the far broker sends it again.
 */
export interface Bridge extends FarBroker {
  readonly metrics: readonly MetricFamily[];
  status(): BridgeStatus;
  /** Takes nothing more from the far broker; what becomes durable is still acknowledged. */
  stopReading(): void;
  /** Disconnects; the far broker keeps the session. Resolves within a second. Never rejects. */
  close(): Promise<void>;
}
