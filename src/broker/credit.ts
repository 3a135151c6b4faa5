/** How much of a client's traffic may be in the gateway without an acknowledgement. */
import { clientInFlightBytesMax, clientInFlightMax, inFlightBytesMax } from "../core/limits.ts";

/** What all clients together have in flight. */
export interface SharedCredit {
  inFlightBytes: number;
}

/** One client's part. Whatever is taken is given back once: with the acknowledgement, or at the end. */
export class Credit {
  readonly #shared: SharedCredit;
  #messages = 0;
  #bytes = 0;
  #messagesMax = clientInFlightMax;

  constructor(shared: SharedCredit) {
    this.#shared = shared;
  }

  /** Sets a bound of the client's own. */
  limitTo(messagesMax: number): void {
    this.#messagesMax = Math.min(clientInFlightMax, messagesMax);
  }

  /** The client itself has room; a single message always fits. */
  hasOwn(size: number): boolean {
    if (this.#messages === 0) return true;
    return this.#messages < this.#messagesMax && this.#bytes + size <= clientInFlightBytesMax;
  }

  /** All clients together have room. */
  hasShared(size: number): boolean {
    const { inFlightBytes } = this.#shared;
    return inFlightBytes === 0 || inFlightBytes + size <= inFlightBytesMax;
  }

  take(size: number): void {
    this.#messages += 1;
    this.#bytes += size;
    this.#shared.inFlightBytes += size;
  }

  /** What was taken last is larger than it was when it came. */
  grow(bytes: number): void {
    this.#bytes += bytes;
    this.#shared.inFlightBytes += bytes;
  }

  giveBack(messages: number, bytes: number): void {
    this.#messages -= messages;
    this.#bytes -= bytes;
    this.#shared.inFlightBytes -= bytes;
  }

  giveBackAll(): void {
    this.giveBack(this.#messages, this.#bytes);
  }
}
