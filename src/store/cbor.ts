/**
 * Plain objects as CBOR (RFC 8949) and back.
 *
 * Identical objects, with keys in the same order, give identical bytes: lengths are written in their
 * shortest form, keys in the order given, and nothing depends on what was encoded before.
 */
import { Encoder } from "cbor-x";

const encoder = new Encoder({
  useRecords: false,
  mapsAsObjects: true,
  variableMapSize: true,
  tagUint8Array: false,
});

/**
 * Encodes a plain value.
 *
 * @returns Bytes that nobody else writes to.
 */
export function encodeCbor(value: unknown): Uint8Array {
  return encoder.encode(value);
}

/**
 * Decodes one value that {@link encodeCbor} wrote; version and checksum around it have been verified.
 *
 * @throws Error when the bytes are not one CBOR value.
 */
export function decodeCbor(bytes: Uint8Array): unknown {
  return encoder.decode(bytes);
}
