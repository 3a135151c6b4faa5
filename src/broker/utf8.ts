/** Text as MQTT allows it. Source: MQTT 3.1.1 § 1.5.3, MQTT 5.0 § 1.5.4. */
import { isUtf8 } from "node:buffer";

/** The upper half of U+0080 to U+009F in UTF-8; the lower one is from 0x80 to 0x9F. */
const latinControlLead = 0xc2;

/**
 * Tells whether `bytes[start, end)` is text that the broker takes: well-formed UTF-8 without U+0000 and the other
 * control characters, U+0001 to U+001F and U+007F to U+009F.
 *
 * The standard forbids the first and advises against the others, for which it lets a server end the connection:
 * nobody means them in a name, and whoever reads a name in a log or a terminal is safe from them.
 */
export function isMqttText(bytes: Uint8Array, start: number, end: number): boolean {
  let ascii = true;
  for (let index = start; index < end; index += 1) {
    const byte = bytes[index]!;
    if (byte < 0x20 || byte === 0x7f) return false;
    if (byte < 0x80) continue;
    ascii = false;
    // Where the byte after it lies outside the text, it is not well-formed anyway.
    if (byte === latinControlLead && bytes[index + 1]! < 0xa0) return false;
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
