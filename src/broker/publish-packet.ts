/** Finds its way in a PUBLISH. Source: MQTT 3.1.1 and 5.0, § 3.3. */
import { Reason } from "./packets.ts";
import { makePropertyBlock, PropertyPlace, readProperties } from "./property-block.ts";
import { readUint16 } from "./utf8.ts";

/** Where the parts of a PUBLISH lie, in the bytes it was read from. */
export interface PublishFields {
  qos: number;
  retain: boolean;
  resent: boolean;
  /** 0 for QoS 0. */
  packetId: number;
  topicStart: number;
  topicEnd: number;
  /** Past the empty property block of MQTT 5, where there is one. */
  payloadStart: number;
  /** There are MQTT 5 properties; `payloadStart` is then where they begin. */
  hasProperties: boolean;
}

const properties = makePropertyBlock();

/** Makes fields to be read into, again and again. */
export function makePublishFields(): PublishFields {
  return {
    qos: 0,
    retain: false,
    resent: false,
    packetId: 0,
    topicStart: 0,
    topicEnd: 0,
    payloadStart: 0,
    hasProperties: false,
  };
}

/**
 * Reads the PUBLISH `bytes[start, end)` whose variable header begins at `body`. Makes no object.
 *
 * @returns The reason code to disconnect with; 0 when the packet is well-formed, its topic aside.
 */
export function readPublish(
  bytes: Uint8Array,
  start: number,
  body: number,
  end: number,
  version: number,
  into: PublishFields,
): number {
  const first = bytes[start]!;
  const qos = (first >> 1) & 3;
  // QoS 3 does not exist, and a QoS 0 message is never sent again.
  if (qos === 3 || (first & 0b1110) === 0b1000 || body + 2 > end) return Reason.malformed;
  const topicEnd = body + 2 + readUint16(bytes, body);
  let payloadStart = qos === 0 ? topicEnd : topicEnd + 2;
  if (payloadStart > end) return Reason.malformed;
  const packetId = qos === 0 ? 0 : readUint16(bytes, topicEnd);
  if (qos > 0 && packetId === 0) return Reason.malformed;
  let hasProperties = false;
  if (version === 5) {
    if (payloadStart >= end) return Reason.malformed;
    hasProperties = bytes[payloadStart] !== 0;
    if (!hasProperties) payloadStart += 1;
    else {
      const fault = readProperties(bytes, payloadStart, end, PropertyPlace.publish, properties);
      if (fault !== 0) return fault;
      if (topicEnd === body + 2 && properties.topicAlias === 0) return Reason.protocolError;
    }
  }
  into.qos = qos;
  into.retain = (first & 1) !== 0;
  into.resent = (first & 8) !== 0;
  into.packetId = packetId;
  into.topicStart = body + 2;
  into.topicEnd = topicEnd;
  into.payloadStart = payloadStart;
  into.hasProperties = hasProperties;
  return 0;
}
