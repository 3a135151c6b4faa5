/** What keeps every score a finite number, and every state usable, whatever a sensor sends. */
import { windowValueMax } from "../limits.ts";

/** Largest score that is given in deviations. Beyond it, how far out a value is says nothing more. */
export const scoreMax = 1e6;

/**
 * Whether a value may go into a baseline: a finite number of at most `limits.windowValueMax` in size, so that
 * the square of a distance between two stays a number. Larger ones are judged, and not learned.
 */
export function learnable(value: number): boolean {
  return Math.abs(value) <= windowValueMax;
}

/** Brings a number into `[low, high]`; infinities included. `NaN` stays `NaN`. */
export function limited(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** Brings a quotient that is not negative into the finite numbers. */
export function finite(value: number): number {
  return Math.min(value, Number.MAX_VALUE);
}

/** How many deviations lie between two numbers, signed, at most {@link scoreMax} either way. */
export function deviationsBetween(value: number, center: number, deviation: number): number {
  // Of two equal numbers the distance is 0, also where the deviation is 0.
  if (value === center) return 0;
  return limited((value - center) / deviation, -scoreMax, scoreMax);
}
