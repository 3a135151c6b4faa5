/**
 * Packet identifiers of what one connection has been sent and has not answered, with how far each has come.
 *
 * An answer of another kind than the message calls for is a protocol error. One for an identifier that is not in use
 * is none: it may belong to the connection before. Source: MQTT 3.1.1 and 5.0, §§ 4.3, 4.8 or 4.13.
 */
import { PacketType } from "./packets.ts";

/** What has to come next. */
const Awaited = { puback: 1, pubrec: 2, pubcomp: 3 } as const;
type Stage = (typeof Awaited)[keyof typeof Awaited];

/** Packet identifiers are 1 to 65,535. */
const largestId = 65_535;

export class OutboundIds {
  #stages: Map<number, Stage> | undefined;
  #last = 0;

  /** An identifier that is not in use, for a message of a connection without a session. */
  next(): number {
    do this.#last = this.#last === largestId ? 1 : this.#last + 1;
    while (this.#stages?.has(this.#last) === true);
    return this.#last;
  }

  /** A message that was sent on this connection has it. */
  has(id: number): boolean {
    return this.#stages?.has(id) === true;
  }

  /** A message of this quality is sent. */
  onPublished(id: number, qos: 1 | 2): void {
    this.#set(id, qos === 1 ? Awaited.puback : Awaited.pubrec);
  }

  /** A message whose PUBREC came on an earlier connection is released. */
  onReleased(id: number): void {
    this.#set(id, Awaited.pubcomp);
  }

  /** @returns False when PUBACK, PUBREC or PUBCOMP is not what the message in hand calls for. */
  accepts(type: number, id: number, isRefusal: boolean): boolean {
    const stages = this.#stages;
    const stage = stages?.get(id);
    if (stages === undefined || stage === undefined) return true;
    if (type === PacketType.pubrec) {
      if (stage === Awaited.puback) return false;
      if (isRefusal) stages.delete(id);
      else stages.set(id, Awaited.pubcomp);
      return true;
    }
    if (stage !== (type === PacketType.puback ? Awaited.puback : Awaited.pubcomp)) return false;
    stages.delete(id);
    return true;
  }

  #set(id: number, stage: Stage): void {
    (this.#stages ??= new Map()).set(id, stage);
  }
}
