/**
 * The MQTT broker: listeners, the gate with its lane, and the protocol engine behind it.
 *
 * What it promises: a QoS 1 or 2 message is acknowledged after the sink has reported it committed and
 * never otherwise; the sink sees one client's messages in the order of arrival; acknowledgements leave in
 * that order; what a client sends, or does not read, costs bounded memory and delays nobody else.
 */
import { AuditLog } from "../core/access/audit-log.ts";
import { noTenantBounds, type TenantBounds } from "../core/access/tenant-quotas.ts";
import type { Gatekeeper } from "../core/access/principal.ts";
import {
  authenticationMs,
  clientInFlightMax,
  clientOpenQos2Max,
  drainMs,
  nameCharactersMax,
  packetBytesMax,
  packetMs,
  sessionsMax,
  topicAliasMax,
  willGraceMs,
} from "../core/limits.ts";
import { topicLevelsMax } from "../core/limits.ts";
import type {
  Clock,
  LocalMessage,
  LocalPublisher,
  Logger,
  MetricFamily,
  PublicationSink,
} from "../core/ports.ts";
import type { MemoryPressure } from "../core/memory-pressure.ts";
import { withinTenant } from "../core/tenant.ts";
import type { JournalEntry, SessionJournal } from "../core/session-journal.ts";
import { Admissions } from "./admissions.ts";
import { type ConnectBounds, usualConnectBounds } from "./connect-rate.ts";
import type { Connection } from "./connection.ts";
import { Counters, metricFamilies } from "./counters.ts";
import { type Engine, type EngineClient, type EnginePacket, makeEngine, onEngineError } from "./engine.ts";
import { onReplyTopic } from "./enrolment.ts";
import { stamped } from "./expiry.ts";
import { FanOut, Interest } from "./fan-out.ts";
import { Gate, type GateTimings } from "./gate.ts";
import { guardClient, guardEngine } from "./guards.ts";
import type { QueueBounds } from "./session-queues.ts";
import type { Instant } from "./session-values.ts";
import { connectionOf, makeHooks } from "./hooks.ts";
import { Link } from "./link.ts";
import { type Listener, type ListenerOptions, openListener } from "./listeners.ts";
import { plainSerial } from "./origin.ts";
import { Reason } from "./packets.ts";
import { RetainedQuota } from "./retained-quota.ts";
import { revokedSerials } from "./revoked.ts";
import { Sessions } from "./sessions.ts";
import { SharedGroups } from "./shared-groups.ts";
import { TopicEmitter } from "./topic-emitter.ts";
import { volatileJournal } from "./volatile-journal.ts";

export type { ListenerOptions } from "./listeners.ts";

/** How long `close` waits for clients to take their leave. */
const closeWithinMs = 800;

export interface BrokerOptions {
  readonly listeners: readonly ListenerOptions[];
  /** Gets every publication, in the order of arrival per client. */
  readonly sink: PublicationSink;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Topics that only the gateway publishes to, `"holdfast/"`. */
  readonly ownTopicPrefix: string;
  /** Without one, everybody whom a listener lets in may do everything. */
  readonly gatekeeper?: Gatekeeper | undefined;
  /** How much of it tenants may take. */
  readonly tenants?: TenantBounds | undefined;
  /** Deadlines, where they differ from those in the limits. */
  readonly timings?: Partial<GateTimings>;
  /** Where sessions are kept. Without it they end with the broker. */
  readonly sessions?: SessionStorage;
  /** How many connections may begin, where that differs from the limits. */
  readonly connectBounds?: Partial<ConnectBounds>;
  /** Bounds of offline queues, where they differ from those in the limits. */
  readonly queueBounds?: Partial<QueueBounds>;
}

/** Where sessions, retained messages and wills are kept. */
export interface SessionStorage {
  readonly journal: SessionJournal;
  /** All that the journal has made durable. */
  readonly entries: () => AsyncIterable<JournalEntry>;
  /** Milliseconds that the gateway has been running, over all its starts. */
  readonly runningMs: () => number;
  /** When the gateway was alive for the last time before this start. */
  readonly lastAlive: Instant;
}

export interface Broker extends LocalPublisher {
  /** With the ports they really have. */
  readonly listeners: readonly Pick<Listener, "protocol" | "host" | "port">[];
  readonly metrics: readonly MetricFamily[];
  /** Clients connected now, those that have not said who they are included. */
  readonly connections: number;
  /**
   * Changes of sessions were given up. Ends the connections of all sessions; until {@link restoreSessions} has
   * resolved none begins.
   */
  suspendSessions(): void;
  /** Makes the sessions anew from what is stored. */
  restoreSessions(): Promise<void>;
  /** Memory is short, or no longer: see the table of bounds in README.md. */
  onMemoryPressure(pressure: MemoryPressure): void;
  /** Has everybody who is in looked at again by the rules of now: see `Admissions.review`. */
  reviewAccess(): void;
  /**
   * Has every listener read its certificates again; connections stay, but those of revoked certificates.
   *
   * @throws AppError `BROKER_TLS`: that listener, and those after it, go on with what they had.
   */
  reloadCertificates(): Promise<void>;
  /** Closes the listeners; connections stay, and so does their traffic. */
  stopAccepting(): Promise<void>;
  /**
   * Disconnects everybody, MQTT 5 clients with reason 0x8B, within a second. Their wills are not
   * published: it is the gateway that goes, not the sensors.
   */
  close(): Promise<void>;
}

/**
 * Opens the broker; it serves when the promise resolves.
 *
 * @throws AppError `BROKER_LISTEN` or `BROKER_TLS`, kind `operator`: nothing is open then.
 */
export async function openBroker(options: BrokerOptions): Promise<Broker> {
  const timings: GateTimings = {
    authenticationMs,
    drainMs,
    packetMs,
    sweepMs: 250,
    willGraceMs,
    ...options.timings,
  };
  const parts = await openEngine(options, timings);
  const listeners: Listener[] = [];
  try {
    for (const listener of options.listeners) {
      listeners.push(await openListener(listener, parts.gate, timings.authenticationMs));
    }
  } catch (error) {
    for (const listener of listeners) listener.close();
    await closeEngine(parts);
    throw error;
  }
  return {
    listeners: listeners.map(({ protocol, host, port }) => ({ protocol, host, port })),
    metrics: parts.metrics,
    get connections() {
      return parts.gate.connections.size;
    },
    publish: (message) => publishLocally(parts, message),
    suspendSessions: () => {
      parts.sessions.suspend();
      parts.gate.closeSessions();
    },
    restoreSessions: () => restoreSessions(parts.sessions, options),
    onMemoryPressure: (pressure) => parts.gate.onMemoryPressure(pressure),
    reviewAccess: () => parts.admissions.review(),
    reloadCertificates: async () => {
      for (const listener of listeners) {
        const crl = await listener.reload();
        if (crl === undefined) continue;
        const revoked = new Set(revokedSerials(crl).map(plainSerial));
        parts.admissions.expelCertificates((serial) => revoked.has(serial));
      }
    },
    stopAccepting: async () => {
      for (const listener of listeners.splice(0)) listener.close();
      // The last commit is to come, and what sessions have done is to be in it.
      parts.sessions.queues.writeDirty();
    },
    close: async () => {
      for (const listener of listeners.splice(0)) listener.close();
      await closeEngine(parts);
    },
  };
}

interface Parts {
  readonly engine: Engine;
  readonly gate: Gate;
  readonly interest: Interest;
  readonly fanOut: FanOut;
  readonly sessions: Sessions;
  readonly sweeper: NodeJS.Timeout;
  readonly admissions: Admissions;
  readonly metrics: readonly MetricFamily[];
}

async function openEngine(options: BrokerOptions, timings: GateTimings): Promise<Parts> {
  const { logger, clock, tenants = noTenantBounds } = options;
  const counters = new Counters();
  const shared: SharedGroups = new SharedGroups({
    clientOf: (id) => engine.clients[id],
    mayReceive: (client, topic) => connectionOf(client)?.grants.mayReceive(topic) === true,
    number: (packet) => numbered(packet, engine),
    keep: (clientId, packet) => sessions.keepFor(clientId, packet),
  });
  const sessions: Sessions = new Sessions({
    shared,
    tenants,
    counters,
    clock,
    journal: options.sessions?.journal ?? volatileJournal,
    runningMs: options.sessions?.runningMs ?? (() => clock.monotonicMs()),
    bounds: options.queueBounds ?? {},
    // What the gateway itself retains it publishes again at each start.
    isVolatile: (topic) => withinTenant(topic).startsWith(options.ownTopicPrefix),
    isGranted: (owner, filter) => connectionOf(owner)?.filters.has(filter) !== false,
    handOver: async (owner, packet) => connectionOf(owner)?.passage.store(packet),
    onResent: (owner, packet) => connectionOf(owner)?.passage.onResent(packet),
    isReplaying: (owner) => connectionOf(owner)?.outbound.replaying ?? false,
    onNotSent: (owner) => connectionOf(owner)?.outbound.onAcknowledged(),
    isEphemeral: (owner) => connectionOf(owner)?.isEphemeral ?? false,
    isPassing: (owner) => connectionOf(owner)?.admission?.enrolment !== undefined,
    principalOf: (owner) => connectionOf(owner)?.admission?.principal,
    beforeReplay: async (owner) => connectionOf(owner)?.outbound.acquireForReplay() ?? false,
    onReplayed: (owner, { cmd, messageId = 0, qos }) => {
      const ids = connectionOf(owner)?.outbound.ids;
      if (cmd === "pubrel") ids?.onReleased(messageId);
      else ids?.onPublished(messageId, qos === 2 ? 2 : 1);
    },
    afterReplay: (owner) => connectionOf(owner)?.outbound.finishReplay(),
    onDiscarded: (id, will) => {
      const connected = engine.clients[id];
      // Its connection ends next; there is no session that the will could be put off for.
      if (connected !== undefined) publishAtOnce(connected);
      if (will !== undefined) publishAbandoned(engine, will);
    },
    onFiltersChanged: () => interest.invalidate(),
    isConnected: (id) => engine.clients[id] !== undefined,
    isOpen: (owner) => connectionOf(owner)?.isOpen ?? false,
  });
  const emitter: TopicEmitter = new TopicEmitter(() => interest.invalidate());
  const interest: Interest = new Interest((topic) => emitter.has(topic) || sessions.wants(topic));
  const engine = makeEngine({
    persistence: sessions,
    mq: emitter,
    // It is what the engine derives the number of listeners of a connection from: any.
    concurrency: 0,
    ...makeHooks(
      {
        gate: () => gate,
        admissions: () => admissions,
        forgetFilter: (client, filter) => dropStored(sessions, client, [filter]),
      },
      counters,
    ),
    connectTimeout: timings.authenticationMs,
    drainTimeout: 0,
    queueLimit: 2 * clientOpenQos2Max,
    // Of 3.1, which allows 23 characters and whose clients take what they like.
    maxClientsIdLength: nameCharactersMax,
    maximumPacketSize: packetBytesMax,
    // That of a tenant is one more.
    maxTopicLevels: topicLevelsMax + 1,
    topicAliasMaximum: topicAliasMax,
    receiveMaximum: clientInFlightMax,
    pendingSessionsLimit: sessionsMax,
  });
  guardEngine(engine, interest, shared);
  const quota = new RetainedQuota();
  const fanOut = new FanOut(counters, {
    number: (packet) => numbered(stamped(packet, sessions.time), engine),
    keep: (packet) => {
      const mayRetain = !packet.retain || quota.takes(packet, admissionOf(engine, packet.clientId));
      if (!mayRetain) counters.deliveryDropped["retained-quota"] += 1;
      sessions.keep(mayRetain ? packet : { ...packet, retain: false });
    },
    reveal: (packet) => sessions.retained.reveal(packet),
    share: (packet) => shared.admit(packet),
    emit: (packet) => {
      emitter.emit(packet);
      if (packet.shared !== undefined) shared.publish(packet.shared, packet);
    },
  });
  // What clients publish has gone to the fan-out when it was committed; the engine's own topics remain.
  engine.publish = (packet, client, done) => {
    const onDone = isCallback(client) ? client : (done ?? (() => undefined));
    if (packet.topic.startsWith("$SYS/")) emitter.emit(numbered(packet, engine), onDone);
    else onDone();
  };
  const audit = new AuditLog(logger, clock);
  const admissions: Admissions = new Admissions({
    gatekeeper: options.gatekeeper,
    tenants,
    ownTopicPrefix: options.ownTopicPrefix,
    counters,
    audit,
    connections: () => gate.connections,
    isSessionStored: (id) => sessions.has(id),
    forgetSession: (id) => sessions.forget(id),
  });
  const gate: Gate = new Gate({
    sink: options.sink,
    clock,
    logger,
    audit,
    refusesLocked: (connection, clientId, username) =>
      admissions.refusesLocked(connection, clientId, username),
    tenants,
    dropFilters: (connection, filters) => dropFilters(sessions, connection, filters),
    ownTopicPrefix: options.ownTopicPrefix,
    timings,
    connectBounds: { ...usualConnectBounds, ...options.connectBounds },
    counters,
    interest,
    fanOut,
    openClient: (connection) => openClient(engine, connection, counters, sessions),
    onOpened: (client) => !client.clean && sessions.begin(client),
    onAcknowledged: (client, packetId) => sessions.acknowledge(client, packetId),
    hasIncoming: (client, packetId) => client !== undefined && sessions.hasIncoming(client, packetId),
    hasOutgoing: (client, packetId) => client !== undefined && sessions.hasOutgoing(client, packetId),
  });
  observe(engine, sessions, logger);
  await engine.listen();
  await restoreSessions(sessions, options, options.sessions?.lastAlive);
  admissions.restore(sessions.owners());

  const sweeper = sweepSessions(sessions, engine, clock, timings);
  const metrics = metricFamilies(counters, {
    connections: () => gate.connections.size,
    inFlightBytes: () => gate.inFlightBytes,
    heldBytes: () => gate.heldBytes,
    retainedMessages: () => sessions.retained.count,
    retainedBytes: () => sessions.retained.bytes,
    sessions: () => sessions.count,
    sessionQueueBytes: () => sessions.queueBytes,
  });
  return { engine, gate, interest, fanOut, sessions, sweeper, admissions, metrics };
}

async function restoreSessions(
  sessions: Sessions,
  { sessions: storage }: BrokerOptions,
  lastAlive?: Instant,
): Promise<void> {
  if (storage !== undefined) await sessions.restore(storage.entries(), lastAlive);
}

/** Has sessions do what is due by itself, now and then. */
function sweepSessions(
  sessions: Sessions,
  engine: Engine,
  clock: Clock,
  timings: GateTimings,
): NodeJS.Timeout {
  const startedMs = clock.monotonicMs();
  return setInterval(() => {
    const willsAreDue = clock.monotonicMs() - startedMs >= timings.willGraceMs;
    sessions.sweep(willsAreDue, (will) => publishAbandoned(engine, will));
  }, timings.sweepMs).unref();
}

/** Publishes a will that nobody is connected to. */
function publishAbandoned(engine: Engine, { cmd: _cmd, ...will }: EnginePacket): void {
  // The access check takes the will, or refuses it by the rules of today; a will has no `cmd`.
  engine.authorizePublish(null, will, () => undefined);
}

/** Has the will of a client published without its delay. */
function publishAtOnce({ will }: EngineClient): void {
  if (will?.properties !== undefined) will.properties = { ...will.properties, willDelayInterval: 0 };
}

function isCallback(value: unknown): value is () => void {
  return typeof value === "function";
}

/** Gives a message what it is recognised by inside the engine. */
function numbered(packet: EnginePacket, engine: Engine): EnginePacket {
  engine.counter += 1;
  packet.cmd = "publish";
  packet.dup = false;
  packet.brokerId = engine.id;
  packet.brokerCounter = engine.counter;
  return packet;
}

/** Under whose rules the client with this id is connected. */
function admissionOf(engine: Engine, clientId: string | undefined): Connection["admission"] {
  return clientId === undefined ? undefined : connectionOf(engine.clients[clientId] ?? null)?.admission;
}

function dropFilters(sessions: Sessions, { client }: Connection, filters: readonly string[]): void {
  if (client === undefined) return;
  client.unsubscribe(filters, () => undefined);
  dropStored(sessions, client, filters);
}

/** Nobody waits for it; where it cannot be written, the sessions are made anew and asked again. */
function dropStored(sessions: Sessions, client: { readonly id: string }, filters: readonly string[]): void {
  sessions.removeSubscriptions(client, filters).catch(() => undefined);
}

function openClient(
  engine: Engine,
  connection: Connection,
  counters: Counters,
  sessions: Sessions,
): EngineClient {
  const client = engine.handle(new Link(connection));
  guardClient(engine, client, connection, { counters, sessions });
  return client;
}

/** Follows what the engine tells: sessions that end with their connection, filters that go, failures. */
function observe(engine: Engine, sessions: Sessions, logger: Logger): void {
  engine.on("clientDisconnect", (client) => sessions.end(client));
  engine.on("subscribe", (subscriptions, client) => {
    const connection = connectionOf(client);
    if (connection?.admission?.enrolment === undefined) return;
    for (const { topic, qos } of subscriptions) if (qos < 0x80) onReplyTopic(connection, topic);
  });
  engine.on("unsubscribe", (filters, client) => {
    const connection = connectionOf(client);
    for (const filter of filters) connection?.filters.delete(filter);
  });
  engine.on("keepaliveTimeout", (client) => {
    connectionOf(client)?.close("keep-alive", Reason.keepAliveTimeout);
  });
  const onFailure = (client: { readonly id: string }, error: unknown): void => {
    logger.debug({ event: "client-error", client: client.id, error }, "A client failed.");
  };
  engine.on("clientError", onFailure);
  engine.on("connectionError", onFailure);
  onEngineError(engine, (error) => {
    logger.error({ event: "broker-engine-error", error }, "The protocol engine reported an error.");
  });
}

function publishLocally({ interest, fanOut }: Parts, message: LocalMessage): void {
  if (!message.retain && !interest.includesName(message.topic)) return;
  const packet: EnginePacket = {
    cmd: "publish",
    topic: message.topic,
    payload:
      typeof message.payload === "string" ? Buffer.from(message.payload) : Buffer.from(message.payload),
    qos: message.qos,
    retain: message.retain,
  };
  fanOut.publish(fanOut.admit(packet));
}

async function closeEngine({ engine, gate, sweeper }: Parts): Promise<void> {
  clearInterval(sweeper);
  for (const client of Object.values(engine.clients)) client.will = null;
  gate.closeAll();
  await new Promise<void>((resolve) => {
    const startedAt = process.hrtime.bigint();
    const check = setInterval(() => {
      const isLate = process.hrtime.bigint() - startedAt > BigInt(closeWithinMs) * 1_000_000n;
      if (gate.connections.size > 0 && !isLate) return;
      clearInterval(check);
      gate.cutAll();
      resolve();
    }, 10);
  });
  await new Promise<void>((resolve) => engine.close(() => resolve()));
}
