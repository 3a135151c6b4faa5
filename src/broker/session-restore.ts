/** From what is stored to sessions, retained messages and wills. */
import { outboundInFlightMax } from "../core/limits.ts";
import type { JournalEntry } from "../core/session-journal.ts";
import type { EnginePacket } from "./engine.ts";
import type { QueueChunk } from "./queue-chunks.ts";
import type { RetainedMessages } from "./retained.ts";
import type { Session } from "./session.ts";
import type { SessionQueues } from "./session-queues.ts";
import {
  decodeHeader,
  decodeMessage,
  decodeProgress,
  decodeRetained,
  decodeSubscription,
  decodeWill,
  type Instant,
  KeyKind,
  keyParts,
  type Progress,
  readChunk,
} from "./session-values.ts";
import type { StoredSubscription } from "./sessions-contract.ts";
import type { Wills } from "./wills.ts";

/** Indexes that are passed over, so that identifiers in use shortly before the end are not used at once. */
const indexesSkipped = 1_024;

/**
 * Messages at the front of a queue that may have been sent before the end: those in flight, and those whose
 * acknowledgements were not written, as many as come while a commit takes a good while.
 */
const mayBeSentMax = 4 * outboundInFlightMax;

/** What is filled. */
export interface RestoreTarget {
  readonly queues: SessionQueues;
  readonly retained: RetainedMessages;
  readonly wills: Wills;
  restoreSession(id: string, number: number): Session;
  restoreSubscription(session: Session, subscription: StoredSubscription): void;
  /** A session of this number has been; it is not to be used for another. */
  reserveNumber(number: number): void;
  /** Gives a message the number that the engine knows it under. */
  named(packet: EnginePacket): EnginePacket;
}

/**
 * Restores what the entries say. What refers to a session that is not there has been left by damage, and is left out.
 *
 * @param entries - In the order of their keys, so that a session comes before what it has.
 * @param lastAlive - Since then the sessions that had a connection have none.
 */
export async function restoreSessions(
  entries: AsyncIterable<JournalEntry>,
  target: RestoreTarget,
  lastAlive: Instant,
): Promise<void> {
  const restore = new Restore(target, lastAlive);
  for await (const { key, value } of entries) restore.take(key, value);
  restore.finish();
}

interface FoundMessage {
  readonly number: number;
  readonly value: Uint8Array;
  readonly chunk: QueueChunk | undefined;
}

class Restore {
  readonly #target: RestoreTarget;
  readonly #lastAlive: Instant;
  readonly #sessions = new Map<number, Session>();
  readonly #progress = new Map<number, Progress>();
  readonly #messages: FoundMessage[] = [];
  /** They had a connection: what is at the front of their queues may have been sent. */
  readonly #wereConnected = new Set<Session>();

  constructor(target: RestoreTarget, lastAlive: Instant) {
    this.#target = target;
    this.#lastAlive = lastAlive;
  }

  take(key: Uint8Array, value: Uint8Array): void {
    const { kind, number, rest } = keyParts(key);
    if (kind === KeyKind.session) this.#takeSession(number, value);
    else if (kind === KeyKind.progress) this.#takeProgress(number, decodeProgress(value));
    else if (kind === KeyKind.message) this.#messages.push({ number, value, chunk: undefined });
    else if (kind === KeyKind.chunk) {
      const chunk = this.#target.queues.restoreChunk(number);
      readChunk(value, (message, bytes) => this.#messages.push({ number: message, value: bytes, chunk }));
    } else if (kind === KeyKind.retained)
      this.#target.retained.restore(this.#target.named(decodeRetained(value)));
    else {
      const session = this.#sessions.get(number);
      if (session !== undefined) this.#takePart(kind, session, rest, value);
    }
  }

  #takeSession(number: number, value: Uint8Array): void {
    const { id, expirySeconds, nextIndex, principal, awayAt } = decodeHeader(value);
    const session = this.#target.restoreSession(id, number);
    session.expirySeconds = expirySeconds;
    session.nextIndex = nextIndex;
    session.principal = principal;
    session.awayAt = awayAt ?? this.#lastAlive;
    if (awayAt === undefined) this.#wereConnected.add(session);
    this.#sessions.set(number, session);
  }

  #takeProgress(number: number, progress: Progress): void {
    this.#progress.set(number, progress);
    const session = this.#sessions.get(number);
    if (session === undefined) return;
    // What is done stays done: new messages get indexes behind it.
    const ends = progress.done.map(({ end }) => end);
    session.nextIndex = Math.max(session.nextIndex, progress.floor, progress.sentTo, ...ends);
  }

  #takePart(kind: number, session: Session, rest: Buffer, value: Uint8Array): void {
    const target = this.#target;
    if (kind === KeyKind.filter) {
      target.restoreSubscription(session, decodeSubscription(rest.toString(), value));
    } else if (kind === KeyKind.incoming) {
      const messageId = rest.readUInt16BE(0);
      const packet: EnginePacket = {
        cmd: "publish",
        topic: "",
        payload: "",
        qos: 2,
        retain: false,
        messageId,
      };
      session.incoming.set(messageId, { packet, stored: Promise.resolve() });
    } else if (kind === KeyKind.will) {
      const { packet, delaySeconds } = decodeWill(value);
      target.wills.restore(session, target.named({ ...packet, clientId: session.id }), delaySeconds);
    }
  }

  #takeMessage({ number, value, chunk }: FoundMessage): void {
    const { packet, queuedAtMs, deliveries } = decodeMessage(value);
    const due = deliveries.flatMap((stored) => {
      this.#target.reserveNumber(stored.session);
      const session = this.#sessions.get(stored.session);
      if (session === undefined || isDone(this.#progress.get(stored.session), stored.index)) return [];
      return [{ session, stored }];
    });
    const { queues } = this.#target;
    const stored = { number, packet: this.#target.named(packet), queuedAtMs };
    const restored = queues.restore(stored, due, chunk);
    for (const [index, { session }] of due.entries()) {
      const progress = this.#progress.get(session.number);
      const delivery = restored[index]!;
      if (progress?.released.includes(delivery.index) === true) {
        const { packetId: messageId } = delivery;
        delivery.release = { cmd: "pubrel", messageId, topic: "", payload: "", qos: 1, retain: false };
      }
      delivery.wasSent = delivery.index < (progress?.sentTo ?? 0);
    }
  }

  finish(): void {
    // Those of a chunk are older than some that are by themselves, and younger than others.
    for (const message of this.#messages.toSorted((one, other) => one.number - other.number)) {
      this.#takeMessage(message);
    }
    for (const session of this.#sessions.values()) {
      session.sentTo = Math.min(this.#progress.get(session.number)?.sentTo ?? 0, session.nextIndex);
      let maybeSent = this.#wereConnected.has(session) ? mayBeSentMax : 0;
      for (const delivery of session.queue.values()) {
        if (maybeSent === 0) break;
        delivery.wasSent = true;
        maybeSent -= 1;
        session.sentTo = Math.max(session.sentTo, delivery.index + 1);
      }
      session.nextIndex += indexesSkipped;
    }
  }
}

function isDone(progress: Progress | undefined, index: number): boolean {
  if (progress === undefined) return false;
  return index < progress.floor || progress.done.some(({ start, end }) => start <= index && index < end);
}
