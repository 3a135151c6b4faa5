/**
 * Cuts what a far broker sends into MQTT packets.
 *
 * A PUBLISH that is larger than what is read is not the end of the connection, or a message that the far broker
 * keeps for us would end it for ever: its beginning is handed over once all of it has gone by. Source of the
 * layout: MQTT 3.1.1 and 5.0, § 2.1.
 */

/** Control packet types, the upper half of the first byte. */
export const PacketType = {
  connack: 2,
  publish: 3,
  pubrel: 6,
  suback: 9,
  pingresp: 13,
  disconnect: 14,
} as const;

/** One packet, or its beginning. */
export interface PacketFrame {
  /** The first byte: type and flags. */
  readonly first: number;
  /** The whole frame, as far as it is there. Valid only during the call. */
  readonly bytes: Buffer;
  /** Where the variable header begins. */
  readonly body: number;
  /** Bytes of the frame that went by and were not kept. */
  readonly missingBytes: number;
}

/** Who is handed the packets. */
export interface PacketHandler {
  onPacket(frame: PacketFrame): void;
  /** The bytes are not MQTT; nothing is handed over any more. */
  onFault(message: string): void;
}

/** A packet of which only the beginning is kept. */
interface CutFrame {
  readonly kept: Buffer;
  readonly body: number;
  readonly missingBytes: number;
  /** Bytes that have still to go by. */
  skipBytes: number;
}

export class PacketReader {
  readonly #handler: PacketHandler;
  readonly #bytesMax: number;
  #held: Buffer = Buffer.alloc(0);
  #cut: CutFrame | undefined;
  #failed = false;
  #reading = false;
  /** Set by the handler, from within `onPacket` too: hand nothing over until {@link continue}. */
  waiting = false;

  /** @param bytesMax - Bytes of a packet that are kept. */
  constructor(handler: PacketHandler, bytesMax: number) {
    this.#handler = handler;
    this.#bytesMax = bytesMax;
  }

  /** Takes bytes; they belong to the reader from now on. */
  receive(chunk: Buffer): void {
    if (this.#failed) return;
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.continue();
  }

  /** Goes on with what is held, after `waiting` has been cleared. */
  continue(): void {
    if (this.#reading) return;
    this.#reading = true;
    while (!this.waiting && !this.#failed && this.#readOne()) continue;
    this.#reading = false;
  }

  /** Forgets everything and hands over nothing more. */
  stop(): void {
    this.#failed = true;
    this.#held = Buffer.alloc(0);
    this.#cut = undefined;
  }

  /** @returns Whether there may be another. */
  #readOne(): boolean {
    if (this.#cut !== undefined) return this.#skip(this.#cut);
    const held = this.#held;
    const length = lengthOf(held);
    if (length === undefined) return false;
    if (length.bytes < 0) return this.#fail("a packet has no valid length");
    const body = 1 + length.bytes;
    const frameBytes = body + length.value;
    const first = held[0]!;
    if (frameBytes > this.#bytesMax) {
      if (first >> 4 !== PacketType.publish)
        return this.#fail(`a packet of ${frameBytes} bytes is no message`);
      if (held.length < this.#bytesMax) return false;
      const kept = Buffer.from(held.subarray(0, this.#bytesMax));
      const missingBytes = frameBytes - this.#bytesMax;
      this.#cut = { kept, body, missingBytes, skipBytes: missingBytes };
      this.#held = held.subarray(this.#bytesMax);
      return true;
    }
    if (held.length < frameBytes) return false;
    this.#held = held.subarray(frameBytes);
    this.#handler.onPacket({ first, bytes: held.subarray(0, frameBytes), body, missingBytes: 0 });
    return true;
  }

  #skip(cut: CutFrame): boolean {
    const skipped = Math.min(cut.skipBytes, this.#held.length);
    this.#held = this.#held.subarray(skipped);
    cut.skipBytes -= skipped;
    if (cut.skipBytes > 0) return false;
    this.#cut = undefined;
    const { kept, body, missingBytes } = cut;
    this.#handler.onPacket({ first: kept[0]!, bytes: kept, body, missingBytes });
    return true;
  }

  #fail(message: string): false {
    this.stop();
    this.#handler.onFault(message);
    return false;
  }
}

/** A number in the variable-length encoding, behind the first byte; nothing while it is incomplete. */
function lengthOf(held: Buffer): { readonly value: number; readonly bytes: number } | undefined {
  return variableInteger(held, 1);
}

/**
 * Reads a variable byte integer. Source: MQTT 5.0 § 1.5.5; at most four bytes.
 *
 * @returns `bytes` is how many it took, -1 when it is malformed. Nothing when it is incomplete.
 */
export function variableInteger(
  from: Uint8Array,
  offset: number,
): { readonly value: number; readonly bytes: number } | undefined {
  let value = 0;
  for (let index = 0; index < 4; index += 1) {
    const byte = from[offset + index];
    if (byte === undefined) return undefined;
    value |= (byte & 127) << (7 * index);
    if (byte < 128) return { value, bytes: index + 1 };
  }
  return { value: 0, bytes: -1 };
}
