/** Instants as they are written in a query. */
import type { EpochMs } from "../core/sample.ts";

/** The largest instant of a calendar, in size. Source: ECMA-262, time values. */
const instantMax = 8.64e15;

/**
 * Reads epoch milliseconds, or a time with its zone.
 *
 * A `+` that was not escaped in a query arrives as a space, and stands before nothing but an offset there.
 *
 * @returns Nothing when it is no instant, as the 30th of February.
 *
 * Source: RFC 3339, section 5.6.
 */
export function parseInstant(written: string): EpochMs | undefined {
  if (/^-?\d{1,16}(?:\.\d{1,6})?$/.test(written)) {
    const at = Number(written);
    return Math.abs(at) <= instantMax ? at : undefined;
  }
  const parts =
    /^(\d{4}-\d\d-(\d\d))[Tt ]([01]\d|2[0-3])(:[0-5]\d:[0-5]\d(?:\.\d{1,9})?)([Zz]|[+ -][0-2]\d:[0-5]\d)$/.exec(
      written,
    );
  if (parts === null) return undefined;
  const [, day = "", dayOfMonth, hours = "", rest = "", zone = ""] = parts;
  // `Date` takes the 30th of February for the 2nd of March.
  if (new Date(`${day}T00:00:00Z`).getUTCDate() !== Number(dayOfMonth)) return undefined;
  const at = Date.parse(`${day}T${hours}${rest}${zone.toUpperCase().replace(" ", "+")}`);
  return Number.isNaN(at) ? undefined : at;
}
