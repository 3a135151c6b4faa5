/** What the parts of a condition must be to each other, and to the rule that it belongs to. */
import type { ExpressionCompiler, ExpressionScope } from "../core/rule/expression.ts";
import { conditionClearsMax } from "../core/limits.ts";
import { isObject, type JsonObject } from "./jsonc.ts";
import { fieldNames, isField, type RuleNames } from "./rule-names.ts";
import { nearestAggregate } from "./rule-words.ts";
import type { RuleReport } from "./window-checks.ts";

/** What conditions are checked against. */
export interface ConditionContext {
  readonly names: RuleNames;
  /** Missing where nobody has handed in a compiler: expressions are then refused. */
  readonly expressions: ExpressionCompiler | undefined;
  readonly report: RuleReport;
}

/** Checks one condition, whatever it is made of. */
export function checkCondition(condition: unknown, pointer: string, context: ConditionContext): void {
  if (!isObject(condition)) return;
  const { report } = context;
  const groups = ["all", "any", "not", "expr"].filter((key) => condition[key] !== undefined);
  const parts = ["field", "op", "value", "clear"].filter((key) => condition[key] !== undefined);
  if (groups.length + Math.min(1, parts.length) > 1) {
    const message = "A condition is one comparison, or one of all, any, not and expr.";
    report(pointer, "CONDITION_MIXED", message, 'put the parts into a list: "all": [ { … }, { … } ]');
  }
  for (const key of ["all", "any"]) {
    const list = condition[key];
    if (!Array.isArray(list)) continue;
    for (const [index, part] of list.entries()) checkCondition(part, `${pointer}/${key}/${index}`, context);
  }
  checkCondition(condition["not"], `${pointer}/not`, context);
  if (typeof condition["expr"] === "string") checkExpression(condition["expr"], `${pointer}/expr`, context);
  if (groups.length > 0) return;
  for (const key of ["field", "op", "value"]) {
    if (condition[key] !== undefined) continue;
    const hint = 'a condition reads { "field": "mean", "op": ">", "value": 8 }';
    report(`${pointer}/${key}`, "KEY_MISSING", `The condition has no "${key}".`, hint);
  }
  checkField(condition["field"], `${pointer}/field`, context.names, report);
  checkOperands(condition, pointer, report);
}

/** The memory of all conditions of a rule is one bit for each comparison with "clear". */
export function checkClears(conditions: readonly unknown[], pointer: string, report: RuleReport): void {
  const count = conditions.reduce<number>((sum, condition) => sum + clearsIn(condition), 0);
  if (count <= conditionClearsMax) return;
  const message = `${count} comparisons have "clear", and a rule can have ${conditionClearsMax}.`;
  report(pointer, "CLEARS", message, "make two rules of it");
}

function clearsIn(condition: unknown): number {
  if (!isObject(condition)) return 0;
  const parts = [condition["all"], condition["any"], condition["not"]].flat();
  return parts.reduce<number>((sum, part) => sum + clearsIn(part), condition["clear"] === undefined ? 0 : 1);
}

/** What an expression of a rule may name. */
export function scopeOf(names: RuleNames): ExpressionScope {
  const fields = fieldNames(names);
  const texts = [...new Set([...names.labels, ...names.groupKeys])].filter((name) => !fields.includes(name));
  return [
    ...fields.map((name) => ({ name, type: "number" as const })),
    ...texts.map((name) => ({ name, type: "text" as const })),
  ];
}

function checkExpression(
  text: string,
  pointer: string,
  { names, expressions, report }: ConditionContext,
): void {
  if (expressions === undefined) {
    report(pointer, "EXPRESSION_UNAVAILABLE", "Expressions cannot be read here.", "write all, any and not");
    return;
  }
  const compiled = expressions.compile(text, scopeOf(names));
  for (const { code, message, hint, offset, unknown } of compiled.ok ? [] : compiled.problems) {
    const meant = unknown === undefined ? undefined : nearestAggregate(unknown.word, unknown.known);
    report(pointer, code, message, meant === undefined ? (hint ?? "") : `did you mean ${meant}?`, offset);
  }
}

/** Checks that something is a field of the rule. */
export function checkField(field: unknown, pointer: string, names: RuleNames, report: RuleReport): void {
  if (typeof field !== "string" || isField(field, names)) return;
  const known = fieldNames(names);
  const meant = nearestAggregate(field, known);
  if (names.single && names.sides.length === 0) {
    const message = `Without a window the only field is "value", not "${field}".`;
    const hint =
      meant === undefined || meant === "value"
        ? 'use "value", or add "window": { "type": "sliding", "size": "5m" }'
        : `did you mean "${meant}"?`;
    report(pointer, "FIELD_UNKNOWN", message, hint);
    return;
  }
  if (names.sides.length > 0) {
    const sides = names.sides.join(", ");
    const message = `"${field}" is no field of a rule with the sides ${sides}.`;
    const guess = meant ?? `${names.sides[0] ?? "a"}.${names.single ? "value" : "mean"}`;
    report(pointer, "FIELD_UNKNOWN", message, `name the side first: did you mean "${guess}"?`);
    return;
  }
  const message = `"${field}" is neither among this rule's aggregates nor the name of an aggregate.`;
  const needs = incompleteHints.get(field);
  const hint = needs ?? (meant === undefined ? `use one of ${known.join(", ")}` : `did you mean "${meant}"?`);
  report(pointer, "FIELD_UNKNOWN", message, hint);
}

/** Aggregates that need a parameter, and so a name of their own. */
const incompleteHints: ReadonlyMap<string, string> = new Map([
  ["quantile", 'declare it: "aggregate": { "p95": { "fn": "quantile", "q": 0.95 } }'],
  [
    "duration",
    'declare it: "aggregate": { "open": { "fn": "duration", "when": { "op": ">", "value": 0 } } }',
  ],
]);

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
    const place = `${pointer}/${key}`;
    if (ranged && (typeof operand === "number" || isObject(operand))) {
      report(place, "OPERAND", `"${op}" compares with two bounds, not one.`, "write [low, high]");
    } else if (!ranged && Array.isArray(operand) && operand.length === 2) {
      report(
        place,
        "OPERAND",
        `"${op}" compares with one number.`,
        'two bounds go with "inside" and "outside"',
      );
    }
  }
  if (ranged) checkRange(op, pairOf(value), pairOf(clear), pointer, report);
  else if (clear !== undefined) checkClear(op, value, clear, pointer, report);
}

function checkClear(op: string, value: unknown, clear: unknown, pointer: string, report: RuleReport): void {
  const place = `${pointer}/clear`;
  if (op === "==" || op === "!=") {
    const message = `"${op}" knows no "clear": there is nothing between equal and not equal.`;
    report(place, "CLEAR", message, "remove it");
    return;
  }
  if (typeof value !== "number" || typeof clear !== "number") return;
  const rising = op.startsWith(">");
  if (rising ? clear <= value : clear >= value) return;
  const side = rising ? "below" : "above";
  const message = `"clear" is on the wrong side: the alert would end at ${clear}, where it begins.`;
  report(place, "CLEAR", message, `with "${op}" it lies ${side} ${value}, or at it`);
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
    const hint = `write [${pair[1]}, ${pair[0]}]`;
    report(`${pointer}/${key}`, "OPERAND", "The lower bound is above the upper one.", hint);
    return;
  }
  if (value === undefined || clear === undefined) return;
  const [outer, inner] = op === "inside" ? [clear, value] : [value, clear];
  if (outer[0] <= inner[0] && inner[1] <= outer[1]) return;
  const where = op === "inside" ? "encloses" : "lies within";
  const hint = `with "${op}" the range of "clear" ${where} that of "value"`;
  report(`${pointer}/clear`, "CLEAR", '"clear" is on the wrong side of "value".', hint);
}
