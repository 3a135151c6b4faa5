/**
 * The edge of a tenant: puts the tenant's level in front of topics and filters that its clients send, and takes it off
 * those that they are sent, in the bytes of packets. Between the engine and the gate everything is called by its whole
 * name.
 */
import { noTenantBounds, type TenantBounds } from "../core/access/tenant-quotas.ts";
import { mountOf } from "../core/tenant.ts";
import { type Allowance, allowanceOf, JointAllowance, type Pace } from "./allowance.ts";
import { PacketType, readVariableInteger, variableInteger, type VariableInteger } from "./packets.ts";
import { TopicNames } from "./topic-names.ts";
import { readUint16 } from "./utf8.ts";

const scratch: VariableInteger = { value: 0, length: 0 };

/** A tenant's topic space, as its connections see it. */
export class Mount {
  readonly tenant: string;
  /** Topic names of its clients, by the bytes that they send. */
  readonly topics: TopicNames;
  readonly #prefix: Buffer;
  readonly #bounds: TenantBounds;
  #allowance: Allowance | undefined;
  /** By which limits it was made. */
  #allowed = "";

  constructor(tenant: string, ownTopicPrefix: string, bounds: TenantBounds = noTenantBounds) {
    this.tenant = tenant;
    this.#bounds = bounds;
    const prefix = mountOf(tenant);
    this.#prefix = Buffer.from(prefix);
    this.topics = new TopicNames(ownTopicPrefix, prefix);
  }

  /** How fast a client may publish, when its tenant has a pace of its own beside the client's. */
  paceOf(own: Pace | undefined): Pace | undefined {
    const { messagesPerSecond, bytesPerSecond } = this.#bounds.limitsOf(this.tenant);
    const allowed = `${messagesPerSecond} ${bytesPerSecond}`;
    if (allowed !== this.#allowed) {
      this.#allowed = allowed;
      this.#allowance = allowanceOf({
        ...(messagesPerSecond === undefined ? {} : { messagesPerSecond }),
        ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
      });
    }
    if (this.#allowance === undefined) return own;
    const quota = messagesPerSecond === undefined ? "bytesPerSecond" : "messagesPerSecond";
    return new JointAllowance(own, this.#allowance, () => this.#bounds.reached(this.tenant, quota));
  }

  /** Fills what all its clients publish from. */
  refill(elapsedMs: number): void {
    this.#allowance?.refill(elapsedMs);
  }

  /** Bytes by which a topic grows. */
  get length(): number {
    return this.#prefix.length;
  }

  /**
   * A packet of a client as the engine is to see it.
   *
   * @param bytes - A PUBLISH, SUBSCRIBE or UNSUBSCRIBE that has been checked, or any other packet, which stays.
   */
  mounted(bytes: Uint8Array, start: number, end: number, version: number): Buffer {
    const packet = Buffer.from(bytes.subarray(start, end));
    const body = bodyOf(packet, 0);
    const type = packet[0]! >> 4;
    if (type === PacketType.publish) {
      // Without a name there is an alias, and that stands for a mounted one.
      const places = readUint16(packet, body) === 0 ? [] : [body];
      return this.#inserted(packet, body, places);
    }
    if (type !== PacketType.subscribe && type !== PacketType.unsubscribe) return packet;
    const places: number[] = [];
    let offset = body + 2;
    if (version === 5) {
      readVariableInteger(packet, offset, packet.length, scratch);
      offset += scratch.length + scratch.value;
    }
    const trailer = type === PacketType.subscribe ? 1 : 0;
    while (offset < packet.length) {
      places.push(offset);
      offset += 2 + readUint16(packet, offset) + trailer;
    }
    return this.#inserted(packet, body, places);
  }

  /** Puts the tenant's level in front of the names, or of the filters within them, whose lengths stand at these places. */
  #inserted(packet: Buffer, body: number, places: readonly number[]): Buffer {
    if (places.length === 0) return packet;
    const parts: Buffer[] = [];
    let taken = body;
    for (const place of places) {
      const length = readUint16(packet, place);
      const filterAt = filterStart(packet, place + 2, length);
      parts.push(
        packet.subarray(taken, place),
        lengthOf(length + this.length),
        packet.subarray(place + 2, filterAt),
        this.#prefix,
      );
      taken = filterAt;
    }
    parts.push(packet.subarray(taken));
    return framed(packet[0]!, parts);
  }

  /**
   * Whole packets of the engine as the client is to see them.
   *
   * @returns Nothing when one of them is about something that is not the tenant's: none of them may be sent.
   */
  unmounted(bytes: Uint8Array): Uint8Array | undefined {
    if (!containsPublish(bytes)) return bytes;
    const parts: Uint8Array[] = [];
    let offset = 0;
    while (offset < bytes.length) {
      const body = bodyOf(bytes, offset);
      const end = body + scratch.value;
      const packet = bytes.subarray(offset, end);
      const isPublish = packet[0]! >> 4 === PacketType.publish;
      const plain = isPublish ? this.#withoutPrefix(packet, body - offset) : packet;
      if (plain === undefined) return undefined;
      parts.push(plain);
      offset = end;
    }
    return Buffer.concat(parts);
  }

  #withoutPrefix(packet: Uint8Array, body: number): Uint8Array | undefined {
    const length = readUint16(packet, body);
    const topic = Buffer.from(packet.buffer, packet.byteOffset + body + 2, length);
    if (length <= this.length || this.#prefix.compare(topic, 0, this.length) !== 0) return undefined;
    return framed(packet[0]!, [lengthOf(length - this.length), packet.subarray(body + 2 + this.length)]);
  }
}

const sharePrefix = Buffer.from("$share/");
const slash = 47;

/** Where the filter begins that is matched: behind the group of a shared subscription. Source: MQTT 5.0 § 4.8.2. */
function filterStart(packet: Buffer, start: number, length: number): number {
  if (!sharePrefix.equals(packet.subarray(start, start + sharePrefix.length))) return start;
  const groupEnd = packet.indexOf(slash, start + sharePrefix.length);
  return groupEnd < 0 || groupEnd >= start + length ? start : groupEnd + 1;
}

/** Where the body of a packet begins; `scratch` then holds how long it is. */
function bodyOf(bytes: Uint8Array, start: number): number {
  readVariableInteger(bytes, start + 1, bytes.length, scratch);
  return start + 1 + scratch.length;
}

function containsPublish(bytes: Uint8Array): boolean {
  let offset = 0;
  while (offset < bytes.length) {
    if (bytes[offset]! >> 4 === PacketType.publish) return true;
    offset = bodyOf(bytes, offset) + scratch.value;
  }
  return false;
}

function lengthOf(length: number): Buffer {
  return Buffer.of(length >> 8, length & 255);
}

function framed(first: number, parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Buffer.of(first, ...variableInteger(length)), ...parts]);
}
