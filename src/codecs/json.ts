/**
 * Telemetry as JSON objects, from bytes to rows.
 *
 * Payloads of a known shape (see `shape.ts`) are read without making a string or an object; every other
 * payload goes through `json-read.ts`, and its shape is learnt. Both give the same rows, to the bit.
 *
 * What becomes of a payload:
 * - Each number, boolean, text and null at most four levels deep is a row, in the order of the payload;
 *   elements of arrays are named by their index. Deeper leaves are not samples.
 * - `ts`, `time` and `timestamp` at the top level, where they are scalars, are event time and not
 *   samples; the first of them, in this order, that can be read counts. `null` there is as if missing.
 *   A route's `time` names another leaf in their place.
 * - A number too large for a double is a row of kind none, flagged bad. `NaN` and `Infinity` are not JSON.
 * - A name that comes twice in one object: the last one counts.
 */
import type { DecodePlan, DecodeTarget, PlanSpec } from "../core/decode.ts";
import { payloadStringBytesMax } from "../core/limits.ts";
import { RowFlag, ValueKind } from "../core/sample.ts";
import { JsonReader } from "./json-read.ts";
import { stampOfToken } from "./leaves.ts";
import { scanNumber, scanned } from "./number-scan.ts";
import { type Shape, standsAt } from "./shape.ts";
import { ShapedPlan } from "./shaped-plan.ts";
import { stampOfText } from "./stamp.ts";
import { asciiOf } from "./text.ts";

const reader = new JsonReader();

/** Makes the plan for a topic whose payloads are JSON objects. */
export function jsonPlan(spec: PlanSpec): DecodePlan {
  return new ShapedPlan("json", spec, reader, decodeShaped);
}

/**
 * Reads a payload that has this shape.
 *
 * The literals stand where they stood in a payload that was checked, and between them there is exactly
 * one scalar each, so that the whole is JSON within the bounds.
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
  const { rows } = target;
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
    const code = bytes[at]!;
    if (code <= 0x39 && code !== 0x22) {
      const value = scanNumber(bytes, at, end);
      const to = scanned.end;
      if (to < 0) return false;
      if (series >= 0) {
        if (value - value === 0) rows.push(series, ValueKind.number, value);
        else pushBad(target, series);
      } else if (series < -1) {
        const stamp = stampOfToken(bytes, at, to, value);
        if (Number.isNaN(stamp)) unreadable = true;
        else if (-2 - series < stampRank) {
          stampAt = stamp;
          stampRank = -2 - series;
        }
      }
      at = to;
    } else if (code === 0x22) {
      const to = textEnd(shape, slot, bytes, at, end);
      if (to < 0) return false;
      if (series >= 0) pushText(shape, slot, bytes, at, to, target);
      else if (series < -1) {
        const stamp = stampOfText(bytes, at + 1, to - 1);
        if (Number.isNaN(stamp)) unreadable = true;
        else if (-2 - series < stampRank) {
          stampAt = stamp;
          stampRank = -2 - series;
        }
      }
      at = to;
    } else {
      const length = wordLength(bytes, at, end);
      if (length === 0) return false;
      if (series >= 0) {
        if (code === 0x6e) rows.push(series, ValueKind.none, Number.NaN);
        else rows.push(series, ValueKind.boolean, code === 0x74 ? 1 : 0);
      } else if (series < -1 && code !== 0x6e) unreadable = true;
      at += length;
    }
  }
  if (at !== end) return false;
  target.stampAt = stampAt;
  target.stampUnreadable = unreadable && Number.isNaN(stampAt);
  return true;
}

/** Length of the `true`, `false` or `null` at `at`, or 0. */
function wordLength(bytes: Uint8Array, at: number, end: number): number {
  const code = bytes[at];
  const word = code === 0x74 ? "true" : code === 0x66 ? "false" : "null";
  if (at + word.length > end) return 0;
  for (let index = 0; index < word.length; index += 1) {
    if (bytes[at + index] !== word.charCodeAt(index)) return 0;
  }
  return word.length;
}

/**
 * Index after the string at `at`, or -1 when it needs the general reader: escapes, other than ASCII, too
 * long, or no end. A string that the slot remembers is known to be good.
 */
function textEnd(shape: Shape, slot: number, bytes: Uint8Array, at: number, end: number): number {
  const memory = shape.texts[slot];
  if (memory !== undefined && standsAt(memory, bytes, at, end)) return at + memory.length;
  const limit = Math.min(end, at + payloadStringBytesMax + 2);
  for (let index = at + 1; index < limit; index += 1) {
    const code = bytes[index]!;
    if (code === 0x22) return index + 1;
    if (code < 0x20 || code === 0x5c || code > 0x7f) return -1;
  }
  return -1;
}

function pushText(
  shape: Shape,
  slot: number,
  bytes: Uint8Array,
  from: number,
  to: number,
  target: DecodeTarget,
): void {
  const series = shape.slots[slot]!;
  const memory = shape.texts[slot];
  if (memory !== undefined && memory.length === to - from && standsAt(memory, bytes, from, to)) {
    target.rows.pushText(series, memory.text);
    return;
  }
  const text = asciiOf(bytes, from + 1, to - 1);
  shape.recallText(slot, bytes, { from, to, text });
  target.rows.pushText(series, text);
}

function pushBad(target: DecodeTarget, series: number): void {
  const { rows } = target;
  rows.push(series, ValueKind.none, Number.NaN);
  rows.flags[rows.count - 1] = RowFlag.bad;
}
