/**
 * What the engine asks while it works: may this client connect, publish, subscribe, be sent this?
 *
 * A6, B4 (facts of the engine's publish path): a message is handed to the sink inside the access check,
 * because the acknowledgement follows it; and when storage fails the check never answers, because an error
 * would be sent to MQTT 5 clients as an acknowledgement.
 */
import type { AedesOptions } from "aedes";
import { clientFiltersMax } from "../core/limits.ts";
import { Connection } from "./connection.ts";
import type { Counters } from "./counters.ts";
import type { EnginePacket } from "./engine.ts";
import type { Gate } from "./gate.ts";
import { mayForward } from "./guards.ts";
import { Link } from "./link.ts";

/** The connection behind what the engine calls a client; none behind a mere name. */
export function connectionOf(client: object | null): Connection | undefined {
  const link: unknown = client === null ? undefined : Reflect.get(client, "conn");
  const owner = link instanceof Link ? link.owner : undefined;
  return owner instanceof Connection ? owner : undefined;
}

/** Tells whether a client may hold a filter. `$SYS` shows who is connected, and shared ones do not exist here. */
export function mayHoldFilter(filter: string): boolean {
  return !filter.startsWith("$");
}

/** @param gate - Asked for late: the engine is made before it. */
export function makeHooks(gate: () => Gate, counters: Counters): Partial<AedesOptions> {
  return {
    preConnect: (client, packet, callback) => {
      const outbound = connectionOf(client)?.outbound;
      if (packet.protocolVersion === 5) {
        const receiveMaximum = packet.properties?.receiveMaximum;
        if (receiveMaximum) outbound?.limitTo(receiveMaximum);
        // B5: a session resumed without an expiry would lose its queue before it is delivered.
        if (packet.clean === false && !packet.properties?.sessionExpiryInterval) {
          packet.properties = { ...packet.properties, sessionExpiryInterval: 1 };
        }
      }
      // While stored messages are replayed, new ones wait behind them.
      if (outbound !== undefined && packet.clean === false) outbound.replaying = true;
      callback(null, true);
    },
    authenticate: (_client, _username, _password, callback) => callback(null, true),
    authorizePublish: (client, packet, callback) => {
      const publish = packet as EnginePacket;
      if (publish.cmd === undefined) return acceptWill(gate(), client?.id ?? "", publish, callback);
      const connection = connectionOf(client);
      if (connection === undefined) return callback(new Error("no connection"));
      connection.passage.onAccessCheck(publish, callback);
    },
    authorizeSubscribe: (client, subscription, callback) => {
      const connection = connectionOf(client);
      const { topic } = subscription;
      const isFull = connection !== undefined && connection.filters.size >= clientFiltersMax;
      if (!mayHoldFilter(topic) || connection === undefined || (isFull && !connection.filters.has(topic))) {
        counters.subscribeDenied += 1;
        return callback(null, null);
      }
      connection.filters.add(topic);
      callback(null, subscription);
    },
    authorizeForward: (client, packet) => {
      const connection = connectionOf(client);
      return connection?.client !== undefined && mayForward(connection.client, packet, counters)
        ? packet
        : null;
    },
  };
}

/**
 * Takes a will as an ordinary message that nobody waits for.
 *
 * B6: the delay is not a property of a PUBLISH; strict clients end the connection over it.
 */
function acceptWill(
  gate: Gate,
  clientId: string,
  will: EnginePacket,
  callback: (error?: Error | null) => void,
): void {
  if (gate.isReserved(will.topic)) {
    gate.counters.publishDenied += 1;
    return callback(new Error("topic is reserved"));
  }
  if (will.properties !== undefined) {
    const { willDelayInterval: _delay, ...properties } = will.properties;
    will.properties = properties;
  }
  gate.counters.received.will += 1;
  gate.accept({ ...will, messageId: 0, dup: false }, clientId, undefined);
  gate.fanOut.publish({ ...will, cmd: "publish", clientId });
  callback(null);
}
