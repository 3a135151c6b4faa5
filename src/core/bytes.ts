/** Sizes as people write them: a whole number with a unit, `512MB` or `2GiB`. */

/** From the largest to the smallest. */
const units: ReadonlyMap<string, number> = new Map([
  ["TiB", 1024 ** 4],
  ["TB", 1000 ** 4],
  ["GiB", 1024 ** 3],
  ["GB", 1000 ** 3],
  ["MiB", 1024 ** 2],
  ["MB", 1000 ** 2],
  ["KiB", 1024],
  ["kB", 1000],
  ["KB", 1000],
  ["B", 1],
]);

const whole = /^(\d+)(TiB|GiB|MiB|KiB|TB|GB|MB|kB|KB|B)$/;

/** What a size looks like, as a regular expression for schemas. */
export const bytesPattern: string = whole.source;

/**
 * Reads a size.
 *
 * @returns Bytes, a safe whole number; nothing when the text is not a size. `MB` is a million bytes and
 *   `MiB` 1,048,576 (IEC 80000-13).
 */
export function parseBytes(text: string): number | undefined {
  const match = whole.exec(text);
  if (match === null) return undefined;
  const bytes = Number(match[1]) * (units.get(match[2] ?? "") ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/**
 * Writes a size so that {@link parseBytes} gives the same number, in the largest unit that is exact.
 *
 * @param bytes - A safe whole number, not negative.
 */
export function formatBytes(bytes: number): string {
  if (bytes === 0) return "0B";
  for (const [unit, size] of units) if (bytes % size === 0) return `${bytes / size}${unit}`;
  return `${bytes}B`;
}

/** Says what to write instead of a value that {@link parseBytes} refuses. */
export function bytesHint(value: unknown): string {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) {
    return `add the unit: "${formatBytes(value)}"`;
  }
  return 'write a whole number with a unit of B, kB, MB, GB, TB, KiB, MiB, GiB or TiB: "512MB", "2GiB"';
}
