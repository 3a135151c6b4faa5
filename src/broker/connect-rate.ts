/**
 * How many connections may begin: of one address, and of all.
 *
 * A connection that is refused here has cost an accept and a close; one that is let through costs a handshake and the
 * engine's work on its CONNECT, a hundred times as much. An address that floods empties its own bucket and what others
 * have left; the last quarter is for addresses that have hardly asked, so that nobody is kept out by somebody else.
 */
import {
  connectAddressesMax,
  connectBurstMax,
  connectsOfOneBurstMax,
  connectsOfOnePerSecondMax,
  connectsPerSecondMax,
} from "../core/limits.ts";

/** Why no connection begins. Closed: metrics are labelled with these names. */
export type RateRefusal = "address-rate" | "rate";

export interface ConnectBounds {
  readonly burst: number;
  readonly perSecond: number;
  readonly ofOneBurst: number;
  readonly ofOnePerSecond: number;
}

export const usualConnectBounds: ConnectBounds = {
  burst: connectBurstMax,
  perSecond: connectsPerSecondMax,
  ofOneBurst: connectsOfOneBurstMax,
  ofOnePerSecond: connectsOfOnePerSecondMax,
};

/** Share of what all may have that is kept for addresses that have hardly asked. */
const reservedShare = 1 / 4;

/** Connections beyond what its own bucket gives back, after which an address has asked more than hardly. */
const hardly = 8;

/** What may begin at once, and is given back as time passes. */
class Bucket {
  #left: number;
  #atMs: number;

  constructor(burst: number, nowMs: number) {
    this.#left = burst;
    this.#atMs = nowMs;
  }

  /** What is left now. */
  leftAt(nowMs: number, burst: number, perSecond: number): number {
    this.#left = Math.min(burst, this.#left + ((nowMs - this.#atMs) / 1_000) * perSecond);
    this.#atMs = nowMs;
    return this.#left;
  }

  take(): void {
    this.#left -= 1;
  }
}

export class ConnectRate {
  readonly #bounds: ConnectBounds;
  readonly #all: Bucket;
  /** By network, the one that has asked lately last. */
  readonly #ofOne = new Map<string, Bucket>();

  constructor(bounds: ConnectBounds, nowMs: number) {
    this.#bounds = bounds;
    this.#all = new Bucket(bounds.burst, nowMs);
  }

  /** Networks that are remembered. */
  get networks(): number {
    return this.#ofOne.size;
  }

  /**
   * A connection wants to begin.
   *
   * @param network - What of its address one party has.
   * @returns Why it may not; then nothing has been taken.
   */
  take(network: string, nowMs: number): RateRefusal | undefined {
    const { burst, perSecond, ofOneBurst, ofOnePerSecond } = this.#bounds;
    const own = this.#ofOne.get(network) ?? new Bucket(ofOneBurst, nowMs);
    const ownLeft = own.leftAt(nowMs, ofOneBurst, ofOnePerSecond);
    this.#remember(network, own);
    if (ownLeft < 1) return "address-rate";
    const left = this.#all.leftAt(nowMs, burst, perSecond);
    const hasHardlyAsked = ownLeft > ofOneBurst - hardly;
    if (left < 1 || (!hasHardlyAsked && left < 1 + burst * reservedShare)) return "rate";
    own.take();
    this.#all.take();
    return undefined;
  }

  #remember(network: string, bucket: Bucket): void {
    this.#ofOne.delete(network);
    this.#ofOne.set(network, bucket);
    if (this.#ofOne.size <= connectAddressesMax) return;
    const [oldest] = this.#ofOne.keys();
    if (oldest !== undefined) this.#ofOne.delete(oldest);
  }
}
