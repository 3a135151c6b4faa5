/** Text as MQTT allows it. Source: MQTT 3.1.1 § 1.5.3, MQTT 5.0 § 1.5.4. */
import { isUtf8 } from "node:buffer";

/**
 * Tells whether `bytes[start, end)` is text that MQTT allows: well-formed UTF-8 without U+0000.
 *
 * Other control characters are allowed, as the standard does; whoever shows a name escapes it.
 */
export function isMqttText(bytes: Uint8Array, start: number, end: number): boolean {
  let ascii = true;
  for (let index = start; index < end; index += 1) {
    const byte = bytes[index]!;
    if (byte === 0) return false;
    if (byte > 127) ascii = false;
  }
  return ascii || isUtf8(bytes.subarray(start, end));
}

/** Reads two bytes, most significant first. The caller has checked that they are there. */
export function readUint16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}

/** Decodes text that {@link isMqttText} has accepted. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8");
}
