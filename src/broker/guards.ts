/**
 * Guards against what the pinned engine does wrong inside itself (see the table in README.md).
 *
 * A1 messages lost to its duplicate filter · A2 filters refused and yet delivered · A18 pace of retained
 * messages · A19 deliveries that never end · B1 inherited property names · B7 the subscriber's window and packet size. No listener opens
 * before {@link guardEngine}, and no client speaks before {@link guardClient}.
 */
import type { Connection } from "./connection.ts";
import type { Counters } from "./counters.ts";
import {
  type Engine,
  type EngineClient,
  type EnginePacket,
  type EngineSubscription,
  type SeenPacket,
  seePackets,
  wrapParser,
} from "./engine.ts";
import { unexpired } from "./expiry.ts";
import { filterMatches } from "../core/topic.ts";
import type { Interest } from "./fan-out.ts";
import { publishBytes } from "./publish-size.ts";
import { engineName, placeOf } from "./shared-filters.ts";
import type { SharedGroups } from "./shared-groups.ts";
import type { Sessions } from "./sessions.ts";

/** Deliveries of one client among which a message is recognised as given twice by overlapping filters. */
const duplicateWindow = 64;

/** An object that inherits nothing: every name is an ordinary key of it. */
function makeBareObject<V>(): Record<string, V> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it has no keys yet
  return Object.create(null) as Record<string, V>;
}

/**
 * B1: client ids, broker ids and filters are keys of plain objects in the engine; `constructor` or
 * `__proto__` would be found in all of them. B8: shared filters go to the groups, past the emitter.
 */
export function guardEngine(engine: Engine, interest: Interest, shared: SharedGroups): void {
  engine.clients = makeBareObject();
  engine.brokers = makeBareObject();
  const { mq } = engine;
  const on = mq.on.bind(mq);
  const removeListener = mq.removeListener.bind(mq);
  mq.on = (filter, listener, done) => {
    const place = placeOf(filter);
    if (place === undefined) return on(filter, listener, done);
    shared.join(place);
    interest.invalidate();
    if (done !== undefined) setImmediate(done);
    return mq;
  };
  mq.removeListener = (filter, listener, done) => {
    const place = placeOf(filter);
    if (place === undefined) return removeListener(filter, listener, done);
    shared.leave(place);
    interest.invalidate();
    if (done !== undefined) setImmediate(done);
    return mq;
  };
}

/** Guards one client; called as soon as the engine has made it. */
export function guardClient(
  engine: Engine,
  client: EngineClient,
  connection: Connection,
  { counters, sessions }: { readonly counters: Counters; readonly sessions: Sessions },
): void {
  client.subscriptions = makeBareObject();
  // A1: the engine remembers the highest counter it has seen and drops whatever comes out of order. It is
  // shown 0 for ever; what it wanted to find, one message for two filters, is found below.
  client.duplicates = Object.defineProperty(makeBareObject<number>(), engine.id, {
    get: () => 0,
    set() {
      // What the engine has seen does not matter.
    },
  });
  // A19: the link takes everything until it is destroyed, and then there is nothing to wait for.
  client.waitForDrain = (done) => void setImmediate(done);
  guardParser(client, connection);
  seePackets(client, (packet) => {
    nameShared(client, packet);
    keepFiltersInOrder(packet);
  });
  guardDelivery(client, connection, counters, sessions);
}

/** What the engine's parser throws on would end the process: it runs in a stream's event. */
function guardParser(client: EngineClient, connection: Connection): void {
  wrapParser(client, (parse) => (bytes) => {
    try {
      return parse(bytes);
    } catch {
      connection.close("internal");
      return 0;
    }
  });
}

/** B8: gives shared filters the names that they have inside the engine. */
function nameShared({ id }: EngineClient, packet: SeenPacket): void {
  for (const subscription of packet.subscriptions ?? []) {
    subscription.topic = engineName(id, subscription.topic);
  }
  packet.unsubscriptions &&= packet.unsubscriptions.map((filter) => engineName(id, filter));
}

/**
 * C1: of several filters the engine makes a table by name before it answers. Names that are numbers come
 * first in such a table, and equal ones become one, so that the answers no longer fit the questions. It is
 * not let put its own list in place of the packet's.
 */
function keepFiltersInOrder(packet: SeenPacket): void {
  if (packet.cmd !== "subscribe") return;
  const { subscriptions } = packet;
  Object.defineProperty(packet, "subscriptions", {
    get: () => subscriptions,
    set() {
      // The list as it was sent is the right one.
    },
  });
}

/**
 * A1, B7, C6: deliveries do not go the engine's way, which takes a turn of the event loop and a write for each. What
 * it would do is done here: no-local, the rights of the moment, the quality, and the packet identifier.
 */
function guardDelivery(
  client: EngineClient,
  connection: Connection,
  counters: Counters,
  sessions: Sessions,
): void {
  const { outbound } = connection;
  const isRepeated = makeDuplicateFilter(engineIdOf);
  /** Gives a message its identifier. @returns False when it is not to be sent. */
  const identify = (packet: EnginePacket): boolean => {
    // The session knows under which identifier, and whether the message has been sent meanwhile.
    if (!client.clean) return sessions.take(client, packet);
    packet.messageId = outbound.ids.next();
    return true;
  };
  const send = (packet: EnginePacket): void => {
    outbound.send(packet.payload.length, () => {
      const good = unexpired(packet, sessions.time);
      if (good === undefined) counters.deliveryDropped.expired += 1;
      // What the engine would not forward holds no place in the window, as nothing will answer it.
      if (good === undefined || !mayForward(connection, good, counters)) sessions.drop(client, packet);
      else if (identify(good)) {
        outbound.ids.onPublished(good.messageId!, good.qos === 1 ? 1 : 2);
        return connection.deliver(good);
      }
      outbound.onAcknowledged();
    });
  };
  const isOwn = (packet: EnginePacket): boolean => packet.nl === true && packet.clientId === client.id;
  client.deliver0 = (packet, done) => {
    // C6: whichever filter the engine looks at first, the highest quality that any has been granted counts.
    if (packet.qos > 0 && packet.brokerId && grantedQos(client, packet) > 0) {
      return client.deliverQoS(packet, done);
    }
    if (isOwn(packet) || isRepeated(packet)) return done();
    if (connection.hasIdentifiers && packet.brokerId && !packet.isShared) addIdentifiers(client, packet);
    if (outbound.isBehind() && packet.brokerId) {
      counters.deliveryDropped["slow-subscriber"] += 1;
      return done();
    }
    outbound.whenDrained(() => {
      packet.qos = 0;
      const good = unexpired(packet, sessions.time);
      if (good === undefined) counters.deliveryDropped.expired += 1;
      else if (mayForward(connection, good, counters)) connection.deliver(good);
      afterwards(packet, done);
    });
  };
  client.deliverQoS = (packet, done) => {
    if (!packet.isShared) lowerToGranted(client, packet);
    if (packet.qos === 0) return client.deliver0(packet, done);
    if (isOwn(packet) || isRepeated(packet)) return done();
    if (packet.brokerId) {
      if (connection.hasIdentifiers && !packet.isShared) addIdentifiers(client, packet);
      // Nobody else waits for this subscriber: the emitter goes on at once.
      done();
      if (!outbound.replaying || client.clean || !sessions.isLeftToReplay(client, packet)) send(packet);
      return;
    }
    outbound.whenDrained(() => {
      send(packet);
      afterwards(packet, done);
    });
  };
}

/** Retained messages (no broker id) come one after the other, a turn of the event loop for each. */
function afterwards(packet: EnginePacket, done: () => void): void {
  if (packet.brokerId) done();
  else setImmediate(done);
}

function engineIdOf(packet: EnginePacket): number | undefined {
  return packet.brokerId ? packet.brokerCounter : undefined;
}

function makeDuplicateFilter(
  numberOf: (packet: EnginePacket) => number | undefined,
): (packet: EnginePacket) => boolean {
  let recent: Float64Array | undefined;
  return (packet) => {
    const number = numberOf(packet);
    if (number === undefined) return false;
    recent ??= new Float64Array(duplicateWindow);
    const slot = number % duplicateWindow;
    if (recent[slot] === number) return true;
    recent[slot] = number;
    return false;
  };
}

/**
 * Lowers a message to the highest quality that the client has been granted for it.
 * Source: MQTT 3.1.1 § 3.3.5, MQTT 5.0 §§ 3.3.4, 3.8.4.
 */
function lowerToGranted(client: EngineClient, packet: EnginePacket): void {
  // A message of QoS 1 comes by a filter of QoS 1 or 2; a retained one whatever has been granted.
  if (packet.qos < 2 && packet.brokerId) return;
  const granted = grantedQos(client, packet);
  if (granted < packet.qos) packet.qos = granted;
}

/** The highest quality among the filters of a client that match. */
function grantedQos(client: EngineClient, packet: Pick<EnginePacket, "topic" | "clientId">): 0 | 1 | 2 {
  let granted: 0 | 1 | 2 = 0;
  for (const { qos } of matching(client, packet)) if (qos > granted) granted = qos;
  return granted;
}

/** Sends the identifiers of all subscriptions that a message is for, not of the one that the engine met first (B8). */
function addIdentifiers(client: EngineClient, packet: EnginePacket): void {
  const identifiers: number[] = [];
  for (const { si } of matching(client, packet)) if (si !== undefined) identifiers.push(si);
  if (identifiers.length > 0) {
    packet.properties = { ...packet.properties, subscriptionIdentifier: identifiers };
  }
}

function* matching(
  client: EngineClient,
  { topic, clientId }: Pick<EnginePacket, "topic" | "clientId">,
): Generator<EngineSubscription> {
  for (const [filter, subscription] of Object.entries(client.subscriptions)) {
    const isUnwanted = subscription.nl === true && clientId === client.id;
    if (!isUnwanted && filterMatches(filter, topic)) yield subscription;
  }
}

/** A2, B7: what may be forwarded to a client, looked at again for each message by the grants of this moment. */
export function mayForward(
  { client, grants, mountBytes }: Pick<Connection, "client" | "grants" | "mountBytes">,
  packet: Omit<EnginePacket, "messageExpiry">,
  counters: Counters,
): boolean {
  if (client === undefined) return false;
  if (!grants.mayReceive(packet.topic)) {
    counters.deliveryDropped["not-granted"] += 1;
    return false;
  }
  const { maximumPacketSize } = client;
  if (
    maximumPacketSize !== undefined &&
    publishBytes(packet, client.version) - mountBytes > maximumPacketSize
  ) {
    counters.deliveryDropped["packet-too-large"] += 1;
    return false;
  }
  return true;
}
