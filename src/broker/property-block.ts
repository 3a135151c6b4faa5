/**
 * Checks the properties of MQTT 5 packets from clients before the protocol engine sees them, which takes any
 * property in any packet, several times, with any text. Source: MQTT 5.0 §§ 2.2.2, 3.1.2.11, 3.1.3.2, 3.3.2.3.
 */
import { topicAliasMax } from "../core/limits.ts";
import { Reason, readVariableInteger, type VariableInteger } from "./packets.ts";
import { isMqttText, readUint16, textOf } from "./utf8.ts";

/** What a block of properties belongs to; bits, so that a property can name all its places. */
export const PropertyPlace = {
  connect: 1,
  will: 2,
  publish: 4,
  /** PUBACK, PUBREC, PUBREL and PUBCOMP. */
  acknowledgement: 8,
  subscribe: 16,
  unsubscribe: 32,
  disconnect: 64,
} as const;

const { connect, will, publish, acknowledgement, subscribe, disconnect } = PropertyPlace;
const everywhere = 127;

/** What the gate needs to know of a block. */
export interface PropertyBlock {
  /** Where it ends. */
  end: number;
  /** Seconds; 0 where the client did not say. */
  sessionExpiry: number;
  /** Bytes; 0 where the client did not say. */
  maximumPacketSize: number;
  /** 0 where there is none. */
  topicAlias: number;
}

/** Makes a block to be read into, again and again. */
export function makePropertyBlock(): PropertyBlock {
  return { end: 0, sessionExpiry: 0, maximumPacketSize: 0, topicAlias: 0 };
}

type Kind = "byte" | "two" | "four" | "variable" | "binary" | "text" | "pair";

interface Property {
  readonly kind: Kind;
  /** Where clients may send it. */
  readonly places: number;
  /** Of numbers. */
  readonly min?: number;
  readonly max?: number;
  /** Answer to a number that is none of these. */
  readonly fault?: number;
}

const Id = { responseTopic: 0x08, sessionExpiry: 0x11, topicAlias: 0x23, maximumPacketSize: 0x27 } as const;
const userProperty = 0x26;
const subscriptionIdentifier = 0x0b;

const message = publish | will;
const flag = { kind: "byte", max: 1 } as const;

/** By identifier. Source: MQTT 5.0 § 2.2.2.2. */
const properties: readonly (Property | undefined)[] = Object.assign([], {
  0x01: { ...flag, places: message },
  0x02: { kind: "four", places: message },
  0x03: { kind: "text", places: message },
  [Id.responseTopic]: { kind: "text", places: message },
  0x09: { kind: "binary", places: message },
  [subscriptionIdentifier]: { kind: "variable", places: subscribe, min: 1 },
  [Id.sessionExpiry]: { kind: "four", places: connect | disconnect },
  0x15: { kind: "text", places: connect },
  0x16: { kind: "binary", places: connect },
  0x17: { ...flag, places: connect },
  0x18: { kind: "four", places: will },
  0x19: { ...flag, places: connect },
  0x1f: { kind: "text", places: acknowledgement | disconnect },
  0x21: { kind: "two", places: connect, min: 1 },
  0x22: { kind: "two", places: connect },
  [Id.topicAlias]: {
    kind: "two",
    places: publish,
    min: 1,
    max: topicAliasMax,
    fault: Reason.topicAliasInvalid,
  },
  [userProperty]: { kind: "pair", places: everywhere },
  [Id.maximumPacketSize]: { kind: "four", places: connect, min: 1 },
} satisfies Record<number, Property>);

const scratch: VariableInteger = { value: 0, length: 0 };

/**
 * Reads the block of properties that begins at `start` with its length.
 *
 * @param end - Where the packet ends.
 * @returns The reason code to refuse the packet with: 0x81 malformed, 0x82 protocol error, 0x94 topic alias invalid;
 *   0 when the block is acceptable.
 */
export function readProperties(
  bytes: Uint8Array,
  start: number,
  end: number,
  place: number,
  into: PropertyBlock,
): number {
  into.sessionExpiry = 0;
  into.maximumPacketSize = 0;
  into.topicAlias = 0;
  const length = readInteger(bytes, start, end);
  let offset = start + scratch.length;
  into.end = offset + length;
  if (length < 0 || into.end > end) return Reason.malformed;
  // Identifiers are below 64: each has a bit in one of two numbers.
  const seen: [number, number] = [0, 0];
  while (offset < into.end) {
    const id = bytes[offset]!;
    const property = properties[id];
    if (property === undefined || (property.places & place) === 0) {
      const isOfServers = id === subscriptionIdentifier && place === publish;
      return isOfServers ? Reason.protocolError : Reason.malformed;
    }
    const half = id >> 5;
    const bit = 1 << (id & 31);
    if ((seen[half]! & bit) !== 0 && id !== userProperty) return Reason.protocolError;
    seen[half] = seen[half]! | bit;
    const fault = readValue(bytes, offset + 1, into.end, property);
    if (fault !== 0) return fault;
    if (id === Id.responseTopic && !isTopicName(bytes, offset + 3, scratch.length - 2)) {
      return Reason.protocolError;
    }
    if (id === Id.sessionExpiry) into.sessionExpiry = scratch.value;
    else if (id === Id.maximumPacketSize) into.maximumPacketSize = scratch.value;
    else if (id === Id.topicAlias) into.topicAlias = scratch.value;
    offset += 1 + scratch.length;
  }
  return 0;
}

/** The user properties of a block that is acceptable, in order, each in an object of its own. */
export function userPropertiesIn(bytes: Uint8Array): readonly Readonly<Record<string, string>>[] {
  readInteger(bytes, 0, bytes.length);
  const end = scratch.length + scratch.value;
  const found: Record<string, string>[] = [];
  for (let offset = scratch.length; offset < end; offset += 1 + scratch.length) {
    const id = bytes[offset]!;
    const property = properties[id];
    if (property === undefined || readValue(bytes, offset + 1, end, property) !== 0) break;
    if (id !== userProperty) continue;
    const valueAt = offset + 3 + readUint16(bytes, offset + 1);
    const name = textOf(bytes, offset + 3, valueAt);
    const value = textOf(bytes, valueAt + 2, valueAt + 2 + readUint16(bytes, valueAt));
    found.push({ [name]: value });
  }
  return found;
}

/** Reads one value into `scratch`: how many bytes it took and, of a number, which it is. */
function readValue(bytes: Uint8Array, start: number, end: number, property: Property): number {
  const { kind, min = 0, max = Number.MAX_SAFE_INTEGER, fault = Reason.protocolError } = property;
  if (kind === "text" || kind === "pair" || kind === "binary") {
    let offset = start;
    for (let count = kind === "pair" ? 2 : 1; count > 0; count -= 1) {
      if (offset + 2 > end) return Reason.malformed;
      const valueEnd = offset + 2 + readUint16(bytes, offset);
      if (valueEnd > end) return Reason.malformed;
      if (kind !== "binary" && !isMqttText(bytes, offset + 2, valueEnd)) return Reason.malformed;
      offset = valueEnd;
    }
    scratch.length = offset - start;
    return 0;
  }
  if (kind === "variable") {
    if (readInteger(bytes, start, end) < 0) return Reason.malformed;
  } else {
    const length = kind === "byte" ? 1 : kind === "two" ? 2 : 4;
    if (start + length > end) return Reason.malformed;
    let value = 0;
    for (let index = 0; index < length; index += 1) value = value * 256 + bytes[start + index]!;
    scratch.value = value;
    scratch.length = length;
  }
  return scratch.value < min || scratch.value > max ? fault : 0;
}

/** A variable byte integer in as few bytes as it takes; -1 where it is none. Source: MQTT 5.0 § 1.5.5. */
function readInteger(bytes: Uint8Array, start: number, end: number): number {
  readVariableInteger(bytes, start, end, scratch);
  const { length } = scratch;
  if (length <= 0 || (length > 1 && bytes[start + length - 1] === 0)) return -1;
  return scratch.value;
}

/** At least one character, and no wildcard. Source: MQTT 5.0 §§ 3.3.2.3.5, 4.7.3. */
function isTopicName(bytes: Uint8Array, start: number, length: number): boolean {
  for (let index = start; index < start + length; index += 1) {
    if (bytes[index] === 0x23 || bytes[index] === 0x2b) return false;
  }
  return length > 0;
}
