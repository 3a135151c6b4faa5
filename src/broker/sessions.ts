/**
 * Session state behind the engine's persistence contract (that of aedes-persistence 10.3.1), durable with the
 * log: what is written goes through a {@link SessionJournal}, and at the start it all comes back from there.
 *
 * What is in memory is ahead of the disk by what the journal has not made durable yet. When the store fails,
 * every connection with a session is ended, and all of this is made again from what is stored.
 *
 * No method rejects where the engine leaves a promise without a handler, since an unhandled rejection ends
 * the process: what may not be answered before it is durable, and never will be, stays unanswered.
 */
import { Readable } from "node:stream";
import { type Principal, principalKey } from "../core/access/principal.ts";
import type { TenantBounds } from "../core/access/tenant-quotas.ts";
import { sessionsMax } from "../core/limits.ts";
import type { Clock } from "../core/ports.ts";
import type { JournalEntry, SessionJournal } from "../core/session-journal.ts";
import type { Counters } from "./counters.ts";
import type { EnginePacket } from "./engine.ts";
import { unexpired } from "./expiry.ts";
import { tenantOf } from "../core/tenant.ts";
import { filterMatches } from "../core/topic.ts";
import { FilterIndex } from "./filter-index.ts";
import { RetainedMessages } from "./retained.ts";
import { RunningTime } from "./running-time.ts";
import { type Delivery, neverExpires, Session } from "./session.ts";
import { type QueueBounds, SessionQueues, usualBounds, type Wish } from "./session-queues.ts";
import { restoreSessions, type RestoreTarget } from "./session-restore.ts";
import { encodeSubscription, type Instant, KeyKind, sessionKey } from "./session-values.ts";
import { engineName, isShared, writtenFilter } from "./shared-filters.ts";
import type { SharedGroups } from "./shared-groups.ts";
import type { SessionOwner, StoredSubscription, StoredWill, SubscriptionMatch } from "./sessions-contract.ts";
import { Wills } from "./wills.ts";

export interface SessionsOptions {
  readonly tenants?: TenantBounds;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly journal: SessionJournal;
  /** Milliseconds that the gateway has been running, over all its starts. */
  readonly runningMs: () => number;
  readonly bounds?: Partial<QueueBounds>;
  /** Retained messages of these topics are not written. */
  readonly isVolatile: (topic: string) => boolean;
  /** The client may hold this filter; those refused are not stored, whatever the engine asks for. */
  readonly isGranted: (owner: SessionOwner, filter: string) => boolean;
  /** Hands a QoS 2 message to the sink; resolves when it is committed. */
  readonly handOver: (owner: SessionOwner, packet: EnginePacket) => Promise<void>;
  /** A QoS 2 message has come again. */
  readonly onResent: (owner: SessionOwner, packet: EnginePacket) => void;
  /** Stored messages go to the owner before new ones. */
  readonly isReplaying: (owner: SessionOwner) => boolean;
  /** Told before each stored message is sent; false ends the replay. */
  readonly beforeReplay: (owner: SessionOwner) => Promise<boolean>;
  /** A stored message, or its release, is sent under its identifier. */
  readonly onReplayed: (owner: SessionOwner, packet: EnginePacket) => void;
  readonly afterReplay: (owner: SessionOwner) => void;
  /** A message that was to be sent is not: the client will not acknowledge it. */
  readonly onNotSent: (owner: SessionOwner) => void;
  /** Who shares subscriptions. */
  readonly shared: Pick<SharedGroups, "has" | "store" | "forget">;
  /** A stored filter has come or gone. */
  readonly onFiltersChanged: () => void;
  readonly isConnected: (id: string) => boolean;
  /** The connection of the owner, which may not be the newest under its name, is open. */
  readonly isOpen: (owner: SessionOwner) => boolean;
  /** The session is to end with the connection, although the engine was told otherwise (B5). */
  readonly isEphemeral: (owner: SessionOwner) => boolean;
  /** A session is discarded whose will has waited for its delay; nothing where none has. Source: MQTT 5.0 § 3.1.2.5. */
  readonly onDiscarded: (id: string, will: StoredWill | undefined) => void;
  /** Nothing of the session is to be left: the owner came with a claim code, and comes back as somebody else. */
  readonly isPassing?: (owner: SessionOwner) => boolean;
  /** Who is behind the connection of the owner. */
  readonly principalOf: (owner: SessionOwner) => Principal | undefined;
}

export class Sessions implements RestoreTarget {
  readonly retained: RetainedMessages;
  readonly queues: SessionQueues;
  readonly wills: Wills;
  readonly time: RunningTime;
  readonly #options: SessionsOptions;
  /** In the order in which they were last used. */
  readonly #sessions = new Map<string, Session>();
  readonly #filters = new FilterIndex<SubscriptionMatch>();
  #broker: { readonly id: string; counter: number } = { id: "", counter: 0 };
  #nextNumber = 1;
  /** Resolves when sessions are what is stored. */
  #available: Promise<void> = Promise.resolve();
  #makeAvailable: () => void = () => undefined;
  #isSuspended = false;

  constructor(options: SessionsOptions) {
    this.#options = options;
    const { journal, counters, clock, runningMs } = options;
    this.time = new RunningTime(clock, runningMs);
    this.retained = new RetainedMessages({ ...options, time: this.time });
    this.queues = new SessionQueues({
      counters,
      journal,
      runningMs,
      ...(options.tenants === undefined ? {} : { tenants: options.tenants }),
      bounds: { ...usualBounds, ...options.bounds },
    });
    this.wills = new Wills(journal);
  }

  get count(): number {
    return this.#sessions.size;
  }

  get queueBytes(): number {
    return this.queues.bytes;
  }

  /** Tells whether a stored session wants the topic. */
  wants(topic: string): boolean {
    return this.#filters.has(topic) || this.#options.shared.has(topic);
  }

  /** Keeps a message for who is away: in the commit of the message that is accepted next. */
  keep(packet: EnginePacket): void {
    if (packet.retain) this.retained.store(packet);
    if (packet.qos === 0) return;
    const matches = this.#matching(packet.topic, packet.clientId);
    if (matches.length > 0) this.#enqueue(matches, packet, packet);
  }

  /** Keeps a copy of a message for the one member of a group that it goes to. */
  keepFor(clientId: string, packet: EnginePacket): void {
    const session = this.#sessionOf(clientId);
    const { subscriptionIdentifier } = packet.properties ?? {};
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `SharedGroups` has put it there
    const identifiers = (subscriptionIdentifier as readonly number[] | undefined) ?? none;
    const wish = { session, qos: packet.qos === 2 ? 2 : 1, retain: packet.retain, identifiers } as const;
    this.queues.enqueue(copyOf(packet), [wish]);
  }

  // ---- the life of a session

  /**
   * A client with a session is connected.
   *
   * @returns Whether the session was there before.
   */
  begin(owner: SessionOwner): boolean {
    const session = this.#sessionOf(owner.id);
    const isPresent = !session.isFresh;
    const { sessionExpiryInterval = neverExpires } = owner;
    // Without anything on disk there is nothing that would have to outlive a crash.
    if (this.#options.isEphemeral(owner) && !session.isWritten) session.isDurable = false;
    const isChanged =
      this.#takeOver(session, owner) ||
      session.awayAt !== undefined ||
      session.expirySeconds !== sessionExpiryInterval;
    session.beginConnection(owner);
    session.expirySeconds = sessionExpiryInterval;
    if (isChanged && session.isWritten) this.queues.writeHeader(session);
    return isPresent;
  }

  /** The session is from now on whose the connection is. @returns Whether it was somebody else's. */
  #takeOver(session: Session, owner: SessionOwner): boolean {
    const before = session.principal;
    const principal = this.#options.principalOf(owner);
    session.principal = principal;
    if (before === undefined || principal === undefined) return before !== principal;
    return principalKey(before) !== principalKey(principal);
  }

  /** Tells whether anything is kept under a client id. */
  async has(id: string): Promise<boolean> {
    await this.#available;
    return this.#sessions.has(id);
  }

  /** Sessions and whose they are. */
  owners(): readonly { readonly id: string; readonly principal: Principal | undefined }[] {
    return [...this.#sessions.values()].map(({ id, principal }) => ({ id, principal }));
  }

  /** A connection has ended. A session that was taken over is not concerned. */
  end(owner: SessionOwner): void {
    const session = this.#sessions.get(owner.id);
    if (session === undefined || (session.owner !== undefined && session.owner !== owner)) return;
    // B3: the engine leaves what it stored for a clean session until the client comes back.
    const isPassing = this.#options.isEphemeral(owner) || this.#options.isPassing?.(owner) === true;
    if (owner.clean === true || isPassing) {
      this.forget(owner.id);
      return;
    }
    this.queues.writeDirty();
    session.owner = undefined;
    session.awayAt = this.time.now();
    session.expirySeconds = owner.sessionExpiryInterval ?? session.expirySeconds;
    this.#sessions.delete(owner.id);
    this.#sessions.set(owner.id, session);
    if (session.isWritten) this.queues.writeHeader(session);
  }

  /** Ends a session: nothing of it is left. */
  forget(id: string): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    const { journal } = this.#options;
    if (session.isWritten) {
      for (const kind of [KeyKind.session, KeyKind.progress])
        journal.remove(sessionKey(kind, session.number));
      for (const filter of session.subscriptions.keys()) {
        journal.remove(sessionKey(KeyKind.filter, session.number, filter));
      }
      for (const packetId of session.incoming.keys()) {
        journal.remove(sessionKey(KeyKind.incoming, session.number, packetId));
      }
    }
    this.wills.forgetSession(session);
    for (const filter of session.subscriptions.keys()) this.#unindex(id, filter);
    if (session.subscriptions.size > 0) this.#options.onFiltersChanged();
    this.queues.clear(session);
    this.#sessions.delete(id);
  }

  /**
   * Writes what may be written later, publishes wills whose clients did not come back after a restart, and ends
   * sessions that are away for too long.
   *
   * @param willsAreDue - Clients have had time to come back since the start.
   */
  sweep(willsAreDue: boolean, publishWill: (will: StoredWill) => void): void {
    if (this.#isSuspended) return;
    this.queues.sweep();
    for (const session of this.#sessions.values()) {
      if (session.awayAt === undefined || this.#options.isConnected(session.id)) continue;
      const awayMs = this.time.elapsedMs(session.awayAt);
      const isExpired = session.expirySeconds < neverExpires && awayMs >= session.expirySeconds * 1000;
      const will = isExpired || willsAreDue ? this.wills.takeDue(session, awayMs, isExpired) : undefined;
      if (isExpired) this.forget(session.id);
      if (will !== undefined) publishWill(will);
    }
  }

  /** What is in memory is not what is stored: nobody's session begins until {@link restore}. */
  suspend(): void {
    if (this.#isSuspended) return;
    this.#isSuspended = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#available = promise;
    this.#makeAvailable = resolve;
  }

  /**
   * Makes all sessions from what is stored.
   *
   * @param lastAlive - Since when those that had a connection have none.
   */
  async restore(entries: AsyncIterable<JournalEntry>, lastAlive: Instant = this.time.now()): Promise<void> {
    for (const { id, subscriptions } of this.#sessions.values()) {
      for (const filter of subscriptions.keys()) this.#unindex(id, filter);
    }
    this.#sessions.clear();
    this.#filters.clear();
    this.queues.reset();
    this.wills.reset();
    this.retained.forgetStored();
    await restoreSessions(entries, this, lastAlive);
    this.#options.onFiltersChanged();
    this.#isSuspended = false;
    this.#makeAvailable();
  }

  // ---- for `restoreSessions`

  restoreSession(id: string, number: number): Session {
    const session = new Session(id, number);
    session.isWritten = true;
    session.isFresh = false;
    this.#sessions.set(id, session);
    this.reserveNumber(number);
    return session;
  }

  reserveNumber(number: number): void {
    this.#nextNumber = Math.max(this.#nextNumber, number + 1);
  }

  restoreSubscription(session: Session, subscription: StoredSubscription): void {
    this.#index(session, subscription);
  }

  named(packet: EnginePacket): EnginePacket {
    this.#broker.counter += 1;
    return { ...packet, brokerId: this.#broker.id, brokerCounter: this.#broker.counter };
  }

  // ---- deliveries to who is here

  /** Whether the replay that goes on will deliver the message, or has. */
  isLeftToReplay(owner: SessionOwner, packet: EnginePacket): boolean {
    const session = this.#sessions.get(owner.id);
    if (session?.owner !== owner) return false;
    return session.byCounter(packet) !== undefined || (packet.brokerCounter ?? 0) <= session.replayedTo;
  }

  /**
   * Gives a message the identifier that it is sent under.
   *
   * A message that is in no queue, for want of room or because its filter is newer, is delivered all the same.
   *
   * @returns False when it has been sent already, or its connection has ended.
   */
  take(owner: SessionOwner, packet: EnginePacket): boolean {
    const session = this.#sessions.get(owner.id);
    if (session?.owner !== owner) return false;
    const delivery = session.byCounter(packet);
    if (delivery === undefined) {
      if ((packet.brokerCounter ?? 0) <= session.replayedTo && packet.brokerId !== null) return false;
      packet.messageId = session.freePacketId();
      return true;
    }
    if (delivery.isSent) return false;
    session.sent(delivery);
    packet.messageId = delivery.packetId;
    packet.qos = delivery.qos;
    return true;
  }

  /** The client has acknowledged a message, or said that it does not want it. */
  acknowledge(owner: SessionOwner, packetId: number): void {
    const session = this.#sessions.get(owner.id);
    const delivery = session?.byPacketId(packetId);
    if (delivery !== undefined) this.queues.acknowledge(session!, delivery);
  }

  /** A QoS 2 message that came under the identifier is not released. */
  hasIncoming({ id }: SessionOwner, packetId: number): boolean {
    return this.#sessions.get(id)?.incoming.has(packetId) === true;
  }

  /** A message in the queue has the identifier. */
  hasOutgoing({ id }: SessionOwner, packetId: number): boolean {
    return this.#sessions.get(id)?.byPacketId(packetId) !== undefined;
  }

  /** A message will not be sent: it counts as if it had been. */
  drop(owner: SessionOwner, packet: EnginePacket): void {
    const session = this.#sessions.get(owner.id);
    const delivery = session?.owner === owner ? session.byCounter(packet) : undefined;
    if (delivery?.isSent === false) this.queues.acknowledge(session!, delivery);
  }

  // ---- the contract; the engine insists on async functions

  async setup(broker: { readonly id: string; counter: number }): Promise<void> {
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

  /** Resolves when the subscriptions are durable: then SUBACK follows. */
  async addSubscriptions(client: SessionOwner, subscriptions: readonly StoredSubscription[]): Promise<void> {
    const session = this.#sessionOf(client.id);
    for (const subscription of subscriptions) {
      const { qos, rh, rap, nl, subscriptionIdentifier } = subscription;
      if (qos > 2 || !this.#options.isGranted(client, subscription.topic)) continue;
      const topic = writtenFilter(subscription.topic);
      const plain = { topic, qos, rh, rap, nl };
      const stored = subscriptionIdentifier === undefined ? plain : { ...plain, subscriptionIdentifier };
      // The engine hands over all filters of a packet once for each of them.
      if (isSame(session.subscriptions.get(topic), stored)) continue;
      this.#index(session, stored);
      if (!session.isDurable) continue;
      this.queues.ensureWritten(session);
      const key = sessionKey(KeyKind.filter, session.number, topic);
      this.#options.journal.put(key, encodeSubscription(stored));
    }
    this.#options.onFiltersChanged();
    if (session.isDurable) await this.#options.journal.flush();
  }

  #index(session: Session, subscription: StoredSubscription): void {
    const { topic, qos } = subscription;
    session.subscriptions.set(topic, subscription);
    if (subscription.subscriptionIdentifier !== undefined) session.hasIdentifiers = true;
    if (isShared(topic)) this.#options.shared.store(session.id, subscription);
    else if (qos > 0) this.#filters.set(topic, session.id, { clientId: session.id, ...subscription });
    else this.#filters.delete(topic, session.id);
  }

  #unindex(id: string, filter: string): void {
    if (isShared(filter)) this.#options.shared.forget(id, filter);
    else this.#filters.delete(filter, id);
  }

  /** Resolves when that is durable: then UNSUBACK follows. */
  async removeSubscriptions(client: SessionOwner, filters: readonly string[]): Promise<void> {
    const session = this.#sessions.get(client.id);
    if (session === undefined) return;
    for (const filter of filters.map(writtenFilter)) {
      const isHeld = session.subscriptions.delete(filter);
      this.#unindex(client.id, filter);
      if (!isHeld || !session.isWritten) continue;
      this.#options.journal.remove(sessionKey(KeyKind.filter, session.number, filter));
    }
    this.#options.onFiltersChanged();
    if (session.isWritten) await this.#options.journal.flush();
  }

  async subscriptionsByClient(client: SessionOwner): Promise<readonly StoredSubscription[]> {
    await this.#available;
    const session = this.#sessions.get(client.id);
    // It ends with its connection, which the newcomer is about to end: MQTT 5.0 § 3.1.4.
    if (session?.owner !== undefined && this.#options.isEphemeral(session.owner)) this.forget(client.id);
    const stored = [...(this.#sessions.get(client.id)?.subscriptions.values() ?? [])];
    return stored.map((subscription) => {
      return { ...subscription, topic: engineName(client.id, subscription.topic) };
    });
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

  /** Resolves when nothing of the session would come back after a crash. */
  async cleanSubscriptions(client: SessionOwner): Promise<void> {
    await this.#available;
    const isWritten = this.#sessions.get(client.id)?.isWritten === true;
    if (client.closed === false) this.#options.onDiscarded(client.id, this.wills.takeDelayed(client.id));
    this.forget(client.id);
    if (isWritten && client.closed !== true) await this.#options.journal.flush();
  }

  async outgoingEnqueue(
    subscription: Pick<SubscriptionMatch, "clientId" | "qos">,
    packet: EnginePacket,
  ): Promise<void> {
    this.#enqueue([subscription], packet, copyOf(packet));
  }

  async outgoingEnqueueCombi(
    subscriptions: readonly Pick<SubscriptionMatch, "clientId" | "qos">[],
    packet: EnginePacket,
  ): Promise<void> {
    this.#enqueue(subscriptions, packet, copyOf(packet));
  }

  /** Notes under which identifier a message is sent; or puts PUBREL in its place, and resolves when that is durable. */
  async outgoingUpdate(client: SessionOwner, packet: EnginePacket): Promise<void> {
    const session = this.#sessions.get(client.id);
    if (session === undefined || packet.messageId === undefined) return;
    const delivery = session.byCounter(packet);
    if (delivery !== undefined && packet.cmd !== "pubrel") {
      session.rename(delivery, packet.messageId);
      session.sent(delivery);
      return;
    }
    const known = session.byPacketId(packet.messageId);
    if (known === undefined || known.release !== undefined) return;
    await this.queues.release(session, known, packet);
  }

  async outgoingClearMessageId(
    client: SessionOwner,
    packet: EnginePacket,
  ): Promise<EnginePacket | undefined> {
    // The engine clears a message by itself that it will not send.
    if (packet.cmd === "publish") this.#options.onNotSent(client);
    const session = this.#sessions.get(client.id);
    if (session === undefined) return undefined;
    const delivery =
      packet.messageId === undefined ? session.byCounter(packet) : session.byPacketId(packet.messageId);
    if (delivery === undefined) return undefined;
    this.queues.acknowledge(session, delivery);
    return delivery.release ?? packetOf(delivery);
  }

  /**
   * Stored messages, oldest first, until there is none that has not been sent. One that may have been sent
   * before carries DUP. Source: MQTT 3.1.1 § 4.4.
   */
  outgoingStream(client: SessionOwner): Readable {
    const session = this.#options.isReplaying(client) ? this.#sessions.get(client.id) : undefined;
    return Readable.from(this.#replay(client, session), { objectMode: true, highWaterMark: 1 });
  }

  async *#replay(client: SessionOwner, session: Session | undefined): AsyncGenerator<EnginePacket> {
    // What comes meanwhile is appended, and so comes behind what is there.
    for (const delivery of session?.queue.values() ?? []) {
      if (!(await this.#isDurable(delivery)) || !(await this.#options.beforeReplay(client))) return;
      if (session!.queue.get(delivery.index) !== delivery) {
        this.#options.onNotSent(client);
        continue;
      }
      const { release, message, wasSent } = delivery;
      const good = release ?? unexpired(packetOf(delivery), this.time, wasSent);
      if (good === undefined) {
        this.#options.onNotSent(client);
        this.#options.counters.deliveryDropped.expired += 1;
        this.queues.acknowledge(session!, delivery);
        continue;
      }
      session!.sent(delivery);
      session!.replayedTo = Math.max(session!.replayedTo, message.packet.brokerCounter ?? 0);
      this.#options.onReplayed(client, good);
      yield good;
    }
    this.#options.afterReplay(client);
  }

  /** A message goes to nobody before its commit. */
  async #isDurable({ message }: Delivery): Promise<boolean> {
    const { journal } = this.#options;
    if (message.position <= journal.durablePosition) return true;
    return journal.flush().then(
      () => true,
      () => false,
    );
  }

  /** Hands a QoS 2 message over, once for each packet identifier that is open. Resolves when it is committed. */
  async incomingStorePacket(client: SessionOwner, packet: EnginePacket): Promise<void> {
    // The connection may have ended while the engine looked whether the message is new.
    if (!this.#options.isOpen(client)) throw new Error("connection has ended");
    const session = this.#sessionOf(client.id);
    session.owner ??= client;
    const id = packet.messageId ?? 0;
    const known = session.incoming.get(id);
    if (known !== undefined) {
      this.#options.onResent(client, packet);
      return known.stored;
    }
    const isWritten = client.clean !== true && session.isDurable;
    if (isWritten) {
      // In the same commit as the message itself.
      this.queues.ensureWritten(session);
      this.#options.journal.put(sessionKey(KeyKind.incoming, session.number, id), new Uint8Array(0));
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

  /** Resolves when that is durable: after PUBCOMP the client uses the identifier for another message. */
  async incomingDelPacket(client: SessionOwner, packet: EnginePacket): Promise<void> {
    const session = this.#sessions.get(client.id);
    const id = packet.messageId ?? 0;
    if (session?.incoming.delete(id) !== true || !session.isWritten || client.clean === true) return;
    this.#options.journal.remove(sessionKey(KeyKind.incoming, session.number, id));
    await this.queues.durably().catch(() => new Promise(() => undefined));
  }

  /** Resolves when the will of a session is durable. */
  async putWill(client: SessionOwner, packet: EnginePacket): Promise<void> {
    await this.#available;
    packet.brokerId = this.#broker.id;
    packet.clientId = client.id;
    const isKept = client.clean === false && !this.#options.isEphemeral(client);
    const session = isKept ? this.#sessionOf(client.id) : undefined;
    if (session !== undefined) {
      this.#takeOver(session, client);
      this.queues.ensureWritten(session);
    }
    this.wills.put(client, packet, session);
    if (session !== undefined) await this.#options.journal.flush();
  }

  async getWill(client: SessionOwner): Promise<StoredWill | undefined> {
    return this.wills.get(client.id);
  }

  async delWill(client: SessionOwner): Promise<StoredWill | undefined> {
    return this.wills.remove(client);
  }

  streamWill(brokers: Readonly<Record<string, unknown>> = {}): Readable {
    return Readable.from(this.wills.all().filter((will) => brokers[will.brokerId ?? ""] === undefined));
  }

  getClientList(topic: string): Readable {
    const ids = [...this.#sessions]
      .filter(([, session]) => session.subscriptions.has(topic))
      .map(([id]) => id);
    return Readable.from(ids);
  }

  async destroy(): Promise<void> {
    this.#sessions.clear();
    this.wills.reset();
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

  /**
   * What is delivered is the lower of the two qualities. Source: MQTT 5.0 § 3.8.4.
   *
   * @param kept - The packet, which nobody changes from now on.
   */
  #enqueue(
    subscriptions: readonly Pick<SubscriptionMatch, "clientId" | "rap" | "qos">[],
    packet: EnginePacket,
    kept: EnginePacket,
  ): void {
    const wishes = subscriptions.map((subscription): Wish => {
      const { rap } = subscription;
      const session = this.#sessionOf(subscription.clientId);
      return {
        session,
        qos: packet.qos === 2 && subscription.qos !== 1 ? 2 : 1,
        retain: packet.retain && rap === true,
        identifiers: session.hasIdentifiers ? identifiersOf(session, packet) : none,
      };
    });
    this.queues.enqueue(kept, wishes);
  }

  #sessionOf(id: string): Session {
    const known = this.#sessions.get(id);
    if (known !== undefined) return known;
    const tenant = tenantOf(id);
    if (tenant !== undefined) this.#makeRoomInTenant(tenant);
    if (this.#sessions.size >= sessionsMax) this.#evictOne();
    const session = new Session(id, this.#nextNumber);
    this.#nextNumber += 1;
    this.#sessions.set(id, session);
    return session;
  }

  /** A tenant that has many sessions loses its own before anybody else's. */
  #makeRoomInTenant(tenant: string): void {
    const { tenants } = this.#options;
    const most = tenants?.limitsOf(tenant).sessions;
    if (most === undefined) return;
    let count = 0;
    for (const session of this.#sessions.values()) if (session.tenant === tenant) count += 1;
    if (count < most) return;
    tenants?.reached(tenant, "sessions");
    this.#evictOne(tenant);
  }

  /** @param tenant - Only one of this tenant. */
  #evictOne(tenant?: string): void {
    for (const [id, session] of this.#sessions) {
      if (this.#options.isConnected(id)) continue;
      if (tenant !== undefined && session.tenant !== tenant) continue;
      this.forget(id);
      this.#options.counters.sessionsEvicted += 1;
      return;
    }
  }
}

function isSame(known: StoredSubscription | undefined, other: StoredSubscription): boolean {
  return (
    known !== undefined &&
    known.qos === other.qos &&
    known.rh === other.rh &&
    known.rap === other.rap &&
    known.nl === other.nl &&
    known.subscriptionIdentifier === other.subscriptionIdentifier
  );
}

/** A copy of a packet that the engine may not change behind our back. */
function copyOf(packet: EnginePacket): EnginePacket {
  const { length: _length, messageId: _messageId, ...copy } = packet;
  return { ...copy, cmd: packet.cmd ?? "publish" };
}

const none: readonly number[] = [];

/** Identifiers of all subscriptions that a message is for. Source: MQTT 5.0 § 3.3.4. */
function identifiersOf({ id, subscriptions }: Session, { topic, clientId }: EnginePacket): readonly number[] {
  return [...subscriptions.values()].flatMap((subscription) => {
    const { topic: filter, nl, subscriptionIdentifier } = subscription;
    const isWanted = (nl !== true || clientId !== id) && filterMatches(filter, topic);
    return isWanted && subscriptionIdentifier !== undefined ? [subscriptionIdentifier] : [];
  });
}

/** A delivery as it is sent. */
function packetOf(delivery: Delivery): EnginePacket {
  const { message, packetId, qos, retain, identifiers, isSent, wasSent } = delivery;
  const { packet } = message;
  const properties =
    identifiers.length === 0
      ? {}
      : { properties: { ...packet.properties, subscriptionIdentifier: identifiers } };
  const dup = wasSent || (isSent && packet.dup === true);
  return { ...packet, ...properties, qos, retain, dup, messageId: packetId };
}
