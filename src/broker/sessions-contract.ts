/** The words of the engine's persistence contract (that of aedes-persistence 10.3.1). */
import type { EnginePacket } from "./engine.ts";

/** A subscription as the engine stores and restores it. */
export interface StoredSubscription {
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  readonly rh?: number | undefined;
  readonly rap?: boolean | undefined;
  readonly nl?: boolean | undefined;
  readonly subscriptionIdentifier?: number;
}

/** A match of `subscriptionsByTopic`. */
export interface SubscriptionMatch extends StoredSubscription {
  readonly clientId: string;
}

/** Whoever the engine passes as a client: the client itself, or only its name. */
export interface SessionOwner {
  readonly id: string;
  /** Missing where it is only a name. */
  readonly clean?: boolean;
  readonly closed?: boolean;
  readonly sessionExpiryInterval?: number;
}

/** A will as it is stored. */
export type StoredWill = EnginePacket;
