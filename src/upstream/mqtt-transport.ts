/**
 * MQTT as a transport: QoS 1, MQTT 5 where the server speaks it and 3.1.1 where not.
 *
 * mqtt.js does the protocol and nothing else. Its reconnecting, its queue and its store are off: it
 * replays one message per round trip and loses what is published meanwhile, while the streams and their
 * cursors already are a queue that survives. So each connection is a new client with an empty store, and
 * what was in flight when it ends is void.
 */
import type { IConnackPacket, IDisconnectPacket, MqttClient } from "mqtt";
import { AppError } from "../core/errors.ts";
import { type StreamName, streamNames } from "../core/streams.ts";
import type { FarEndLimits } from "../core/sync/window.ts";
import { type MqttAddress, parseMqttUrl, type TlsMaterial } from "../core/mqtt-address.ts";
import { lost, type MqttFailure, mqttFailure, reasonCodeOf, refusesVersion } from "./mqtt-failure.ts";
import type { TransportConnection, TransportEvents, UpstreamTransport } from "./transport.ts";
import { streamTopic } from "./wire.ts";

/** Where to connect and as whom. */
export interface MqttTransportOptions {
  /** `mqtt://` or `mqtts://`; may carry user name and password, which the two fields below override. */
  readonly url: string;
  readonly gateway: string;
  /** Unique on that server: two clients of one id throw each other out. */
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  /** For `mqtts://` only. */
  readonly tls?: TlsMaterial;
  /** A ping after so long without a packet from the server, and the end half of it later. Default 60 s. */
  readonly keepaliveSeconds?: number;
}

type ProtocolVersion = 4 | 5;
type MqttModule = typeof import("mqtt");

/** What the server has taught us; it outlives connections. */
interface Learned {
  version: ProtocolVersion;
  /** `version` has worked once. */
  sure: boolean;
}

/** What a connection needs to know, resolved. */
interface Target extends MqttTransportOptions {
  readonly address: MqttAddress;
}

/** How long a socket may take to close in good order. */
const closeMs = 500;
/** Fixed header, topic length, packet id and properties: what a PUBLISH adds to topic and payload. */
const publishOverheadBytes = 16;

/**
 * Prepares a transport; nothing is loaded or connected before the first `connect`.
 *
 * @throws AppError `UPSTREAM_URL_INVALID`, see {@link parseMqttUrl}.
 */
export function openMqttTransport(options: MqttTransportOptions): UpstreamTransport {
  const target: Target = { ...options, address: parseMqttUrl(options.url, "upstream") };
  const learned: Learned = { version: 5, sure: false };
  return {
    url: target.address.url,
    connect: (events) => {
      const connection = new MqttConnection(target, learned, events);
      connection.open();
      return connection;
    },
  };
}

class MqttConnection implements TransportConnection {
  readonly #target: Target;
  readonly #learned: Learned;
  readonly #events: TransportEvents;
  #client: MqttClient | undefined;
  #connected = false;
  #ended = false;

  constructor(target: Target, learned: Learned, events: TransportEvents) {
    this.#target = target;
    this.#learned = learned;
    this.#events = events;
  }

  open(): void {
    // The client is 17 MB and a tenth of a second to load: only a gateway with an upstream pays for it.
    import("mqtt").then(
      (mqtt) => this.#start(mqtt),
      (cause: unknown) => this.#lose(lost("the MQTT client cannot be loaded", cause)),
    );
  }

  send(batch: { readonly id: number; readonly stream: StreamName; readonly payload: Uint8Array }): void {
    const client = this.#client;
    if (this.#ended || client === undefined || !this.#connected) return;
    const { buffer, byteOffset, byteLength } = batch.payload;
    const payload = Buffer.from(buffer, byteOffset, byteLength);
    const topic = streamTopic(this.#target.gateway, batch.stream);
    client.publish(topic, payload, { qos: 1, retain: false }, (error) => {
      if (this.#ended || this.#client !== client) return;
      if (error === undefined || error === null) {
        this.#events.acknowledged(batch.id);
        return;
      }
      // Without a reason code it is the end of the connection, which tells of itself.
      if (reasonCodeOf(error) !== undefined) this.#lose(mqttFailure(error));
    });
  }

  close(): Promise<void> {
    this.#ended = true;
    return this.#release();
  }

  #start(mqtt: MqttModule): void {
    if (this.#ended) return;
    const version = this.#learned.version;
    let client: MqttClient;
    try {
      client = mqtt.connect(clientOptions(this.#target, version, mqtt));
    } catch (cause) {
      // Certificates and keys are parsed here.
      this.#lose({
        error: new AppError("UPSTREAM_SETUP", "operator", "the connection cannot be set up", {
          cause,
          hint: "check the certificate, key and authority of this upstream",
        }),
        crowded: false,
      });
      return;
    }
    this.#client = client;
    let reached = false;
    let goodbye: MqttFailure | undefined;
    client.stream.once(client.options.protocol === "mqtts" ? "secureConnect" : "connect", () => {
      reached = true;
    });
    client.on("connect", (packet) => {
      if (this.#client === client) this.#accept(packet);
    });
    client.on("disconnect", (packet: IDisconnectPacket) => {
      const reason = {
        code: packet.reasonCode ?? 0,
        message: `the server disconnected (${packet.reasonCode ?? 0})`,
      };
      goodbye = mqttFailure(Object.assign(new Error(reason.message), reason));
      if (this.#client === client) this.#lose(goodbye);
    });
    client.on("error", (cause) => {
      if (this.#client !== client) return;
      if (!this.#connected && version === 5 && refusesVersion(cause)) {
        void this.#release();
        this.#learned.version = 4;
        this.#start(mqtt);
        return;
      }
      this.#lose(mqttFailure(cause));
    });
    client.on("close", () => {
      if (this.#client !== client) return;
      // Some servers answer a version they do not know by hanging up, so the next attempt tries the other.
      if (reached && !this.#connected && !this.#learned.sure) this.#learned.version = version === 5 ? 4 : 5;
      this.#lose(goodbye ?? lost("the connection was closed"));
    });
  }

  #accept(packet: IConnackPacket): void {
    if (this.#ended || this.#connected) return;
    if (packet.properties?.maximumQoS === 0) {
      this.#lose({
        error: new AppError(
          "UPSTREAM_NO_QOS1",
          "operator",
          "the server takes no QoS 1, so nothing is acknowledged",
          {
            hint: "use a server that takes QoS 1",
          },
        ),
        crowded: false,
      });
      return;
    }
    this.#connected = true;
    this.#learned.sure = true;
    this.#events.connected(limitsOf(packet, this.#target.gateway));
  }

  #lose(failure: MqttFailure): void {
    if (this.#ended) return;
    this.#ended = true;
    void this.#release();
    this.#events.lost(failure.error, { crowded: failure.crowded });
  }

  /** Lets go of the client; its late events find that it is no longer ours. */
  #release(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client === undefined) return Promise.resolve();
    const idle = client.connected && Object.keys(client.outgoing).length === 0;
    return new Promise((resolve) => {
      if (client.stream.destroyed) {
        client.end(true);
        resolve();
        return;
      }
      const timer = setTimeout(() => client.stream.destroy(), closeMs);
      client.stream.once("close", () => {
        clearTimeout(timer);
        resolve();
      });
      // With DISCONNECT when nothing is under way; else at once, since `end` would wait for acknowledgements.
      client.end(!idle);
    });
  }
}

function clientOptions(
  { address, clientId, username, password, tls, keepaliveSeconds }: Target,
  protocolVersion: ProtocolVersion,
  mqtt: MqttModule,
): Parameters<MqttModule["connect"]>[1] & object {
  const name = username ?? address.username;
  const secret = password ?? address.password;
  return {
    protocol: address.protocol,
    host: address.host,
    port: address.port,
    clientId,
    protocolVersion,
    clean: true,
    keepalive: keepaliveSeconds ?? 60,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    messageIdProvider: new mqtt.UniqueMessageIdProvider(),
    ...(name === undefined ? {} : { username: name }),
    ...(secret === undefined ? {} : { password: secret }),
    ...(address.protocol === "mqtts" ? tlsOptions(tls) : {}),
  };
}

function tlsOptions(tls: TlsMaterial = {}): Record<string, string | Buffer> {
  const options: Record<string, string | Buffer> = {};
  for (const part of ["ca", "cert", "key"] as const) {
    const pem = tls[part];
    if (pem !== undefined) options[part] = typeof pem === "string" ? pem : Buffer.from(pem);
  }
  return options;
}

function limitsOf(packet: IConnackPacket, gateway: string): FarEndLimits {
  const receiveMax = packet.properties?.receiveMaximum;
  const packetBytesMax = packet.properties?.maximumPacketSize;
  const topicBytes = Math.max(
    ...streamNames.map((stream) => Buffer.byteLength(streamTopic(gateway, stream))),
  );
  return {
    ...(receiveMax === undefined ? {} : { receiveMax }),
    ...(packetBytesMax === undefined
      ? {}
      : { batchBytesMax: Math.max(1, packetBytesMax - publishOverheadBytes - topicBytes) }),
  };
}
