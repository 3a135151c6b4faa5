/**
 * The queues of all sessions: messages that are kept once, however many sessions wait for them.
 *
 * A message is written with the record of its own commit, with the sessions it is for: in one chunk with others where
 * all of these are connected, by itself where one is away. When the last of them has acknowledged it, it is removed; a
 * session that is done before that notes so in its progress, one small value for all that it has done since.
 */
import {
  sessionQueueAgeMsMax,
  sessionQueueBytesMax,
  sessionQueueMessagesMax,
  sessionQueuesBytesMax,
} from "../core/limits.ts";
import type { TenantBounds } from "../core/access/tenant-quotas.ts";
import type { SessionJournal } from "../core/session-journal.ts";
import type { Counters } from "./counters.ts";
import type { EnginePacket } from "./engine.ts";
import { type QueueChunk, QueueChunks } from "./queue-chunks.ts";
import type { Delivery, QueuedMessage, Session } from "./session.ts";
import {
  encodeHeader,
  encodeMessage,
  encodeProgress,
  KeyKind,
  messageKey,
  sessionKey,
  type StoredDelivery,
} from "./session-values.ts";

/** Bounds of one session's queue. */
export interface QueueBounds {
  readonly messagesMax: number;
  readonly bytesMax: number;
  readonly ageMsMax: number;
  /** Of all sessions together. */
  readonly allBytesMax: number;
}

export const usualBounds: QueueBounds = {
  messagesMax: sessionQueueMessagesMax,
  bytesMax: sessionQueueBytesMax,
  ageMsMax: sessionQueueAgeMsMax,
  allBytesMax: sessionQueuesBytesMax,
};

/** Which session is to get a message, and how. */
export interface Wish {
  readonly session: Session;
  readonly qos: 1 | 2;
  readonly retain: boolean;
  /** Of the subscriptions that it is for. */
  readonly identifiers: readonly number[];
}

export interface SessionQueuesOptions {
  readonly tenants?: TenantBounds;
  readonly counters: Counters;
  readonly journal: SessionJournal;
  readonly bounds: QueueBounds;
  readonly runningMs: () => number;
}

/** Acknowledgements that may be lost with a crash before they are written at once. */
const dirtyMax = 64;

export class SessionQueues {
  bytes = 0;
  /** Bytes in the queues of a tenant. */
  readonly #ofTenants = new Map<string, number>();
  readonly #options: SessionQueuesOptions;
  readonly #dirty = new Set<Session>();
  /** Acknowledgements since the last commit was asked for. */
  #unwritten = 0;
  #nextNumber = 1;
  #turn: Promise<void> | undefined;
  readonly #chunks: QueueChunks;
  readonly #onChunkOpened = (): void => this.writeDirty();

  constructor(options: SessionQueuesOptions) {
    this.#options = options;
    this.#chunks = new QueueChunks(options.journal);
  }

  /** Puts a message into queues. Durable with the message that is accepted next. */
  enqueue(packet: EnginePacket, wishes: readonly Wish[]): void {
    const { journal, runningMs } = this.#options;
    const size = packet.payload.length + packet.topic.length;
    const nowMs = runningMs();
    const message: QueuedMessage = {
      packet,
      number: this.#nextNumber,
      size,
      queuedAtMs: nowMs,
      waiting: 0,
      isStored: false,
      position: 0,
      chunk: undefined,
    };
    let areAllHere = true;
    const deliveries: StoredDelivery[] = [];
    for (const wish of wishes) {
      const { session } = wish;
      if (!this.#makeRoom(session, size, nowMs)) continue;
      const { index } = session.add(message, wish);
      this.#grow(session, size);
      if (!session.isDurable) continue;
      this.ensureWritten(session);
      if (session.owner === undefined) areAllHere = false;
      const { qos, retain, identifiers } = wish;
      deliveries.push({ session: session.number, index, qos, retain, identifiers });
    }
    if (message.waiting === 0) return;
    this.#nextNumber += 1;
    if (deliveries.length === 0) return;
    message.isStored = true;
    if (areAllHere) {
      this.#chunks.add(message, deliveries, this.#onChunkOpened);
      return;
    }
    this.writeDirty();
    journal.put(messageKey(message.number), encodeMessage({ packet, queuedAtMs: nowMs, deliveries }));
    message.position = journal.position;
  }

  /** Puts a stored message back. Those that came earlier are restored earlier. */
  restore(
    stored: { readonly number: number; readonly packet: EnginePacket; readonly queuedAtMs: number },
    deliveries: readonly { readonly session: Session; readonly stored: StoredDelivery }[],
    chunk: QueueChunk | undefined,
  ): readonly Delivery[] {
    const { number, packet } = stored;
    const size = packet.payload.length + packet.topic.length;
    const message: QueuedMessage = {
      ...stored,
      size,
      waiting: 0,
      isStored: true,
      position: 0,
      chunk: undefined,
    };
    this.#nextNumber = Math.max(this.#nextNumber, number + 1);
    for (const { session } of deliveries) this.#grow(session, size);
    if (chunk !== undefined && deliveries.length > 0) {
      const wanted = deliveries.map((delivery) => delivery.stored);
      this.#chunks.restoreMessage(chunk, message, wanted);
    }
    return deliveries.map((delivery) => delivery.session.restore(message, delivery.stored));
  }

  /** Takes up a chunk that is stored; its messages are to be restored. */
  restoreChunk(number: number): QueueChunk {
    return this.#chunks.restore(number, this.#options.runningMs());
  }

  /** Writes what is due, in a later turn than that of a message. */
  sweep(): void {
    this.writeDirty();
    this.#chunks.sweep(this.#options.runningMs());
  }

  /** A delivery is done, or has to leave. */
  remove(session: Session, delivery: Delivery): void {
    session.remove(delivery);
    const { message } = delivery;
    this.#grow(session, -message.size);
    if (session.isDirty && session.isDurable) this.#dirty.add(session);
    if (message.waiting > 0 || !message.isStored) return;
    if (message.chunk !== undefined) this.#chunks.done(message, message.chunk);
    else this.#options.journal.remove(messageKey(message.number));
  }

  /** The subscriber has acknowledged. Durable soon: what is lost of it with a crash is sent again. */
  acknowledge(session: Session, delivery: Delivery): void {
    this.remove(session, delivery);
    if (!delivery.message.isStored) return;
    this.#unwritten += 1;
    if (this.#unwritten >= dirtyMax) this.durably().catch(() => undefined);
  }

  /** PUBREC has come; resolves when that is durable, so that PUBREL may be sent. */
  async release(session: Session, delivery: Delivery, packet: EnginePacket): Promise<void> {
    delivery.release = packet;
    if (!delivery.message.isStored) return;
    this.markDirty(session);
    await this.durably();
  }

  markDirty(session: Session): void {
    session.isDirty = true;
    if (session.isDurable) this.#dirty.add(session);
  }

  /** Empties a queue. */
  clear(session: Session): void {
    for (const delivery of session.queue.values()) this.remove(session, delivery);
    this.#dirty.delete(session);
  }

  /** Forgets all queues, and writes nothing. */
  reset(): void {
    this.#dirty.clear();
    this.#chunks.reset();
    this.#unwritten = 0;
    this.bytes = 0;
    this.#ofTenants.clear();
  }

  /** Writes once what sessions have done; durable with the next commit. */
  writeDirty(): void {
    if (this.#dirty.size === 0) return;
    for (const session of this.#dirty) {
      this.ensureWritten(session);
      session.isDirty = false;
      this.#options.journal.put(
        sessionKey(KeyKind.progress, session.number),
        encodeProgress(session.progress),
      );
    }
    this.#dirty.clear();
  }

  /** Resolves when everything so far is durable; what one turn of the event loop asks for is written once. */
  async durably(): Promise<void> {
    this.#turn ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.#turn = undefined;
      this.#unwritten = 0;
      this.writeDirty();
      return this.#options.journal.flush();
    });
    await this.#turn;
  }

  /** A session whose first value is written needs its name on disk. */
  ensureWritten(session: Session): void {
    if (session.isDurable && !session.isWritten) this.writeHeader(session);
  }

  writeHeader(session: Session): void {
    session.isWritten = true;
    this.#options.journal.put(sessionKey(KeyKind.session, session.number), encodeHeader(session));
  }

  #grow({ tenant }: Session, bytes: number): void {
    this.bytes += bytes;
    if (tenant !== undefined) this.#ofTenants.set(tenant, (this.#ofTenants.get(tenant) ?? 0) + bytes);
  }

  #hasRoomInTenant({ tenant }: Session, size: number): boolean {
    if (tenant === undefined) return true;
    const { tenants } = this.#options;
    const most = tenants?.limitsOf(tenant).queuedBytes;
    if (most === undefined || (this.#ofTenants.get(tenant) ?? 0) + size <= most) return true;
    tenants?.reached(tenant, "queuedBytes");
    return false;
  }

  /** @returns False where the queues of all sessions take too much; otherwise the oldest leave for the newest. */
  #makeRoom(session: Session, size: number, nowMs: number): boolean {
    const { counters, bounds } = this.#options;
    for (;;) {
      const { oldest } = session;
      if (oldest === undefined) break;
      const isOverFull =
        session.queue.size >= bounds.messagesMax ||
        session.queueBytes + size > bounds.bytesMax ||
        nowMs - oldest.message.queuedAtMs > bounds.ageMsMax;
      if (!isOverFull) break;
      this.remove(session, oldest);
      counters.deliveryDropped["session-queue-full"] += 1;
    }
    if (this.bytes + size <= bounds.allBytesMax && this.#hasRoomInTenant(session, size)) return true;
    counters.deliveryDropped["session-queue-full"] += 1;
    return false;
  }
}
