/** Size of a PUBLISH on the wire, to hold it against a subscriber's Maximum Packet Size. Source: MQTT 5.0 § 3.3. */
import type { EnginePacket } from "./engine.ts";

/** Bytes of a number in the variable-length encoding. Source: MQTT 5.0 § 1.5.5. */
export function variableIntegerBytes(value: number): number {
  if (value < 128) return 1;
  if (value < 16_384) return 2;
  return value < 2_097_152 ? 3 : 4;
}

function textBytes(value: unknown): number {
  return 2 + (typeof value === "string" || Buffer.isBuffer(value) ? Buffer.byteLength(value) : 0);
}

function userPropertyBytes(properties: unknown): number {
  if (typeof properties !== "object" || properties === null) return 0;
  let bytes = 0;
  for (const [name, value] of Object.entries(properties)) {
    for (const one of Array.isArray(value) ? value : [value]) bytes += 1 + textBytes(name) + textBytes(one);
  }
  return bytes;
}

/** Bytes of each property that a PUBLISH may carry. */
const propertyBytes: Readonly<Record<string, (value: unknown) => number>> = {
  payloadFormatIndicator: () => 2,
  messageExpiryInterval: () => 5,
  topicAlias: () => 3,
  responseTopic: (value) => 1 + textBytes(value),
  correlationData: (value) => 1 + textBytes(value),
  contentType: (value) => 1 + textBytes(value),
  subscriptionIdentifier: (value) =>
    [value].flat().reduce<number>((sum, one) => sum + 1 + variableIntegerBytes(Number(one)), 0),
  userProperties: (value) => [value].flat().reduce<number>((sum, one) => sum + userPropertyBytes(one), 0),
};

/** Bytes of the packet as it would be sent to a client of a protocol version. */
export function publishBytes(packet: Omit<EnginePacket, "messageExpiry">, version: number): number {
  let properties = 0;
  if (version === 5) {
    for (const [name, value] of Object.entries(packet.properties ?? {})) {
      if (value !== undefined) properties += propertyBytes[name]?.(value) ?? 0;
    }
    properties += variableIntegerBytes(properties);
  }
  const identifier = packet.qos > 0 ? 2 : 0;
  const body = textBytes(packet.topic) + identifier + properties + Buffer.byteLength(packet.payload);
  return 1 + variableIntegerBytes(body) + body;
}
