/** PUBLISH packets for one client that leave together: a write costs far more than a packet. */
import type { EnginePacket } from "./engine.ts";
import { writePublishes } from "./publish-writer.ts";

/** What is worth a write of its own: as much as the kernel takes at once from one that reads. */
const writeBytes = 65_536;

/** Fixed header, length of the topic, packet identifier, and what an object costs: near enough. */
const packetOverheadBytes = 16;

export class PendingDeliveries {
  /** Roughly what waits here. */
  bytes = 0;
  #packets: EnginePacket[] = [];

  get isEmpty(): boolean {
    return this.#packets.length === 0;
  }

  /**
   * Adds a packet, with its identifier.
   *
   * @returns Whether as much waits as should wait.
   */
  add(packet: EnginePacket): boolean {
    this.#packets.push(packet);
    this.bytes += packet.payload.length + packet.topic.length + packetOverheadBytes;
    return this.bytes >= writeBytes;
  }

  /** Takes everything out, as it is sent to a client of a protocol version. */
  take(version: number): Buffer {
    const bytes = writePublishes(this.#packets, version);
    this.#packets = [];
    this.bytes = 0;
    return bytes;
  }
}
