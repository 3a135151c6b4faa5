/** Payloads that were compressed by their sender. */
import { constants, gunzipSync, inflateSync } from "node:zlib";
import type { Rejection } from "../core/decode.ts";
import { inflatedBytesMax } from "../core/limits.ts";
import { rejected } from "./rejection.ts";

/**
 * Gives what a payload was before it was compressed, at most `limits.inflatedBytesMax` of it.
 *
 * @param algorithm - `GZIP` or `DEFLATE`, which is zlib's form of it (RFC 1950).
 * @returns A rejection `unsupported`, `too-large` or `malformed` in its place.
 */
export function inflated(body: Uint8Array, algorithm: string): Uint8Array | Rejection {
  const options = { maxOutputLength: inflatedBytesMax, finishFlush: constants.Z_FINISH };
  try {
    if (algorithm === "GZIP") return gunzipSync(body, options);
    if (algorithm === "DEFLATE") return inflateSync(body, options);
  } catch (error) {
    if (error instanceof RangeError) {
      return rejected(
        "too-large",
        `The payload is longer than ${inflatedBytesMax} bytes without its compression.`,
      );
    }
    return rejected("malformed", "The payload cannot be decompressed.");
  }
  return rejected("unsupported", "The payload is compressed in a way that Sparkplug B does not have.");
}
