/**
 * Topic aliases towards one subscriber that has said it takes some: the first topics that it is sent get one each, and
 * after that their messages go without the name. Source: MQTT 5.0 §§ 3.1.2.11.5, 3.3.2.3.4.
 *
 * Works on what has been written, since an alias holds from the packet that gives it: whatever overtakes another
 * inside the engine, here is the order in which the subscriber reads.
 */
import { outboundAliasesMax } from "../core/limits.ts";
import { PacketType, readVariableInteger, variableInteger, type VariableInteger } from "./packets.ts";
import { readUint16, textOf } from "./utf8.ts";

const topicAlias = 0x23;
/** An alias takes three bytes; a shorter name is not worth one. */
const aliasBytes = 3;

const scratch: VariableInteger = { value: 0, length: 0 };

export class OutboundAliases {
  readonly #aliases = new Map<string, number>();
  readonly #aliasMax: number;

  /** @param clientMax - Topic Alias Maximum of the client. */
  constructor(clientMax: number) {
    this.#aliasMax = Math.min(clientMax, outboundAliasesMax);
  }

  /**
   * Puts aliases into the PUBLISH packets among whole packets of MQTT 5.
   *
   * @param packetMax - Bytes of the largest packet that the client takes.
   */
  shorten(packets: Uint8Array, packetMax: number): Uint8Array {
    const parts: Uint8Array[] = [];
    let isChanged = false;
    for (let start = 0; start < packets.length; ) {
      readVariableInteger(packets, start + 1, packets.length, scratch);
      const body = start + 1 + scratch.length;
      const end = body + scratch.value;
      const part = packets.subarray(start, end);
      const isPublish = packets[start]! >> 4 === PacketType.publish;
      const changed = isPublish ? this.#shortened(part, body - start, packetMax) : part;
      isChanged ||= changed !== part;
      parts.push(changed);
      start = end;
    }
    return isChanged ? Buffer.concat(parts) : packets;
  }

  #shortened(packet: Uint8Array, body: number, packetMax: number): Uint8Array {
    const topicBytes = readUint16(packet, body);
    if (topicBytes <= aliasBytes) return packet;
    const topicEnd = body + 2 + topicBytes;
    const topic = textOf(packet, body + 2, topicEnd);
    const known = this.#aliases.get(topic);
    if (known !== undefined) return withAlias(packet, topicEnd, known, new Uint8Array(0));
    if (this.#aliases.size >= this.#aliasMax) return packet;
    const alias = this.#aliases.size + 1;
    const changed = withAlias(packet, topicEnd, alias, packet.subarray(body + 2, topicEnd));
    if (changed.length > packetMax) return packet;
    this.#aliases.set(topic, alias);
    return changed;
  }
}

/** The PUBLISH with this topic, and the alias in front of its properties. */
function withAlias(packet: Uint8Array, topicEnd: number, alias: number, topic: Uint8Array): Uint8Array {
  const first = packet[0]!;
  const propertiesAt = topicEnd + ((first & 0b110) === 0 ? 0 : 2);
  readVariableInteger(packet, propertiesAt, packet.length, scratch);
  const properties = variableInteger(scratch.value + aliasBytes);
  const identifier = packet.subarray(topicEnd, propertiesAt);
  const rest = packet.subarray(propertiesAt + scratch.length);
  const length = 2 + topic.length + identifier.length + properties.length + aliasBytes + rest.length;
  return Buffer.concat(
    [
      [first],
      variableInteger(length),
      [topic.length >> 8, topic.length & 255],
      topic,
      identifier,
      properties,
      [topicAlias, alias >> 8, alias & 255],
      rest,
    ].map((part) => Uint8Array.from(part)),
  );
}
