/**
 * Decimal numbers read straight from bytes, equal to the last bit to what `JSON.parse` gives.
 */

import { asciiOf } from "./text.ts";

const minus = 0x2d;
const plus = 0x2b;
const dot = 0x2e;
const zero = 0x30;

/** Powers of ten that a double holds exactly. */
const exactPowersOfTen = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** Integers below this are exact in a double. */
const exactIntegerMax = 2 ** 53;

/** Where the last scan ended: the index after the number, or -1 when there was no number. */
export const scanned: { end: number } = { end: 0 };

/**
 * Reads the number that begins at `start`, by the grammar of JSON (RFC 8259, § 6), and sets
 * `scanned.end`. What comes after the number is the caller's to judge.
 *
 * A mantissa below 2^53 and a power of ten of at most 22 are both exact in a double, so one correctly
 * rounded multiplication or division gives the nearest double. Everything else is left to `Number`.
 *
 * Source: W. D. Clinger, "How to read floating point numbers accurately", PLDI 1990, § 3.
 *
 * @returns `±Infinity` when the number is too large for a double, `NaN` when there is no number.
 */
export function scanNumber(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const negative = at < end && bytes[at] === minus;
  if (negative) at += 1;
  let mantissa = 0;
  const digitsFrom = at;
  if (at < end && bytes[at] === zero) {
    at += 1;
  } else {
    for (; at < end; at += 1) {
      const digit = bytes[at]! - zero;
      if (digit < 0 || digit > 9) break;
      // Once past 2^53 it never comes back below, rounded or not: the test at the end is enough.
      mantissa = mantissa * 10 + digit;
    }
    if (at === digitsFrom) return unscanned();
  }
  let scale = 0;
  if (at < end && bytes[at] === dot) {
    const fractionFrom = at + 1;
    for (at = fractionFrom; at < end; at += 1) {
      const digit = bytes[at]! - zero;
      if (digit < 0 || digit > 9) break;
      mantissa = mantissa * 10 + digit;
    }
    scale = fractionFrom - at;
    if (scale === 0) return unscanned();
  }
  if (at < end && (bytes[at]! | 0x20) === 0x65) {
    const exponent = scanExponent(bytes, at + 1, end);
    if (scanned.end < 0) return Number.NaN;
    at = scanned.end;
    scale += exponent;
  }
  scanned.end = at;
  if (mantissa < exactIntegerMax && scale >= -22 && scale <= 22) {
    const value = scale < 0 ? mantissa / exactPowersOfTen[-scale]! : mantissa * exactPowersOfTen[scale]!;
    return negative ? -value : value;
  }
  return Number(asciiOf(bytes, start, at));
}

/** Reads the digits of an exponent; the value stops growing where it no longer matters. */
function scanExponent(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const sign = at < end ? bytes[at] : 0;
  if (sign === minus || sign === plus) at += 1;
  const digitsFrom = at;
  let exponent = 0;
  for (; at < end; at += 1) {
    const digit = bytes[at]! - zero;
    if (digit < 0 || digit > 9) break;
    if (exponent < 100_000) exponent = exponent * 10 + digit;
  }
  if (at === digitsFrom) return unscanned();
  scanned.end = at;
  return sign === minus ? -exponent : exponent;
}

function unscanned(): number {
  scanned.end = -1;
  return Number.NaN;
}
