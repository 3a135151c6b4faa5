/**
 * Guards against what the pinned engine does wrong inside itself (see the table in README.md).
 *
 * A1 messages lost to its duplicate filter · A2 filters refused and yet delivered · A18 pace of retained
 * messages · B1 inherited property names · B7 the subscriber's window and packet size. No listener opens
 * before {@link guardEngine}, and no client speaks before {@link guardClient}.
 */
import type { Connection } from "./connection.ts";
import type { Counters } from "./counters.ts";
import { type Engine, type EngineClient, type EnginePacket, seePackets, wrapParser } from "./engine.ts";
import { filterMatches } from "../core/topic.ts";
import type { Interest } from "./fan-out.ts";
import { publishBytes } from "./publish-size.ts";
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
 * `__proto__` would be found in all of them. Also lets the interest hear of every filter.
 */
export function guardEngine(engine: Engine, interest: Interest): void {
  engine.clients = makeBareObject();
  engine.brokers = makeBareObject();
  const { mq } = engine;
  const on = mq.on.bind(mq);
  const removeListener = mq.removeListener.bind(mq);
  mq.on = (filter, listener, done) => {
    interest.add(filter);
    return on(filter, listener, done);
  };
  mq.removeListener = (filter, listener, done) =>
    removeListener(filter, listener, () => {
      interest.remove(filter);
      done?.();
    });
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
  guardParser(client, connection);
  seePackets(client, keepFiltersInOrder);
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

/**
 * C1: of several filters the engine makes a table by name before it answers. Names that are numbers come
 * first in such a table, and equal ones become one, so that the answers no longer fit the questions. It is
 * not let put its own list in place of the packet's.
 */
function keepFiltersInOrder(packet: { cmd?: string; subscriptions?: unknown }): void {
  if (packet.cmd !== "subscribe") return;
  const { subscriptions } = packet;
  Object.defineProperty(packet, "subscriptions", {
    get: () => subscriptions,
    set() {
      // The list as it was sent is the right one.
    },
  });
}

function guardDelivery(
  client: EngineClient,
  connection: Connection,
  counters: Counters,
  sessions: Sessions,
): void {
  const deliver0 = client.deliver0.bind(client);
  const deliverQoS = client.deliverQoS.bind(client);
  const { outbound } = connection;
  const isRepeated = makeDuplicateFilter(engineIdOf);
  const send = (packet: EnginePacket): void => {
    outbound.send(packet.payload.length, () => {
      // The session knows under which identifier, and whether the message has been sent meanwhile.
      if (client.clean || sessions.take(client, packet)) deliverQoS(packet, () => undefined);
      else outbound.onAcknowledged();
    });
  };
  client.deliver0 = (packet, done) => {
    // C6: whichever filter the engine looks at first, the highest quality that any has been granted counts.
    if (packet.qos > 0 && packet.brokerId && grantedQos(client, packet.topic) > 0) {
      return client.deliverQoS(packet, done);
    }
    if (isRepeated(packet)) return void setImmediate(done);
    if (outbound.isBehind() && packet.brokerId) {
      counters.deliveryDropped["slow-subscriber"] += 1;
      return void setImmediate(done);
    }
    outbound.whenDrained(() => {
      const size = packet.payload.length;
      outbound.promisedBytes += size;
      deliver0(packet, () => {
        outbound.promisedBytes -= size;
        done();
      });
    });
  };
  client.deliverQoS = (packet, done) => {
    if (packet.qos === 0) return client.deliver0(packet, done);
    if (isRepeated(packet)) return void setImmediate(done);
    if (packet.qos === 2 && grantedQos(client, packet.topic) === 1) packet.qos = 1;
    if (packet.brokerId) {
      // Nobody else waits for this subscriber: the emitter goes on at once.
      setImmediate(done);
      if (!outbound.replaying || client.clean || !sessions.isLeftToReplay(client, packet)) send(packet);
      return;
    }
    // Retained messages (no broker id) come one after the other, at the pace of the subscriber.
    outbound.whenDrained(() => {
      send(packet);
      setImmediate(done);
    });
  };
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
 * The highest quality among the filters of a client that match; the engine lowers a message only where the filter
 * is the topic itself. Source: MQTT 3.1.1 § 3.3.5.
 */
function grantedQos(client: EngineClient, topic: string): number {
  let granted = 0;
  for (const [filter, { qos }] of Object.entries(client.subscriptions)) {
    if (qos > granted && filterMatches(filter, topic)) granted = qos;
  }
  return granted;
}

/** A2, B7: what may be forwarded to a client, looked at again for each message by the grants of this moment. */
export function mayForward(
  { client, grants }: Pick<Connection, "client" | "grants">,
  packet: EnginePacket,
  counters: Counters,
): boolean {
  if (client === undefined) return false;
  if (!grants.mayReceive(packet.topic)) {
    counters.deliveryDropped["not-granted"] += 1;
    return false;
  }
  const { maximumPacketSize } = client;
  if (maximumPacketSize !== undefined && publishBytes(packet, client.version) > maximumPacketSize) {
    counters.deliveryDropped["packet-too-large"] += 1;
    return false;
  }
  return true;
}
