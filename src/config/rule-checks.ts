/**
 * What the parts of a rule must be to each other. Shape is the schema's matter: these checks pass over
 * whatever has the wrong shape, so that both kinds of mistake are reported at once.
 */
import type { ExpressionCompiler } from "../core/rule/expression.ts";
import { isObject, type JsonObject } from "./jsonc.ts";
import { childPointer } from "./pointer.ts";
import { checkAlerts } from "./rule-alert-checks.ts";
import { checkClears, checkCondition, type ConditionContext } from "./rule-condition-checks.ts";
import { checkDetect } from "./rule-detect-checks.ts";
import { isField, namesOf, type RuleNames } from "./rule-names.ts";
import { severities } from "./rule-schema.ts";
import { checkActions, checkAnnotations } from "./rule-text-checks.ts";
import { aggregateOf, functionOf } from "./rule-words.ts";
import { nearest } from "./suggest.ts";
import { checkWindow, type RuleReport } from "./window-checks.ts";

/** What rules are checked against beside themselves. */
export interface RuleSurroundings {
  /** Missing where nobody has handed in a compiler. */
  readonly expressions: ExpressionCompiler | undefined;
  /** Below which the gateway publishes itself. */
  readonly ownTopicPrefix: string;
}

/** Checks one rule as it was written. */
export function checkRule(rule: JsonObject, surroundings: RuleSurroundings, report: RuleReport): void {
  const names = namesOf(rule);
  checkSources(rule, report);
  checkGroupBy(rule, names, report);
  checkWindow(rule["window"], report);
  checkAggregates(rule, names, report);
  checkDetect(rule["detect"], names, report);
  checkConditions(rule, { names, expressions: surroundings.expressions, report });
  checkAlerts(rule, report);
  checkLabels(names, report);
  checkAnnotations(rule["annotations"], names, report);
  checkActions(rule["actions"], names, surroundings.ownTopicPrefix, report);
  checkCounts(rule, report);
}

function checkConditions(rule: JsonObject, context: ConditionContext): void {
  const { when, levels } = rule;
  checkCondition(when, "/when", context);
  const conditions = isObject(levels) ? severities.map((severity) => levels[severity]) : [];
  for (const [index, condition] of conditions.entries()) {
    checkCondition(condition, `/levels/${severities[index] ?? ""}`, context);
  }
  if (when !== undefined) checkClears([when], "/when", context.report);
  else checkClears(conditions, "/levels", context.report);
}

function checkSources(rule: JsonObject, report: RuleReport): void {
  const { source, sources } = rule;
  if (source === undefined && sources === undefined) {
    report("/source", "KEY_MISSING", '"source" is missing.', '"source": { "metric": "temperature" }');
  } else if (source !== undefined && sources !== undefined) {
    const message = '"source" and "sources" stand side by side.';
    report("/sources", "SOURCE_TWICE", message, "keep one of them");
  }
  if (isObject(sources) && Object.keys(sources).length === 0) {
    report(
      "/sources",
      "KEY_MISSING",
      "There is no side.",
      '{ "a": { "metric": "inlet" }, "b": { "metric": "outlet" } }',
    );
  }
}

const builtInKeys = ["device", "metric", "profile"];

function checkGroupBy(rule: JsonObject, names: RuleNames, report: RuleReport): void {
  const { groupBy } = rule;
  if (!Array.isArray(groupBy)) return;
  for (const [index, key] of groupBy.entries()) {
    if (typeof key !== "string") continue;
    const place = `/groupBy/${index}`;
    if (groupBy.indexOf(key) < index) {
      report(place, "GROUP_TWICE", `${JSON.stringify(key)} stands twice.`, "remove one of the two");
      continue;
    }
    if (isField(key, names) && !names.aggregates.includes(key)) {
      const message = `"${key}" is also the name of a field of this rule.`;
      report(place, "NAME_TWICE", message, "give the tag another name");
      continue;
    }
    const meant = builtInKeys.includes(key) ? undefined : nearest(key, builtInKeys);
    if (meant === undefined || isTagOf(rule, key)) continue;
    const message = `${JSON.stringify(key)} would be the name of a tag.`;
    report(
      place,
      "GROUP_KEY",
      message,
      `did you mean "${meant}"? A tag of that name also has to stand in "tags"`,
    );
  }
}

/** Whether a source selects by a tag of this name, so that it cannot be a slip. */
function isTagOf(rule: JsonObject, name: string): boolean {
  const { source, sources } = rule;
  const all = [source, ...(isObject(sources) ? Object.values(sources) : [])];
  return all.some((one) => isObject(one) && isObject(one["tags"]) && Object.hasOwn(one["tags"], name));
}

function checkAggregates(rule: JsonObject, names: RuleNames, report: RuleReport): void {
  const declared = isObject(rule["aggregate"]) ? rule["aggregate"] : {};
  for (const [name, value] of Object.entries(declared)) {
    const pointer = childPointer("/aggregate", name);
    if (names.single) {
      const message = `"${name}" needs a window: without one each sample stands by itself.`;
      const hint = 'add "window": { "type": "sliding", "size": "5m" }, or use the field "value"';
      report(pointer, "AGGREGATE_WINDOW", message, hint);
    }
    const other = names.groupKeys.includes(name)
      ? "a group key"
      : names.detector.includes(name)
        ? "a field of the detector"
        : undefined;
    if (other !== undefined) {
      report(pointer, "NAME_TWICE", `"${name}" is also the name of ${other}.`, "use another name");
    }
    checkMeaning(name, value, pointer, report);
    checkParameters(value, pointer, report);
  }
}

/** A name that is that of an aggregate has to mean it. */
function checkMeaning(name: string, value: unknown, pointer: string, report: RuleReport): void {
  const meant = aggregateOf(name);
  const written = isObject(value) ? value["fn"] : value;
  const actual = typeof written === "string" ? functionOf(written) : undefined;
  if (meant === undefined || actual === undefined) return;
  const q = actual.q ?? (isObject(value) ? value["q"] : undefined);
  if (actual.fn === meant.fn && (meant.q === undefined || meant.q === q)) return;
  const message = `"${name}" is the name of an aggregate, but here it would mean ${JSON.stringify(written)}.`;
  report(pointer, "NAME_MISLEADING", message, "use another name");
}

/** Which aggregates take a parameter, and what it looks like. */
const parameterOwners: Readonly<
  Record<string, { readonly fns: readonly string[]; readonly example: string }>
> = {
  q: { fns: ["quantile"], example: '{ "fn": "quantile", "q": 0.95 }' },
  per: { fns: ["rate", "slope"], example: '{ "fn": "rate", "per": "1m" }' },
  when: { fns: ["duration"], example: '{ "fn": "duration", "when": { "op": ">", "value": 5 } }' },
};

function checkParameters(value: unknown, pointer: string, report: RuleReport): void {
  const written = isObject(value) ? value["fn"] : value;
  const meaning = typeof written === "string" ? functionOf(written) : undefined;
  if (meaning === undefined) return;
  for (const [key, { fns, example }] of Object.entries(parameterOwners)) {
    const given = isObject(value) ? value[key] : undefined;
    const takes = fns.includes(meaning.fn) && meaning.q === undefined;
    if (given !== undefined && !takes) {
      const message = `"${String(written)}" has no "${key}".`;
      report(`${pointer}/${key}`, "AGGREGATE_KEY", message, `"${key}" goes with ${fns.join(" and ")}`);
    } else if (given === undefined && takes && key !== "per") {
      const message = `"${String(written)}" needs "${key}".`;
      // A word by itself is refused by the schema, as it has no place for the parameter.
      report(isObject(value) ? `${pointer}/${key}` : pointer, "KEY_MISSING", message, `write ${example}`);
    }
  }
}

/** Labels stand beside aggregates and group keys in annotations, so each name may mean one thing only. */
function checkLabels(names: RuleNames, report: RuleReport): void {
  for (const label of names.labels) {
    const other = names.groupKeys.includes(label)
      ? "a group key"
      : names.detector.includes(label)
        ? "a field of the detector"
        : names.aggregates.includes(label) || aggregateOf(label) !== undefined
          ? "an aggregate"
          : label === "value" && names.single
            ? "the sample's value"
            : undefined;
    if (other === undefined) continue;
    const pointer = childPointer("/labels", label);
    report(pointer, "NAME_TWICE", `"${label}" is also the name of ${other}.`, "use another name");
  }
}

/** An alert carries all of these in one message of at most 64 KiB. */
const countsMax = { aggregate: 32, labels: 32, annotations: 16, sources: 8 } as const;

function checkCounts(rule: JsonObject, report: RuleReport): void {
  for (const [key, most] of Object.entries(countsMax)) {
    const members = rule[key];
    const count = isObject(members) ? Object.keys(members).length : 0;
    if (count > most)
      report(`/${key}`, "TOO_MANY", `"${key}" has ${count} entries.`, `at most ${most} are possible`);
  }
}
