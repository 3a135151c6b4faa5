/**
 * Session state behind the engine's persistence contract (that of aedes-persistence 10.3.1), in memory.
 *
 * **Sessions do not survive a restart of the process yet**: subscriptions, offline queues, retained
 * messages and open QoS 2 identifiers are gone then. Everything is bounded.
 *
 * No method rejects, except that of an unknown packet in `incomingGetPacket` (the contract's way to say
 * "new") and a message that could not be stored in `incomingStorePacket`: the engine leaves several of
 * its promises without a handler, and an unhandled rejection ends the process.
 */
import { Readable } from "node:stream";
import { sessionQueueAgeMsMax, sessionQueueBytesMax, sessionQueueMessagesMax } from "../core/limits.ts";
import { sessionQueuesBytesMax, sessionsMax } from "../core/limits.ts";
import type { Counters } from "./counters.ts";
import type { EnginePacket } from "./engine.ts";
import { FilterIndex } from "./filter-index.ts";
import { RetainedMessages } from "./retained.ts";

/** A subscription as the engine stores and restores it. */
export interface StoredSubscription {
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  readonly rh?: number | undefined;
  readonly rap?: boolean | undefined;
  readonly nl?: boolean | undefined;
  readonly subscriptionIdentifier?: number;
}

/** A match of `subscriptionsByTopic`. */
export interface SubscriptionMatch extends StoredSubscription {
  readonly clientId: string;
}

/** Whoever the engine passes as a client: the client itself, or only its name. */
export interface SessionOwner {
  readonly id: string;
}

/** A will as it is stored. */
export type StoredWill = EnginePacket;

interface QueuedMessage {
  packet: EnginePacket;
  readonly size: number;
  readonly queuedAtMs: number;
}

interface Session {
  readonly subscriptions: Map<string, StoredSubscription>;
  queue: QueuedMessage[];
  queueBytes: number;
  /** QoS 2 messages received and not released: pending while their commit runs. */
  readonly incoming: Map<number, { readonly packet: EnginePacket; readonly stored: Promise<void> }>;
}

export interface SessionsOptions {
  readonly counters: Counters;
  readonly monotonicMs: () => number;
  /** The client may hold this filter; those refused are not stored, whatever the engine asks for. */
  readonly isGranted: (owner: SessionOwner, filter: string) => boolean;
  /** Hands a QoS 2 message to the sink; resolves when it is committed. */
  readonly handOver: (owner: SessionOwner, packet: EnginePacket) => Promise<void>;
  /** A QoS 2 message has come again. */
  readonly onResent: (owner: SessionOwner, packet: EnginePacket) => void;
  /** Told before each stored message is sent; false ends the replay. */
  readonly beforeReplay: (owner: SessionOwner) => Promise<boolean>;
  readonly afterReplay: (owner: SessionOwner) => void;
  /** A stored filter has come or gone. */
  readonly onFiltersChanged: () => void;
  readonly isConnected: (id: string) => boolean;
  /** The connection of the owner, which may not be the newest under its name, is open. */
  readonly isOpen: (owner: SessionOwner) => boolean;
}

/** A copy of a packet that the engine may not change behind our back. */
function copyOf(packet: EnginePacket): EnginePacket {
  const { length: _length, messageId: _messageId, ...copy } = packet;
  return { ...copy, cmd: packet.cmd ?? "publish", messageId: undefined };
}

export class Sessions {
  readonly retained: RetainedMessages;
  readonly #options: SessionsOptions;
  /** In the order in which they were last used. */
  readonly #sessions = new Map<string, Session>();
  readonly #filters = new FilterIndex<SubscriptionMatch>();
  readonly #wills = new Map<string, StoredWill>();
  #broker: { readonly id: string } = { id: "" };
  #queueBytes = 0;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.retained = new RetainedMessages(options.counters);
  }

  get count(): number {
    return this.#sessions.size;
  }

  get queueBytes(): number {
    return this.#queueBytes;
  }

  /** Tells whether a stored session wants the topic. */
  wants(topic: string): boolean {
    return this.#filters.has(topic);
  }

  /** Ends a session: nothing of it is left. */
  forget(id: string): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#dropSubscriptions(id, session);
    this.#queueBytes -= session.queueBytes;
    this.#sessions.delete(id);
  }

  /** Puts a message into the queue of every stored session that wants it, sent or not: an acknowledgement takes it out. */
  enqueueForAll(packet: EnginePacket): void {
    for (const match of this.#matching(packet.topic, packet.clientId)) this.#enqueueAs(match, packet);
  }

  // ---- the contract; the engine insists on async functions

  async setup(broker: { readonly id: string }): Promise<void> {
    this.#broker = broker;
  }

  async storeRetained(packet: EnginePacket): Promise<void> {
    this.retained.store(packet);
  }

  createRetainedStream(pattern: string): Readable {
    return Readable.from(this.retained.matching([pattern]));
  }

  createRetainedStreamCombi(patterns: readonly string[]): Readable {
    return Readable.from(this.retained.matching(patterns));
  }

  async addSubscriptions(client: SessionOwner, subscriptions: readonly StoredSubscription[]): Promise<void> {
    const session = this.#sessionOf(client.id);
    for (const subscription of subscriptions) {
      const { topic, qos, rh, rap, nl, subscriptionIdentifier } = subscription;
      if (qos > 2 || !this.#options.isGranted(client, topic)) continue;
      const stored = { topic, qos, rh, rap, nl };
      const identified =
        subscriptionIdentifier === undefined ? stored : { ...stored, subscriptionIdentifier };
      session.subscriptions.set(topic, identified);
      if (qos > 0) this.#filters.set(topic, client.id, { clientId: client.id, ...stored });
      else this.#filters.delete(topic, client.id);
    }
    this.#options.onFiltersChanged();
  }

  async removeSubscriptions(client: SessionOwner, filters: readonly string[]): Promise<void> {
    const session = this.#sessions.get(client.id);
    if (session === undefined) return;
    for (const filter of filters) {
      session.subscriptions.delete(filter);
      this.#filters.delete(filter, client.id);
    }
    this.#options.onFiltersChanged();
  }

  async subscriptionsByClient(client: SessionOwner): Promise<readonly StoredSubscription[]> {
    return [...(this.#sessions.get(client.id)?.subscriptions.values() ?? [])];
  }

  async countOffline(): Promise<{ subsCount: number; clientsCount: number }> {
    const clientsCount = [...this.#sessions.values()].filter(
      (session) => session.subscriptions.size > 0,
    ).length;
    return { subsCount: this.#filters.size, clientsCount };
  }

  /** One match a client: the one with the highest QoS, so that overlapping filters give one message. */
  async subscriptionsByTopic(topic: string): Promise<readonly SubscriptionMatch[]> {
    return this.#matching(topic);
  }

  async cleanSubscriptions(client: SessionOwner): Promise<void> {
    this.forget(client.id);
  }

  async outgoingEnqueue(subscription: { readonly clientId: string }, packet: EnginePacket): Promise<void> {
    this.#enqueue(subscription.clientId, packet);
  }

  async outgoingEnqueueCombi(
    subscriptions: readonly { readonly clientId: string; readonly qos?: number }[],
    packet: EnginePacket,
  ): Promise<void> {
    for (const subscription of subscriptions) this.#enqueueAs(subscription, packet);
  }

  /**
   * Gives a queued message the identifier it is sent under, or puts a PUBREL in its place.
   *
   * A message that has left the queue for want of room is not missed: it is delivered all the same.
   */
  async outgoingUpdate(client: SessionOwner, packet: EnginePacket): Promise<void> {
    const queue = this.#sessions.get(client.id)?.queue ?? [];
    for (const entry of queue) {
      const known = entry.packet;
      const isSame = known.brokerId === packet.brokerId && known.brokerCounter === packet.brokerCounter;
      if (packet.brokerCounter !== undefined && isSame && packet.messageId !== undefined) {
        known.messageId = packet.messageId;
        return;
      }
      if (known.brokerId !== packet.brokerId && known.messageId === packet.messageId) {
        entry.packet = packet;
        return;
      }
    }
  }

  async outgoingClearMessageId(
    client: SessionOwner,
    packet: EnginePacket,
  ): Promise<EnginePacket | undefined> {
    const session = this.#sessions.get(client.id);
    if (session === undefined) return undefined;
    // Without an identifier the engine means a message it will not send.
    const index = session.queue.findIndex(({ packet: known }) =>
      packet.messageId === undefined
        ? known.brokerId === packet.brokerId && known.brokerCounter === packet.brokerCounter
        : known.messageId === packet.messageId,
    );
    if (index < 0) return undefined;
    return this.#remove(session, index);
  }

  /** Stored messages, oldest first. One sent before carries DUP. Source: MQTT 3.1.1 § 4.4. */
  outgoingStream(client: SessionOwner): Readable {
    const entries = [...(this.#sessions.get(client.id)?.queue ?? [])];
    return Readable.from(this.#replay(client, entries), { objectMode: true, highWaterMark: 1 });
  }

  async *#replay(client: SessionOwner, entries: readonly QueuedMessage[]): AsyncGenerator<EnginePacket> {
    for (const { packet } of entries) {
      const isPublish = packet.cmd === "publish";
      if (isPublish && !(await this.#options.beforeReplay(client))) return;
      yield isPublish && packet.messageId !== undefined ? { ...packet, dup: true } : packet;
    }
    this.#options.afterReplay(client);
  }

  /** Hands a QoS 2 message over, once for each packet identifier that is open. Resolves when it is committed. */
  async incomingStorePacket(client: SessionOwner, packet: EnginePacket): Promise<void> {
    // The connection may have ended while the engine looked whether the message is new.
    if (!this.#options.isOpen(client)) throw new Error("connection has ended");
    const session = this.#sessionOf(client.id);
    const id = packet.messageId ?? 0;
    const known = session.incoming.get(id);
    if (known !== undefined) {
      this.#options.onResent(client, packet);
      return known.stored;
    }
    const stored = this.#options.handOver(client, packet);
    // The payload is on its way to the log; what has to be remembered is the identifier.
    const { topic, qos, retain } = packet;
    session.incoming.set(id, {
      packet: { cmd: "publish", topic, qos, retain, messageId: id, payload: Buffer.alloc(0) },
      stored,
    });
    try {
      await stored;
    } catch (error) {
      session.incoming.delete(id);
      throw error;
    }
  }

  /** @throws Error when the identifier is not open: the message is new. */
  async incomingGetPacket(client: SessionOwner, packet: EnginePacket): Promise<EnginePacket> {
    const known = this.#sessions.get(client.id)?.incoming.get(packet.messageId ?? 0);
    if (known === undefined) throw new Error("no such packet");
    if (packet.cmd === "publish") this.#options.onResent(client, packet);
    await known.stored;
    return known.packet;
  }

  async incomingDelPacket(client: SessionOwner, packet: EnginePacket): Promise<void> {
    this.#sessions.get(client.id)?.incoming.delete(packet.messageId ?? 0);
  }

  async putWill(client: SessionOwner, packet: EnginePacket): Promise<void> {
    packet.brokerId = this.#broker.id;
    packet.clientId = client.id;
    this.#wills.set(client.id, packet);
  }

  async getWill(client: SessionOwner): Promise<StoredWill | undefined> {
    return this.#wills.get(client.id);
  }

  async delWill(client: SessionOwner): Promise<StoredWill | undefined> {
    const will = this.#wills.get(client.id);
    this.#wills.delete(client.id);
    return will;
  }

  streamWill(brokers: Readonly<Record<string, unknown>> = {}): Readable {
    const wills = [...this.#wills.values()];
    return Readable.from(wills.filter((will) => brokers[will.brokerId ?? ""] === undefined));
  }

  getClientList(topic: string): Readable {
    const ids = [...this.#sessions]
      .filter(([, session]) => session.subscriptions.has(topic))
      .map(([id]) => id);
    return Readable.from(ids);
  }

  async destroy(): Promise<void> {
    this.#sessions.clear();
    this.#wills.clear();
  }

  /** @param publisher - Client whose own messages its no-local subscriptions do not want. */
  #matching(topic: string, publisher?: string): readonly SubscriptionMatch[] {
    const best = new Map<string, SubscriptionMatch>();
    this.#filters.forEach(topic, (match, clientId) => {
      if (match.nl === true && clientId === publisher) return;
      const known = best.get(clientId);
      if (known === undefined || known.qos < match.qos) best.set(clientId, match);
    });
    return [...best.values()];
  }

  /** What is delivered is the lower of the two qualities. Source: MQTT 5.0 § 3.8.4. */
  #enqueueAs(subscription: { readonly clientId: string; readonly qos?: number }, packet: EnginePacket): void {
    const lowered = subscription.qos === 1 && packet.qos === 2 ? { ...packet, qos: 1 as const } : packet;
    this.#enqueue(subscription.clientId, lowered);
  }

  // ---- bounds

  #sessionOf(id: string): Session {
    const known = this.#sessions.get(id);
    if (known !== undefined) return known;
    if (this.#sessions.size >= sessionsMax) this.#evictOne();
    const session: Session = { subscriptions: new Map(), queue: [], queueBytes: 0, incoming: new Map() };
    this.#sessions.set(id, session);
    return session;
  }

  #evictOne(): void {
    for (const id of this.#sessions.keys()) {
      if (this.#options.isConnected(id)) continue;
      this.forget(id);
      this.#options.counters.sessionsEvicted += 1;
      return;
    }
  }

  #enqueue(clientId: string, packet: EnginePacket): void {
    const session = this.#sessionOf(clientId);
    const size = packet.payload.length + packet.topic.length;
    const nowMs = this.#options.monotonicMs();
    while (session.queue.length > 0 && this.#isOverFull(session, size, nowMs)) {
      this.#remove(session, 0);
      this.#options.counters.deliveryDropped["session-queue-full"] += 1;
    }
    if (this.#queueBytes + size > sessionQueuesBytesMax) {
      this.#options.counters.deliveryDropped["session-queue-full"] += 1;
      return;
    }
    const copy = copyOf(packet);
    session.queue.push({ packet: copy, size, queuedAtMs: nowMs });
    session.queueBytes += size;
    this.#queueBytes += size;
  }

  #isOverFull(session: Session, size: number, nowMs: number): boolean {
    return (
      session.queue.length >= sessionQueueMessagesMax ||
      session.queueBytes + size > sessionQueueBytesMax ||
      nowMs - session.queue[0]!.queuedAtMs > sessionQueueAgeMsMax
    );
  }

  #remove(session: Session, index: number): EnginePacket | undefined {
    const [entry] = session.queue.splice(index, 1);
    if (entry === undefined) return undefined;
    session.queueBytes -= entry.size;
    this.#queueBytes -= entry.size;
    return entry.packet;
  }

  #dropSubscriptions(id: string, session: Session): void {
    for (const filter of session.subscriptions.keys()) this.#filters.delete(filter, id);
    session.subscriptions.clear();
    this.#options.onFiltersChanged();
  }
}
