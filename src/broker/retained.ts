/** Retained messages, bounded, found by filter, and durable with the messages that they are. */
import { retainedBytesMax, retainedMessagesMax } from "../core/limits.ts";
import type { SessionJournal } from "../core/session-journal.ts";
import type { TenantBounds } from "../core/access/tenant-quotas.ts";
import { tenantOf } from "../core/tenant.ts";
import { filterMatches } from "../core/topic.ts";
import type { Counters } from "./counters.ts";
import type { EnginePacket } from "./engine.ts";
import { unexpired } from "./expiry.ts";
import type { RunningTime } from "./running-time.ts";
import { encodeRetained, retainedKey } from "./session-values.ts";

interface Kept {
  /** Nothing once the message has been removed. */
  readonly packet: EnginePacket | undefined;
  /** The number of the message, or of the one that removed it. */
  readonly number: number | undefined;
  /** Seen when the journal has got so far. */
  readonly position: number;
  /** What is seen until then. */
  readonly before: EnginePacket | undefined;
}

export interface RetainedOptions {
  readonly tenants?: TenantBounds;
  readonly counters: Counters;
  readonly journal: SessionJournal;
  /** Topics of which nothing is written: whoever owns them publishes them again at each start. */
  readonly isVolatile: (topic: string) => boolean;
  readonly time: RunningTime;
}

/**
 * Retained messages. They are stored before their commit, and seen after it, or as soon as they go to subscribers:
 * whoever subscribes gets a message in one of the two ways.
 *
 * When count or bytes are used up, a message to a new topic is delivered but not retained, and counted;
 * topics that have one can always be updated to something no larger.
 */
export class RetainedMessages {
  readonly #messages = new Map<string, Kept>();
  readonly #options: RetainedOptions;
  /** Topics whose newest change was not durable yet. */
  readonly #unsettled = new Set<string>();
  /** How many topics of a tenant have one, those of the gateway left out. */
  readonly #ofTenants = new Map<string, number>();
  #count = 0;
  #bytes = 0;

  constructor(options: RetainedOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps a message, or with an empty payload removes the one there is. */
  store(packet: EnginePacket): void {
    this.#settle();
    const { journal, counters, isVolatile } = this.#options;
    const { topic } = packet;
    const isWritten = !isVolatile(topic);
    const known = this.#messages.get(topic)?.packet;
    const knownBytes = known === undefined ? 0 : sizeOf(known);
    if (packet.payload.length === 0) {
      if (known === undefined) return;
      if (isWritten) journal.remove(retainedKey(topic));
      this.#grow(topic, -1);
      this.#bytes -= knownBytes;
      this.#replace(packet, undefined, isWritten);
      return;
    }
    if (known === undefined && !this.#hasRoomInTenant(topic)) {
      counters.deliveryDropped["retained-quota"] += 1;
      return;
    }
    const bytes = this.#bytes - knownBytes + sizeOf(packet);
    const isFull = known === undefined && this.#count >= retainedMessagesMax;
    if (isFull || (bytes > retainedBytesMax && bytes > this.#bytes)) {
      counters.deliveryDropped["retained-full"] += 1;
      return;
    }
    if (isWritten) journal.put(retainedKey(topic), encodeRetained(packet));
    if (known === undefined) this.#grow(topic, 1);
    this.#bytes = bytes;
    this.#replace(packet, { ...packet }, isWritten);
  }

  /** The message goes to subscribers now: those who come later find it here. */
  reveal({ topic, brokerCounter }: EnginePacket): void {
    const kept = this.#messages.get(topic);
    if (kept === undefined || kept.number !== brokerCounter) return;
    if (kept.packet === undefined) this.#messages.delete(topic);
    else this.#messages.set(topic, { ...kept, position: 0, before: undefined });
  }

  /** Puts back what was stored. */
  restore(packet: EnginePacket): void {
    this.#messages.set(packet.topic, { packet, number: undefined, position: 0, before: undefined });
    this.#grow(packet.topic, 1);
    this.#bytes += sizeOf(packet);
  }

  /** Forgets everything that is on disk, to be restored. */
  forgetStored(): void {
    for (const [topic, { packet }] of this.#messages) {
      if (this.#options.isVolatile(topic)) continue;
      this.#messages.delete(topic);
      if (packet === undefined) continue;
      this.#grow(topic, -1);
      this.#bytes -= sizeOf(packet);
    }
    this.#unsettled.clear();
  }

  /** Messages that match any of the filters, each once a filter, in the order in which topics were first kept. */
  *matching(filters: readonly string[]): Generator<EnginePacket> {
    for (const filter of filters) {
      if (!filter.includes("+") && !filter.includes("#")) {
        const exact = this.#good(this.#messages.get(filter));
        if (exact !== undefined) yield exact;
        continue;
      }
      for (const [topic, kept] of this.#messages) {
        const packet = filterMatches(filter, topic) ? this.#good(kept) : undefined;
        if (packet !== undefined) yield packet;
      }
    }
  }

  /** What is seen, as it may be sent now. A message whose time is over is removed. */
  #good(kept: Kept | undefined): EnginePacket | undefined {
    const seen = this.#seen(kept);
    if (seen === undefined) return undefined;
    const good = unexpired(seen, this.#options.time);
    if (good === undefined && seen === kept?.packet) this.store({ ...seen, payload: Buffer.alloc(0) });
    return good;
  }

  /** Of what the gateway itself tells a tenant there is always room. */
  #hasRoomInTenant(topic: string): boolean {
    const tenant = tenantOf(topic);
    if (tenant === undefined || this.#options.isVolatile(topic)) return true;
    const { tenants } = this.#options;
    const most = tenants?.limitsOf(tenant).retained;
    if (most === undefined || (this.#ofTenants.get(tenant) ?? 0) < most) return true;
    tenants?.reached(tenant, "retained");
    return false;
  }

  #grow(topic: string, by: 1 | -1): void {
    this.#count += by;
    const tenant = tenantOf(topic);
    if (tenant === undefined || this.#options.isVolatile(topic)) return;
    this.#ofTenants.set(tenant, (this.#ofTenants.get(tenant) ?? 0) + by);
  }

  #seen(kept: Kept | undefined): EnginePacket | undefined {
    if (kept === undefined) return undefined;
    return kept.position <= this.#options.journal.durablePosition ? kept.packet : kept.before;
  }

  #replace(
    { topic, brokerCounter: number }: EnginePacket,
    packet: EnginePacket | undefined,
    isWritten: boolean,
  ): void {
    const before = this.#seen(this.#messages.get(topic));
    const position = isWritten ? this.#options.journal.position : 0;
    this.#messages.set(topic, { packet, number, position, before });
    this.#unsettled.add(topic);
  }

  /** Lets go of what nobody sees any more. */
  #settle(): void {
    for (const topic of this.#unsettled) {
      const kept = this.#messages.get(topic);
      if (kept !== undefined && kept.position > this.#options.journal.durablePosition) continue;
      this.#unsettled.delete(topic);
      if (kept === undefined) continue;
      if (kept.packet === undefined) this.#messages.delete(topic);
      else if (kept.before !== undefined) this.#messages.set(topic, { ...kept, before: undefined });
    }
  }
}

function sizeOf(packet: EnginePacket): number {
  return packet.payload.length + packet.topic.length;
}
