/**
 * Conditions, compiled once to functions of the values of a decision.
 *
 * A comparison with `clear` remembers that it held: that memory is one bit, and the bits of a rule are
 * one number that belongs to the group, so the compiled condition itself has no state. A value that is
 * not known (`NaN`) fulfils no comparison.
 */
import { invariant } from "../errors.ts";
import { conditionClearsMax } from "../limits.ts";
import type { ComparisonOperator, ConditionDefinition, Operand } from "./definition.ts";
import type { ExpressionCompiler, ExpressionName } from "./expression.ts";

/** What a condition reads, and the bits it keeps. */
export interface ConditionInput {
  /** One value a field, in the order of the rule's fields. */
  readonly values: readonly number[];
  /** The parameters of the group's device, in the order in which the rule names them. */
  readonly parameters: readonly number[];
  /** Group keys, labels and tags by name, for expressions. */
  readonly texts: Readonly<Record<string, string>>;
  /** One bit a comparison with `clear`, set while it holds. */
  latched: number;
}

export type Condition = (input: ConditionInput) => boolean;

/** What the conditions of one rule are compiled with; it collects what they need of a group. */
export class ConditionScope {
  /** Names in the order of `ConditionInput.values`. */
  readonly fields: readonly string[];
  readonly #texts: readonly string[];
  readonly #expressions: ExpressionCompiler | undefined;
  readonly #parameters: { readonly param: string; readonly default: number }[] = [];
  #bits = 0;

  constructor(
    fields: readonly string[],
    texts: readonly string[],
    expressions: ExpressionCompiler | undefined,
  ) {
    this.fields = fields;
    this.#texts = texts;
    this.#expressions = expressions;
  }

  /** The parameters of devices that the conditions name, in the order of `ConditionInput.parameters`. */
  get parameters(): readonly { readonly param: string; readonly default: number }[] {
    return this.#parameters;
  }

  /** Place of a field among the values. */
  fieldOf(name: string): number {
    const field = this.fields.indexOf(name);
    invariant(field >= 0, `condition names the unknown field ${name}`);
    return field;
  }

  /** A bit of its own for one comparison with `clear`. */
  takeBit(): number {
    invariant(this.#bits < conditionClearsMax, "a rule has more comparisons with clear than bits");
    this.#bits += 1;
    return 1 << (this.#bits - 1);
  }

  /** How to get an operand from the input. */
  operandOf(operand: Operand): (input: ConditionInput) => number {
    if (typeof operand === "number") return () => operand;
    const known = this.#parameters.findIndex(
      (one) => one.param === operand.param && one.default === operand.default,
    );
    const index = known < 0 ? this.#parameters.push(operand) - 1 : known;
    return (input) => input.parameters[index]!;
  }

  expressionOf(text: string): Condition {
    invariant(this.#expressions !== undefined, "a rule with an expression was loaded without their compiler");
    const scope: ExpressionName[] = [
      ...this.fields.map((name) => ({ name, type: "number" as const })),
      ...this.#texts.map((name) => ({ name, type: "text" as const })),
    ];
    const compiled = this.#expressions.compile(text, scope);
    invariant(compiled.ok, `expression ${text} was not checked when it was loaded`);
    const expression = compiled.value;
    return (input) => expression.evaluate(input.values, input.texts);
  }
}

/**
 * Compiles a condition.
 *
 * Every part is evaluated every time, also behind a decided `all` or `any`, so that hysteresis of one
 * part does not depend on the other parts.
 */
export function compileCondition(definition: ConditionDefinition, scope: ConditionScope): Condition {
  if ("expr" in definition) return scope.expressionOf(definition.expr);
  if ("all" in definition) {
    const parts = definition.all.map((part) => compileCondition(part, scope));
    return (input) => {
      let holds = true;
      for (const part of parts) if (!part(input)) holds = false;
      return holds;
    };
  }
  if ("any" in definition) {
    const parts = definition.any.map((part) => compileCondition(part, scope));
    return (input) => {
      let holds = false;
      for (const part of parts) if (part(input)) holds = true;
      return holds;
    };
  }
  if ("not" in definition) {
    const part = compileCondition(definition.not, scope);
    return (input) => !part(input);
  }
  return isRange(definition) ? compileRange(definition, scope) : compileComparison(definition, scope);
}

type RangeDefinition = Extract<ConditionDefinition, { op: "inside" | "outside" }>;
type ComparisonDefinition = Extract<ConditionDefinition, { op: ComparisonOperator }>;

function isRange(definition: RangeDefinition | ComparisonDefinition): definition is RangeDefinition {
  return definition.op === "inside" || definition.op === "outside";
}

type Comparison = (left: number, right: number) => boolean;

const comparisons: Readonly<Record<ComparisonOperator, Comparison>> = {
  ">": (left, right) => left > right,
  ">=": (left, right) => left >= right,
  "<": (left, right) => left < right,
  "<=": (left, right) => left <= right,
  "==": (left, right) => left === right,
  "!=": (left, right) => Math.abs(left - right) > 0,
};

/** Compares two numbers as a rule's operator says; false for what is not known. */
export function compare(op: ComparisonOperator, left: number, right: number): boolean {
  return comparisons[op](left, right);
}

function compileComparison(definition: ComparisonDefinition, scope: ConditionScope): Condition {
  const { op, value, clear } = definition;
  const field = scope.fieldOf(definition.field);
  const holds = comparisons[op];
  if (typeof value === "number" && clear === undefined) return (input) => holds(input.values[field]!, value);
  const begins = comparing(holds, field, scope.operandOf(value));
  if (clear === undefined) return begins;
  return latching(begins, comparing(holds, field, scope.operandOf(clear)), scope);
}

function comparing(holds: Comparison, field: number, operand: (input: ConditionInput) => number): Condition {
  return (input) => holds(input.values[field]!, operand(input));
}

function compileRange(definition: RangeDefinition, scope: ConditionScope): Condition {
  const { op, value, clear } = definition;
  const field = scope.fieldOf(definition.field);
  const begins = ranging(
    op,
    field,
    value.map((bound) => scope.operandOf(bound)),
  );
  if (clear === undefined) return begins;
  return latching(
    begins,
    ranging(
      op,
      field,
      clear.map((bound) => scope.operandOf(bound)),
    ),
    scope,
  );
}

function ranging(
  op: RangeDefinition["op"],
  field: number,
  bounds: readonly ((input: ConditionInput) => number)[],
): Condition {
  const low = bounds[0]!;
  const high = bounds[1]!;
  if (op === "inside")
    return (input) => input.values[field]! >= low(input) && input.values[field]! <= high(input);
  return (input) => input.values[field]! < low(input) || input.values[field]! > high(input);
}

/** A comparison that begins to hold by one test and stays by another. */
function latching(begins: Condition, stays: Condition, scope: ConditionScope): Condition {
  const bit = scope.takeBit();
  return (input) => {
    const holds = (input.latched & bit) === 0 ? begins(input) : stays(input);
    if (holds) input.latched |= bit;
    else input.latched &= ~bit;
    return holds;
  };
}
