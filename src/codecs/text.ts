/** Text from bytes, without making an object for each piece. */
import { isUtf8 } from "node:buffer";

const scratch = Buffer.alloc(64);

/** Bytes known to be ASCII, as a string. */
export function asciiOf(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length > scratch.length) return viewOf(bytes).toString("latin1", start, end);
  // Copying a few bytes costs less than a view of them.
  for (let index = 0; index < length; index += 1) scratch[index] = bytes[start + index]!;
  return scratch.toString("latin1", 0, length);
}

/** Tells whether the bytes are UTF-8. */
export function isText(bytes: Uint8Array, start: number, end: number): boolean {
  return isAscii(bytes, start, end) || isUtf8(bytes.subarray(start, end));
}

/** Tells whether all bytes are below 0x80. */
export function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (bytes[at]! > 0x7f) return false;
  return true;
}

/** The bytes of a whole array as a buffer, which can give strings. */
export function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
