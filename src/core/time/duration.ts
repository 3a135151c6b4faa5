/**
 * Durations as people write them: whole numbers, each with a unit, the largest unit first: `90s`, `1h30m`.
 *
 * A bare number is refused, because nobody can tell by looking at it whether it means seconds or
 * milliseconds.
 */

const units: ReadonlyMap<string, number> = new Map([
  ["w", 604_800_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
]);

const whole = /^(?:\d+(?:ms|[wdhms]))+$/;
const part = /(\d+)(ms|[wdhms])/g;

/** Longest duration that is understood: a hundred years, far below where sums of instants lose milliseconds. */
export const durationMsMax: number = 36_525 * 86_400_000;

/** What a duration looks like, as a regular expression for schemas. {@link parseDuration} is stricter. */
export const durationPattern: string = whole.source;

/**
 * Reads a duration.
 *
 * @returns Milliseconds, a whole number from 0 to {@link durationMsMax}; nothing when the text is not a
 *   duration. Units stand largest first and once each, so that one duration is not written in two ways
 *   by mistake: `30m1h` is refused.
 */
export function parseDuration(text: string): number | undefined {
  if (!whole.test(text)) return undefined;
  let total = 0;
  let previous = Number.POSITIVE_INFINITY;
  for (const [, digits, unit] of text.matchAll(part)) {
    const size = units.get(unit ?? "");
    if (size === undefined || size >= previous) return undefined;
    previous = size;
    total += Number(digits) * size;
  }
  return total <= durationMsMax ? total : undefined;
}

/**
 * Writes a duration so that {@link parseDuration} gives the same number: `5400000` as `1h30m`.
 *
 * @param durationMs - A whole number of milliseconds, not negative. Weeks are written as days.
 */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return "0s";
  let rest = durationMs;
  let text = "";
  for (const [unit, size] of units) {
    if (unit === "w") continue;
    const amount = Math.floor(rest / size);
    if (amount > 0) text += `${amount}${unit}`;
    rest -= amount * size;
  }
  return text;
}

/** Says what to write instead of a value that {@link parseDuration} refuses. */
export function durationHint(value: unknown): string {
  const text = typeof value === "string" ? value.trim() : value;
  if (typeof text === "number" || (typeof text === "string" && /^\d+$/.test(text))) {
    const amount = Number(text);
    if (Number.isInteger(amount) && amount >= 0) {
      return `add the unit: "${amount}s" for seconds, "${amount}ms" for milliseconds, "${amount}m" for minutes`;
    }
  }
  if (typeof text === "string") {
    if (text.startsWith("-")) return 'a duration is not negative; write "0s" for none';
    const repaired = text
      .toLowerCase()
      .replaceAll(/\s+/g, "")
      .replaceAll(/(?<=\d)([a-z]+)/g, shortUnit);
    if (repaired !== text && parseDuration(repaired) !== undefined) return `write "${repaired}"`;
    if (/\d[.,]\d/.test(text)) return 'use whole numbers: "1h30m" instead of "1.5h"';
    if (whole.test(text)) return 'put the largest unit first, and each unit once, up to 100 years: "1h30m"';
  }
  return 'write whole numbers with a unit of ms, s, m, h, d or w: "90s", "5m", "1h30m", "7d"';
}

function shortUnit(word: string): string {
  if (/^(ms|msecs?|millis?|milliseconds?)$/.test(word)) return "ms";
  const singular = word.length > 1 && word.endsWith("s") ? word.slice(0, -1) : word;
  return unitWords.get(singular) ?? word;
}

const unitWords: ReadonlyMap<string, string> = new Map([
  ["sec", "s"],
  ["second", "s"],
  ["min", "m"],
  ["minute", "m"],
  ["hr", "h"],
  ["hour", "h"],
  ["day", "d"],
  ["week", "w"],
]);
