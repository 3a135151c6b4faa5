/** Instants as people and recordings write them. */
import { stampOfNumber, stampOfText } from "../../codecs/stamp.ts";
import type { EpochMs } from "../../core/sample.ts";
import { parseDuration } from "../../core/time/duration.ts";

const encoder = new TextEncoder();
const scratch = new Uint8Array(64);

/**
 * The instant of a recorded stamp: an epoch by its magnitude, or RFC 3339, where a missing zone means UTC.
 *
 * @returns `NaN` when it is none.
 */
export function stampOf(written: unknown): EpochMs {
  if (typeof written === "number") return stampOfNumber(written);
  if (typeof written !== "string" || written.length > scratch.length - 16) return Number.NaN;
  const { written: end } = encoder.encodeInto(written, scratch);
  const at = stampOfText(scratch, 0, end);
  if (!Number.isNaN(at) || end < 10) return at;
  // A day alone, or an instant without a zone.
  return end === 10 ? stampWith(end, "T00:00:00Z") : stampWith(end, "Z");
}

function stampWith(end: number, suffix: string): EpochMs {
  const { written } = encoder.encodeInto(suffix, scratch.subarray(end));
  return stampOfText(scratch, 0, end + written);
}

/**
 * The instant that `--from` or `--to` names: as {@link stampOf}, or so long before now: `-7d`.
 *
 * @returns Nothing when it names none.
 */
export function parseInstant(written: string, now: EpochMs): EpochMs | undefined {
  if (written === "now") return now;
  if (written.startsWith("-")) {
    const backMs = parseDuration(written.slice(1));
    return backMs === undefined ? undefined : now - backMs;
  }
  const at = stampOf(written);
  return Number.isNaN(at) ? undefined : at;
}

/** Writes an instant for people, in UTC, to the second. */
export function instantText(at: EpochMs): string {
  return new Date(at).toISOString().slice(0, 19).replace("T", " ");
}
