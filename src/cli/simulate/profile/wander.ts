/**
 * How simulated values move: over the day, with smooth noise, within the range of their metric; what is counted up
 * only grows. A value is a function of its device, its metric and the instant.
 */
import type { EpochMs } from "../../../core/sample.ts";
import { chance } from "./chance.ts";

/** How one metric moves, in the unit in which it is stored. */
export interface Course {
  readonly metric: string;
  readonly counts: boolean;
  /** About where it is. */
  readonly centre: number;
  /** About how far it goes from there; for what is counted up, about how much it grows in a day. */
  readonly reach: number;
  readonly low: number;
  readonly high: number;
}

/** What is known of a metric. */
export interface MetricFacts {
  readonly metric: string;
  readonly unit: string | undefined;
  readonly range: readonly [low: number, high: number] | undefined;
  /** Its value in the example. */
  readonly value: number;
  /** Its least change. */
  readonly step: number;
}

/** A simulated life: its seed, its device, and how long its days are. */
export interface Life {
  readonly seed: number;
  readonly device: number;
  readonly dayMs: number;
  /** When it begins: from here on is counted. */
  readonly startAt: EpochMs;
}

/** What an ordinary day does to a value, by its unit. */
const reachByUnit: Readonly<Record<string, number>> = {
  "°C": 3,
  "%": 8,
  Pa: 500,
  Hz: 0.05,
  ppm: 100,
  dBm: 5,
  dB: 3,
  "m/s²": 0.1,
};

/** Shares of the value, for units in which that says more. */
const shareByUnit: Readonly<Record<string, number>> = {
  V: 0.02,
  W: 0.3,
  A: 0.3,
  VA: 0.3,
  lx: 0.4,
  "m/s": 0.5,
};

const countedUnits: ReadonlySet<string> = new Set(["kWh", "m³", "mm"]);
/** Numbers that stand for something, whatever their range. */
const codes = /^(?!link-quality$)(?:.*-)?(?:quality|state|status|error|code|mode|reason|version)$/;
/** A range that goes this far is one of what is counted up. */
const countedHigh = 2 ** 31;

/**
 * The course of a metric.
 *
 * @returns Nothing for a number that is a code, or may be one since it has neither unit nor range: it stays as it is.
 */
export function courseOf(facts: MetricFacts): Course | undefined {
  const { metric, unit = "", range, value, step } = facts;
  if (unit === "" && (range === undefined || codes.test(metric))) return undefined;
  const [low, high] = range ?? [value >= 0 ? 0 : Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const counts = countedUnits.has(unit) || (unit === "" && high >= countedHigh);
  if (counts) return { metric, counts, centre: value, reach: Math.max(20 * step, value * 0.002), low, high };
  const slow = /battery|charge/.test(metric) ? 0.1 : 1;
  const usual = reachByUnit[unit] ?? Math.abs(value) * (shareByUnit[unit] ?? 0.1);
  const room = (high - low) / 4;
  // Of a zero one does not see how finely it is measured.
  const reach = Math.min(Math.max(usual * slow, value === 0 ? step : 3 * step), room);
  const centre = Math.min(Math.max(value, low + reach), high - reach);
  return { metric, counts, centre, reach, low, high };
}

/** The value at an instant, in the unit in which it is stored and not rounded yet. */
export function valueAt(course: Course, life: Life, at: EpochMs): number {
  const { metric, counts, centre, reach, low, high } = course;
  const { seed, device, dayMs, startAt } = life;
  const own = (what: string): number => chance(seed, device, metric, what);
  if (counts) {
    const days = Math.max(0, at - startAt) / dayMs;
    const grown = centre + reach * (0.5 + own("pace")) * days;
    return grown <= high ? grown : low + ((grown - low) % (high - low));
  }
  const wave = Math.sin(2 * Math.PI * (at / dayMs + own("phase")));
  const noise = smooth(at / (dayMs / 50), (knot) => chance(seed, device, metric, knot));
  const away = 0.4 * (2 * own("level") - 1) + 0.45 * wave + 0.15 * (2 * noise - 1);
  return Math.min(high, Math.max(low, centre + reach * away));
}

/** Whether a state that is mostly the other one holds: for some minutes now and then. */
export function isUnusual(metric: string, { seed, device, dayMs }: Life, at: EpochMs): boolean {
  const spells = 100;
  const shift = chance(seed, device, metric, "shift");
  return chance(seed, device, metric, "spell", Math.floor((at / dayMs) * spells + shift)) < 0.08;
}

/** Whether true is what is usual of a state. */
export function isUsuallyTrue(metric: string): boolean {
  return /online|reachable|producing|allowed|switch|output|external/.test(metric);
}

/** Between the values of whole numbers, without corners. */
function smooth(place: number, valueOf: (knot: number) => number): number {
  const knot = Math.floor(place);
  const part = place - knot;
  const eased = part * part * (3 - 2 * part);
  return valueOf(knot) * (1 - eased) + valueOf(knot + 1) * eased;
}
