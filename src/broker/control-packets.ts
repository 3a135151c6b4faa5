/** Checks the packets that go to the engine, PUBLISH and CONNECT aside. Source: MQTT 3.1.1 and 5.0, §§ 2.1, 3. */
import { PacketType, Reason } from "./packets.ts";
import { makePropertyBlock, PropertyPlace, readProperties } from "./property-block.ts";
import { readUint16 } from "./utf8.ts";

/** Reason codes that a client may send. Source: MQTT 5.0 §§ 3.4.2.1, 3.6.2.1, 3.14.2.1. */
const ofReceipt = new Set([0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]);
const ofRelease = new Set([0x00, 0x92]);
const ofDisconnect = new Set([
  0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
]);

const properties = makePropertyBlock();

/**
 * Tells what is wrong with a control packet from a client: its flags, its length, a packet identifier of 0, its
 * reason code, its properties. Contents of SUBSCRIBE and UNSUBSCRIBE are checked elsewhere.
 *
 * @param mayOutlive - CONNECT asked for a session that outlives the connection. Source: MQTT 5.0 § 3.14.2.2.2.
 * @returns The reason code to disconnect with; 0 when the packet is acceptable.
 */
export function controlFault(
  bytes: Uint8Array,
  { start, body, end }: { readonly start: number; readonly body: number; readonly end: number },
  version: number,
  mayOutlive: boolean,
): number {
  const first = bytes[start]!;
  const flags = first & 15;
  const length = end - body;
  switch (first >> 4) {
    case PacketType.puback:
    case PacketType.pubrec:
      return flags === 0 ? acknowledgementFault(bytes, body, end, version, ofReceipt) : Reason.malformed;
    case PacketType.pubcomp:
      return flags === 0 ? acknowledgementFault(bytes, body, end, version, ofRelease) : Reason.malformed;
    case PacketType.pubrel:
      return flags === 2 ? acknowledgementFault(bytes, body, end, version, ofRelease) : Reason.malformed;
    case PacketType.subscribe:
    case PacketType.unsubscribe:
      return flags === 2 && length >= 5 ? 0 : Reason.malformed;
    case PacketType.pingreq:
      return flags === 0 && length === 0 ? 0 : Reason.malformed;
    case PacketType.disconnect:
      if (flags !== 0 || (version < 5 && length > 0)) return Reason.malformed;
      return disconnectFault(bytes, body, end, mayOutlive);
    case PacketType.connect:
      return Reason.protocolError;
    case PacketType.auth:
      // It belongs to a method, and no CONNECT with one is accepted.
      return flags === 0 && version === 5 ? Reason.protocolError : Reason.malformed;
    default:
      // What only servers send is unexpected, whatever is in it. Source: MQTT 5.0 § 1.2, "Protocol Error".
      return Reason.protocolError;
  }
}

function acknowledgementFault(
  bytes: Uint8Array,
  body: number,
  end: number,
  version: number,
  reasons: ReadonlySet<number>,
): number {
  const length = end - body;
  if (length < 2 || (version < 5 && length > 2) || readUint16(bytes, body) === 0) return Reason.malformed;
  return reasonFault(bytes, body + 2, end, reasons, PropertyPlace.acknowledgement);
}

function disconnectFault(bytes: Uint8Array, body: number, end: number, mayOutlive: boolean): number {
  const fault = reasonFault(bytes, body, end, ofDisconnect, PropertyPlace.disconnect);
  if (fault !== 0 || end - body < 2) return fault;
  return properties.sessionExpiry > 0 && !mayOutlive ? Reason.protocolError : 0;
}

/** What MQTT 5 packets may end with: a reason code, and behind that properties. */
function reasonFault(
  bytes: Uint8Array,
  start: number,
  end: number,
  reasons: ReadonlySet<number>,
  place: number,
): number {
  if (start === end) return 0;
  if (!reasons.has(bytes[start]!)) return Reason.protocolError;
  if (start + 1 === end) return 0;
  const fault = readProperties(bytes, start + 1, end, place, properties);
  if (fault !== 0) return fault;
  return properties.end === end ? 0 : Reason.malformed;
}
