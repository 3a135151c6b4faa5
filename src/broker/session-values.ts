/**
 * What sessions, retained messages and wills are on disk: keys and values, byte by byte.
 *
 * `v` is an unsigned LEB128 integer, a text is `v` and UTF-8. The store adds a checksum to each value.
 *
 * | key                         | value                                                                     |
 * | --------------------------- | ------------------------------------------------------------------------- |
 * | 1, session (4 bytes)        | text client id, v expiry in s, v next index, whose (0 unknown, 1 anonymous, 2 user, 3 certificate; of the last two text name, text tenant or ""), bits (1 away, 2 synced), away: v running ms, v wall ms |
 * | 2, session                  | v first index not done, v sent up to, v runs done beyond: v start, v end each, v count released: v index each |
 * | 3, session, filter in UTF-8 | bits (0–1 QoS, 2 as published, 3 no local, 4–5 retain handling), v identifier or 0 |
 * | 4, session, packet id       | nothing: an inbound QoS 2 message that is not released                    |
 * | 5, session                  | v delay in s, then a message: the will                                    |
 * | 6, topic in UTF-8           | a message: retained                                                       |
 * | 7, number (8 bytes)         | v queued at, v deliveries: v session, v index, bits (0–1 QoS, 2 retain), v identifiers: v identifier each; a message |
 * | 8, number (8 bytes)         | a chunk: of each of its messages v number and a blob, what 7 has           |
 *
 * A message: bits (0–1 QoS, 2 retain, 3 properties, 4 expiry), text topic, with bit 4 v lifetime in s,
 * v running ms and v wall ms of its receipt, bits (0 synced), with bit 3 a blob (an MQTT 5 PUBLISH that has them), and the payload to the end.
 *
 * Numbers in keys are big-endian, so that what is read first is what the rest refers to.
 */
import mqttPacket from "mqtt-packet";
import type { Principal } from "../core/access/principal.ts";
import type { EnginePacket } from "./engine.ts";
import type { StoredSubscription } from "./sessions-contract.ts";
import { keepUserProperties, type PropertyParser } from "./user-properties.ts";

/** The first byte of a key. */
export const KeyKind = {
  session: 1,
  progress: 2,
  filter: 3,
  incoming: 4,
  will: 5,
  retained: 6,
  message: 7,
  chunk: 8,
} as const;
type KeyKind = (typeof KeyKind)[keyof typeof KeyKind];

/** A key of a session; what follows its number is the filter or the packet identifier. */
export function sessionKey(kind: KeyKind, session: number, rest: string | number = ""): Uint8Array {
  const tail = typeof rest === "string" ? Buffer.from(rest) : Buffer.of(rest >> 8, rest & 255);
  const key = Buffer.alloc(5 + tail.length);
  key[0] = kind;
  key.writeUInt32BE(session, 1);
  key.set(tail, 5);
  return key;
}

export function retainedKey(topic: string): Uint8Array {
  return Buffer.concat([Buffer.of(KeyKind.retained), Buffer.from(topic)]);
}

export function messageKey(number: number): Uint8Array {
  return numberKey(KeyKind.message, number);
}

/** @param number - Of its first message. */
export function chunkKey(number: number): Uint8Array {
  return numberKey(KeyKind.chunk, number);
}

function numberKey(kind: KeyKind, number: number): Uint8Array {
  const key = Buffer.alloc(9);
  key[0] = kind;
  key.writeBigUInt64BE(BigInt(number), 1);
  return key;
}

/** A moment, by the time that the gateway has been running and by its wall clock. */
export interface Instant {
  readonly runningMs: number;
  readonly wallMs: number;
  /** The wall clock was known to be right. */
  readonly synced: boolean;
}

export interface SessionHeader {
  readonly id: string;
  readonly expirySeconds: number;
  readonly nextIndex: number;
  /** Whose it is; nothing where that is not known. */
  readonly principal: Principal | undefined;
  /** Since when it has no connection; nothing while it has one. */
  readonly awayAt: Instant | undefined;
}

/** Half-open, `[start, end)`. */
export interface Run {
  start: number;
  end: number;
}

export interface Progress {
  /** Everything before it is done. */
  readonly floor: number;
  /** Everything before it may have been sent. */
  readonly sentTo: number;
  readonly done: readonly Run[];
  /** Those of which PUBREC has come and PUBCOMP has not. */
  readonly released: readonly number[];
}

/** Where a stored message is to go. */
export interface StoredDelivery {
  readonly session: number;
  readonly index: number;
  readonly qos: 1 | 2;
  readonly retain: boolean;
  readonly identifiers: readonly number[];
}

export interface StoredMessage {
  readonly queuedAtMs: number;
  readonly deliveries: readonly StoredDelivery[];
  readonly packet: EnginePacket;
}

class ValueWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], needed * 2);
  }

  number(value: number): void {
    this.#reserve(8);
    let rest = Math.max(0, Math.round(value));
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  raw(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  blob(value: Uint8Array): void {
    this.number(value.length);
    this.raw(value);
  }

  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.number(length);
    this.#reserve(length);
    this.#length += this.#bytes.write(value, this.#length, length);
  }

  clear(): void {
    this.#length = 0;
  }

  get length(): number {
    return this.#length;
  }

  end(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

class ValueReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get isAtEnd(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  number(): number {
    let value = 0;
    let unit = 1;
    for (;;) {
      const byte = this.#bytes[this.#offset++];
      if (byte === undefined) throw new RangeError("value ends early");
      value += (byte & 127) * unit;
      if (byte < 128) return value;
      unit *= 128;
    }
  }

  blob(): Buffer {
    const length = this.number();
    if (length > this.#bytes.length - this.#offset) throw new RangeError("value ends early");
    this.#offset += length;
    return this.#bytes.subarray(this.#offset - length, this.#offset);
  }

  text(): string {
    return this.blob().toString();
  }

  /** A copy: it is kept longer than what it was read from. */
  rest(): Buffer {
    return Buffer.from(this.#bytes.subarray(this.#offset));
  }
}

export function encodeHeader(header: SessionHeader): Uint8Array {
  const { id, expirySeconds, nextIndex, principal, awayAt } = header;
  const writer = new ValueWriter(id.length + 80);
  writer.text(id);
  writer.number(expirySeconds);
  writer.number(nextIndex);
  writePrincipal(writer, principal);
  writer.number(awayAt === undefined ? 0 : awayAt.synced ? 3 : 1);
  if (awayAt !== undefined) {
    writer.number(awayAt.runningMs);
    writer.number(awayAt.wallMs);
  }
  return writer.end();
}

export function decodeHeader(bytes: Uint8Array): SessionHeader {
  const reader = new ValueReader(bytes);
  const [id, expirySeconds, nextIndex] = [reader.text(), reader.number(), reader.number()];
  const principal = readPrincipal(reader);
  const bits = reader.number();
  if ((bits & 1) === 0) return { id, expirySeconds, nextIndex, principal, awayAt: undefined };
  const awayAt = { runningMs: reader.number(), wallMs: reader.number(), synced: (bits & 2) !== 0 };
  return { id, expirySeconds, nextIndex, principal, awayAt };
}

const principalKinds = ["anonymous", "user", "certificate"] as const;

function writePrincipal(writer: ValueWriter, principal: Principal | undefined): void {
  writer.number(principal === undefined ? 0 : principalKinds.indexOf(principal.kind) + 1);
  if (principal === undefined || principal.kind === "anonymous") return;
  writer.text(principal.name);
  writer.text(principal.tenant ?? "");
}

function readPrincipal(reader: ValueReader): Principal | undefined {
  const kind = principalKinds[reader.number() - 1];
  if (kind === undefined) return undefined;
  if (kind === "anonymous") return { kind, name: "" };
  const [name, tenant] = [reader.text(), reader.text()];
  return { kind, name, ...(tenant === "" ? {} : { tenant }) };
}

export function encodeProgress(progress: Progress): Uint8Array {
  const { floor, sentTo, done, released } = progress;
  const writer = new ValueWriter(24 + 8 * done.length + 4 * released.length);
  for (const value of [floor, sentTo, done.length]) writer.number(value);
  for (const { start, end } of done) {
    writer.number(start);
    writer.number(end);
  }
  writer.number(released.length);
  for (const index of released) writer.number(index);
  return writer.end();
}

export function decodeProgress(bytes: Uint8Array): Progress {
  const reader = new ValueReader(bytes);
  const [floor, sentTo, runs] = [reader.number(), reader.number(), reader.number()];
  const done = Array.from({ length: runs }, () => ({ start: reader.number(), end: reader.number() }));
  const released = Array.from({ length: reader.number() }, () => reader.number());
  return { floor, sentTo, done, released };
}

export function encodeSubscription(subscription: StoredSubscription): Uint8Array {
  const { qos, rap, nl, rh, subscriptionIdentifier } = subscription;
  const writer = new ValueWriter(8);
  writer.number(qos + (rap === true ? 4 : 0) + (nl === true ? 8 : 0) + 16 * (rh ?? 0));
  writer.number(subscriptionIdentifier ?? 0);
  return writer.end();
}

export function decodeSubscription(topic: string, bytes: Uint8Array): StoredSubscription {
  const reader = new ValueReader(bytes);
  const [bits, subscriptionIdentifier] = [reader.number(), reader.number()];
  const options = { rap: (bits & 4) !== 0, nl: (bits & 8) !== 0, rh: (bits >> 4) & 3 };
  const subscription = { topic, qos: qosOf(bits), ...options };
  return subscriptionIdentifier === 0 ? subscription : { ...subscription, subscriptionIdentifier };
}

function qosOf(bits: number): 0 | 1 | 2 {
  const qos = bits & 3;
  return qos === 2 ? 2 : qos === 1 ? 1 : 0;
}

function writeInstant(writer: ValueWriter, { runningMs, wallMs, synced }: Instant): void {
  writer.number(runningMs);
  writer.number(wallMs);
  writer.number(synced ? 1 : 0);
}

function readInstant(reader: ValueReader): Instant {
  return { runningMs: reader.number(), wallMs: reader.number(), synced: reader.number() === 1 };
}

function bytesOf(payload: Buffer | string): Buffer {
  return typeof payload === "string" ? Buffer.from(payload) : payload;
}

function writePacket(writer: ValueWriter, packet: EnginePacket): void {
  const { topic, qos, retain, messageExpiry } = packet;
  const properties =
    packet.properties === undefined
      ? []
      : Object.entries(packet.properties).filter(([, value]) => value !== undefined);
  writer.number(
    qos + (retain ? 4 : 0) + (properties.length > 0 ? 8 : 0) + (messageExpiry === undefined ? 0 : 16),
  );
  writer.text(topic);
  if (messageExpiry !== undefined) {
    writer.number(messageExpiry.seconds);
    writeInstant(writer, messageExpiry.since);
  }
  if (properties.length > 0) writer.blob(propertyBytes(Object.fromEntries(properties)));
  writer.raw(bytesOf(packet.payload));
}

function readPacket(reader: ValueReader): EnginePacket {
  const bits = reader.number();
  const topic = reader.text();
  const expiry =
    (bits & 16) === 0 ? {} : { messageExpiry: { seconds: reader.number(), since: readInstant(reader) } };
  const properties = (bits & 8) === 0 ? {} : { properties: propertiesIn(reader.blob()) };
  const retain = (bits & 4) !== 0;
  return {
    cmd: "publish",
    topic,
    payload: reader.rest(),
    qos: qosOf(bits),
    retain,
    ...expiry,
    ...properties,
  };
}

function propertyBytes(properties: Record<string, unknown>): Uint8Array {
  return mqttPacket.generate(
    { cmd: "publish", topic: "p", payload: "", qos: 0, dup: false, retain: false, properties },
    { protocolVersion: 5 },
  );
}

function propertiesIn(bytes: Buffer): Record<string, unknown> {
  let properties: Record<string, unknown> = {};
  const parser = mqttPacket.parser({ protocolVersion: 5 });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its published types leave its inside out
  keepUserProperties(parser as unknown as PropertyParser);
  parser.on("packet", (packet) => {
    if (packet.cmd === "publish") properties = { ...packet.properties };
  });
  parser.parse(bytes);
  return properties;
}

function capacityFor(packet: EnginePacket): number {
  return packet.payload.length + packet.topic.length * 3 + 64;
}

export function encodeWill(packet: EnginePacket, delaySeconds: number): Uint8Array {
  const writer = new ValueWriter(capacityFor(packet));
  writer.number(delaySeconds);
  writePacket(writer, packet);
  return writer.end();
}

export function decodeWill(bytes: Uint8Array): {
  readonly packet: EnginePacket;
  readonly delaySeconds: number;
} {
  const reader = new ValueReader(bytes);
  const delaySeconds = reader.number();
  return { packet: readPacket(reader), delaySeconds };
}

export function encodeRetained(packet: EnginePacket): Uint8Array {
  const writer = new ValueWriter(capacityFor(packet));
  writePacket(writer, packet);
  return writer.end();
}

export function decodeRetained(bytes: Uint8Array): EnginePacket {
  return readPacket(new ValueReader(bytes));
}

export function encodeMessage(message: StoredMessage): Uint8Array {
  const writer = new ValueWriter(capacityFor(message.packet) + 16 * message.deliveries.length);
  writeMessage(writer, message);
  return writer.end();
}

/** What a chunk usually comes to. */
let chunkBytes = 4_096;

/** Where a message is put together before its length is known. */
const messageInHand = new ValueWriter(1_024);

/** Collects the messages of a chunk. */
export class ChunkWriter {
  readonly #writer = new ValueWriter(chunkBytes);

  /** @returns By how many bytes the chunk has grown. */
  add(number: number, message: StoredMessage): number {
    const before = this.#writer.length;
    messageInHand.clear();
    writeMessage(messageInHand, message);
    this.#writer.number(number);
    this.#writer.blob(messageInHand.end());
    return this.#writer.length - before;
  }

  end(): Uint8Array {
    // As much as the last one took, and a little: a steady load never grows it, and one large chunk is forgotten soon.
    chunkBytes = Math.ceil((chunkBytes + this.#writer.length * 1.25) / 2);
    return this.#writer.end();
  }
}

/** Calls back for every message of a chunk, in order, with what stands under the key of one that is by itself. */
export function readChunk(bytes: Uint8Array, onMessage: (number: number, value: Uint8Array) => void): void {
  const reader = new ValueReader(bytes);
  while (!reader.isAtEnd) onMessage(reader.number(), reader.blob());
}

function writeMessage(writer: ValueWriter, message: StoredMessage): void {
  const { packet, queuedAtMs, deliveries } = message;
  writer.number(queuedAtMs);
  writer.number(deliveries.length);
  for (const { session, index, qos, retain, identifiers } of deliveries) {
    writer.number(session);
    writer.number(index);
    writer.number(qos + (retain ? 4 : 0));
    writer.number(identifiers.length);
    for (const identifier of identifiers) writer.number(identifier);
  }
  writePacket(writer, packet);
}

export function decodeMessage(bytes: Uint8Array): StoredMessage {
  const reader = new ValueReader(bytes);
  const queuedAtMs = reader.number();
  const deliveries = Array.from({ length: reader.number() }, () => {
    const [session, index, bits] = [reader.number(), reader.number(), reader.number()];
    const qos: 1 | 2 = qosOf(bits) === 2 ? 2 : 1;
    const identifiers = Array.from({ length: reader.number() }, () => reader.number());
    return { session, index, qos, retain: (bits & 4) !== 0, identifiers };
  });
  return { queuedAtMs, deliveries, packet: readPacket(reader) };
}

/** What a key names: the session or message number, and the text behind it. */
export function keyParts(key: Uint8Array): {
  readonly kind: number;
  readonly number: number;
  readonly rest: Buffer;
} {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.length);
  const kind = bytes[0] ?? 0;
  if (kind === KeyKind.retained) return { kind, number: 0, rest: bytes.subarray(1) };
  if (kind === KeyKind.message || kind === KeyKind.chunk)
    return { kind, number: Number(bytes.readBigUInt64BE(1)), rest: bytes.subarray(9) };
  return { kind, number: bytes.readUInt32BE(1), rest: bytes.subarray(5) };
}
