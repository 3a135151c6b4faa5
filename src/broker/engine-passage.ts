/**
 * The way of a PUBLISH through the protocol engine to the sink: QoS 2, MQTT 5 properties, topic aliases,
 * and topics that are not allowed, whose answers the engine writes.
 *
 * The engine acknowledges after its access check (QoS 1) or after it has stored the packet (QoS 2); there
 * messages are handed over, and there they wait for their commit. When storage fails the check is never
 * answered: an error would reach an MQTT 5 client as an acknowledgement (B4).
 */
import { clientOpenQos2Max } from "../core/limits.ts";
import type { Grants } from "../core/access/grants.ts";
import type { Receipt } from "../core/ports.ts";
import { withinTenant } from "../core/tenant.ts";
import type { EnginePacket } from "./engine.ts";
import type { FanOutQueue } from "./fan-out.ts";
import type { Gate } from "./gate.ts";
import { Reason } from "./packets.ts";

/** A PUBACK or PUBREC with a reason is smaller. */
const refusalBytesMax = 64;

/** The connection, as its passage through the engine sees it. */
export interface PassageOwner {
  readonly clientId: string;
  /** Of the protocol: 3, 4 or 5. */
  readonly version: number;
  readonly isClosed: boolean;
  readonly grants: Grants;
  /** Bytes of the largest packet that the client takes. */
  readonly packetMax: number;
  /** Messages that wait for their commit before they go to subscribers. */
  readonly fanOutQueue: FanOutQueue;
  /** Writes the PUBACKs of the lane that are due. */
  writeAcknowledgements(): void;
  giveBack(size: number): void;
  /** The message that the connection waited for has been handed over. */
  onHandedOver(): void;
  onRefused(): void;
}

export class EnginePassage {
  readonly #gate: Gate;
  readonly #owner: PassageOwner;
  /** PUBLISH packets given to the engine that it is not done with. */
  #underway = 0;
  #openQos2: Set<number> | undefined;

  constructor(gate: Gate, owner: PassageOwner) {
    this.#gate = gate;
    this.#owner = owner;
  }

  /** While one is, later ones have to take the same way, to arrive in order. */
  get isUnderway(): boolean {
    return this.#underway > 0;
  }

  /**
   * A PUBLISH goes to the engine.
   *
   * @returns The reason code to disconnect with when too many QoS 2 messages are open (B3); 0 otherwise.
   */
  enter(qos: number, packetId: number): number {
    if (qos === 2) {
      const open = (this.#openQos2 ??= new Set());
      open.add(packetId);
      if (open.size > clientOpenQos2Max) return Reason.receiveMaximumExceeded;
    }
    this.#gate.counters.received.engine += 1;
    this.#underway += 1;
    return 0;
  }

  /** A QoS 2 message of this connection has the identifier, and is not released. */
  isOpen(packetId: number): boolean {
    return this.#openQos2?.has(packetId) === true;
  }

  /** The client has sent PUBREL. */
  onReleased(packetId: number): void {
    this.#openQos2?.delete(packetId);
  }

  /** The engine's access check. Calls back when it may go on. */
  onAccessCheck(packet: EnginePacket, callback: (error?: Error | null) => void): void {
    const owner = this.#owner;
    const isReserved = this.#gate.isReserved(packet.topic);
    if (isReserved || !owner.grants.mayPublish(packet.topic)) {
      this.#gate.onPublishDenied(owner, packet.topic);
      if (owner.version < 5 && isNobodys(packet.topic)) {
        if (packet.qos < 2) this.#leave(packet);
        return callback();
      }
      if (packet.messageId !== undefined) this.#openQos2?.delete(packet.messageId);
      this.#leave(packet);
      owner.onHandedOver();
      // MQTT 5 clients are told it as Reason String, where that fits: MQTT 5.0 § 3.4.2.2.2.
      const isTold = owner.packetMax >= refusalBytesMax;
      callback(new Error(isTold ? (isReserved ? "topic is reserved" : "topic is not granted") : ""));
      return;
    }
    // QoS 2 is handed over when the engine stores the packet: this check runs again for every resend.
    if (packet.qos === 2) return callback();
    if (packet.qos === 0) {
      const admitted = this.#admit(packet);
      this.#gate.accept(packet, owner.clientId, undefined);
      if (admitted !== undefined) owner.fanOutQueue.add(admitted);
      this.#leave(packet);
      return callback();
    }
    this.#handOver(packet, {
      committed: () => {
        // Before the callback: the engine's PUBACK comes after those of the lane.
        owner.writeAcknowledgements();
        if (!owner.isClosed) callback();
        this.#onCommitted(packet);
      },
      refused: () => owner.onRefused(),
    });
  }

  /**
   * Hands a QoS 2 message over. Resolves when it is committed.
   *
   * @throws Error when it could not be stored; the connection has ended then, without an acknowledgement.
   */
  async store(packet: EnginePacket): Promise<void> {
    if (isNobodys(packet.topic)) {
      this.onResent(packet);
      return;
    }
    await new Promise<void>((resolve, reject) => {
      this.#handOver(packet, {
        committed: () => {
          resolve();
          this.#onCommitted(packet);
        },
        refused: () => {
          this.#owner.onRefused();
          reject(new Error("message could not be stored"));
        },
      });
      this.#owner.onHandedOver();
    });
  }

  /** A QoS 2 PUBLISH that has been handed over before, or never is. */
  onResent(packet: EnginePacket): void {
    this.#leave(packet);
    this.#owner.onHandedOver();
  }

  #handOver(packet: EnginePacket, receipt: Receipt): void {
    const { fanOutQueue, clientId } = this.#owner;
    fanOutQueue.onHandedOver();
    const admitted = this.#admit(packet);
    this.#gate.accept(packet, clientId, receipt);
    if (admitted !== undefined) fanOutQueue.add(admitted);
  }

  #onCommitted(packet: EnginePacket): void {
    const { fanOutQueue } = this.#owner;
    fanOutQueue.onSettled();
    fanOutQueue.release();
    this.#leave(packet);
  }

  #leave(packet: EnginePacket): void {
    if (this.#owner.isClosed) return;
    this.#underway -= 1;
    if (packet.qos > 0) this.#owner.giveBack(packet.length ?? 0);
  }

  /** @returns What goes to subscribers, when there are any. */
  #admit(packet: EnginePacket): EnginePacket | undefined {
    const { topic, payload, qos, retain, properties } = packet;
    if (!retain && !this.#gate.interest.includesName(topic)) return undefined;
    const copy: EnginePacket = {
      cmd: "publish",
      topic,
      payload,
      qos,
      retain,
      clientId: this.#owner.clientId,
    };
    if (properties !== undefined) copy.properties = properties;
    return this.#gate.fanOut.admit(copy);
  }
}

/**
 * Topics below `$` are nobody's to publish to, other than those of the broker itself. Before MQTT 5 a server can only
 * acknowledge such a message or end the connection (MQTT 3.1.1 § 3.3.5); it is acknowledged, counted as denied and
 * goes nowhere, since a device that means no harm would come back and do it again.
 */
function isNobodys(topic: string): boolean {
  const plain = withinTenant(topic);
  return plain.startsWith("$") && !plain.startsWith("$SYS/");
}
