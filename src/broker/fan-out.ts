/**
 * From the gate to local subscribers.
 *
 * A message is copied only when somebody wants it, waits for its commit, and then goes to all who are here in one turn:
 * what waits from then on waits for one subscriber, and is bounded there.
 */
import { clientInFlightMax } from "../core/limits.ts";
import type { Counters } from "./counters.ts";
import type { EnginePacket } from "./engine.ts";
import type { TopicName } from "./topic-names.ts";

/** Which topics somebody wants: connected subscribers, and sessions that are away. */
export class Interest {
  readonly #isWanted: (topic: string) => boolean;
  #version = 0;

  constructor(isWanted: (topic: string) => boolean) {
    this.#isWanted = isWanted;
  }

  /** A filter has come or gone. */
  invalidate(): void {
    this.#version += 1;
  }

  /** Tells whether anybody wants the topic. One comparison, as long as no filter comes or goes. */
  includes(topic: TopicName): boolean {
    if (topic.interestVersion === this.#version) return topic.interested;
    topic.interested = this.includesName(topic.name);
    topic.interestVersion = this.#version;
    return topic.interested;
  }

  includesName(name: string): boolean {
    return this.#isWanted(name);
  }
}

/** Where messages go: what is kept for later, and the engine's emitter. */
export interface FanOutTargets {
  /** Gives the message the number that the engine and the stored sessions recognise it by. */
  number(packet: EnginePacket): EnginePacket;
  /** Keeps the message where it is retained or a session that is stored wants it. */
  keep(packet: EnginePacket): void;
  /** Chooses who is to get the message of those that share subscriptions, and keeps it where that is to be. */
  share(packet: EnginePacket): EnginePacket["shared"];
  /** A retained message is given to connected subscribers from now on. */
  reveal(packet: EnginePacket): void;
  /** Gives the message to connected subscribers. */
  emit(packet: EnginePacket): void;
}

/**
 * Gives messages to subscribers.
 *
 * This stands in for the engine's own publish function, in which a QoS 1 message takes longer than a
 * QoS 0 message behind it: here messages are emitted in the order of the calls.
 */
export class FanOut {
  /** Memory is short: QoS 0 is dropped. */
  isTight = false;
  readonly #counters: Counters;
  readonly #targets: FanOutTargets;

  constructor(counters: Counters, targets: FanOutTargets) {
    this.#counters = counters;
    this.#targets = targets;
  }

  /**
   * Keeps a message for who is away. It is in the commit of the message that is handed to the sink directly
   * after, in the same turn.
   *
   * @returns What is to be published once that is committed.
   */
  admit(message: EnginePacket): EnginePacket {
    const packet = this.#targets.number(message);
    this.#targets.keep(packet);
    const shared = this.#targets.share(packet);
    return shared === undefined || shared.length === 0 ? packet : { ...packet, shared };
  }

  /** Gives an admitted message to who is here. */
  publish(packet: EnginePacket): void {
    if (packet.retain) this.#targets.reveal(packet);
    if (this.isTight && packet.qos === 0) {
      this.#counters.deliveryDropped.memory += 1;
      return;
    }
    this.#targets.emit(packet);
  }

  countDropped(): void {
    this.#counters.deliveryDropped["fan-out-full"] += 1;
  }
}

interface Entry {
  readonly packet: EnginePacket;
  /** Due when as many messages of the connection are settled. */
  readonly after: number;
}

/**
 * Messages of one connection that wait for their commit, in order.
 *
 * Commits are reported in the order in which messages were handed over, so two counts tell which are due.
 */
export class FanOutQueue {
  readonly #fanOut: FanOut;
  #entries: Entry[] | undefined;
  #handedCount = 0;
  #settledCount = 0;

  constructor(fanOut: FanOut) {
    this.#fanOut = fanOut;
  }

  /** A message is handed over with a receipt. */
  onHandedOver(): void {
    this.#handedCount += 1;
  }

  /** The receipt of the oldest message handed over has been called. */
  onSettled(): void {
    this.#settledCount += 1;
  }

  /** Adds the admitted message handed over last, or a QoS 0 message behind it. */
  add(packet: EnginePacket): void {
    const entries = (this.#entries ??= []);
    if (entries.length === 0 && this.#settledCount >= this.#handedCount) {
      this.#fanOut.publish(packet);
    } else if (packet.qos === 0 && entries.length >= clientInFlightMax * 2) {
      // QoS 0 has no credit that would bound what queues up behind a slow commit.
      this.#fanOut.countDropped();
    } else {
      entries.push({ packet, after: this.#handedCount });
    }
  }

  /** Publishes everything whose commit has been reported. */
  release(): void {
    if (this.#entries === undefined || this.#entries.length === 0) return;
    for (const packet of this.#takeSettled()) this.#fanOut.publish(packet);
  }

  /** Forgets the message whose commit has failed, and what has not been published before it. */
  discard(): void {
    this.#takeSettled();
  }

  #takeSettled(): readonly EnginePacket[] {
    const entries = this.#entries ?? [];
    let count = 0;
    while (count < entries.length && entries[count]!.after <= this.#settledCount) count += 1;
    return entries.splice(0, count).map((entry) => entry.packet);
  }
}
