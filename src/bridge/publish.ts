/** What a far broker's PUBLISH says. Source: MQTT 3.1.1 and 5.0, § 3.3. */
import { isUtf8 } from "node:buffer";
import { variableInteger } from "./packet-reader.ts";
import type { PacketFrame } from "./packet-reader.ts";

/** A PUBLISH taken apart; the payload begins at `payload` in the bytes of the frame. */
export interface InboundPublish {
  readonly qos: 0 | 1 | 2;
  readonly resent: boolean;
  /** Of a subscription without "retain as published": the far broker had kept it. */
  readonly retained: boolean;
  /** Empty where it is not well-formed text. */
  readonly topic: string;
  /** 0 for QoS 0. */
  readonly packetId: number;
  readonly payload: number;
}

/**
 * Reads a PUBLISH.
 *
 * @param version - Only version 5 has properties. None of them is of use here, and a topic alias cannot be among
 *   them: we allow the server none.
 * @returns Nothing when it is malformed.
 */
export function readPublish({ first, bytes, body }: PacketFrame, version: 4 | 5): InboundPublish | undefined {
  const qos = (first >> 1) & 3;
  if (qos === 3 || bytes.length < body + 2) return undefined;
  const topicEnd = body + 2 + bytes.readUInt16BE(body);
  let offset = topicEnd;
  if (qos > 0) offset += 2;
  if (bytes.length < offset) return undefined;
  const packetId = qos > 0 ? bytes.readUInt16BE(topicEnd) : 0;
  if (qos > 0 && packetId === 0) return undefined;
  if (version === 5) {
    const properties = variableInteger(bytes, offset);
    if (properties === undefined || properties.bytes < 0) return undefined;
    offset += properties.bytes + properties.value;
    if (bytes.length < offset) return undefined;
  }
  return {
    qos: qos === 0 ? 0 : qos === 1 ? 1 : 2,
    resent: (first & 8) !== 0,
    retained: (first & 1) !== 0,
    topic: topicOf(bytes.subarray(body + 2, topicEnd)),
    packetId,
    payload: offset,
  };
}

function topicOf(bytes: Buffer): string {
  return isUtf8(bytes) && !bytes.includes(0) ? bytes.toString("utf8") : "";
}
