/** Retained messages, bounded, found by filter. */
import { retainedBytesMax, retainedMessagesMax } from "../core/limits.ts";
import { filterMatches } from "../core/topic.ts";
import type { Counters } from "./counters.ts";
import type { EnginePacket } from "./engine.ts";

/**
 * The retained messages of this run.
 *
 * When count or bytes are used up, a message to a new topic is delivered but not retained, and counted;
 * topics that have one can always be updated to something no larger.
 */
export class RetainedMessages {
  readonly #messages = new Map<string, EnginePacket>();
  readonly #counters: Counters;
  #bytes = 0;

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  get count(): number {
    return this.#messages.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps a message, or with an empty payload removes the one there is. */
  store(packet: EnginePacket): void {
    const known = this.#messages.get(packet.topic);
    const knownBytes = known === undefined ? 0 : sizeOf(known);
    if (packet.payload.length === 0) {
      this.#messages.delete(packet.topic);
      this.#bytes -= knownBytes;
      return;
    }
    const bytes = this.#bytes - knownBytes + sizeOf(packet);
    const isFull = known === undefined && this.#messages.size >= retainedMessagesMax;
    if (isFull || (bytes > retainedBytesMax && bytes > this.#bytes)) {
      this.#counters.deliveryDropped["retained-full"] += 1;
      return;
    }
    this.#messages.set(packet.topic, { ...packet });
    this.#bytes = bytes;
  }

  /** Messages that match any of the filters, each once a filter, in the order in which topics were first kept. */
  *matching(filters: readonly string[]): Generator<EnginePacket> {
    for (const filter of filters) {
      if (!filter.includes("+") && !filter.includes("#")) {
        const exact = this.#messages.get(filter);
        if (exact !== undefined) yield exact;
        continue;
      }
      for (const [topic, packet] of this.#messages) if (filterMatches(filter, topic)) yield packet;
    }
  }
}

function sizeOf(packet: EnginePacket): number {
  return packet.payload.length + packet.topic.length;
}
