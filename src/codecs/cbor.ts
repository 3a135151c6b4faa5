/**
 * Telemetry as CBOR maps, from bytes to rows, with the meaning of `json.ts`.
 *
 * Beside that:
 * - Tags 0 and 1 are times: where event time belongs they are it, elsewhere they are a sample in epoch
 *   milliseconds. Other tags, bignums, indefinite lengths and simple values without a meaning are refused.
 * - Integers beyond 2^53 are numbers where a double holds them exactly, else decimal text.
 * - Floats that are not finite are rows of kind none, flagged bad; `undefined` is as `null`.
 * - Byte strings are base64url text. Integer keys are names in decimal digits.
 */
import type { DecodePlan, DecodeTarget, PlanSpec } from "../core/decode.ts";
import { payloadStringBytesMax } from "../core/limits.ts";
import { RowFlag, ValueKind } from "../core/sample.ts";
import { CborReader } from "./cbor-read.ts";
import { Major, scanArgument, scanFloat } from "./cbor-scan.ts";
import { scanned } from "./number-scan.ts";
import { type Shape, standsAt } from "./shape.ts";
import { ShapedPlan } from "./shaped-plan.ts";
import { stampOfNumber, stampOfText } from "./stamp.ts";
import { asciiOf } from "./text.ts";

const reader = new CborReader();

/** Makes the plan for a topic whose payloads are CBOR maps. */
export function cborPlan(spec: PlanSpec): DecodePlan {
  return new ShapedPlan("cbor", spec, reader, decodeShaped);
}

/**
 * Reads a payload that has this shape: heads and keys stand where they stood in a payload that was
 * checked, and between them there is exactly one scalar each.
 *
 * @returns False when it has another shape, or a scalar that takes more care; rows may have been added.
 */
function decodeShaped(
  shape: Shape,
  bytes: Uint8Array,
  start: number,
  end: number,
  target: DecodeTarget,
): boolean {
  const { literals, literalEnds, slots } = shape;
  const count = slots.length;
  let at = start;
  let literal = 0;
  let stampAt = Number.NaN;
  let stampRank = 9;
  let unreadable = false;
  for (let slot = 0; ; slot += 1) {
    const literalEnd = literalEnds[slot]!;
    if (at + literalEnd - literal > end) return false;
    for (; literal < literalEnd; literal += 1, at += 1) {
      if (bytes[at] !== literals[literal]) return false;
    }
    if (slot === count) break;
    if (at >= end) return false;
    const series = slots[slot]!;
    if (series > -2) {
      at = pushScalar(shape, slot, bytes, at, end, target);
    } else if (bytes[at] === 0xf6 || bytes[at] === 0xf7) {
      at += 1;
    } else {
      const stamp = scanStamp(bytes, at, end);
      at = scanned.end;
      if (Number.isNaN(stamp)) unreadable = true;
      else if (-2 - series < stampRank) {
        stampAt = stamp;
        stampRank = -2 - series;
      }
    }
    if (at < 0) return false;
  }
  if (at !== end) return false;
  target.stampAt = stampAt;
  target.stampUnreadable = unreadable && Number.isNaN(stampAt);
  return true;
}

/** Reads the scalar of a slot into a row; returns the index after it, or -1 for the general reader. */
function pushScalar(
  shape: Shape,
  slot: number,
  bytes: Uint8Array,
  at: number,
  end: number,
  target: DecodeTarget,
): number {
  const series = shape.slots[slot]!;
  const { rows } = target;
  const code = bytes[at]!;
  if (code >= 0xf4 && code <= 0xf7) {
    if (series < 0) return at + 1;
    if (code < 0xf6) rows.push(series, ValueKind.boolean, code - 0xf4);
    else rows.push(series, ValueKind.none, Number.NaN);
    return at + 1;
  }
  if (code >> 5 === Major.text) return pushText(shape, slot, bytes, at, end, target);
  const value = scanPlainNumber(bytes, at, end);
  if (scanned.end < 0 || series < 0) return scanned.end;
  if (value - value === 0) {
    rows.push(series, ValueKind.number, value);
  } else {
    rows.push(series, ValueKind.none, Number.NaN);
    rows.flags[rows.count - 1] = RowFlag.bad;
  }
  return scanned.end;
}

/** Reads a float or an integer within 2^53; sets `scanned.end`, to -1 for everything else. */
function scanPlainNumber(bytes: Uint8Array, at: number, end: number): number {
  const code = bytes[at]!;
  if (code >= 0xf9) return scanFloat(bytes, at, end);
  if (code < 0x40) {
    const argument = scanArgument(bytes, at, end);
    if (argument < Number.MAX_SAFE_INTEGER) return code < 0x20 ? argument : -1 - argument;
  }
  scanned.end = -1;
  return Number.NaN;
}

/** Reads a time, tagged or not; sets `scanned.end`, to -1 for what takes more care. */
function scanStamp(bytes: Uint8Array, start: number, end: number): number {
  const code = bytes[start]!;
  const tag = code === 0xc0 || code === 0xc1 ? code - 0xc0 : -1;
  const at = tag < 0 ? start : start + 1;
  const isText = at < end && bytes[at]! >> 5 === Major.text;
  if (at >= end || (tag === 0 && !isText) || (tag === 1 && isText)) {
    scanned.end = -1;
    return Number.NaN;
  }
  if (!isText) return stampOfNumber(scanPlainNumber(bytes, at, end));
  const from = asciiFrom(bytes, at, end);
  return from < 0 ? Number.NaN : stampOfText(bytes, from, scanned.end);
}

/** Where the characters of the text at `at` begin, if all are ASCII; sets `scanned.end` to their end. */
function asciiFrom(bytes: Uint8Array, at: number, end: number): number {
  const length = scanArgument(bytes, at, end);
  const from = scanned.end;
  if (from < 0 || length > payloadStringBytesMax || from + length > end) {
    scanned.end = -1;
    return -1;
  }
  const to = from + length;
  for (let index = from; index < to; index += 1) {
    if (bytes[index]! > 0x7f) {
      scanned.end = -1;
      return -1;
    }
  }
  scanned.end = to;
  return from;
}

function pushText(
  shape: Shape,
  slot: number,
  bytes: Uint8Array,
  at: number,
  end: number,
  target: DecodeTarget,
): number {
  const series = shape.slots[slot]!;
  const memory = shape.texts[slot];
  if (series >= 0 && memory !== undefined && standsAt(memory, bytes, at, end)) {
    target.rows.pushText(series, memory.text);
    return at + memory.length;
  }
  const from = asciiFrom(bytes, at, end);
  if (from < 0 || series < 0) return scanned.end;
  const to = scanned.end;
  const text = asciiOf(bytes, from, to);
  shape.recallText(slot, bytes, { from: at, to, text });
  target.rows.pushText(series, text);
  return to;
}
