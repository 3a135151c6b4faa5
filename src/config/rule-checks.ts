/**
 * What the parts of a rule must be to each other. Shape is the schema's matter: these checks pass over
 * whatever has the wrong shape, so that both kinds of mistake are reported at once.
 */
import { conditionClearsMax } from "../core/limits.ts";
import { compileTemplate } from "../core/rule/template.ts";
import { isObject, type JsonObject } from "./jsonc.ts";
import { childPointer } from "./pointer.ts";
import { aggregateOf, aggregateWords, isUnsupportedAggregate } from "./rule-schema.ts";
import { checkWindow, type RuleReport } from "./window-checks.ts";
import { nearest } from "./suggest.ts";

/** Checks one rule as it was written. */
export function checkRule(rule: JsonObject, report: RuleReport): void {
  checkWindow(rule["window"], report);
  const names = namesOf(rule);
  checkAggregates(rule, names, report);
  if (rule["when"] !== undefined) {
    checkCondition(rule["when"], "/when", names, report);
    checkClears(rule["when"], report);
  }
  checkLabels(names, report);
  checkAnnotations(rule["annotations"], names, report);
  checkCounts(rule, report);
  const groupBy = rule["groupBy"];
  if (Array.isArray(groupBy) && groupBy.length === 2 && groupBy[0] === groupBy[1]) {
    report(
      "/groupBy/1",
      "GROUP_TWICE",
      `${JSON.stringify(groupBy[1])} stands twice.`,
      "remove one of the two",
    );
  }
}

/** What conditions and annotations of a rule may name. */
interface Names {
  /** The rule looks at each sample by itself, and knows no aggregates. */
  readonly single: boolean;
  readonly aggregates: readonly string[];
  readonly labels: readonly string[];
  readonly groupKeys: readonly string[];
}

function namesOf(rule: JsonObject): Names {
  const { window, aggregate, labels, groupBy } = rule;
  return {
    single: window === undefined || (isObject(window) && window["type"] === "none"),
    aggregates: isObject(aggregate) ? Object.keys(aggregate) : [],
    labels: isObject(labels) ? Object.keys(labels) : [],
    groupKeys: Array.isArray(groupBy) ? groupBy.filter((key) => typeof key === "string") : ["device"],
  };
}

function checkAggregates(rule: JsonObject, names: Names, report: RuleReport): void {
  for (const name of names.aggregates) {
    const pointer = childPointer("/aggregate", name);
    if (names.single) {
      const message = `"${name}" needs a window: without one each sample stands by itself.`;
      report(
        pointer,
        "AGGREGATE_WINDOW",
        message,
        'add "window": { "type": "sliding", "size": "5m" }, or use the field "value"',
      );
    }
    if (names.groupKeys.includes(name)) {
      report(pointer, "NAME_TWICE", `"${name}" is also the name of a group key.`, "use another name");
    }
    const value = isObject(rule["aggregate"]) ? rule["aggregate"][name] : undefined;
    const meant = aggregateOf(name);
    const written = isObject(value) ? value["fn"] : value;
    if (meant !== undefined && typeof written === "string" && aggregateOf(written) !== undefined) {
      if (aggregateOf(written) !== meant) {
        const message = `"${name}" is the name of an aggregate, but here it would mean "${written}".`;
        report(pointer, "NAME_MISLEADING", message, "use another name");
      }
    }
  }
}

/** Labels stand beside aggregates and group keys in annotations, so each name may mean one thing only. */
function checkLabels(names: Names, report: RuleReport): void {
  for (const label of names.labels) {
    const other = names.groupKeys.includes(label)
      ? "a group key"
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

/** The memory of a rule's condition is one bit for each comparison with "clear". */
function checkClears(when: unknown, report: RuleReport): void {
  const count = clearsIn(when);
  if (count <= conditionClearsMax) return;
  report(
    "/when",
    "CLEARS",
    `${count} comparisons have "clear", and a rule can have ${conditionClearsMax}.`,
    "make two rules of it",
  );
}

function clearsIn(condition: unknown): number {
  if (!isObject(condition)) return 0;
  const parts = [condition["all"], condition["any"], condition["not"]].flat();
  return parts.reduce<number>((sum, part) => sum + clearsIn(part), condition["clear"] === undefined ? 0 : 1);
}

function checkCondition(condition: unknown, pointer: string, names: Names, report: RuleReport): void {
  if (!isObject(condition)) return;
  const groups = ["all", "any", "not"].filter((key) => condition[key] !== undefined);
  const parts = ["field", "op", "value", "clear"].filter((key) => condition[key] !== undefined);
  if (groups.length + Math.min(1, parts.length) > 1) {
    const message = "A condition is one comparison, or one of all, any and not.";
    report(pointer, "CONDITION_MIXED", message, 'put the parts into a list: "all": [ { … }, { … } ]');
  }
  for (const key of ["all", "any"]) {
    const list = condition[key];
    if (!Array.isArray(list)) continue;
    for (const [index, part] of list.entries())
      checkCondition(part, `${pointer}/${key}/${index}`, names, report);
  }
  checkCondition(condition["not"], `${pointer}/not`, names, report);
  if (groups.length > 0) return;
  for (const key of ["field", "op", "value"]) {
    if (condition[key] !== undefined || condition["expr"] !== undefined) continue;
    const hint = 'a condition reads { "field": "mean", "op": ">", "value": 8 }';
    report(`${pointer}/${key}`, "KEY_MISSING", `The condition has no "${key}".`, hint);
  }
  checkField(condition["field"], `${pointer}/field`, names, report);
  checkOperands(condition, pointer, report);
}

function checkField(field: unknown, pointer: string, names: Names, report: RuleReport): void {
  if (typeof field !== "string") return;
  if (names.single) {
    if (field === "value") return;
    const message = `Without a window the only field is "value", not "${field}".`;
    report(
      pointer,
      "FIELD_UNKNOWN",
      message,
      'use "value", or add "window": { "type": "sliding", "size": "5m" }',
    );
    return;
  }
  if (names.aggregates.includes(field) || aggregateOf(field) !== undefined) return;
  if (isUnsupportedAggregate(field)) {
    report(
      pointer,
      "UNSUPPORTED",
      `"${field}" is not supported by this version.`,
      `use one of ${aggregateWords.join(", ")}`,
    );
    return;
  }
  const known = [...names.aggregates, ...aggregateWords];
  const meant = nearest(field, known);
  const message = `"${field}" is neither among this rule's aggregates nor the name of an aggregate.`;
  report(
    pointer,
    "FIELD_UNKNOWN",
    message,
    meant === undefined ? `use one of ${known.join(", ")}` : `did you mean "${meant}"?`,
  );
}

type Pair = readonly [low: number, high: number];

function pairOf(value: unknown): Pair | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [low, high]: unknown[] = value;
  return typeof low === "number" && typeof high === "number" ? [low, high] : undefined;
}

function checkOperands(condition: JsonObject, pointer: string, report: RuleReport): void {
  const { op, value, clear } = condition;
  if (typeof op !== "string") return;
  const ranged = op === "inside" || op === "outside";
  if (!ranged && !["==", "!=", ">", ">=", "<", "<="].includes(op)) return;
  for (const key of ["value", "clear"]) {
    const operand = condition[key];
    if (ranged && typeof operand === "number") {
      report(
        `${pointer}/${key}`,
        "OPERAND",
        `"${op}" compares with two bounds, not one.`,
        "write [low, high]",
      );
    } else if (!ranged && pairOf(operand) !== undefined) {
      report(
        `${pointer}/${key}`,
        "OPERAND",
        `"${op}" compares with one number.`,
        'two bounds go with "inside" and "outside"',
      );
    }
  }
  if (ranged) checkRange(op, pairOf(value), pairOf(clear), pointer, report);
  else if (typeof clear === "number" && typeof value === "number")
    checkClear(op, value, clear, pointer, report);
}

function checkClear(op: string, value: number, clear: number, pointer: string, report: RuleReport): void {
  if (op === "==" || op === "!=") {
    report(
      `${pointer}/clear`,
      "CLEAR",
      `"${op}" knows no "clear": there is nothing between equal and not equal.`,
      "remove it",
    );
    return;
  }
  const rising = op.startsWith(">");
  if (rising ? clear <= value : clear >= value) return;
  const side = rising ? "below" : "above";
  const message = `"clear" is on the wrong side: the alert would end at ${clear}, where it begins.`;
  report(`${pointer}/clear`, "CLEAR", message, `with "${op}" it lies ${side} ${value}, or at it`);
}

function checkRange(
  op: string,
  value: Pair | undefined,
  clear: Pair | undefined,
  pointer: string,
  report: RuleReport,
): void {
  for (const [key, pair] of [
    ["value", value],
    ["clear", clear],
  ] as const) {
    if (pair === undefined || pair[0] <= pair[1]) continue;
    report(
      `${pointer}/${key}`,
      "OPERAND",
      "The lower bound is above the upper one.",
      `write [${pair[1]}, ${pair[0]}]`,
    );
    return;
  }
  if (value === undefined || clear === undefined) return;
  const [outer, inner] = op === "inside" ? [clear, value] : [value, clear];
  if (outer[0] <= inner[0] && inner[1] <= outer[1]) return;
  const where = op === "inside" ? "encloses" : "lies within";
  report(
    `${pointer}/clear`,
    "CLEAR",
    '"clear" is on the wrong side of "value".',
    `with "${op}" the range of "clear" ${where} that of "value"`,
  );
}

function checkAnnotations(annotations: unknown, names: Names, report: RuleReport): void {
  if (!isObject(annotations)) return;
  const fields = names.single ? ["value"] : [...names.aggregates, ...aggregateWords];
  const known = [...names.groupKeys, ...fields, ...names.labels];
  for (const [key, text] of Object.entries(annotations)) {
    if (typeof text !== "string") continue;
    const pointer = childPointer("/annotations", key);
    const template = compileTemplate(text);
    if (!template.ok) {
      for (const { code, message, hint } of template.problems) report(pointer, code, message, hint ?? "");
      continue;
    }
    for (const name of template.value.names) {
      if (known.includes(name)) continue;
      const meant = nearest(name, known);
      const hint = meant === undefined ? `it can show ${known.join(", ")}` : `did you mean {{${meant}}}?`;
      report(pointer, "TEMPLATE_UNKNOWN", `"{{${name}}}" names nothing that this rule has.`, hint);
    }
  }
}

/** An alert carries all of these in one message of at most 64 KiB. */
const countsMax = { aggregate: 32, labels: 32, annotations: 16 } as const;

function checkCounts(rule: JsonObject, report: RuleReport): void {
  for (const [key, most] of Object.entries(countsMax)) {
    const members = rule[key];
    const count = isObject(members) ? Object.keys(members).length : 0;
    if (count > most)
      report(`/${key}`, "TOO_MANY", `"${key}" has ${count} entries.`, `at most ${most} are possible`);
  }
}
