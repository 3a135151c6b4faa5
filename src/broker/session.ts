/**
 * One session: what it subscribes to, and its queue of messages with what is known of each.
 *
 * Each delivery has an index of its own, which counts up, and its packet identifier follows from it. So the
 * identifier is durable together with the message, and a message that is sent again after a crash carries the
 * identifier that it had: a receiver recognises it (QoS 2) without another write before each sending.
 */
import type { Principal } from "../core/access/principal.ts";
import { tenantOf } from "../core/tenant.ts";
import type { EnginePacket } from "./engine.ts";
import type { QueueChunk } from "./queue-chunks.ts";
import type { Instant, Progress, Run, StoredDelivery } from "./session-values.ts";
import type { SessionOwner, StoredSubscription } from "./sessions-contract.ts";

/** Packet identifiers are 1 to 65,535. */
const packetIds = 65_535;

/** A session that never ends by itself. Source: MQTT 5.0 § 3.1.2.11.2; sessions of 3.1.1 are such, too. */
export const neverExpires = 0xffff_ffff;

/** A message that at least one session waits for; it is kept once for all of them. */
export interface QueuedMessage {
  readonly packet: EnginePacket;
  readonly number: number;
  readonly size: number;
  readonly queuedAtMs: number;
  /** Deliveries that are not done. */
  waiting: number;
  /** It has a value on disk. */
  isStored: boolean;
  /** Durable when the journal has got so far. */
  position: number;
  /** The value on disk is shared with others. */
  chunk: QueueChunk | undefined;
}

/** A message in the queue of one session. */
export interface Delivery {
  readonly message: QueuedMessage;
  readonly index: number;
  packetId: number;
  readonly qos: 1 | 2;
  readonly retain: boolean;
  /** Of the subscriptions that it is for. */
  readonly identifiers: readonly number[];
  /** Given to the connection that is open now. */
  isSent: boolean;
  /** Given, or perhaps given, to an earlier one. */
  wasSent: boolean;
  /** PUBREC has come: from now on PUBREL stands in its place. */
  release: EnginePacket | undefined;
}

/** An inbound QoS 2 message that is not released: pending while its commit runs. */
export interface IncomingMessage {
  readonly packet: EnginePacket;
  readonly stored: Promise<void>;
}

export class Session {
  readonly id: string;
  readonly number: number;
  /** To whom its client belongs. */
  readonly tenant: string | undefined;
  readonly subscriptions: Map<string, StoredSubscription> = new Map();
  readonly incoming: Map<number, IncomingMessage> = new Map();
  /** By index, oldest first. */
  readonly queue: Map<number, Delivery> = new Map();
  queueBytes = 0;
  /** One of its subscriptions has, or had, an identifier. */
  hasIdentifiers = false;
  expirySeconds: number = neverExpires;
  /** Since when it has no connection. */
  awayAt: Instant | undefined;
  /** Whose it is, also while nobody is connected. */
  principal: Principal | undefined;
  /** The client whose connection has it now. */
  owner: SessionOwner | undefined;
  /** What changes is written. */
  isDurable = true;
  /** Something of it is on disk, or on its way there. */
  isWritten = false;
  /** Its client has not been told that it exists. */
  isFresh = true;
  /** Progress has changed since it was written. */
  isDirty = false;
  nextIndex = 0;
  /** Everything before it may have been sent. */
  sentTo = 0;
  /** The newest message that was sent in replay to the connection that is open now, by the engine's number. */
  replayedTo = 0;
  readonly #byPacketId = new Map<number, Delivery>();
  readonly #byCounter = new Map<number, Delivery>();
  /** Done, and behind something that is not. */
  #done: Run[] = [];

  constructor(id: string, number: number) {
    this.id = id;
    this.tenant = tenantOf(id);
    this.number = number;
  }

  get oldest(): Delivery | undefined {
    return this.queue.values().next().value;
  }

  /** Everything before it is done. */
  get floor(): number {
    return this.oldest?.index ?? this.nextIndex;
  }

  get progress(): Progress {
    const { floor, sentTo } = this;
    this.#done = this.#done.filter(({ end }) => end > floor);
    const released: number[] = [];
    // What has been sent is at the front: nothing is released behind it.
    for (const { index, release } of this.queue.values()) {
      if (index >= sentTo) break;
      if (release !== undefined) released.push(index);
    }
    return { floor, sentTo, done: this.#done, released };
  }

  /** A packet identifier that nothing in the queue has, for a message that is not stored. */
  freePacketId(): number {
    return this.#nextFree().packetId;
  }

  #nextFree(): { readonly index: number; readonly packetId: number } {
    for (;;) {
      const index = this.nextIndex;
      this.nextIndex += 1;
      const packetId = (index % packetIds) + 1;
      if (!this.#byPacketId.has(packetId)) return { index, packetId };
    }
  }

  /** Puts a message at the end of the queue. */
  add(message: QueuedMessage, options: Omit<StoredDelivery, "session" | "index">): Delivery {
    return this.#insert(message, { ...options, ...this.#nextFree() });
  }

  /** Puts back what was stored. */
  restore(message: QueuedMessage, stored: StoredDelivery): Delivery {
    this.nextIndex = Math.max(this.nextIndex, stored.index + 1);
    return this.#insert(message, { ...stored, packetId: (stored.index % packetIds) + 1 });
  }

  #insert(
    message: QueuedMessage,
    options: Omit<StoredDelivery, "session"> & { readonly packetId: number },
  ): Delivery {
    const { index, packetId, qos, retain, identifiers } = options;
    const state = { isSent: false, wasSent: false, release: undefined };
    const delivery: Delivery = { message, index, packetId, qos, retain, identifiers, ...state };
    this.queue.set(index, delivery);
    this.#byPacketId.set(packetId, delivery);
    const counter = message.packet.brokerCounter;
    if (counter !== undefined) this.#byCounter.set(counter, delivery);
    this.queueBytes += message.size;
    message.waiting += 1;
    return delivery;
  }

  byPacketId(packetId: number): Delivery | undefined {
    return this.#byPacketId.get(packetId);
  }

  /** The delivery of a message, by the number that the engine knows it under. */
  byCounter(packet: EnginePacket): Delivery | undefined {
    const found = packet.brokerCounter === undefined ? undefined : this.#byCounter.get(packet.brokerCounter);
    return found?.message.packet.brokerId === packet.brokerId ? found : undefined;
  }

  /** Gives a delivery another identifier. */
  rename(delivery: Delivery, packetId: number): void {
    if (delivery.packetId === packetId) return;
    if (this.#byPacketId.get(delivery.packetId) === delivery) this.#byPacketId.delete(delivery.packetId);
    delivery.packetId = packetId;
    this.#byPacketId.set(packetId, delivery);
  }

  /** A delivery is done, or has had to leave. */
  remove(delivery: Delivery): void {
    const isOldest = this.oldest === delivery;
    this.queue.delete(delivery.index);
    if (this.#byPacketId.get(delivery.packetId) === delivery) this.#byPacketId.delete(delivery.packetId);
    const { message, index } = delivery;
    const counter = message.packet.brokerCounter;
    if (counter !== undefined && this.#byCounter.get(counter) === delivery) this.#byCounter.delete(counter);
    this.queueBytes -= message.size;
    message.waiting -= 1;
    // Once nobody waits for the message any more it leaves the disk, and no trace of it is needed; in a chunk it stays.
    if (message.isStored && (message.waiting > 0 || message.chunk !== undefined)) {
      this.isDirty = true;
      if (!isOldest) this.#addDone(index);
    }
  }

  /** Runs stay in order; what is done is nearly always behind all that was done before. */
  #addDone(index: number): void {
    const { floor } = this;
    const runs = (this.#done = this.#done.filter(({ end }) => end > floor));
    let at = runs.length;
    while (at > 0 && runs[at - 1]!.start > index) at -= 1;
    const before = runs[at - 1];
    const after = runs[at];
    if (before !== undefined && before.end === index) before.end += 1;
    else if (after !== undefined && after.start === index + 1) after.start = index;
    else runs.splice(at, 0, { start: index, end: index + 1 });
  }

  /** A connection begins: nothing has been given to it. */
  beginConnection(owner: SessionOwner): void {
    this.owner = owner;
    this.isFresh = false;
    this.awayAt = undefined;
    this.replayedTo = 0;
    for (const delivery of this.queue.values()) {
      if (delivery.isSent) delivery.wasSent = true;
      delivery.isSent = false;
    }
  }

  /** A delivery goes to the connection. */
  sent(delivery: Delivery): void {
    delivery.isSent = true;
    if (delivery.index >= this.sentTo) this.sentTo = delivery.index + 1;
  }
}
