/** What the gate knows of MQTT packets. Source: MQTT 3.1.1 and 5.0, § 2. */

/** Control packet types, the upper half of the first byte. */
export const PacketType = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  unsubscribe: 10,
  pingreq: 12,
  disconnect: 14,
  auth: 15,
} as const;

/** MQTT 5 reason codes that the gate sends itself. Source: MQTT 5.0 § 2.4. */
export const Reason = {
  success: 0x00,
  disconnectWithWill: 0x04,
  malformed: 0x81,
  protocolError: 0x82,
  clientIdInvalid: 0x85,
  badCredentials: 0x86,
  notAuthorized: 0x87,
  busy: 0x89,
  shuttingDown: 0x8b,
  keepAliveTimeout: 0x8d,
  filterInvalid: 0x8f,
  topicInvalid: 0x90,
  packetIdUnknown: 0x92,
  receiveMaximumExceeded: 0x93,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
  quotaExceeded: 0x97,
  administrative: 0x98,
} as const;

/** A number in the variable-length encoding, and how many bytes it took. `length` 0: incomplete, -1: malformed. */
export interface VariableInteger {
  value: number;
  length: number;
}

/** A number in the variable-length encoding, at most four bytes. Source: MQTT 5.0 § 1.5.5. */
export function variableInteger(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; bytes.length === 0 || rest > 0; rest >>= 7) {
    bytes.push(rest > 127 ? (rest & 127) | 128 : rest);
  }
  return bytes;
}

/**
 * Reads a variable byte integer into `into`.
 *
 * Source: MQTT 5.0 § 1.5.5; at most four bytes.
 */
export function readVariableInteger(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: VariableInteger,
): void {
  let value = 0;
  for (let index = 0; index < 4; index += 1) {
    if (start + index >= end) {
      into.length = 0;
      return;
    }
    const byte = bytes[start + index]!;
    value |= (byte & 127) << (7 * index);
    if (byte < 128) {
      into.value = value;
      into.length = index + 1;
      return;
    }
  }
  into.length = -1;
}

const scratch: VariableInteger = { value: 0, length: 0 };

/** Bytes of the largest of several packets, each of which is whole. */
export function largestPacketBytes(packets: Uint8Array): number {
  let largest = 0;
  for (let start = 0; start < packets.length; ) {
    readVariableInteger(packets, start + 1, packets.length, scratch);
    const size = 1 + scratch.length + scratch.value;
    largest = Math.max(largest, size);
    start += size;
  }
  return largest;
}
