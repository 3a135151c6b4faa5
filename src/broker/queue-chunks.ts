/**
 * Messages of one commit that share a value on disk.
 *
 * A message for sessions that are connected is acknowledged within moments. A value of its own, and its removal, would
 * cost more than all else that is done with it, so the messages of a commit are written as one chunk, which is removed
 * when the last of them is done. What a session is done with meanwhile stands in its progress.
 *
 * A chunk lives for seconds. What somebody still waits for then is written by itself: otherwise one message for a
 * session that went away would keep all those beside it on the disk.
 */
import type { LateValue, SessionJournal } from "../core/session-journal.ts";
import type { QueuedMessage } from "./session.ts";
import { chunkKey, ChunkWriter, encodeMessage, messageKey, type StoredDelivery } from "./session-values.ts";

/** How long a chunk may wait for the last of its messages. */
const chunkMsMax = 5_000;

/** One chunk: open until its batch is complete. */
export class QueueChunk implements LateValue {
  readonly number: number;
  readonly openedAtMs: number;
  /** Messages that somebody waits for, and who. */
  readonly pending: Map<QueuedMessage, readonly StoredDelivery[]> = new Map();
  /** Durable when the journal has got so far. */
  position = 0;
  #writer: ChunkWriter | undefined;

  /** @param writer - Nothing for one that is on disk already. */
  constructor(number: number, openedAtMs: number, writer: ChunkWriter | undefined) {
    this.number = number;
    this.openedAtMs = openedAtMs;
    this.#writer = writer;
  }

  get isOpen(): boolean {
    return this.#writer !== undefined;
  }

  /** @returns By how many bytes it has grown. */
  add(message: QueuedMessage, deliveries: readonly StoredDelivery[]): number {
    const { packet, queuedAtMs } = message;
    this.pending.set(message, deliveries);
    return this.#writer!.add(message.number, { packet, queuedAtMs, deliveries });
  }

  complete(): Uint8Array {
    const bytes = this.#writer!.end();
    this.#writer = undefined;
    return bytes;
  }
}

export class QueueChunks {
  readonly #journal: SessionJournal;
  /** Oldest first. */
  readonly #chunks = new Set<QueueChunk>();
  #open: QueueChunk | undefined;

  constructor(journal: SessionJournal) {
    this.#journal = journal;
  }

  /**
   * Writes a message with the batch that collects.
   *
   * @param onOpened - Called before the first message of a batch is written.
   */
  add(message: QueuedMessage, deliveries: readonly StoredDelivery[], onOpened: () => void): void {
    let chunk = this.#open;
    if (chunk?.isOpen !== true) {
      onOpened();
      chunk = new QueueChunk(message.number, message.queuedAtMs, new ChunkWriter());
      this.#open = chunk;
      this.#chunks.add(chunk);
      this.#journal.put(chunkKey(chunk.number), chunk);
      chunk.position = this.#journal.position;
    }
    message.chunk = chunk;
    message.position = chunk.position;
    this.#journal.grow(chunk.add(message, deliveries));
  }

  /** Nobody waits for a message any more. */
  done(message: QueuedMessage, chunk: QueueChunk): void {
    chunk.pending.delete(message);
    if (chunk.pending.size === 0 && !chunk.isOpen) this.#remove(chunk);
  }

  /** Takes up a chunk that is on disk; its messages follow by {@link QueueChunks.restoreMessage}. */
  restore(number: number, nowMs: number): QueueChunk {
    const chunk = new QueueChunk(number, nowMs, undefined);
    this.#chunks.add(chunk);
    return chunk;
  }

  restoreMessage(chunk: QueueChunk, message: QueuedMessage, deliveries: readonly StoredDelivery[]): void {
    message.chunk = chunk;
    chunk.pending.set(message, deliveries);
  }

  /** Removes chunks that nobody needs, and writes by itself what old ones still hold. */
  sweep(nowMs: number): void {
    for (const chunk of this.#chunks) {
      if (chunk.isOpen) continue;
      const isOld = nowMs - chunk.openedAtMs >= chunkMsMax;
      if (!isOld && chunk.pending.size > 0) continue;
      for (const [message, deliveries] of chunk.pending) {
        const { packet, number, queuedAtMs } = message;
        this.#journal.put(messageKey(number), encodeMessage({ packet, queuedAtMs, deliveries }));
        message.chunk = undefined;
        message.position = this.#journal.position;
      }
      this.#remove(chunk);
    }
  }

  reset(): void {
    this.#chunks.clear();
    this.#open = undefined;
  }

  #remove(chunk: QueueChunk): void {
    this.#chunks.delete(chunk);
    this.#journal.remove(chunkKey(chunk.number));
  }
}
