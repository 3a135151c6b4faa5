/** The lane's messages of one connection: in flight, committed, and not yet acknowledged. */
import { clientInFlightMax } from "../core/limits.ts";
import { PacketType } from "./packets.ts";

/**
 * Sizes of messages in flight and identifiers of those whose PUBACK is due.
 *
 * Messages are settled in the order in which they were taken, so both are rings of the window's length
 * and nothing is looked up. Memory is taken with the first message.
 */
export class LaneLedger {
  #sizes: Uint32Array | undefined;
  #due: Uint16Array | undefined;
  #takenCount = 0;
  #settledCount = 0;
  #dueCount = 0;

  /** PUBACKs that are due. */
  get dueCount(): number {
    return this.#dueCount;
  }

  /** A message is handed over. No more than `clientInFlightMax` are not acknowledged at any time. */
  take(size: number): void {
    this.#sizes ??= new Uint32Array(clientInFlightMax);
    this.#due ??= new Uint16Array(clientInFlightMax);
    this.#sizes[this.#takenCount % clientInFlightMax] = size;
    this.#takenCount += 1;
  }

  /** The oldest message that is not settled is committed. */
  settle(packetId: number): void {
    this.#settledCount += 1;
    this.#due![this.#dueCount] = packetId;
    this.#dueCount += 1;
  }

  /** Size of all messages whose PUBACK is due. */
  dueBytes(): number {
    let bytes = 0;
    for (let back = 1; back <= this.#dueCount; back += 1) {
      bytes += this.#sizes![(this.#settledCount - back) % clientInFlightMax]!;
    }
    return bytes;
  }

  /** Makes the PUBACKs that are due; none is due afterwards. */
  takeAcknowledgements(): Uint8Array {
    const bytes = Buffer.allocUnsafe(this.#dueCount * 4);
    for (let index = 0; index < this.#dueCount; index += 1) {
      const packetId = this.#due![index]!;
      const at = index * 4;
      bytes[at] = PacketType.puback << 4;
      bytes[at + 1] = 2;
      bytes[at + 2] = packetId >> 8;
      bytes[at + 3] = packetId & 255;
    }
    this.#dueCount = 0;
    return bytes;
  }
}
