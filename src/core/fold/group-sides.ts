/** What the sides of one group say together: most have one, a rule that compares sources has several. */
import type { CompiledRule } from "../rule/compile.ts";
import type { EpochMs } from "../sample.ts";
import type { GroupSide } from "./group-side.ts";

type Sides = readonly GroupSide[];

/**
 * Puts the values of all sides together, when one of them has decided.
 *
 * @param values - Filled with the values of the sides in turn.
 * @returns Event time of what was said last; `NaN` when they cannot be compared: another side is still to
 *   decide about the same time, or what one of them said last is too old.
 */
export function joinSides(sides: Sides, decided: GroupSide, at: EpochMs, values: number[]): EpochMs {
  let newestAt = at;
  for (const side of sides) {
    if (side === decided) continue;
    if (side.window.undecidedAt <= at) return Number.NaN;
    newestAt = Math.max(newestAt, side.decidedAt);
  }
  let offset = 0;
  for (const side of sides) {
    if (!(newestAt - side.decidedAt <= side.source.maxAgeMs)) return Number.NaN;
    for (const value of side.values) {
      values[offset] = value;
      offset += 1;
    }
  }
  return newestAt;
}

/** The least share of the expected samples that any side had at its last decision; `NaN` when none is known. */
export function coverageOf(sides: Sides): number {
  let least = Number.NaN;
  for (const { coverage } of sides) if (Number.isNaN(least) || coverage < least) least = coverage;
  return least;
}

/** The side that has been silent for longest: without it nothing can be compared. */
export function quietestOf(sides: Sides): GroupSide {
  let quietest = sides[0]!;
  for (const side of sides) if (side.arrivedAt < quietest.arrivedAt) quietest = side;
  return quietest;
}

/** When a sample came last, in running time. */
export function arrivedAtOf(sides: Sides): number {
  let arrivedAt = 0;
  for (const side of sides) arrivedAt = Math.max(arrivedAt, side.arrivedAt);
  return arrivedAt;
}

/** The newest stamp; `-Infinity` before the first. */
export function latestAtOf(sides: Sides): EpochMs {
  let latestAt = Number.NEGATIVE_INFINITY;
  for (const { window } of sides) latestAt = Math.max(latestAt, window.latestAt);
  return latestAt;
}

/**
 * Lets sides of an edited rule take over from those before.
 *
 * @param kept - The edit left their windows meaningful; else these are given back.
 */
export function inheritSides(sides: Sides, earlier: Sides, kept: boolean): void {
  for (const [index, before] of earlier.entries()) {
    const side = sides[index];
    if (!kept || side === undefined) {
      before.window.release();
      continue;
    }
    side.inherit(before);
    // The values of a single side are those of its group.
    if (sides.length > 1) carryValues(side.values, namesOf(side.rule), before.values, namesOf(before.rule));
  }
}

/** Copies values to where they stand under the same names. */
export function carryValues(
  into: number[],
  names: readonly string[],
  earlier: number[],
  earlierNames: readonly string[],
): void {
  for (const [index, name] of names.entries()) {
    const before = earlierNames.indexOf(name);
    if (before >= 0) into[index] = earlier[before]!;
  }
}

/** Names of what is measured of the first side, which is measured of every side. */
function namesOf({ fields, sideFieldCount }: CompiledRule): readonly string[] {
  return fields.slice(0, sideFieldCount);
}

/** As many values, none of them known yet. A plain array: a typed one takes 200 bytes before its first number. */
export function unknownValues(count: number): number[] {
  return Array.from({ length: count }, () => Number.NaN);
}
