/**
 * Who shares a subscription, and whose turn it is. Source: MQTT 5.0 § 4.8.2.
 *
 * A message goes to one member of each group that matches: to those who are here in turn, and where nobody is, to a
 * session that is away. Which one is settled when the message is admitted, so that it is in the queue of a session with
 * its commit; from then on it is that session's, and goes to nobody else when the session ends. A member without a
 * session that leaves in between is replaced by another.
 */
import type { EngineClient, EnginePacket } from "./engine.ts";
import { FilterIndex } from "./filter-index.ts";
import { engineName, type Place, readShared } from "./shared-filters.ts";
import type { StoredSubscription } from "./sessions-contract.ts";

interface Member {
  /** Connections that hold the place; two while one takes over from the other. */
  connections: number;
  /** The subscription of its session, where there is one. */
  stored: StoredSubscription | undefined;
}

interface Group {
  readonly written: string;
  /** By client id; the next in turn is first. */
  readonly members: Map<string, Member>;
}

/** A message on its way to one member. */
export interface SharedDelivery {
  readonly clientId: string;
  readonly packet: EnginePacket;
  readonly group: Group;
  /** It is in the queue of the member's session. */
  readonly isKept: boolean;
}

type Options = Pick<StoredSubscription, "qos" | "rap" | "subscriptionIdentifier">;

export interface SharedGroupsOptions {
  /** The client that is connected under an id. */
  readonly clientOf: (id: string) => EngineClient | undefined;
  /** By the grants of this moment. */
  readonly mayReceive: (client: EngineClient, topic: string) => boolean;
  /** Gives a copy of a message a number of its own: a client may get the message by another filter, too. */
  readonly number: (packet: EnginePacket) => EnginePacket;
  /** Puts a message into the queue of a session, in the commit of the message that is accepted next. */
  readonly keep: (clientId: string, packet: EnginePacket) => void;
}

export class SharedGroups {
  readonly #options: SharedGroupsOptions;
  readonly #groups = new FilterIndex<Group>();

  constructor(options: SharedGroupsOptions) {
    this.#options = options;
  }

  /** Tells whether a group matches the topic. */
  has(topic: string): boolean {
    return this.#groups.has(topic);
  }

  /** A connection takes a place. */
  join(place: Place): void {
    this.#memberAt(place).connections += 1;
  }

  /** A connection leaves its place. */
  leave(place: Place): void {
    const member = this.#groups.get(place.filter, place.group)?.members.get(place.clientId);
    if (member === undefined) return;
    member.connections -= 1;
    this.#tidy(place);
  }

  /** A session subscribes. Filters that are not shared are none of this. */
  store(clientId: string, subscription: StoredSubscription): void {
    const shared = readShared(subscription.topic);
    if (shared !== undefined) this.#memberAt({ ...shared, clientId }).stored = subscription;
  }

  /** A session unsubscribes, or ends. */
  forget(clientId: string, written: string): void {
    const shared = readShared(written);
    const member =
      shared === undefined ? undefined : this.#groups.get(shared.filter, shared.group)?.members.get(clientId);
    if (shared === undefined || member === undefined) return;
    member.stored = undefined;
    this.#tidy({ ...shared, clientId });
  }

  /** Gives a message to a member of each group that matches: keeps it, and says who is to be sent it. */
  admit(packet: EnginePacket): readonly SharedDelivery[] | undefined {
    if (this.#groups.size === 0) return undefined;
    const deliveries: SharedDelivery[] = [];
    this.#groups.forEach(packet.topic, (group) => {
      const chosen = this.#choose(group, packet);
      if (chosen !== undefined) deliveries.push(this.#deliveryTo(chosen, group, packet));
    });
    return deliveries;
  }

  /** Sends what has been admitted, after its commit. */
  publish(deliveries: readonly SharedDelivery[], packet: EnginePacket): void {
    for (const { clientId, group, packet: copy, isKept } of deliveries) {
      if (this.#send(clientId, group, copy) || isKept) continue;
      const other = this.#present(group, packet.topic);
      if (other !== undefined) this.#send(other, group, this.#copyFor(other, group, packet));
    }
  }

  #send(clientId: string, group: Group, copy: EnginePacket): boolean {
    if ((group.members.get(clientId)?.connections ?? 0) === 0) return false;
    const client = this.#options.clientOf(clientId);
    client?.deliverQoS(copy, () => undefined);
    return client !== undefined;
  }

  #choose(group: Group, packet: EnginePacket): string | undefined {
    const present = this.#present(group, packet.topic);
    const chosen = present ?? (packet.qos > 0 ? this.#away(group) : undefined);
    if (chosen !== undefined) {
      const member = group.members.get(chosen)!;
      group.members.delete(chosen);
      group.members.set(chosen, member);
    }
    return chosen;
  }

  #present(group: Group, topic: string): string | undefined {
    for (const [clientId, { connections }] of group.members) {
      const client = connections > 0 ? this.#options.clientOf(clientId) : undefined;
      if (client !== undefined && this.#options.mayReceive(client, topic)) return clientId;
    }
    return undefined;
  }

  #away(group: Group): string | undefined {
    for (const [clientId, { stored }] of group.members) if ((stored?.qos ?? 0) > 0) return clientId;
    return undefined;
  }

  #deliveryTo(clientId: string, group: Group, packet: EnginePacket): SharedDelivery {
    const copy = this.#copyFor(clientId, group, packet);
    const isKept = copy.qos > 0 && group.members.get(clientId)!.stored !== undefined;
    if (isKept) this.#options.keep(clientId, copy);
    return { clientId, packet: copy, group, isKept };
  }

  /** The message as this member has subscribed to it. Source: MQTT 5.0 §§ 3.3.1.3, 3.8.4, 4.8.2. */
  #copyFor(clientId: string, group: Group, packet: EnginePacket): EnginePacket {
    const { qos, rap, subscriptionIdentifier } = this.#optionsOf(clientId, group);
    const properties =
      subscriptionIdentifier === undefined
        ? packet.properties
        : { ...packet.properties, subscriptionIdentifier: [subscriptionIdentifier] };
    return this.#options.number({
      ...packet,
      qos: qos < packet.qos ? qos : packet.qos,
      retain: packet.retain && rap === true,
      isShared: true,
      ...(properties === undefined ? {} : { properties }),
    });
  }

  #optionsOf(clientId: string, group: Group): Options {
    const held = this.#options.clientOf(clientId)?.subscriptions[engineName(clientId, group.written)];
    if (held === undefined) return group.members.get(clientId)?.stored ?? { qos: 0 };
    const { qos, rap, si } = held;
    return { qos, rap, ...(si === undefined ? {} : { subscriptionIdentifier: si }) };
  }

  #memberAt({ filter, group: name, clientId }: Place): Member {
    let group = this.#groups.get(filter, name);
    if (group === undefined) {
      group = { written: `$share/${name}/${filter}`, members: new Map() };
      this.#groups.set(filter, name, group);
    }
    let member = group.members.get(clientId);
    if (member === undefined) {
      member = { connections: 0, stored: undefined };
      group.members.set(clientId, member);
    }
    return member;
  }

  #tidy({ filter, group: name, clientId }: Place): void {
    const members = this.#groups.get(filter, name)?.members;
    const member = members?.get(clientId);
    if (members === undefined || member === undefined) return;
    if (member.connections <= 0 && member.stored === undefined) members.delete(clientId);
    if (members.size === 0) this.#groups.delete(filter, name);
  }
}
