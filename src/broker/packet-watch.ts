/** Tells when a peer has left a packet unfinished for too long. */

/** What is held of one connection. */
export interface HeldPacket {
  /** Another number is another packet. */
  readonly number: number;
  /** It is incomplete, and nothing but its sender keeps the rest from coming. */
  readonly isIncomplete: boolean;
}

/** Watches the packet whose beginning is held; looked at now and then, it costs nothing in between. */
export class PacketWatch {
  #number = 0;
  #sinceMs = 0;

  /** @returns How long the packet has been seen to be under way, in milliseconds. */
  underwayMs({ number, isIncomplete }: HeldPacket, nowMs: number): number {
    if (isIncomplete && number === this.#number) return nowMs - this.#sinceMs;
    this.#number = isIncomplete ? number : 0;
    this.#sinceMs = nowMs;
    return 0;
  }
}
