/**
 * What one subscriber is being sent: in flight, held back, and paced.
 *
 * The engine numbers and writes QoS 1 and 2 messages without looking at the subscriber's Receive Maximum;
 * here they wait for acknowledgements. Source: MQTT 5.0 § 4.9.
 */
import {
  outboundBytesMax,
  outboundHeldMax,
  outboundInFlightMax,
  outboundPacedBytes,
} from "../core/limits.ts";
import type { CloseCause, Counters } from "./counters.ts";
import { OutboundIds } from "./outbound-ids.ts";

/** The connection, as the window sees it. */
export interface OutboundPeer {
  readonly unsentBytes: number;
  cut(cause: CloseCause): void;
}

export class OutboundWindow {
  /** Stored messages are being sent; new ones wait behind them. */
  replaying = false;
  readonly ids: OutboundIds = new OutboundIds();
  readonly #peer: OutboundPeer;
  readonly #counters: Counters;
  #windowMax = outboundInFlightMax;
  #inFlight = 0;
  #closed = false;
  /** Deliveries that wait for an acknowledgement, oldest first. */
  #held: { readonly size: number; readonly deliver: () => void }[] = [];
  #heldBytes = 0;
  /** Continuations that wait for bytes to leave. */
  #paced: (() => void)[] = [];

  constructor(peer: OutboundPeer, counters: Counters) {
    this.#peer = peer;
    this.#counters = counters;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Sets the subscriber's own bound. */
  limitTo(receiveMaximum: number): void {
    this.#windowMax = Math.min(outboundInFlightMax, receiveMaximum);
  }

  /** QoS 0 to a subscriber that is behind is dropped first. */
  isBehind(): boolean {
    return this.#peer.unsentBytes > outboundPacedBytes;
  }

  /**
   * Calls back when one more message may be in flight; it then is. A subscriber too far behind is cut.
   *
   * @param size - Bytes that wait meanwhile.
   */
  send(size: number, deliver: () => void): void {
    if (this.#closed) return;
    if (!this.replaying && this.#held.length === 0 && this.#inFlight < this.#windowMax) {
      this.#inFlight += 1;
      deliver();
      return;
    }
    if (this.#held.length >= outboundHeldMax || this.#heldBytes + size > outboundBytesMax) {
      this.#counters.deliveryDropped["slow-subscriber"] += this.#held.length;
      this.#peer.cut("slow-subscriber");
      return;
    }
    this.#held.push({ size, deliver });
    this.#heldBytes += size;
  }

  /** Waits until one more stored message may be in flight. Resolves false when the connection has ended. */
  async acquireForReplay(): Promise<boolean> {
    await this.drained();
    while (!this.#closed && this.#inFlight >= this.#windowMax) {
      await new Promise<void>((resolve) => this.#replayWaiters.push(resolve));
    }
    if (this.#closed) return false;
    this.#inFlight += 1;
    return true;
  }
  #replayWaiters: (() => void)[] = [];

  /** The stored messages are sent. */
  finishReplay(): void {
    this.replaying = false;
    this.#releaseHeld();
  }

  onAcknowledged(): void {
    if (this.#inFlight > 0) this.#inFlight -= 1;
    const waiter = this.#replayWaiters.shift();
    if (waiter === undefined) this.#releaseHeld();
    else waiter();
  }

  /** Calls back as soon as not too many bytes wait to be sent, at the latest when the connection ends. */
  whenDrained(callback: () => void): void {
    if (this.#closed || !this.isBehind()) callback();
    else this.#paced.push(callback);
  }

  onDrained(): void {
    while (this.#paced.length > 0 && !this.isBehind()) this.#paced.shift()?.();
  }

  async drained(): Promise<void> {
    if (this.#closed || !this.isBehind()) return;
    await new Promise<void>((resolve) => this.#paced.push(resolve));
  }

  close(): void {
    this.#closed = true;
    this.#held = [];
    const waiting = [...this.#replayWaiters, ...this.#paced];
    this.#replayWaiters = [];
    this.#paced = [];
    for (const callback of waiting) callback();
  }

  #releaseHeld(): void {
    while (!this.replaying && this.#held.length > 0 && this.#inFlight < this.#windowMax) {
      this.#inFlight += 1;
      const next = this.#held.shift();
      this.#heldBytes -= next?.size ?? 0;
      next?.deliver();
    }
  }
}
