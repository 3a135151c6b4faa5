/**
 * Which hour of the local week an instant is in.
 *
 * Local clocks differ from UTC by whole quarters of an hour, and are changed at such, so what was found for
 * one instant holds for its whole quarter of an hour. Zones stay in memory, and there are some six hundred.
 */
import type { EpochMs } from "../sample.ts";

export const hourMs = 3_600_000;
export const hoursPerDay = 24;
export const hoursPerWeek = 168;

const quarterMs = 900_000;
/** Quarters remembered for a zone: sixteen hours, as many as devices are late. A power of two. */
const quartersKept = 64;
/** The epoch began on a Thursday, three days into the week. */
const epochHourOfWeek = 3 * hoursPerDay;
/** The largest instant that the calendar knows. */
const instantMax = 8.64e15;

const weekdays: readonly string[] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

class ZoneHours {
  readonly #format: Intl.DateTimeFormat;
  readonly #quarters: Float64Array = new Float64Array(quartersKept).fill(Number.NaN);
  readonly #hours: Uint8Array = new Uint8Array(quartersKept);

  constructor(timezone: string) {
    this.#format = new Intl.DateTimeFormat("en-US", {
      timeZone: timezone,
      weekday: "short",
      hour: "2-digit",
      hourCycle: "h23",
    });
  }

  hourOfWeekAt(at: EpochMs): number {
    const quarter = Math.floor(at / quarterMs);
    const index = modulo(quarter, quartersKept);
    if (this.#quarters[index] !== quarter) {
      this.#quarters[index] = quarter;
      this.#hours[index] = this.#find(quarter * quarterMs);
    }
    return this.#hours[index]!;
  }

  #find(at: EpochMs): number {
    let day = 0;
    let hour = 0;
    for (const { type, value } of this.#format.formatToParts(at)) {
      if (type === "weekday") day = weekdays.indexOf(value);
      else if (type === "hour") hour = Number(value);
    }
    return day * hoursPerDay + hour;
  }
}

const zones = new Map<string, ZoneHours>();

/**
 * The hour of the local week.
 *
 * @param at - Any finite number; beyond the calendar's end it is in UTC.
 * @param timezone - An IANA name; UTC without it.
 * @returns 0 for Monday from 00:00 to 01:00, up to 167. Modulo 24 it is the hour of the day.
 * @throws RangeError for a name that is no time zone; definitions are checked before.
 */
export function hourOfWeekAt(at: EpochMs, timezone?: string): number {
  if (timezone === undefined || Math.abs(at) > instantMax - hourMs) {
    return modulo(Math.floor(at / hourMs) + epochHourOfWeek, hoursPerWeek);
  }
  let zone = zones.get(timezone);
  if (zone === undefined) {
    zone = new ZoneHours(timezone);
    zones.set(timezone, zone);
  }
  return zone.hourOfWeekAt(at);
}

/** The remainder that is not negative. */
export function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
