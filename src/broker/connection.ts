/**
 * One client connection: the gate in front of the protocol engine, and the lane past it.
 *
 * ```mermaid
 * stateDiagram-v2
 *   [*] --> connect
 *   connect --> connack: CONNECT checked, given to the engine
 *   connack --> open: CONNACK 0 written
 *   connect --> closed: anything else first, or the deadline
 *   connack --> closed: refused, or the deadline
 *   open --> closed
 * ```
 *
 * **The lane.** A PUBLISH of QoS 0 or 1 without MQTT 5 properties goes from the socket's bytes to the sink
 * and back as PUBACK without the engine. Everything else goes to the engine in whole packets. While a
 * PUBLISH is with the engine, those after it follow it there, so that the sink sees a client's messages in
 * the order of arrival; and what the engine has written is sent before what the lane writes after it.
 *
 * **Credit.** A QoS 1 or 2 PUBLISH takes credit when it leaves the socket and gives it back when it is
 * acknowledged. Without credit the connection is not read.
 */
import { type Grants, noGrants } from "../core/access/grants.ts";
import type { Admission } from "../core/access/principal.ts";
import { clientFiltersMax, connectBytesMax, outboundBytesMax, packetBytesMax } from "../core/limits.ts";
import type { Receipt } from "../core/ports.ts";
import { allowanceOf, type Pace } from "./allowance.ts";
import { brief } from "./brief-packets.ts";
import { checkConnect, clearUnusedFlags, type ConnectFacts } from "./connect-packet.ts";
import { type ConnectRefusal, faultAnswer, refusalAnswer } from "./connect-answers.ts";
import { controlFault } from "./control-packets.ts";
import type { CloseCause } from "./counters.ts";
import { Credit } from "./credit.ts";
import { DrainWatch } from "./drain-watch.ts";
import { type EngineClient, type EnginePacket, keepAlive } from "./engine.ts";
import { EnginePassage, type PassageOwner } from "./engine-passage.ts";
import { FanOutQueue } from "./fan-out.ts";
import { type FrameHandler, FrameReader } from "./frame-reader.ts";
import type { Gate } from "./gate.ts";
import type { LinkOwner } from "./link.ts";
import type { Origin } from "./origin.ts";
import { matchedFilter, writtenFilter } from "./shared-filters.ts";
import type { Mount } from "./mount.ts";
import { LaneLedger } from "./lane-ledger.ts";
import type { OutboundAliases } from "./outbound-aliases.ts";
import { OutboundWindow } from "./outbound-window.ts";
import { PacketWatch } from "./packet-watch.ts";
import { largestPacketBytes, PacketType, Reason } from "./packets.ts";
import { PendingDeliveries } from "./pending-deliveries.ts";
import { makePublishFields, type PublishFields, readPublish } from "./publish-packet.ts";
import { writePublishes } from "./publish-writer.ts";
import { filtersFault } from "./subscribe-packet.ts";
import { sameBytes, type TopicName } from "./topic-names.ts";
import type { Transport, TransportOwner } from "./transport.ts";
import { readUint16 } from "./utf8.ts";

/** Deadlines that are looked at here. */
interface ConnectionTimings {
  readonly authenticationMs: number;
  readonly drainMs: number;
  readonly packetMs: number;
}

type Phase = "connect" | "connack" | "open" | "closed";

/** Why a connection is not read at the moment; bits. */
const Wait = {
  /** CONNACK is not written yet. */
  connack: 1,
  /** The client has as much in flight as it may have. */
  credit: 2,
  /** All clients together have. */
  sharedCredit: 4,
  /** The engine has not taken what it was given. */
  engine: 8,
  /** A QoS 2 PUBLISH is on its way through the engine to the sink. */
  handOver: 16,
  /** It sends faster than its role allows. */
  rate: 32,
  /** The gateway is short of memory. */
  memory: 64,
} as const;

/** Topics remembered for a connection that alternates between them. */
const recentTopicsMax = 4;

/** A topic of this connection, and whether its client may publish to it. */
interface KnownTopic {
  readonly topic: TopicName;
  readonly isGranted: boolean;
}

/** What the PUBLISH in hand consists of; there is only ever one in hand. */
const fields: PublishFields = makePublishFields();

export class Connection implements Receipt, FrameHandler, LinkOwner, TransportOwner, PassageOwner {
  readonly outbound: OutboundWindow;
  readonly passage: EnginePassage;
  readonly fanOutQueue: FanOutQueue;
  /** Topic filters that the engine has granted. */
  readonly filters: Set<string> = new Set();
  clientId = "";
  client: EngineClient | undefined;
  /** The session ends with the connection, although the engine was told otherwise (B5). */
  isEphemeral = false;
  /** One of its subscriptions has, or had, an identifier. */
  hasIdentifiers = false;
  /** Bytes of the largest packet that the client takes. */
  packetMax: number = Infinity;
  /** Of the topics that it is sent; missing where the client takes none. */
  aliases: OutboundAliases | undefined;
  /** Where it comes from; what its certificate says is known when the handshake is done. */
  origin: Origin;
  /** Missing until it has been let in. */
  admission: Admission | undefined;
  grants: Grants = noGrants;

  readonly #gate: Gate;
  readonly #reader: FrameReader;
  readonly #credit: Credit;
  readonly #lane = new LaneLedger();
  readonly #drain = new DrainWatch();
  readonly #deliveries = new PendingDeliveries();
  readonly #packetWatch = new PacketWatch();
  readonly #recentTopics: KnownTopic[] = [];
  /** The topic space of its tenant, where it has one. */
  #mount: Mount | undefined;
  #allowance: Pace | undefined;
  #sweptAtMs: number;
  readonly #openedAtMs: number;
  #transport: Transport | undefined;
  #phase: Phase = "connect";
  #version = 4;
  /** The session may outlive the connection. */
  #mayOutlive = true;
  #waits = 0;
  /** Bytes have arrived since the last sweep. */
  #isActive = false;
  /** The gate will call {@link flush}. */
  #isDirty = false;

  constructor(gate: Gate, origin: Origin, nowMs: number) {
    this.#gate = gate;
    this.origin = origin;
    this.#openedAtMs = nowMs;
    this.#sweptAtMs = nowMs;
    this.#reader = new FrameReader(this);
    this.#credit = new Credit(gate);
    this.outbound = new OutboundWindow(this, gate.counters);
    this.passage = new EnginePassage(gate, this);
    this.fanOutQueue = new FanOutQueue(gate.fanOut);
  }

  get version(): number {
    return this.#version;
  }

  /** Bytes by which a topic is longer in the gateway than its client has it. */
  get mountBytes(): number {
    return this.#mount?.length ?? 0;
  }

  get isOpen(): boolean {
    return this.#phase === "open";
  }

  get isClosed(): boolean {
    return this.#phase === "closed";
  }

  /** Bytes of packets that are incomplete or have to wait. */
  get heldBytes(): number {
    return this.#reader.heldBytes;
  }

  /** It is in the midst of a packet, and nothing but itself keeps it from sending the rest. */
  get isIncomplete(): boolean {
    return !this.isClosed && this.#waits === 0 && this.#reader.heldBytes > 0;
  }

  get unsentBytes(): number {
    return (this.#transport?.unsentBytes ?? 0) + this.#deliveries.bytes;
  }

  get filtersMax(): number {
    return Math.min(clientFiltersMax, this.admission?.limits.subscriptions ?? clientFiltersMax);
  }

  /** Gives it what it reads and writes by; a handshake that is done puts another in the place of the bare socket. */
  attach(transport: Transport): void {
    this.#transport = transport;
  }

  // ---- from the transport

  receive(bytes: Uint8Array, length: number): void {
    this.#isActive = true;
    this.#reader.receive(bytes, length);
    if (this.#gate.isCritical && this.#reader.heldBytes > 0) this.#holdBack();
  }

  onDrained(): void {
    this.outbound.onDrained();
  }

  onGone(): void {
    this.#end("client");
    this.#gate.forget(this);
  }

  // ---- from the frame reader

  frameBytesMax(first: number): number {
    if (this.#phase !== "connect") return packetBytesMax;
    return first >> 4 === PacketType.connect ? connectBytesMax : 0;
  }

  onFault(reason: number): void {
    this.close(reason === Reason.packetTooLarge ? "too-large" : "protocol", reason);
  }

  onFrame(bytes: Uint8Array, start: number, body: number, end: number): boolean {
    if (bytes[start]! >> 4 === PacketType.publish) return this.#onPublish(bytes, start, body, end);
    if (this.#phase === "connect") this.#onConnect(bytes, start, body, end);
    else this.#onControl(bytes, start, body, end);
    return true;
  }

  // ---- access

  /**
   * The client has been let in, or other rules hold for it from now on.
   *
   * @returns Filters that it had and may not keep; nothing is delivered for them any more.
   */
  onAdmitted(admission: Admission): readonly string[] {
    const { grants, limits } = admission;
    this.admission = admission;
    if (admission.enrolment !== undefined) this.isEphemeral = true;
    this.grants = grants;
    const { tenant } = admission.principal;
    // It stays the same: who moves to another tenant is disconnected.
    if (tenant !== undefined) this.#mount = this.#gate.mountFor(tenant);
    this.#recentTopics.length = 0;
    this.#credit.limitTo(limits.inFlight ?? Infinity);
    const own = allowanceOf(limits);
    this.#allowance = this.#mount === undefined ? own : this.#mount.paceOf(own);
    if (this.#allowance === undefined) this.#resume(Wait.rate);
    const dropped = [...this.filters].filter((filter) => !grants.maySubscribe(matchedFilter(filter)));
    if (dropped.length > 0) this.#gate.dropFilters(this, dropped);
    return dropped.map(writtenFilter);
  }

  /** Ends the connection of a client that may not stay; its will is not published. */
  expel(reason: number): void {
    this.grants = noGrants;
    this.#recentTopics.length = 0;
    this.close("access", reason);
  }

  /** Sends the client a message that nobody else gets, at QoS 0. */
  tell(topic: string, payload: string): void {
    if (!this.isOpen) return;
    this.client?.conn.flush();
    this.#send(writePublishes([{ topic, payload, qos: 0, retain: false }], this.#version));
  }

  // ---- from the engine

  onEngineOutput(bytes: Uint8Array): void {
    if (this.isClosed) return;
    const isConnack = this.#phase === "connack" && bytes[0]! >> 4 === PacketType.connack;
    const own = this.#asSeen(bytes);
    if (own === undefined) return;
    if (isConnack) this.#onConnack(own);
    else this.#sendPackets(this.#version < 5 ? own : brief(own));
  }

  /** Whole packets as the client is to see them; nothing when the connection had to be closed over them. */
  #asSeen(bytes: Uint8Array): Uint8Array | undefined {
    const own = this.#mount === undefined ? bytes : this.#mount.unmounted(bytes);
    if (own === undefined) {
      // The grants have let it pass, which they never should: rather nothing than what is somebody else's.
      this.close("internal", Reason.administrative);
    } else if (own.length > this.packetMax && largestPacketBytes(own) > this.packetMax) {
      // A PUBLISH has been left out before; of anything else the client would wait for the rest.
      this.close("too-large", Reason.packetTooLarge);
      return undefined;
    }
    return own;
  }

  #sendPackets(bytes: Uint8Array): void {
    this.#send(this.aliases === undefined ? bytes : this.aliases.shorten(bytes, this.packetMax));
  }

  #onConnack(bytes: Uint8Array): void {
    const flagsAt = bytes[1]! < 128 ? 2 : 3;
    if (bytes[flagsAt + 1] !== 0 || this.client === undefined) {
      this.#send(bytes);
      return;
    }
    // A9: the engine overlooks sessions without subscriptions.
    const isPresent = this.#gate.onOpened(this.client) && this.#version >= 4;
    const answer = Uint8Array.from(bytes);
    if (isPresent) answer[flagsAt] = answer[flagsAt]! | 1;
    if (this.#version === 5) offerSharing(answer, flagsAt + 2);
    this.#send(answer);
    if (this.isClosed) return;
    this.#phase = "open";
    this.#gate.onAuthenticated(this);
    this.clientId = this.client.id;
    this.#resume(Wait.connack);
  }

  /** Sends a PUBLISH, together with what else is delivered in this turn. */
  deliver(packet: EnginePacket): void {
    if (this.isClosed) return;
    if (this.#deliveries.isEmpty) this.#gate.deliverSoon(this);
    if (this.#deliveries.add(packet)) this.sendDeliveries();
  }

  sendDeliveries(): void {
    if (this.isClosed || this.#deliveries.isEmpty) return;
    this.client?.conn.flush();
    const bytes = this.#asSeen(this.#deliveries.take(this.#version));
    if (bytes !== undefined) this.#sendPackets(bytes);
  }

  onEngineRead(): void {
    this.#resume(Wait.engine);
  }

  onEngineClosed(): void {
    this.#end("engine");
  }

  onHandedOver(): void {
    this.#resume(Wait.handOver);
  }

  // ---- receipts of the lane

  committed(packetId: number): void {
    this.fanOutQueue.onSettled();
    if (this.isClosed) {
      this.fanOutQueue.release();
      return;
    }
    this.#lane.settle(packetId);
    if (this.#isDirty) return;
    this.#isDirty = true;
    this.#gate.flushSoon(this);
  }

  refused(): void {
    this.onRefused();
  }

  onRefused(): void {
    this.fanOutQueue.onSettled();
    this.fanOutQueue.discard();
    this.close("storage", Reason.busy);
  }

  /** Writes the PUBACKs of what has been committed, gives back its credit and goes on reading. */
  flush(): void {
    this.#isDirty = false;
    if (this.isClosed) return;
    this.writeAcknowledgements();
    this.fanOutQueue.release();
    this.#resume(Wait.credit);
  }

  writeAcknowledgements(): void {
    const count = this.#lane.dueCount;
    if (count === 0) return;
    this.#credit.giveBack(count, this.#lane.dueBytes());
    this.client?.conn.flush();
    this.#send(this.#lane.takeAcknowledgements());
    this.#gate.wakeWaiting();
  }

  giveBack(size: number): void {
    this.#credit.giveBack(1, size);
    this.#gate.wakeWaiting();
    this.#resume(Wait.credit);
  }

  resumeSharedCredit(): void {
    this.#resume(Wait.sharedCredit);
  }

  resumeMemory(): void {
    this.#resume(Wait.memory);
  }

  // ---- closing

  /** Ends the connection; MQTT 5 clients are told why. */
  close(cause: CloseCause, reason?: number): void {
    if (this.#phase === "open") {
      this.writeAcknowledgements();
      this.client?.conn.flush();
      this.sendDeliveries();
      const isTold = this.isOpen && this.#version === 5 && reason !== undefined;
      if (isTold) this.#send(Uint8Array.of(PacketType.disconnect << 4, 1, reason));
    }
    this.#end(cause);
  }

  /** Cuts off at once what waits to be sent. */
  cut(cause: CloseCause): void {
    this.#end(cause);
    this.#transport?.destroy();
  }

  /** Deadlines and keep-alive, several times a second. */
  sweep(nowMs: number, timings: ConnectionTimings): void {
    if (this.isClosed) return;
    if (!this.isOpen && nowMs - this.#openedAtMs >= timings.authenticationMs) {
      this.cut("authentication-deadline");
      return;
    }
    if (this.#isActive || this.#waits !== 0) {
      this.#isActive = false;
      // The engine hears nothing of the lane; without this it would take a busy client for a dead one, and one
      // that is not read at the moment too, whose pings wait in the socket.
      if (this.client !== undefined) keepAlive(this.client);
    }
    this.outbound.onDrained();
    this.#refill(nowMs);
    if (this.#drain.waitingMs(this.unsentBytes, nowMs) >= timings.drainMs) this.cut("slow-subscriber");
    const held = { number: this.#reader.heldNumber, isIncomplete: this.isIncomplete };
    if (this.#packetWatch.underwayMs(held, nowMs) >= timings.packetMs) this.cut("incomplete-packet");
  }

  #refill(nowMs: number): void {
    this.#allowance?.refill(nowMs - this.#sweptAtMs);
    this.#sweptAtMs = nowMs;
    if (this.#allowance?.isEmpty === false) this.#resume(Wait.rate);
  }

  // ---- packets

  #onConnect(bytes: Uint8Array, start: number, body: number, end: number): void {
    const facts = checkConnect(bytes, { start: body, end }, this.#gate.ownTopicPrefix);
    const { version, sessionExpiry, maximumPacketSize } = facts;
    const hasFlags = bytes[start] !== PacketType.connect << 4;
    const refusal = hasFlags && version !== 3 ? Reason.malformed : facts.refusal;
    if (refusal !== 0) {
      const answer = faultAnswer(version, refusal);
      if (answer !== undefined) this.#send(answer);
      this.close("connect-refused");
      return;
    }
    if (version === 3) clearUnusedFlags(bytes, start, body);
    this.#version = version;
    this.#mayOutlive = version < 5 || sessionExpiry > 0;
    if (maximumPacketSize > 0) this.packetMax = maximumPacketSize;
    this.#phase = "connack";
    this.#pause(Wait.connack);
    const packet = Buffer.from(bytes.subarray(start, end));
    this.#gate.enterLine(this, () => this.#begin(packet, facts));
  }

  /** It is the turn of its CONNECT. */
  #begin(packet: Buffer, { clientId, username }: ConnectFacts): void {
    if (this.isClosed) return;
    if (this.#gate.isTight) this.#refuse("memory", "busy");
    else if (username !== undefined && this.#gate.refusesLocked(this, clientId, username)) {
      this.#refuse("access", "credentials");
    } else {
      this.client = this.#gate.openClient(this);
      this.#toEngine(packet, 0, packet.length);
    }
  }

  /** Answers a CONNECT without the engine. */
  #refuse(cause: CloseCause, refusal: ConnectRefusal): void {
    this.#send(refusalAnswer(this.#version, refusal));
    this.close(cause);
  }

  #onControl(bytes: Uint8Array, start: number, body: number, end: number): void {
    // MQTT 3.1 marks what is sent again also here; the engine knows the mark of PUBLISH only.
    if (this.#version === 3 && isRepeatable(bytes[start]! >> 4)) bytes[start] = bytes[start]! & ~8;
    const first = bytes[start]!;
    const type = first >> 4;
    const invalid = controlFault(bytes, { start, body, end }, this.#version, this.#mayOutlive);
    if (invalid !== 0) {
      this.close("protocol", invalid);
      return;
    }
    if (type === PacketType.subscribe || type === PacketType.unsubscribe) {
      const fault = filtersFault(type, this.#version, bytes, { start: body, end });
      if (fault !== undefined) {
        this.close("protocol", fault);
        return;
      }
    } else if (type === PacketType.pubrel) {
      const packetId = readUint16(bytes, body);
      if (!this.passage.isOpen(packetId) && !this.#gate.hasIncoming(this.client, packetId)) {
        return this.#answerUnknown(PacketType.pubcomp, packetId, bytes, start, end);
      }
      this.passage.onReleased(packetId);
    } else if (answersMessage(type)) {
      const packetId = readUint16(bytes, body);
      const { ids } = this.outbound;
      const isRefusal = type === PacketType.pubrec && end - body > 2 && bytes[body + 2]! >= 0x80;
      const isKnown = ids.has(packetId);
      if (!ids.accepts(type, packetId, isRefusal)) {
        this.close("protocol", Reason.protocolError);
        return;
      }
      if (isKnown && (type !== PacketType.pubrec || isRefusal)) this.outbound.onAcknowledged();
      if (type === PacketType.puback) {
        // The engine has no part in QoS 1 deliveries.
        if (this.client?.clean === false) this.#gate.onAcknowledged(this.client, packetId);
        return;
      }
      if (
        type === PacketType.pubrec &&
        !isRefusal &&
        !isKnown &&
        !this.#gate.hasOutgoing(this.client, packetId)
      ) {
        return this.#answerUnknown(PacketType.pubrel, packetId, bytes, start, end);
      }
    }
    // The engine gives the will up at every code but this one, the standard at 0x00 only: MQTT 5.0 § 3.14.4.
    if (type === PacketType.disconnect && end > body && bytes[body]! >= 0x80) {
      bytes[body] = Reason.disconnectWithWill;
    }
    this.#toEngine(bytes, start, end);
    // Nothing follows it; the engine would take what does for its contents.
    if (type === PacketType.disconnect) this.#reader.stop();
  }

  /** MQTT 5 clients are told that nothing is known under an identifier, which the engine does not. Source: MQTT 5.0 § 2.4. */
  #answerUnknown(type: number, packetId: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#version < 5) return this.#toEngine(bytes, start, end);
    this.writeAcknowledgements();
    this.client?.conn.flush();
    const first = (type << 4) | (type === PacketType.pubrel ? 2 : 0);
    this.#send(Uint8Array.of(first, 3, packetId >> 8, packetId & 255, Reason.packetIdUnknown));
  }

  #onPublish(bytes: Uint8Array, start: number, body: number, end: number): boolean {
    const fault = readPublish(bytes, start, body, end, this.#version, fields);
    if (fault !== 0) {
      this.close("protocol", fault);
      return true;
    }
    if (this.#gate.isCritical) {
      this.#holdBack();
      return false;
    }
    const { qos, packetId, topicStart, topicEnd, hasProperties } = fields;
    const size = end - body;
    if (qos > 0 && !this.#awaitCredit(size)) return false;
    // An empty name is a matter of topic aliases, which the engine knows about.
    const isAliased = hasProperties && topicEnd === topicStart;
    const known = isAliased ? undefined : this.#topicOf(bytes, topicStart, topicEnd);
    const topicFault = known?.topic.fault;
    if (topicFault !== undefined && topicFault !== "reserved") {
      this.close("protocol", topicFault === "malformed" ? Reason.malformed : Reason.topicInvalid);
      return true;
    }
    if (this.#allowance?.take(size) === false) {
      this.#gate.counters.throttled += 1;
      this.#pause(Wait.rate);
      return false;
    }
    if (qos > 0) this.#credit.take(size);
    const isPlain = qos < 2 && !hasProperties && !this.passage.isUnderway;
    if (isPlain && known?.isGranted === true) {
      if (qos > 0) this.#lane.take(size);
      this.#accept(bytes, end, known.topic);
      return true;
    }
    const refusal = this.passage.enter(qos, packetId);
    if (refusal !== 0) {
      this.close("open-qos2-max", refusal);
      return true;
    }
    // The engine gives back what it has seen.
    if (qos > 0 && this.#mount !== undefined && topicEnd > topicStart) this.#credit.grow(this.#mount.length);
    if (qos === 2) this.#pause(Wait.handOver);
    this.#toEngine(bytes, start, end);
    return true;
  }

  /** Hands over the PUBLISH in hand. */
  #accept(bytes: Uint8Array, end: number, topic: TopicName): void {
    const gate = this.#gate;
    const { publication } = gate;
    const { qos, retain, payloadStart } = fields;
    publication.clientId = this.clientId;
    publication.topic = topic.name;
    publication.bytes = bytes;
    publication.start = payloadStart;
    publication.end = end;
    publication.qos = qos === 0 ? 0 : 1;
    publication.retain = retain;
    publication.resent = fields.resent;
    publication.packetId = fields.packetId;
    publication.receipt = qos === 0 ? undefined : this;
    gate.counters.received.lane += 1;
    if (qos > 0) this.fanOutQueue.onHandedOver();
    if (!retain && !gate.interest.includes(topic)) {
      gate.sink.accept(publication);
      return;
    }
    const packet = gate.fanOut.admit({
      cmd: "publish",
      topic: topic.name,
      payload: Buffer.from(bytes.subarray(payloadStart, end)),
      qos: qos === 0 ? 0 : 1,
      retain,
      clientId: this.clientId,
    });
    gate.sink.accept(publication);
    this.fanOutQueue.add(packet);
  }

  /** The topic with what its client may do there: looked up once, and again when the grants change. */
  #topicOf(bytes: Uint8Array, start: number, end: number): KnownTopic {
    const recent = this.#recentTopics;
    for (let index = 0; index < recent.length; index += 1) {
      const known = recent[index]!;
      if (sameBytes(known.topic.bytes, bytes, start, end)) return known;
    }
    const topic = (this.#mount?.topics ?? this.#gate.topics).find(bytes, start, end);
    const found = { topic, isGranted: topic.fault === undefined && this.grants.mayPublish(topic.name) };
    if (recent.length >= recentTopicsMax) recent.pop();
    recent.unshift(found);
    return found;
  }

  #toEngine(bytes: Uint8Array, start: number, end: number): void {
    const link = this.client?.conn;
    if (link === undefined || link.destroyed) return;
    const packet =
      this.#mount === undefined
        ? Buffer.from(bytes.subarray(start, end))
        : this.#mount.mounted(bytes, start, end, this.#version);
    if (!link.push(packet)) this.#pause(Wait.engine);
  }

  // ---- reading and writing

  /** @returns False when the message has to wait, which the connection does from now on. */
  #awaitCredit(size: number): boolean {
    if (!this.#credit.hasOwn(size)) {
      this.#pause(Wait.credit);
      return false;
    }
    if (!this.#credit.hasShared(size)) {
      this.#pause(Wait.sharedCredit);
      this.#gate.awaitSharedCredit(this);
      return false;
    }
    return true;
  }

  /** It is not read until memory is free. */
  #holdBack(): void {
    if (this.isClosed || (this.#waits & Wait.memory) !== 0) return;
    this.#gate.counters.heldBack += 1;
    this.#pause(Wait.memory);
  }

  #pause(wait: number): void {
    if (this.#waits === 0) this.#transport?.pause();
    this.#waits |= wait;
    this.#reader.waiting = true;
  }

  #resume(wait: number): void {
    if ((this.#waits & wait) === 0 || this.isClosed) return;
    this.#waits &= ~wait;
    if (this.#waits !== 0) return;
    this.#reader.waiting = false;
    this.#reader.continue();
    if (this.#waits === 0) this.#transport?.resume();
  }

  #send(bytes: Uint8Array): void {
    const transport = this.#transport!;
    this.#drain.sentBytes += bytes.length;
    transport.write(bytes);
    if (transport.unsentBytes > outboundBytesMax) this.cut("slow-subscriber");
  }

  #end(cause: CloseCause): void {
    if (this.#phase === "open") this.writeAcknowledgements();
    // Writing may have found the client too far behind, and ended the connection on the way.
    if (this.isClosed) return;
    this.#phase = "closed";
    this.#gate.counters.closed[cause] += 1;
    this.#reader.stop();
    this.#credit.giveBackAll();
    this.#gate.wakeWaiting();
    this.outbound.close();
    this.client?.conn.destroy();
    this.#transport?.finish();
  }
}

/**
 * B8: the engine begins the properties of CONNACK with a Shared Subscription Available of 0; groups are looked after
 * outside of it. Source: MQTT 5.0 § 3.2.2.3.13.
 */
function offerSharing(connack: Uint8Array, propertiesAt: number): void {
  const first = propertiesAt + (connack[propertiesAt]! < 128 ? 1 : 2);
  if (connack[first] === 0x2a) connack[first + 1] = 1;
}

/** Packets other than PUBLISH that have a DUP flag. Source: MQTT 3.1, "Fixed header". */
function isRepeatable(type: number): boolean {
  return type === PacketType.pubrel || type === PacketType.subscribe || type === PacketType.unsubscribe;
}

/** Tells whether a packet from the client answers a message that was sent to it. */
function answersMessage(type: number): boolean {
  return type === PacketType.puback || type === PacketType.pubrec || type === PacketType.pubcomp;
}
