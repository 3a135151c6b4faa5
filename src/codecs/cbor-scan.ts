/**
 * The scalars of CBOR, read straight from bytes.
 *
 * Source: RFC 8949, § 3 (heads), § 3.3 and appendix D (floats).
 */
import { scanned } from "./number-scan.ts";

/** Major types of RFC 8949, § 3.1. */
export const Major = {
  unsigned: 0,
  negative: 1,
  bytes: 2,
  text: 3,
  array: 4,
  map: 5,
  tag: 6,
  simple: 7,
} as const;

const scratch = new DataView(new ArrayBuffer(8));

/**
 * Reads the argument of the head at `at` and sets `scanned.end` to the index after the head, or -1 when
 * the head is cut off, reserved or indefinite.
 *
 * @returns The argument; above 2^53 the nearest double.
 */
export function scanArgument(bytes: Uint8Array, at: number, end: number): number {
  const info = bytes[at]! & 31;
  if (info < 24) {
    scanned.end = at + 1;
    return info;
  }
  const length = info > 27 ? 0 : 1 << (info - 24);
  if (length === 0 || at + 1 + length > end) {
    scanned.end = -1;
    return Number.NaN;
  }
  let argument = 0;
  for (let index = at + 1; index <= at + length; index += 1) argument = argument * 256 + bytes[index]!;
  scanned.end = at + 1 + length;
  return argument;
}

/**
 * Reads the float at `at`, of 2, 4 or 8 bytes, and sets `scanned.end`, or -1 when it is cut off or no
 * float.
 */
export function scanFloat(bytes: Uint8Array, at: number, end: number): number {
  const info = bytes[at]! & 31;
  const length = info < 25 || info > 27 ? 0 : 1 << (info - 24);
  if (length === 0 || at + 1 + length > end) {
    scanned.end = -1;
    return Number.NaN;
  }
  for (let index = 0; index < length; index += 1) scratch.setUint8(index, bytes[at + 1 + index]!);
  scanned.end = at + 1 + length;
  if (length === 8) return scratch.getFloat64(0);
  return length === 4 ? scratch.getFloat32(0) : halfOf(scratch.getUint16(0));
}

/** A float of 16 bits: 1 of sign, 5 of exponent, 10 of mantissa. */
function halfOf(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  const sign = bits > 0x7fff ? -1 : 1;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (mantissa + 1024) * 2 ** (exponent - 25);
}

/** An integer as a number where a double holds it exactly, else as decimal text. */
export function integerOf(bytes: Uint8Array, at: number, argument: number): number | string {
  const negative = bytes[at]! >> 5 === Major.negative;
  const value = negative ? -1 - argument : argument;
  if (Number.isSafeInteger(value)) return value;
  for (let index = 0; index < 8; index += 1) scratch.setUint8(index, bytes[at + 1 + index]!);
  const unsigned = scratch.getBigUint64(0);
  const exact = negative ? -1n - unsigned : unsigned;
  return BigInt(value) === exact ? value : exact.toString();
}
