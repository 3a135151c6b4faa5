/** What all connections share: the sink, credit, deadlines, and the flush of acknowledgements. */
import type { AuditLog } from "../core/access/audit-log.ts";
import { networkOf } from "../core/access/lockout.ts";
import type { TenantBounds } from "../core/access/tenant-quotas.ts";
import { connectionsMax, heldBytesMax, inFlightBytesMax } from "../core/limits.ts";
import type { MemoryPressure } from "../core/memory-pressure.ts";
import type { Clock, Logger, Publication, PublicationSink, Receipt } from "../core/ports.ts";
import { isReservedTopic } from "../core/tenant.ts";
import type { SharedCredit } from "./credit.ts";
import { describe } from "./admissions.ts";
import { type ConnectBounds, ConnectRate } from "./connect-rate.ts";
import { ConnectLine } from "./connect-line.ts";
import { Connection } from "./connection.ts";
import type { ConnectionRefusal, Counters } from "./counters.ts";
import type { EngineClient, EnginePacket } from "./engine.ts";
import type { FanOut, Interest } from "./fan-out.ts";
import { Mount } from "./mount.ts";
import type { Origin } from "./origin.ts";
import { Handshakes } from "./handshakes.ts";
import { Reason } from "./packets.ts";
import { TopicNames } from "./topic-names.ts";

/** Deadlines in milliseconds; tests shorten them. */
export interface GateTimings {
  /** From the connection to CONNACK. */
  readonly authenticationMs: number;
  /** How long bytes may wait for a subscriber to read them. */
  readonly drainMs: number;
  /** From the first byte of a packet to its last. */
  readonly packetMs: number;
  /** How often deadlines are looked at. */
  readonly sweepMs: number;
  /** How long clients may take to come back after a start before their wills are published. */
  readonly willGraceMs: number;
}

/** The one publication object that the lane fills again and again. */
interface CurrentPublication extends Publication {
  clientId: string;
  topic: string;
  bytes: Uint8Array;
  start: number;
  end: number;
  readonly missingBytes: 0;
  qos: 0 | 1 | 2;
  retain: boolean;
  resent: boolean;
  readonly fromMemory: false;
  packetId: number;
  receipt: Receipt | undefined;
}

export interface GateOptions {
  readonly sink: PublicationSink;
  readonly clock: Clock;
  readonly ownTopicPrefix: string;
  readonly timings: GateTimings;
  readonly connectBounds: ConnectBounds;
  readonly counters: Counters;
  readonly interest: Interest;
  readonly fanOut: FanOut;
  readonly openClient: (connection: Connection) => EngineClient;
  /** A client is accepted. @returns Whether its session was there before. */
  readonly onOpened: (client: EngineClient) => boolean;
  /** A client with a session has acknowledged a QoS 1 message. */
  readonly onAcknowledged: (client: EngineClient, packetId: number) => void;
  /** A QoS 2 message of the session has the identifier: one that came, or one that is to be sent. */
  readonly hasIncoming: (client: EngineClient | undefined, packetId: number) => boolean;
  readonly hasOutgoing: (client: EngineClient | undefined, packetId: number) => boolean;
  readonly logger: Logger;
  readonly audit: AuditLog;
  /** See `Admissions.refusesLocked`. */
  readonly refusesLocked: (connection: Connection, clientId: string, username: string) => boolean;
  readonly tenants: TenantBounds;
  /** Ends subscriptions that a client may not keep. */
  readonly dropFilters: (connection: Connection, filters: readonly string[]) => void;
}

export class Gate implements SharedCredit {
  readonly sink: PublicationSink;
  readonly counters: Counters;
  readonly interest: Interest;
  readonly fanOut: FanOut;
  readonly topics: TopicNames;
  readonly ownTopicPrefix: string;
  readonly openClient: (connection: Connection) => EngineClient;
  readonly onOpened: (client: EngineClient) => boolean;
  readonly onAcknowledged: GateOptions["onAcknowledged"];
  readonly hasIncoming: GateOptions["hasIncoming"];
  readonly hasOutgoing: GateOptions["hasOutgoing"];
  readonly dropFilters: GateOptions["dropFilters"];
  readonly refusesLocked: GateOptions["refusesLocked"];
  readonly audit: AuditLog;
  readonly connections: Set<Connection> = new Set();
  readonly publication: CurrentPublication = {
    clientId: "",
    topic: "",
    bytes: new Uint8Array(0),
    start: 0,
    end: 0,
    missingBytes: 0,
    qos: 0,
    retain: false,
    resent: false,
    fromMemory: false,
    packetId: 0,
    receipt: undefined,
  };
  /** Bytes of messages of all clients that are not acknowledged. */
  inFlightBytes = 0;

  /** Bytes of packets that are incomplete or wait, as of the last look. */
  heldBytes = 0;
  /** Memory is short: nobody new is let in. */
  isTight = false;
  /** Memory is so short that nobody is read who publishes. */
  isCritical = false;

  readonly #clock: Clock;
  readonly #rate: ConnectRate;
  readonly #logger: Logger;
  readonly #timings: GateTimings;
  readonly #sweeper: NodeJS.Timeout;
  #dirty: Connection[] = [];
  #flushing: Connection[] = [];
  readonly #awaitingCredit = new Set<Connection>();
  readonly #handshakes = new Handshakes();
  readonly #line = new ConnectLine();
  readonly #tenants: TenantBounds;
  #sweptAtMs: number;
  readonly #mounts = new Map<string, Mount>();
  readonly #flush = (): void => this.#flushDirty();
  /** Connections with deliveries that have not left. */
  #delivering: Connection[] = [];
  readonly #sendDeliveries = (): void => {
    const delivering = this.#delivering;
    this.#delivering = [];
    for (const connection of delivering) connection.sendDeliveries();
  };

  constructor(options: GateOptions) {
    this.sink = options.sink;
    this.counters = options.counters;
    this.interest = options.interest;
    this.fanOut = options.fanOut;
    this.ownTopicPrefix = options.ownTopicPrefix;
    this.openClient = options.openClient;
    this.onOpened = options.onOpened;
    this.onAcknowledged = options.onAcknowledged;
    this.hasIncoming = options.hasIncoming;
    this.hasOutgoing = options.hasOutgoing;
    this.dropFilters = options.dropFilters;
    this.refusesLocked = options.refusesLocked;
    this.audit = options.audit;
    this.topics = new TopicNames(options.ownTopicPrefix);
    this.#tenants = options.tenants;
    this.#sweptAtMs = options.clock.monotonicMs();
    this.#clock = options.clock;
    this.#rate = new ConnectRate(options.connectBounds, options.clock.monotonicMs());
    this.#logger = options.logger;
    this.#timings = options.timings;
    this.#sweeper = setInterval(() => this.#sweep(), options.timings.sweepMs).unref();
  }

  /** Makes a connection for an accepted socket; nothing where it may not begin, which is counted. */
  admit(origin: Origin): Connection | undefined {
    const nowMs = this.#clock.monotonicMs();
    const refusal = this.#refusalOf(origin, nowMs);
    if (refusal !== undefined) {
      this.counters.refused[refusal] += 1;
      return undefined;
    }
    this.counters.connections += 1;
    const connection = new Connection(this, origin, nowMs);
    this.connections.add(connection);
    return connection;
  }

  #refusalOf({ address }: Origin, nowMs: number): ConnectionRefusal | undefined {
    if (this.isTight) return "memory";
    const tooFast = this.#rate.take(networkOf(address), nowMs);
    if (tooFast !== undefined) return tooFast;
    return this.connections.size >= connectionsMax && !this.#cutStranger() ? "connections-max" : undefined;
  }

  /** Cuts the oldest connection that is not authenticated: silent sockets must not keep clients out. */
  #cutStranger(): boolean {
    for (const connection of this.connections) {
      if (connection.isOpen || connection.isClosed) continue;
      connection.cut("connections-max");
      this.forget(connection);
      return true;
    }
    return false;
  }

  /** Has a handshake begin as soon as there is room for it. */
  beginHandshake(connection: Connection, begin: () => void): void {
    this.#handshakes.begin({ connection, begin }, this.#clock.monotonicMs());
  }

  /** A CONNECT waits for its turn. */
  enterLine(connection: Connection, work: () => void): void {
    this.#line.enter(networkOf(connection.origin.address), work);
  }

  /** The connection is authenticated. */
  onAuthenticated(connection: Connection): void {
    this.#handshakes.leave(connection, this.#clock.monotonicMs());
  }

  /** The topic space of a tenant, the same for all its connections. */
  mountFor(tenant: string): Mount {
    let mount = this.#mounts.get(tenant);
    if (mount === undefined) {
      mount = new Mount(tenant, this.ownTopicPrefix, this.#tenants);
      this.#mounts.set(tenant, mount);
    }
    return mount;
  }

  forget(connection: Connection): void {
    this.connections.delete(connection);
    this.#handshakes.leave(connection, this.#clock.monotonicMs());
    this.#awaitingCredit.delete(connection);
  }

  /** The topic belongs to the gateway or the broker: clients may not publish to it. */
  isReserved(topic: string): boolean {
    return isReservedTopic(topic, this.ownTopicPrefix);
  }

  /** Counts and tells of a message that was not let through. */
  onPublishDenied(owner: object, topic: string): void {
    this.counters.publishDenied += 1;
    if (owner instanceof Connection) this.audit.write("publish-denied", { ...describe(owner), topic });
  }

  /** A bug or a failure of the system, which ends nothing but the one login. */
  onFailure(message: string, error: string): void {
    this.#logger.error({ event: "broker-failed", error }, message);
  }

  /** Hands over a message that came through the engine. */
  accept(packet: EnginePacket, clientId: string, receipt: Receipt | undefined): void {
    const { publication } = this;
    const bytes = typeof packet.payload === "string" ? Buffer.from(packet.payload) : packet.payload;
    publication.clientId = clientId;
    publication.topic = packet.topic;
    publication.bytes = bytes;
    publication.start = 0;
    publication.end = bytes.length;
    publication.qos = packet.qos;
    publication.retain = packet.retain;
    publication.resent = packet.dup === true;
    publication.packetId = packet.messageId ?? 0;
    publication.receipt = receipt;
    this.sink.accept(publication);
  }

  /** Has a connection write its acknowledgements when the commit that is being reported has been reported. */
  flushSoon(connection: Connection): void {
    if (this.#dirty.length === 0) queueMicrotask(this.#flush);
    this.#dirty.push(connection);
  }

  /** Has a connection send its deliveries when everything that is delivered now has been added to them. */
  deliverSoon(connection: Connection): void {
    if (this.#delivering.length === 0) queueMicrotask(this.#sendDeliveries);
    this.#delivering.push(connection);
  }

  awaitSharedCredit(connection: Connection): void {
    this.#awaitingCredit.add(connection);
  }

  /** Credit has been given back: those who wait for it try again. */
  wakeWaiting(): void {
    if (this.#awaitingCredit.size === 0 || this.inFlightBytes >= inFlightBytesMax / 2) return;
    // Whoever still finds too little enters the set again.
    const waiting = [...this.#awaitingCredit];
    this.#awaitingCredit.clear();
    for (const connection of waiting) queueMicrotask(() => connection.resumeSharedCredit());
  }

  /** Memory is short, or no longer. */
  onMemoryPressure(pressure: MemoryPressure): void {
    this.isTight = pressure !== "none";
    this.isCritical = pressure === "critical";
    this.fanOut.isTight = this.isTight;
    if (this.isCritical) return;
    for (const connection of this.connections) connection.resumeMemory();
  }

  /** Disconnects everybody; MQTT 5 clients are told that the server shuts down. */
  closeAll(): void {
    clearInterval(this.#sweeper);
    for (const connection of this.connections) connection.close("shutdown", Reason.shuttingDown);
  }

  /** Ends every connection whose session outlives it: what is in memory of sessions is not what is stored. */
  closeSessions(): void {
    for (const connection of this.connections) {
      if (connection.client?.clean === false) connection.close("storage", Reason.busy);
    }
  }

  cutAll(): void {
    for (const connection of this.connections) connection.cut("shutdown");
  }

  #flushDirty(): void {
    const flushing = this.#dirty;
    this.#dirty = this.#flushing;
    this.#flushing = flushing;
    for (const connection of flushing) connection.flush();
    flushing.length = 0;
  }

  #sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const mount of this.#mounts.values()) mount.refill(nowMs - this.#sweptAtMs);
    this.#sweptAtMs = nowMs;
    let heldBytes = 0;
    for (const connection of this.connections) {
      connection.sweep(nowMs, this.#timings);
      heldBytes += connection.heldBytes;
    }
    this.#handshakes.advance(nowMs);
    this.heldBytes = heldBytes;
    if (heldBytes > heldBytesMax) this.#cutHolders();
  }

  /** Cuts those who are in the midst of a packet, the largest first, until what is held fits. */
  #cutHolders(): void {
    const holders = [...this.connections]
      .filter(({ isIncomplete }) => isIncomplete)
      .toSorted((one, other) => other.heldBytes - one.heldBytes);
    for (const holder of holders) {
      if (this.heldBytes <= heldBytesMax) return;
      this.heldBytes -= holder.heldBytes;
      holder.cut("held-bytes");
    }
  }
}
