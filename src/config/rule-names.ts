/** What the conditions and texts of a rule may name. */
import { isObject, type JsonObject } from "./jsonc.ts";
import { aggregateOf, aggregateWords } from "./rule-words.ts";

/** The names of one rule as it was written. */
export interface RuleNames {
  /** The rule looks at each sample by itself, and knows no aggregates. */
  readonly single: boolean;
  /** Names of its sides; empty when it has a single one. */
  readonly sides: readonly string[];
  /** Names that the rule gives to its aggregates. */
  readonly aggregates: readonly string[];
  /** Fields of its detector. */
  readonly detector: readonly string[];
  readonly labels: readonly string[];
  readonly groupKeys: readonly string[];
  readonly annotations: readonly string[];
}

/** Collects the names of a rule, passing over whatever has the wrong shape. */
export function namesOf(rule: JsonObject): RuleNames {
  const { window, aggregate, labels, groupBy, sources, detect, annotations } = rule;
  return {
    single: window === undefined || (isObject(window) && window["type"] === "none"),
    sides: keysIn(sources),
    aggregates: keysIn(aggregate),
    detector: detect === undefined ? [] : ["score", "expected"],
    labels: keysIn(labels),
    groupKeys: Array.isArray(groupBy) ? groupBy.filter((key) => typeof key === "string") : ["device"],
    annotations: keysIn(annotations),
  };
}

function keysIn(value: unknown): readonly string[] {
  return isObject(value) ? Object.keys(value) : [];
}

/** All fields that could be named, those that the rule gives a name to first. */
export function fieldNames(names: RuleNames): readonly string[] {
  const measured = names.single ? ["value"] : [...new Set([...names.aggregates, ...aggregateWords])];
  const sided =
    names.sides.length === 0
      ? measured
      : names.sides.flatMap((side) => measured.map((name) => `${side}.${name}`));
  return [...sided, ...names.detector];
}

/** Whether something is a field. */
export function isField(name: string, names: RuleNames): boolean {
  return names.detector.includes(name) || measuredNameOf(name, names) !== undefined;
}

/** The aggregate (or `value`) behind a field, without the side that it belongs to; nothing for other names. */
export function measuredNameOf(field: string, names: RuleNames): string | undefined {
  if (names.sides.length === 0) return isMeasured(field, names) ? field : undefined;
  const dot = field.indexOf(".");
  const measured = field.slice(dot + 1);
  return dot > 0 && names.sides.includes(field.slice(0, dot)) && isMeasured(measured, names)
    ? measured
    : undefined;
}

function isMeasured(name: string, names: RuleNames): boolean {
  if (names.single) return name === "value";
  return names.aggregates.includes(name) || aggregateOf(name) !== undefined;
}

/** The names that texts may show: the group's first. */
export function shownNames(names: RuleNames): readonly string[] {
  return [...names.groupKeys, ...names.labels, ...fieldNames(names)];
}
