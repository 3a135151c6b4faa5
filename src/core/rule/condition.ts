/**
 * Conditions, compiled once to functions of the values of a window.
 *
 * A comparison with `clear` remembers that it held: that memory is one bit, and the bits of a rule are
 * one number that belongs to the group, so the compiled condition itself has no state.
 */
import { invariant } from "../errors.ts";
import { conditionClearsMax } from "../limits.ts";
import type { ComparisonOperator, ConditionDefinition } from "./definition.ts";

/** What a condition reads, and the bits it keeps. */
export interface ConditionInput {
  /** One value a field, in the order of the rule's fields. */
  readonly values: Float64Array;
  /** One bit a comparison with `clear`, set while it holds. */
  latched: number;
}

export type Condition = (input: ConditionInput) => boolean;

type Comparison = (left: number, right: number) => boolean;

const comparisons: Readonly<Record<ComparisonOperator, Comparison>> = {
  ">": (left, right) => left > right,
  ">=": (left, right) => left >= right,
  "<": (left, right) => left < right,
  "<=": (left, right) => left <= right,
  "==": (left, right) => left === right,
  "!=": (left, right) => left !== right,
};

/**
 * Compiles a condition.
 *
 * Every part is evaluated every time, also behind a decided `all` or `any`, so that hysteresis of one
 * part does not depend on the other parts.
 *
 * @param fields - Names in the order of `ConditionInput.values`; every field of the condition is there.
 */
export function compileCondition(definition: ConditionDefinition, fields: readonly string[]): Condition {
  const bits = { next: 0 };
  return compilePart(definition, fields, bits);
}

function compilePart(
  definition: ConditionDefinition,
  fields: readonly string[],
  bits: { next: number },
): Condition {
  if ("all" in definition) {
    const parts = definition.all.map((part) => compilePart(part, fields, bits));
    return (input) => {
      let holds = true;
      for (const part of parts) if (!part(input)) holds = false;
      return holds;
    };
  }
  if ("any" in definition) {
    const parts = definition.any.map((part) => compilePart(part, fields, bits));
    return (input) => {
      let holds = false;
      for (const part of parts) if (part(input)) holds = true;
      return holds;
    };
  }
  if ("not" in definition) {
    const part = compilePart(definition.not, fields, bits);
    return (input) => !part(input);
  }
  const field = fields.indexOf(definition.field);
  invariant(field >= 0, `condition names the unknown field ${definition.field}`);
  if (isRange(definition)) {
    const within = definition.op === "inside";
    const [low, high] = definition.value;
    const holds = (value: number): boolean => (value >= low && value <= high) === within;
    if (definition.clear === undefined) return (input) => holds(input.values[field]!);
    const [clearLow, clearHigh] = definition.clear;
    const stays = (value: number): boolean => (value >= clearLow && value <= clearHigh) === within;
    return latching(field, holds, stays, bits);
  }
  const compare = comparisons[definition.op];
  const limit = definition.value;
  if (definition.clear === undefined) return (input) => compare(input.values[field]!, limit);
  const clear = definition.clear;
  return latching(
    field,
    (value) => compare(value, limit),
    (value) => compare(value, clear),
    bits,
  );
}

function isRange(
  definition: Extract<ConditionDefinition, { field: string }>,
): definition is Extract<ConditionDefinition, { op: "inside" | "outside" }> {
  return definition.op === "inside" || definition.op === "outside";
}

/** A comparison that begins to hold by one test and stays by another. */
function latching(
  field: number,
  begins: (value: number) => boolean,
  stays: (value: number) => boolean,
  bits: { next: number },
): Condition {
  invariant(bits.next < conditionClearsMax, "a rule has more comparisons with clear than bits");
  const bit = 1 << bits.next;
  bits.next += 1;
  return (input) => {
    const value = input.values[field]!;
    const holds = (input.latched & bit) === 0 ? begins(value) : stays(value);
    if (holds) input.latched |= bit;
    else input.latched &= ~bit;
    return holds;
  };
}
