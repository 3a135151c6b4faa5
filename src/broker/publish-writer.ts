/** Writes PUBLISH packets for one subscriber. Source: MQTT 3.1.1 and 5.0, § 3.3. */
import mqttPacket from "mqtt-packet";
import type { EnginePacket } from "./engine.ts";
import { PacketType } from "./packets.ts";
import { variableIntegerBytes } from "./publish-size.ts";

/** A packet in hand, before its length is written. */
interface Measured {
  readonly packet: EnginePacket;
  readonly topicBytes: number;
  readonly payload: Buffer;
  /** All after the length. */
  readonly bodyBytes: number;
  /** The whole packet, where it has properties: the library writes those. */
  readonly ready: Buffer | undefined;
}

/**
 * The bytes of PUBLISH packets, one after the other.
 *
 * @param version - Of the subscriber: 3, 4 or 5; properties go to 5 only.
 */
export function writePublishes(packets: readonly EnginePacket[], version: number): Buffer {
  let length = 0;
  const measured = packets.map((packet) => {
    const one = measure(packet, version);
    length += one.ready?.length ?? 1 + variableIntegerBytes(one.bodyBytes) + one.bodyBytes;
    return one;
  });
  const out = Buffer.allocUnsafe(length);
  let offset = 0;
  for (const one of measured) {
    offset =
      one.ready === undefined ? write(out, offset, one, version) : offset + one.ready.copy(out, offset);
  }
  return out;
}

function measure(packet: EnginePacket, version: number): Measured {
  const payload = typeof packet.payload === "string" ? Buffer.from(packet.payload) : packet.payload;
  const topicBytes = Buffer.byteLength(packet.topic);
  const ready = version === 5 && packet.properties !== undefined ? generate(packet) : undefined;
  const bodyBytes = 2 + topicBytes + (packet.qos > 0 ? 2 : 0) + (version === 5 ? 1 : 0) + payload.length;
  return { packet, topicBytes, payload, bodyBytes, ready };
}

function generate(packet: EnginePacket): Buffer {
  const { topic, payload, qos, retain, dup = false, messageId, properties = {} } = packet;
  const identifier = messageId === undefined ? {} : { messageId };
  const whole = { cmd: "publish", topic, payload, qos, retain, dup, ...identifier, properties } as const;
  return mqttPacket.generate(whole, { protocolVersion: 5 });
}

/** @returns Where the packet ends. */
function write(out: Buffer, start: number, one: Measured, version: number): number {
  const { packet, topicBytes, payload, bodyBytes } = one;
  const { qos, retain, dup, messageId } = packet;
  let offset = start;
  out[offset] = (PacketType.publish << 4) | (dup === true ? 8 : 0) | (qos << 1) | (retain ? 1 : 0);
  offset += 1;
  let rest = bodyBytes;
  do {
    out[offset] = rest > 127 ? (rest & 127) | 128 : rest;
    offset += 1;
    rest >>>= 7;
  } while (rest > 0);
  out[offset] = topicBytes >> 8;
  out[offset + 1] = topicBytes & 255;
  offset += 2 + out.write(packet.topic, offset + 2, topicBytes);
  if (qos > 0) {
    out[offset] = messageId! >> 8;
    out[offset + 1] = messageId! & 255;
    offset += 2;
  }
  if (version === 5) {
    out[offset] = 0;
    offset += 1;
  }
  out.set(payload, offset);
  return offset + payload.length;
}
