/**
 * The short forms of MQTT 5 acknowledgements and DISCONNECT: without properties their length of 0 is left out, and
 * without an error the reason code, too. The engine writes both. Source: MQTT 5.0 §§ 3.4.2, 3.5.2, 3.6.2, 3.7.2, 3.14.2.
 */
import { PacketType, readVariableInteger, type VariableInteger } from "./packets.ts";

const scratch: VariableInteger = { value: 0, length: 0 };

/** Shortens what can be shortened among whole packets. */
export function brief(packets: Uint8Array): Uint8Array {
  let parts: Uint8Array[] | undefined;
  for (let start = 0; start < packets.length; ) {
    readVariableInteger(packets, start + 1, packets.length, scratch);
    const end = start + 1 + scratch.length + scratch.value;
    const length = briefLength(packets, start, scratch.value);
    if (length < scratch.value) {
      parts ??= [packets.subarray(0, start)];
      parts.push(Uint8Array.of(packets[start]!, length), packets.subarray(start + 2, start + 2 + length));
    } else {
      parts?.push(packets.subarray(start, end));
    }
    start = end;
  }
  return parts === undefined ? packets : Buffer.concat(parts);
}

/** @returns The length behind the fixed header of two bytes that is enough, or the one there is. */
function briefLength(packets: Uint8Array, start: number, length: number): number {
  const type = packets[start]! >> 4;
  const isAcknowledgement = type >= PacketType.puback && type <= PacketType.pubcomp;
  if (!isAcknowledgement && type !== PacketType.disconnect) return length;
  // In front of the reason code stands the packet identifier.
  const reasonAt = isAcknowledgement ? 2 : 0;
  if (length !== reasonAt + 2 || packets[start + 2 + reasonAt + 1] !== 0) return length;
  return packets[start + 2 + reasonAt] === 0 ? reasonAt : reasonAt + 1;
}
