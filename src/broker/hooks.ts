/**
 * What the engine asks while it works: may this client connect, publish, subscribe, be sent this?
 *
 * A6, B4 (facts of the engine's publish path): a message is handed to the sink inside the access check,
 * because the acknowledgement follows it; and when storage fails the check never answers, because an error
 * would be sent to MQTT 5 clients as an acknowledgement.
 */
import type { AedesOptions } from "aedes";
import type { LoginRefusal } from "../core/access/principal.ts";
import { messageOf } from "../core/errors.ts";
import { mountOf } from "../core/tenant.ts";
import { type Admissions, type Credentials, describe } from "./admissions.ts";
import { Connection } from "./connection.ts";
import type { Counters } from "./counters.ts";
import { type EnginePacket, mountClient } from "./engine.ts";
import type { Gate } from "./gate.ts";
import { mayForward } from "./guards.ts";
import { Link } from "./link.ts";
import { OutboundAliases } from "./outbound-aliases.ts";
import { matchedFilter, writtenFilter } from "./shared-filters.ts";

/** The connection behind what the engine calls a client; none behind a mere name. */
export function connectionOf(client: object | null): Connection | undefined {
  const link: unknown = client === null ? undefined : Reflect.get(client, "conn");
  const owner = link instanceof Link ? link.owner : undefined;
  return owner instanceof Connection ? owner : undefined;
}

/** What the hooks work with; asked for late, because the engine is made before it. */
export interface HookParts {
  readonly gate: () => Gate;
  readonly admissions: () => Admissions;
  /** Takes filters that are refused out of the stored session, where an earlier connection left them. */
  readonly forgetFilter: (client: { readonly id: string }, filter: string) => void;
}

/** An error by which the engine refuses a CONNECT. Source: MQTT 3.1.1 § 3.2.2.3; the engine makes MQTT 5 of it. */
class ConnectRefusal extends Error {
  readonly returnCode: 3 | 4 | 5;

  constructor(cause: LoginRefusal) {
    super(cause);
    // Whoever guesses is not told whether the user, the password or the patience was wrong.
    const isAboutCredentials = cause === "credentials" || cause === "locked" || cause === "removed";
    if (cause === "busy") this.returnCode = 3;
    else this.returnCode = isAboutCredentials ? 4 : 5;
  }
}

export function makeHooks(
  { gate, admissions, forgetFilter }: HookParts,
  counters: Counters,
): Partial<AedesOptions> {
  const logIn = async (
    connection: Connection,
    credentials: Credentials,
    callback: (error: ConnectRefusal | null, isIn: boolean | null) => void,
  ): Promise<void> => {
    let refusal: LoginRefusal | undefined = "busy";
    try {
      refusal = await admissions().admit(connection, credentials);
    } catch (error) {
      gate().onFailure("A login failed.", messageOf(error));
    }
    if (refusal === undefined) {
      const tenant = connection.admission?.principal.tenant;
      if (tenant !== undefined && connection.client !== undefined) {
        mountClient(connection.client, mountOf(tenant));
      }
      callback(null, true);
    } else callback(new ConnectRefusal(refusal), false);
  };
  return {
    preConnect: (client, packet, callback) => {
      const connection = connectionOf(client);
      const outbound = connection?.outbound;
      if (packet.protocolVersion === 5) {
        const receiveMaximum = packet.properties?.receiveMaximum;
        if (receiveMaximum) outbound?.limitTo(receiveMaximum);
        const aliasMax = packet.properties?.topicAliasMaximum;
        if (aliasMax && connection !== undefined) connection.aliases = new OutboundAliases(aliasMax);
        // B5: a session resumed without an expiry would lose its queue before it is delivered.
        if (packet.clean === false && !packet.properties?.sessionExpiryInterval) {
          packet.properties = { ...packet.properties, sessionExpiryInterval: 1 };
          if (connection !== undefined) connection.isEphemeral = true;
        }
      }
      // While stored messages are replayed, new ones wait behind them.
      if (outbound !== undefined && packet.clean === false) outbound.replaying = true;
      callback(null, true);
    },
    authenticate: (client, username, password, callback) => {
      const connection = connectionOf(client);
      if (connection === undefined) return callback(new ConnectRefusal("no-credentials"), false);
      const credentials = {
        clientId: client.id,
        username: username ?? undefined,
        password: password ?? undefined,
      };
      void logIn(connection, credentials, callback);
    },
    authorizePublish: (client, packet, callback) => {
      const publish = packet as EnginePacket;
      const connection = connectionOf(client);
      if (publish.cmd === undefined) {
        const clientId = client?.id ?? publish.clientId ?? "";
        const grants = connection?.grants ?? admissions().grantsOfAbsent(clientId);
        if (gate().isReserved(publish.topic) || grants?.mayPublish(publish.topic) !== true) {
          gate().onPublishDenied(connection ?? {}, publish.topic);
          return callback(new Error("topic is not granted"));
        }
        return acceptWill(gate(), clientId, publish, callback);
      }
      if (connection === undefined) return callback(new Error("no connection"));
      connection.passage.onAccessCheck(publish, callback);
    },
    authorizeSubscribe: (client, subscription, callback) => {
      const connection = connectionOf(client);
      const { topic } = subscription;
      const isFull = connection !== undefined && connection.filters.size >= connection.filtersMax;
      const isGranted = connection?.grants.maySubscribe(matchedFilter(topic)) === true;
      if (connection === undefined || !isGranted || (isFull && !connection.filters.has(topic))) {
        counters.subscribeDenied += 1;
        if (connection !== undefined) {
          gate().audit.write("subscribe-denied", {
            ...describe(connection),
            filter: writtenFilter(topic),
          });
          forgetFilter(client, topic);
        }
        return callback(null, null);
      }
      connection.filters.add(topic);
      if ("subscriptionIdentifier" in subscription) connection.hasIdentifiers = true;
      callback(null, subscription);
    },
    authorizeForward: (client, packet) => {
      const connection = connectionOf(client);
      return connection !== undefined && mayForward(connection, packet, counters) ? packet : null;
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
  if (will.properties !== undefined) {
    const { willDelayInterval: _delay, ...properties } = will.properties;
    will.properties = properties;
  }
  gate.counters.received.will += 1;
  const admitted = gate.fanOut.admit({ ...will, cmd: "publish", clientId });
  gate.accept({ ...will, messageId: 0, dup: false }, clientId, undefined);
  gate.fanOut.publish(admitted);
  callback(null);
}
