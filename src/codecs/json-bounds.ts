/**
 * Looks at JSON text before `JSON.parse` builds anything from it.
 *
 * For codecs whose payloads have a fixed structure, so that an object in between costs little and learning
 * shapes gains little.
 */
import { isUtf8 } from "node:buffer";
import type { Rejection } from "../core/decode.ts";
import {
  metadataDepthMax,
  metadataItemsMax,
  metadataStringBytesMax,
  packetBytesMax,
  payloadDepthMax,
  payloadItemsMax,
  payloadStringBytesMax,
} from "../core/limits.ts";
import { rejected } from "./rejection.ts";
import { viewOf } from "./text.ts";

/** A value from `JSON.parse`, or why there is none. */
export type Parsed = { readonly value: unknown } | { readonly rejection: Rejection };

interface JsonBounds {
  readonly depth: number;
  readonly items: number;
  readonly stringBytes: number;
}

const readingBounds: JsonBounds = {
  depth: payloadDepthMax,
  items: payloadItemsMax,
  stringBytes: payloadStringBytesMax,
};

/** Of messages about devices, which are larger than readings and come rarely. */
export const metadataBounds: JsonBounds = {
  depth: metadataDepthMax,
  items: metadataItemsMax,
  stringBytes: metadataStringBytesMax,
};

/**
 * Parses JSON that is within the bounds of `core/limits.ts`: bytes, depth, values, and bytes of a string.
 *
 * Names in the result are whatever the payload says, `__proto__` too, as own members: they may be read, and
 * must not be assigned to another object.
 */
export function parseJson(
  bytes: Uint8Array,
  start: number,
  end: number,
  bounds: JsonBounds = readingBounds,
): Parsed {
  if (end - start > packetBytesMax) {
    return refused("too-large", `The payload is longer than ${packetBytesMax} bytes.`);
  }
  const high = boundsOf(bytes, start, end, bounds);
  if (typeof high !== "boolean") return { rejection: high };
  if (high && !isUtf8(bytes.subarray(start, end)))
    return refused("invalid-text", "The payload is not UTF-8.");
  const text = viewOf(bytes).toString(high ? "utf8" : "latin1", start, end);
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    if (text.trim() === "") return refused("empty", "The payload is empty.");
    const at = error instanceof Error ? /position (\d+)/.exec(error.message)?.[1] : undefined;
    return refused("malformed", `The payload is not JSON${at === undefined ? "" : `: see character ${at}`}.`);
  }
}

/** Tells whether there are bytes above 0x7f, or which bound is broken. */
function boundsOf(bytes: Uint8Array, start: number, end: number, bounds: JsonBounds): boolean | Rejection {
  let seen = 0;
  let depth = 0;
  let items = 0;
  for (let at = start; at < end; at += 1) {
    const code = bytes[at]!;
    seen |= code;
    if (code === 0x22) {
      const from = at + 1;
      for (at = from; at < end; at += 1) {
        const inside = bytes[at]!;
        seen |= inside;
        if (inside === 0x22) break;
        if (inside === 0x5c) at += 1;
      }
      if (at - from > bounds.stringBytes) {
        return rejected("too-large", `A string is longer than ${bounds.stringBytes} bytes.`);
      }
    } else if (code === 0x2c) {
      items += 1;
    } else if (code === 0x7b || code === 0x5b) {
      // Every structure that is not empty holds one value more than commas.
      items += 1;
      depth += 1;
      if (depth > bounds.depth) {
        return rejected("too-deep", `The payload is nested deeper than ${bounds.depth} levels.`);
      }
    } else if (code === 0x7d || code === 0x5d) {
      depth -= 1;
    }
  }
  if (items > bounds.items) {
    return rejected("too-many-items", `The payload holds more than ${bounds.items} values.`);
  }
  return seen > 0x7f;
}

function refused(cause: Rejection["cause"], detail: string): Parsed {
  return { rejection: rejected(cause, detail) };
}
