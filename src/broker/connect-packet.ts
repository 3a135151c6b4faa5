/** Checks a CONNECT before the protocol engine sees it. Source: MQTT 3.1.1 § 3.1, MQTT 5.0 § 3.1. */
import { nameCharactersMax, topicBytesMax, topicLevelsMax } from "../core/limits.ts";
import { readVariableInteger, type VariableInteger } from "./packets.ts";
import { topicFault } from "./topic-names.ts";
import { isMqttText, readUint16, textOf } from "./utf8.ts";

/** What the gate needs to know of an acceptable CONNECT. */
export interface ConnectFacts {
  /** 3, 4 or 5. */
  readonly version: number;
}

/** The refusal that has an answer of its own. Source: MQTT 3.1.1 § 3.1.2.2. */
export const unknownLevel = "protocol level";

const scratch: VariableInteger = { value: 0, length: 0 };

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

  /** A property block: its length and as many bytes. */
  properties(): boolean {
    readVariableInteger(this.bytes, this.offset, this.end, scratch);
    return scratch.length > 0 && this.skip(scratch.length + scratch.value);
  }
}

/**
 * Checks the CONNECT whose variable header begins at `start`.
 *
 * @param ownTopicPrefix - Topics a will may not be sent to.
 * @returns Why it is refused, or what it says.
 */
export function checkConnect(
  bytes: Uint8Array,
  range: { readonly start: number; readonly end: number },
  ownTopicPrefix: string,
): ConnectFacts | string {
  const reader = new FieldReader(bytes, range.start, range.end);
  if (!reader.text()) return "protocol name";
  const name = textOf(bytes, reader.fieldStart, reader.offset);
  if (reader.offset + 4 > range.end) return "too short";
  const version = bytes[reader.offset]!;
  const flags = bytes[reader.offset + 1]!;
  if (!(name === "MQTT" ? version === 4 || version === 5 : name === "MQIsdp" && version === 3)) {
    return name === "MQTT" || name === "MQIsdp" ? unknownLevel : "protocol name";
  }
  const hasWill = (flags & 4) !== 0;
  const willQos = (flags >> 3) & 3;
  if ((flags & 1) !== 0 || willQos === 3 || (!hasWill && (flags & 0x38) !== 0)) return "flags";
  if (version < 5 && (flags & 0xc0) === 0x40) return "password without user name";
  reader.skip(4);
  if (version === 5 && !reader.properties()) return "properties";
  if (!reader.text()) return "client id";
  if (reader.offset - reader.fieldStart > nameCharactersMax) return "client id too long";
  if (hasWill) {
    const refusal = checkWill(reader, version, ownTopicPrefix);
    if (refusal !== undefined) return refusal;
  }
  if ((flags & 0x80) !== 0 && !reader.text()) return "user name";
  if ((flags & 0x40) !== 0 && !reader.binary()) return "password";
  return reader.offset === range.end ? { version } : "trailing bytes";
}

function checkWill(reader: FieldReader, version: number, ownTopicPrefix: string): string | undefined {
  if (version === 5 && !reader.properties()) return "will properties";
  if (!reader.text()) return "will topic";
  const topic = textOf(reader.bytes, reader.fieldStart, reader.offset);
  const length = reader.offset - reader.fieldStart;
  if (length > topicBytesMax || topic.split("/").length > topicLevelsMax) return "will topic too long";
  if (topicFault(topic, ownTopicPrefix) !== undefined) return "will topic not allowed";
  return reader.binary() ? undefined : "will payload";
}
