/** Checks the packets that go to the engine, PUBLISH and CONNECT aside. Source: MQTT 3.1.1 and 5.0, §§ 2.1, 3. */
import { PacketType } from "./packets.ts";
import { readUint16 } from "./utf8.ts";

/**
 * Tells whether a control packet may come from a client now: its flags, its length, and a packet
 * identifier that is not 0. Contents of SUBSCRIBE and UNSUBSCRIBE are checked elsewhere.
 */
export function isControlAcceptable(
  first: number,
  version: number,
  bytes: Uint8Array,
  body: number,
  end: number,
): boolean {
  const length = end - body;
  const flags = first & 15;
  switch (first >> 4) {
    case PacketType.puback:
    case PacketType.pubrec:
    case PacketType.pubcomp:
      return flags === 0 && isAcknowledgement(version, bytes, body, length);
    case PacketType.pubrel:
      return flags === 2 && isAcknowledgement(version, bytes, body, length);
    case PacketType.subscribe:
    case PacketType.unsubscribe:
      return flags === 2 && length >= 5;
    case PacketType.pingreq:
      return flags === 0 && length === 0;
    case PacketType.disconnect:
      return flags === 0 && (version === 5 || length === 0);
    default:
      return false;
  }
}

function isAcknowledgement(version: number, bytes: Uint8Array, body: number, length: number): boolean {
  return length >= 2 && (version === 5 || length === 2) && readUint16(bytes, body) !== 0;
}
