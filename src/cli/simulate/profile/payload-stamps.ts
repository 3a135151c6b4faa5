/** Time stamps in payloads: recognised, and written again in the notation that they had. */
import type { EpochMs } from "../../../core/sample.ts";

/** A stamp as it stands in an example. */
export interface Stamp {
  readonly at: EpochMs;
  /** Least difference of two stamps of this notation that differ. */
  readonly resolutionMs: number;
  /** Another instant in the same notation. */
  write(at: EpochMs): string;
}

const civil = /^\d{4}-\d\d-\d\d([Tt ])\d\d:\d\d:\d\d(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)?$/;

/** Milliseconds in one unit of an epoch, by the number of its whole digits: 10 for seconds and so on. */
const epochUnits: ReadonlyMap<number, number> = new Map([
  [10, 1_000],
  [13, 1],
  [16, 1e-3],
  [19, 1e-6],
]);

/** Reads RFC 3339, with or without a zone (then it is taken as UTC), or nothing. */
export function civilStamp(text: string): Stamp | undefined {
  const match = civil.exec(text);
  if (match === null) return undefined;
  const [, parting = "T", fraction = "", zone = ""] = match;
  const iso = text.replace(/[t ]/, "T").replace(/z$/, "Z");
  const at = Date.parse(zone === "" ? `${iso}Z` : iso);
  if (Number.isNaN(at)) return undefined;
  const zoneMs = zoneMsOf(zone);
  return {
    at,
    resolutionMs: 10 ** (3 - Math.min(fraction.length, 3)),
    write(instant) {
      const written = new Date(instant + zoneMs).toISOString();
      const digits = written.slice(20, 23).padEnd(9, "0").slice(0, fraction.length);
      const seconds = written.slice(0, 19).replace("T", parting);
      return `${seconds}${digits === "" ? "" : `.${digits}`}${zone}`;
    },
  };
}

/** Reads an epoch in seconds, milliseconds, microseconds or nanoseconds, by its digits, or nothing. */
export function epochStamp(text: string): Stamp | undefined {
  const match = /^(\d+)(?:\.(\d+))?$/.exec(text);
  const unitMs = epochUnits.get(match?.[1]?.length ?? 0);
  if (match === null || unitMs === undefined) return undefined;
  const fraction = match[2] ?? "";
  const resolutionMs = Math.max(1, unitMs * 10 ** -fraction.length);
  return {
    at: Math.floor(Number(text) * unitMs),
    resolutionMs,
    write(at) {
      const ms = BigInt(Math.floor(at));
      if (unitMs < 1) return String(ms * BigInt(Math.round(1 / unitMs)));
      const whole = ms / BigInt(unitMs);
      const rest = String(ms % BigInt(unitMs)).padStart(3, "0");
      return fraction === "" ? String(whole) : `${whole}.${rest.padEnd(9, "0").slice(0, fraction.length)}`;
    },
  };
}

function zoneMsOf(zone: string): number {
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(4, 6))];
  if (zone.length !== 6) return 0;
  return (hours * 60 + minutes) * 60_000 * (zone.startsWith("-") ? -1 : 1);
}
