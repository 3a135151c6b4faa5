/**
 * Circles among inhibitions. Two rules that mute each other are both silent exactly when both have something
 * to say, so a set of rules with a circle is refused.
 */
import type { RuleDefinition } from "../rule/definition.ts";

/** A rule on the way that is being walked, and how many of the rules that mute it were looked at. */
interface Visit {
  readonly rule: string;
  readonly inhibitors: readonly string[];
  looked: number;
}

/**
 * Finds the circles of a rule set.
 *
 * Which values have to be equal does not matter: whether two alerts ever meet is known only when it is too late.
 *
 * @returns Of each circle the rules in order, each muted by the next one and the last by the first; a rule that
 *   mutes itself is a circle of one. None when there is none; at least one of each tangle, so that with the last
 *   one mended there is none. Rules that do not exist mute nobody.
 */
export function inhibitionCycles(
  rules: readonly Pick<RuleDefinition, "id" | "inhibit">[],
): readonly (readonly string[])[] {
  const inhibitorsOf = new Map(rules.map(({ id, inhibit }) => [id, inhibit.map(({ rule }) => rule)]));
  const cycles: string[][] = [];
  const finished = new Set<string>();
  for (const { id } of rules) {
    if (!finished.has(id)) walkFrom(id, inhibitorsOf, finished, cycles);
  }
  return cycles;
}

/** Depth first, without recursion: a chain of inhibitions may be as long as the rule set. */
function walkFrom(
  start: string,
  inhibitorsOf: ReadonlyMap<string, readonly string[]>,
  finished: Set<string>,
  cycles: string[][],
): void {
  const way: Visit[] = [{ rule: start, inhibitors: inhibitorsOf.get(start) ?? [], looked: 0 }];
  while (way.length > 0) {
    const visit = way.at(-1)!;
    const next = visit.inhibitors[visit.looked];
    visit.looked += 1;
    if (next === undefined) {
      finished.add(visit.rule);
      way.pop();
      continue;
    }
    if (finished.has(next)) continue;
    const seenAt = way.findIndex(({ rule }) => rule === next);
    if (seenAt >= 0) cycles.push(way.slice(seenAt).map(({ rule }) => rule));
    else way.push({ rule: next, inhibitors: inhibitorsOf.get(next) ?? [], looked: 0 });
  }
}
