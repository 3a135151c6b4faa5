/**
 * The protocol engine (aedes 2.0.0-beta.1) as this folder uses it, internals included.
 *
 * The version is pinned exactly; whoever moves the pin reviews every name in this file.
 */
import { Aedes, type AedesOptions } from "aedes";
import { EventEmitter } from "node:events";
import mqttPacket from "mqtt-packet";
import type { Expiry } from "./expiry.ts";
import type { Link } from "./link.ts";
import type { SharedDelivery } from "./shared-groups.ts";
import { keepUserProperties, type PropertyParser } from "./user-properties.ts";

/** A PUBLISH inside the engine, or a will (which has no `cmd`). */
export interface EnginePacket {
  cmd?: string;
  topic: string;
  payload: Buffer | string;
  qos: 0 | 1 | 2;
  retain: boolean;
  dup?: boolean;
  /** Packet identifier. */
  messageId?: number | undefined;
  /** Remaining length of the packet as it was received. */
  length?: number;
  properties?: Record<string, unknown>;
  brokerId?: string | null;
  brokerCounter?: number;
  /** Not what the engine takes it for: it only carries it along. */
  messageExpiry?: Expiry;
  /** A copy for one member of a group, by the options of its shared subscription. */
  isShared?: boolean;
  /** Copies for members of groups, of a message that has been admitted. */
  shared?: readonly SharedDelivery[];
  /** The subscription that it is delivered for does not want what its own client publishes. */
  nl?: boolean;
  /** Client that published it. */
  clientId?: string;
}

/** What is looked at of a packet before the engine has it. */
export interface SeenPacket {
  readonly cmd?: string;
  readonly subscriptions?: { topic: string }[];
  unsubscriptions?: string[];
}

export type Deliver = (packet: EnginePacket, done: () => void) => void;

/** A subscription inside the engine. */
export interface EngineSubscription {
  readonly qos: 0 | 1 | 2;
  /** Its identifier. */
  readonly si?: number | undefined;
  /** Retain as published. */
  readonly rap?: boolean | undefined;
  /** No local. */
  readonly nl?: boolean | undefined;
}

/** A client inside the engine. */
export interface EngineClient {
  readonly id: string;
  readonly version: number;
  /** The session ends with the connection. */
  readonly clean: boolean;
  readonly closed: boolean;
  /** In seconds; 0xFFFFFFFF is for ever. DISCONNECT may change it. */
  readonly sessionExpiryInterval: number;
  readonly conn: Link;
  /** What the client announced in CONNECT; 65,535 where it did not. */
  readonly receiveMaximum: number;
  readonly maximumPacketSize: number | undefined;
  subscriptions: Record<string, EngineSubscription>;
  duplicates: Record<string, number>;
  deliver0: Deliver;
  deliverQoS: Deliver;
  will: EnginePacket | null;
  /** The will of a client that is not let in yet. */
  readonly _will: EnginePacket | null | undefined;
  readonly _keepaliveTimer: NodeJS.Timeout | null;
  readonly _parser: EventEmitter & PropertyParser & { parse(bytes: Buffer): number };
  close(done?: () => void): void;
  /** Called when the link has not taken a packet. */
  waitForDrain: (done: () => void) => void;
  /** Without `done` it throws when it is through, out of a timer. */
  unsubscribe(filters: readonly string[], done: () => void): void;
}

/** The engine's own emitter. */
export interface EngineEmitter {
  emit(packet: EnginePacket, done: () => void): unknown;
  on(filter: string, listener: unknown, done?: () => void): unknown;
  removeListener(filter: string, listener: unknown, done?: () => void): unknown;
}

export type Engine = Omit<Aedes, "publish" | "handle" | "authorizePublish"> & {
  clients: Record<string, EngineClient>;
  brokers: Record<string, unknown>;
  mq: EngineEmitter;
  handle(link: Link): EngineClient;
  /** The access check, which also publishes what may be published, for a will that nobody is connected to. */
  authorizePublish(client: null, will: EnginePacket, done: () => void): void;
  /** Number of the newest message; with `id` it names a message. */
  counter: number;
  publish: (packet: EnginePacket, client: object | (() => void) | null, done?: () => void) => void;
};

/** Makes an engine that does not serve yet. */
export function makeEngine(options: AedesOptions): Engine {
  // The packet writer prepares a buffer for each of 65,536 numbers with the first packet: 12 MB.
  mqttPacket.writeToStream.cacheNumbers = false;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its published types leave its internals out
  return new Aedes(options) as unknown as Engine;
}

/** Hears the engine's own failures; without a listener they would end the process. */
export function onEngineError(engine: Engine, listener: (error: unknown) => void): void {
  EventEmitter.prototype.on.call(engine, "error", listener);
}

// The engine marks with an underscore what is its own; this file is where it is touched all the same.
/* oxlint-disable no-underscore-dangle */

/** Starts the engine's keep-alive time anew, as a packet from the client would. */
export function keepAlive(client: EngineClient): void {
  client._keepaliveTimer?.refresh();
}

/**
 * Puts what a client is called by, and where its will goes, into the topic space of its tenant. To be called while it
 * is being authenticated: nothing is filed under its name before.
 */
export function mountClient(client: EngineClient, mount: string): void {
  Object.assign(client, { id: mount + client.id });
  const will = client._will;
  if (will !== undefined && will !== null) will.topic = mount + will.topic;
}

/** Has a function see every packet before the engine does. */
export function seePackets(client: EngineClient, see: (packet: SeenPacket) => void): void {
  client._parser.prependListener("packet", see);
}

/** Puts a function around the engine's parser, and has it keep what it loses of packets. */
export function wrapParser(
  client: EngineClient,
  wrap: (parse: (bytes: Buffer) => number) => (bytes: Buffer) => number,
): void {
  const parser = client._parser;
  keepUserProperties(parser);
  parser.parse = wrap(parser.parse.bind(parser));
}
