/** Checks a CONNECT before the protocol engine sees it. Source: MQTT 3.1.1 § 3.1, MQTT 5.0 § 3.1. */
import { nameCharactersMax, topicBytesMax, topicLevelsMax } from "../core/limits.ts";
import { PacketType, Reason } from "./packets.ts";
import { makePropertyBlock, PropertyPlace, readProperties } from "./property-block.ts";
import { topicFault } from "./topic-names.ts";
import { isMqttText, readUint16, textOf } from "./utf8.ts";

/** What the gate needs to know of a CONNECT. */
export interface ConnectFacts {
  /** 3, 4 or 5; of a refused one 0 where it is not known. */
  readonly version: number;
  /** In seconds; 0 where the session ends with the connection. */
  readonly sessionExpiry: number;
  /** Bytes of the largest packet that the client takes; 0 where it did not say. */
  readonly maximumPacketSize: number;
  readonly clientId: string;
  readonly username: string | undefined;
  /** Why it is refused, as MQTT 5 numbers it; 0 when it is acceptable. */
  readonly refusal: number;
}

/** The one refusal that 3.1.1 has an answer to as well. Source: MQTT 3.1.1 § 3.1.2.2, MQTT 5.0 § 3.1.2.2. */
export const unknownLevel = 0x84;

const properties = makePropertyBlock();

/** Walks over the fields of one packet; every step says whether the packet was long enough and well-formed. */
class FieldReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  offset: number;
  /** Of the text or binary field read last. */
  fieldStart = 0;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.offset = start;
    this.end = end;
  }

  skip(count: number): boolean {
    this.offset += count;
    return this.offset <= this.end;
  }

  /** A field with a two-byte length in front. */
  binary(): boolean {
    if (this.offset + 2 > this.end) return false;
    this.fieldStart = this.offset + 2;
    this.offset = this.fieldStart + readUint16(this.bytes, this.offset);
    return this.offset <= this.end;
  }

  text(): boolean {
    return this.binary() && isMqttText(this.bytes, this.fieldStart, this.offset);
  }

  /** A block of properties. @returns The reason code to refuse them with, or 0. */
  properties(place: number): number {
    const fault = readProperties(this.bytes, this.offset, this.end, place, properties);
    this.offset = properties.end;
    return fault;
  }
}

/**
 * Clears what MQTT 3.1 does not use of a CONNECT, and MQTT 3.1.1 demands to be 0, as the engine does: the flags of
 * the first byte, and the first bit of the connect flags. Source: MQTT 3.1, "Fixed header" and CONNECT.
 *
 * @param body - Where the variable header begins, of a CONNECT of version 3 that is acceptable.
 */
export function clearUnusedFlags(bytes: Uint8Array, start: number, body: number): void {
  bytes[start] = PacketType.connect << 4;
  const flagsAt = body + 2 + readUint16(bytes, body) + 1;
  bytes[flagsAt] = bytes[flagsAt]! & 0xfe;
}

/**
 * Checks the CONNECT whose variable header begins at `start`.
 *
 * @param ownTopicPrefix - Topics a will may not be sent to.
 */
export function checkConnect(
  bytes: Uint8Array,
  range: { readonly start: number; readonly end: number },
  ownTopicPrefix: string,
): ConnectFacts {
  const reader = new FieldReader(bytes, range.start, range.end);
  const facts = { version: 0, sessionExpiry: 0, maximumPacketSize: 0, ...malformed };
  if (!reader.text()) return facts;
  const name = textOf(bytes, reader.fieldStart, reader.offset);
  if (reader.offset + 4 > range.end) return facts;
  const version = bytes[reader.offset]!;
  if (!(name === "MQTT" ? version === 4 || version === 5 : name === "MQIsdp" && version === 3)) {
    return name === "MQTT" || name === "MQIsdp" ? { ...facts, refusal: unknownLevel } : facts;
  }
  const flags = bytes[reader.offset + 1]!;
  reader.skip(4);
  if (version === 5) {
    const refusal = reader.properties(PropertyPlace.connect);
    if (refusal !== 0) return { ...facts, version, refusal };
  }
  const { sessionExpiry, maximumPacketSize } = version === 5 ? properties : facts;
  return {
    version,
    sessionExpiry,
    maximumPacketSize,
    ...readPayload(reader, version, flags, ownTopicPrefix),
  };
}

type Payload = Pick<ConnectFacts, "clientId" | "username" | "refusal">;

function refused(refusal: number): Payload {
  return { clientId: "", username: undefined, refusal };
}

const malformed: Payload = refused(Reason.malformed);

/** Reads what the flags say is behind the properties. */
function readPayload(reader: FieldReader, version: number, flags: number, ownTopicPrefix: string): Payload {
  const hasWill = (flags & 4) !== 0;
  const willQos = (flags >> 3) & 3;
  // Version 3.1 has no use for the first bit, and no rule for it.
  if ((version >= 4 && (flags & 1) !== 0) || willQos === 3 || (!hasWill && (flags & 0x38) !== 0))
    return malformed;
  // MQTT 5 allows a password without a user name.
  if (version < 5 && (flags & 0xc0) === 0x40) return malformed;
  if (!reader.text()) return malformed;
  const idBytes = reader.offset - reader.fieldStart;
  // Only since 3.1.1 a client may leave the name to the server.
  if (idBytes > nameCharactersMax || (version === 3 && idBytes === 0)) return refused(Reason.clientIdInvalid);
  const clientId = textOf(reader.bytes, reader.fieldStart, reader.offset);
  if (hasWill) {
    const fault = willFault(reader, version, ownTopicPrefix);
    if (fault !== 0) return refused(fault);
  }
  let username: string | undefined;
  if ((flags & 0x80) !== 0) {
    if (!reader.text()) return malformed;
    username = textOf(reader.bytes, reader.fieldStart, reader.offset);
  }
  if ((flags & 0x40) !== 0 && !reader.binary()) return malformed;
  return reader.offset === reader.end ? { clientId, username, refusal: 0 } : malformed;
}

function willFault(reader: FieldReader, version: number, ownTopicPrefix: string): number {
  if (version === 5) {
    const fault = reader.properties(PropertyPlace.will);
    if (fault !== 0) return fault;
  }
  if (!reader.text()) return Reason.malformed;
  const topic = textOf(reader.bytes, reader.fieldStart, reader.offset);
  const length = reader.offset - reader.fieldStart;
  if (length > topicBytesMax || topic.split("/").length > topicLevelsMax) return Reason.topicInvalid;
  const fault = topicFault(topic, ownTopicPrefix);
  if (fault !== undefined) return fault === "reserved" ? Reason.notAuthorized : Reason.topicInvalid;
  return reader.binary() ? 0 : Reason.malformed;
}
