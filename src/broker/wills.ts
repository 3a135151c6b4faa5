/** Wills: each belongs to the connection that gave it, and that of a session is stored with the session. */
import type { SessionJournal } from "../core/session-journal.ts";
import type { Session } from "./session.ts";
import { encodeWill, KeyKind, sessionKey } from "./session-values.ts";
import type { SessionOwner, StoredWill } from "./sessions-contract.ts";

interface Will {
  readonly packet: StoredWill;
  readonly delaySeconds: number;
  /** The client whose connection gave it; nothing for one that was restored. */
  readonly owner: SessionOwner | undefined;
  /** Where it is stored. */
  readonly session: Session | undefined;
}

export class Wills {
  readonly #journal: SessionJournal;
  readonly #wills = new Map<string, Will>();

  constructor(journal: SessionJournal) {
    this.#journal = journal;
  }

  put(owner: SessionOwner, packet: StoredWill, session: Session | undefined): void {
    const delaySeconds = Number(packet.properties?.["willDelayInterval"] ?? 0);
    this.#wills.set(owner.id, { packet, delaySeconds, owner, session });
    if (session === undefined) return;
    this.#journal.put(sessionKey(KeyKind.will, session.number), encodeWill(packet, delaySeconds));
  }

  restore(session: Session, packet: StoredWill, delaySeconds: number): void {
    this.#wills.set(session.id, { packet, delaySeconds, owner: undefined, session });
  }

  get(id: string): StoredWill | undefined {
    return this.#wills.get(id)?.packet;
  }

  all(): readonly StoredWill[] {
    return [...this.#wills.values()].map(({ packet }) => packet);
  }

  /**
   * A will is published, or given up.
   *
   * A16: a connection that has been taken over removes its will late, and by name: the will of an open connection is
   * removed by that connection only.
   */
  remove(owner: SessionOwner): StoredWill | undefined {
    const will = this.#wills.get(owner.id);
    if (will === undefined) return undefined;
    const { owner: holder } = will;
    if (holder?.closed === false && holder !== owner && owner.closed === undefined) return undefined;
    this.#drop(owner.id, will);
    return will.packet;
  }

  /** The session ends. What the engine holds in memory it will publish by itself. */
  forgetSession(session: Session): void {
    const will = this.#wills.get(session.id);
    if (will?.session === session) this.#drop(session.id, will);
  }

  /**
   * Takes a will that was restored, once its delay is over or its session ends. Source: MQTT 5.0 § 3.1.3.2.2.
   * It is removed in the commit of the message that is accepted next.
   */
  takeDue(session: Session, awayMs: number, isExpired: boolean): StoredWill | undefined {
    const will = this.#wills.get(session.id);
    if (will === undefined || will.owner !== undefined || will.session !== session) return undefined;
    if (!isExpired && awayMs < will.delaySeconds * 1000) return undefined;
    this.#drop(session.id, will);
    return will.packet;
  }

  /** Takes a will whose connection has ended, and whose delay is not over. */
  takeDelayed(id: string): StoredWill | undefined {
    const will = this.#wills.get(id);
    if (will?.owner?.closed !== true) return undefined;
    this.#drop(id, will);
    return will.packet;
  }

  reset(): void {
    for (const [id, will] of this.#wills) if (will.session !== undefined) this.#wills.delete(id);
  }

  #drop(id: string, will: Will): void {
    this.#wills.delete(id);
    if (will.session !== undefined) this.#journal.remove(sessionKey(KeyKind.will, will.session.number));
  }
}
