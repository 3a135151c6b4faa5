/**
 * Time stamps as devices write them, turned into epoch milliseconds.
 *
 * One place for all codecs, so that a device means the same time in JSON and in CBOR. Everything here
 * gives whole milliseconds, or `NaN` for what is not a time. A time before 9 September 2001 (1e12 ms,
 * 1e9 s) is not one: it is a clock that was never set, an uptime, or a reading that has a time's name.
 */
import type { EpochMs } from "../core/sample.ts";

/** 2001-09-09T01:46:40Z, the first instant whose seconds have ten digits. */
const earliestMs = 1e12;

/** The largest instant that a `Date` can hold. */
const latestMs = 8.64e15;

/** Digits of an epoch from which on it is nanoseconds: 1e17. */
const nanosecondDigits = 18;

/**
 * Reads an epoch by its magnitude: below 1e11 seconds, below 1e14 milliseconds, below 1e17 microseconds,
 * else nanoseconds.
 *
 * Seconds are rounded to milliseconds, since a binary fraction such as `.123` lies just below what was
 * meant; finer units are cut off, so that an instant stays in its millisecond.
 *
 * @returns `NaN` when it is below 1e9, is in finer units but before 2001, or is no finite number.
 */
export function stampOfNumber(value: number): EpochMs {
  if (value < 1e11) return bounded(Math.round(value * 1000));
  if (value < 1e14) return bounded(Math.floor(value));
  if (value < 1e17) return bounded(Math.floor(Math.floor(value) / 1000));
  // Above 2^53 a quotient could be rounded up into the next millisecond.
  return Number.isFinite(value) ? bounded(Number(BigInt(value) / 1_000_000n)) : Number.NaN;
}

/**
 * Reads an epoch written in decimal digits, exactly even where a double is not (nanoseconds).
 *
 * @returns `NaN` also when a byte is not a digit.
 */
export function stampOfDigits(bytes: Uint8Array, start: number, end: number): EpochMs {
  let from = start;
  while (from < end - 1 && bytes[from] === 0x30) from += 1;
  // Of nanoseconds the last six digits are below a millisecond; what is left is exact in a double.
  const count = end - from;
  const kept = count >= nanosecondDigits ? end - 6 : end;
  let value = 0;
  for (let at = from; at < end; at += 1) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    if (at < kept) value = value * 10 + digit;
  }
  if (count === 0) return Number.NaN;
  return kept === end ? stampOfNumber(value) : bounded(value);
}

/**
 * Reads a time written as text: RFC 3339 with a zone, or an epoch in decimal digits (some gateways quote
 * it).
 *
 * A fraction of a second is cut off at milliseconds; a leap second is the second after it. Text without
 * a zone is not a time: it is local to the device, and we do not know where that is.
 *
 * Source: RFC 3339, § 5.6; `T` may be a space or small, `Z` may be small.
 */
export function stampOfText(bytes: Uint8Array, start: number, end: number): EpochMs {
  if (end - start < 20) return stampOfDigits(bytes, start, end);
  const year = digitsAt(bytes, start, 4);
  const month = digitsAt(bytes, start + 5, 2);
  const day = digitsAt(bytes, start + 8, 2);
  const hour = digitsAt(bytes, start + 11, 2);
  const minute = digitsAt(bytes, start + 14, 2);
  const second = digitsAt(bytes, start + 17, 2);
  const parting = bytes[start + 10];
  const wellFormed =
    bytes[start + 4] === 0x2d &&
    bytes[start + 7] === 0x2d &&
    (parting === 0x54 || parting === 0x74 || parting === 0x20) &&
    bytes[start + 13] === 0x3a &&
    bytes[start + 16] === 0x3a;
  if (!wellFormed || !isCivil(year, month, day)) return Number.NaN;
  if (!(hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second <= 60)) {
    return Number.NaN;
  }
  let at = start + 19;
  let milliseconds = 0;
  if (bytes[at] === 0x2e) {
    let scale = 100;
    const fractionFrom = at + 1;
    for (at = fractionFrom; at < end; at += 1) {
      const digit = bytes[at]! - 0x30;
      if (digit < 0 || digit > 9) break;
      milliseconds += digit * scale;
      scale = scale === 1 ? 0 : scale / 10;
    }
    if (at === fractionFrom) return Number.NaN;
  }
  const offset = zoneMinutes(bytes, at, end);
  return bounded(Date.UTC(year, month - 1, day, hour, minute - offset, second, milliseconds));
}

/** Minutes east of Greenwich, or `NaN` unless the zone fills `[start, end)`. */
function zoneMinutes(bytes: Uint8Array, start: number, end: number): number {
  const sign = bytes[start];
  if (end - start === 1) return sign === 0x5a || sign === 0x7a ? 0 : Number.NaN;
  if (end - start !== 6 || (sign !== 0x2b && sign !== 0x2d) || bytes[start + 3] !== 0x3a) return Number.NaN;
  const hours = digitsAt(bytes, start + 1, 2);
  const minutes = digitsAt(bytes, start + 4, 2);
  if (!(hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60)) return Number.NaN;
  return (hours * 60 + minutes) * (sign === 0x2d ? -1 : 1);
}

/** A number of exactly `count` digits, or -1. */
function digitsAt(bytes: Uint8Array, start: number, count: number): number {
  let value = 0;
  for (let at = start; at < start + count; at += 1) {
    const digit = bytes[at]! - 0x30;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function isCivil(year: number, month: number, day: number): boolean {
  if (year < 0 || month < 1 || month > 12 || day < 1) return false;
  if (month !== 2) return day <= (month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31);
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= (leap ? 29 : 28);
}

/** Tells whether milliseconds since the epoch are a time at which a sample can have been taken. */
export function isStamp(at: number): boolean {
  return at >= earliestMs && at <= latestMs;
}

function bounded(at: number): EpochMs {
  return isStamp(at) ? at : Number.NaN;
}
