/**
 * The envelope of every value but log records: a version byte, the CRC-32 of all that follows, the body.
 */
import { crc32 } from "node:zlib";
import { ByteWriter } from "./bytes.ts";

/** The version of every sealed value. A change of any layout gives it a new one. */
export const sealedVersion = 1;

/** Where the body of a sealed value begins. */
export const sealedEnd = 5;

/** Begins a value; the body is written to it. */
export function startEnvelope(capacity = 64): ByteWriter {
  const writer = new ByteWriter(capacity);
  writer.byte(sealedVersion);
  writer.uint32(0);
  return writer;
}

/** Ends a value: fills in the checksum. */
export function sealEnvelope(writer: ByteWriter): Uint8Array {
  const bytes = writer.taken();
  writer.view.setUint32(1, crc32(bytes.subarray(sealedEnd)), true);
  return bytes;
}

/** What is wrong with a sealed value, if anything. */
export function damageOf(bytes: Uint8Array): string | undefined {
  if (bytes.length < sealedEnd) return `${bytes.length} bytes are too few`;
  if (bytes[0] !== sealedVersion) return `unknown version ${bytes[0]}`;
  const stored = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(1, true);
  return crc32(bytes.subarray(sealedEnd)) === stored ? undefined : "checksum mismatch";
}
