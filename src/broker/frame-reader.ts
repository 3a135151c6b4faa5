/**
 * Cuts the bytes of a connection into MQTT packets, in place.
 *
 * Packets are handed over where they lie: in the chunk that the socket was read into, or in the buffer of
 * held bytes. Only what is incomplete or has to wait is copied, once.
 */
import { HeldBytes } from "./held-bytes.ts";
import { Reason, readVariableInteger, type VariableInteger } from "./packets.ts";

/** Who is handed the packets. */
export interface FrameHandler {
  /** Largest packet acceptable now that begins with this byte, header included; 0 when none is. */
  frameBytesMax(first: number): number;
  /**
   * Handles the packet `bytes[start, end)` with its variable header at `body`.
   *
   * @returns False when it has to wait: it is then offered again after {@link FrameReader.continue}.
   */
  onFrame(bytes: Uint8Array, start: number, body: number, end: number): boolean;
  /** The bytes are not acceptable; nothing is handed over any more. */
  onFault(reason: number): void;
}

const scratch: VariableInteger = { value: 0, length: 0 };

export class FrameReader {
  readonly #handler: FrameHandler;
  readonly #held = new HeldBytes();
  /** Set by the handler, from within `onFrame` too: hand nothing over until {@link continue}. */
  waiting = false;
  /** Tells one packet whose beginning is held from the one before. */
  heldNumber = 0;
  #failed = false;
  #parsing = false;

  constructor(handler: FrameHandler) {
    this.#handler = handler;
  }

  /** Bytes that are kept because they are incomplete or have to wait. */
  get heldBytes(): number {
    return this.#held.length;
  }

  /** Takes `bytes[0, length)`; they are not used after the call. */
  receive(bytes: Uint8Array, length: number): void {
    const taken = this.#held.length > 0 ? this.#completeHeld(bytes, length) : 0;
    if (taken === length) return;
    const parsed = this.waiting ? taken : this.#parse(bytes, taken, length);
    if (this.#failed || parsed === length) return;
    if (this.#held.length === 0) this.heldNumber += 1;
    this.#held.append(bytes, parsed, length);
  }

  /** Goes on with what was held, after `waiting` has been cleared. */
  continue(): void {
    if (this.#parsing || this.waiting || this.#held.length === 0) return;
    const held = this.#held;
    held.consumeTo(this.#parse(held.bytes, held.start, held.end));
  }

  /** Forgets everything and hands over nothing more. */
  stop(): void {
    this.#failed = true;
    this.waiting = true;
    if (!this.#parsing) this.#held.consumeTo(this.#held.end);
  }

  /**
   * Completes the packet whose beginning is held, so that the rest of the chunk can be handled in place.
   *
   * @returns How many bytes were taken.
   */
  #completeHeld(bytes: Uint8Array, length: number): number {
    const held = this.#held;
    let taken = 0;
    while (taken < length && held.length > 0 && !this.waiting) {
      const count = Math.min(missingBytes(held), length - taken);
      held.append(bytes, taken, taken + count);
      taken += count;
      held.consumeTo(this.#parse(held.bytes, held.start, held.end));
    }
    if (held.length > 0 && taken < length && !this.#failed) {
      held.append(bytes, taken, length);
      return length;
    }
    return this.#failed ? length : taken;
  }

  /** @returns Where the first byte lies that was not handled. */
  #parse(bytes: Uint8Array, start: number, end: number): number {
    const handler = this.#handler;
    let offset = start;
    this.#parsing = true;
    while (offset < end && !this.waiting) {
      const first = bytes[offset]!;
      const bytesMax = handler.frameBytesMax(first);
      if (bytesMax === 0) {
        this.#fail(Reason.protocolError);
        break;
      }
      if (end - offset < 2) break;
      let remaining = bytes[offset + 1]!;
      let body = offset + 2;
      if (remaining > 127) {
        readVariableInteger(bytes, offset + 1, end, scratch);
        if (scratch.length === 0) break;
        if (scratch.length < 0) {
          this.#fail(Reason.malformed);
          break;
        }
        remaining = scratch.value;
        body = offset + 1 + scratch.length;
      }
      const frameEnd = body + remaining;
      if (frameEnd - offset > bytesMax) {
        this.#fail(Reason.packetTooLarge);
        break;
      }
      if (frameEnd > end || !handler.onFrame(bytes, offset, body, frameEnd)) break;
      offset = frameEnd;
    }
    this.#parsing = false;
    return this.#failed ? end : offset;
  }

  #fail(reason: number): void {
    this.stop();
    this.#handler.onFault(reason);
  }
}

/** How many bytes the packet at the front still lacks; at least one. */
function missingBytes(held: HeldBytes): number {
  if (held.length < 2) return 1;
  readVariableInteger(held.bytes, held.start + 1, held.end, scratch);
  if (scratch.length <= 0) return 1;
  return Math.max(1, 1 + scratch.length + scratch.value - held.length);
}
