/** The schema of conditions. */
import * as z from "zod/mini";
import { comparisonOperators, type Operand, type SampleCondition } from "../core/rule/definition.ts";
import { choice, expecting, listOf, object } from "./shape.ts";
import { key, nameText, numberHint, numberWithin, shortOr, shortText } from "./rule-words.ts";
import { expressionCharactersMax } from "../core/rule/expression.ts";

/** A condition as people write it. Which keys belong together is checked apart. */
export interface WrittenCondition {
  readonly field?: string;
  readonly op?: (typeof comparisonOperators)[number] | "inside" | "outside";
  readonly value?: Operand | readonly [Operand, Operand];
  readonly clear?: Operand | readonly [Operand, Operand];
  readonly all?: readonly WrittenCondition[];
  readonly any?: readonly WrittenCondition[];
  readonly not?: WrittenCondition;
  readonly expr?: string;
}

function anyNumber(): z.ZodMiniNumber {
  return numberWithin(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, { hint: "for example 8" });
}

const parameter = object({
  param: key(nameText(), "The name of a parameter of the device or its profile."),
  default: key(anyNumber(), "What holds for devices without it."),
});

function numberOrParameter(): z.ZodMiniType<Operand> {
  return shortOr(z.number(), parameter, {
    code: "OPERAND",
    expected: 'A number, or { "param", "default" },',
    hint: (value) => numberHint(value) ?? 'write 8, or { "param": "max_temperature", "default": 8 }',
  });
}

function operand(): z.ZodMiniType<Operand | readonly [Operand, Operand]> {
  const pair = z.tuple([numberOrParameter(), numberOrParameter()]);
  const one = z.union([z.number(), pair]);
  return shortOr(one, parameter, {
    code: "OPERAND",
    expected: 'A number, { "param", "default" }, or [low, high] for inside and outside,',
    hint: (value) => numberHint(value) ?? "write 8, or [2, 8]",
  });
}

/** The schema of a condition. */
export const condition: z.ZodMiniType<WrittenCondition> = object({
  field: z.exactOptional(
    key(
      nameText(),
      'What is compared: an aggregate, "value" without a window, "score" or "expected" of the detector; behind the name of the source where there are several.',
    ),
  ),
  op: z.exactOptional(
    key(
      choice([...comparisonOperators, "inside", "outside"]),
      "How it is compared. inside includes its bounds.",
    ),
  ),
  value: z.exactOptional(key(operand(), "What it is compared with.")),
  clear: z.exactOptional(
    key(operand(), "Once the condition holds, it holds until the comparison with this fails: hysteresis."),
  ),
  all: z.exactOptional(key(conditions(), "Holds when each of these does.")),
  any: z.exactOptional(key(conditions(), "Holds when one of these does.")),
  not: z.exactOptional(
    key(
      z.lazy(() => condition),
      "Holds when this does not.",
    ),
  ),
  expr: z.exactOptional(
    key(
      shortText(expressionCharactersMax),
      'An expression in CEL over fields, group keys and labels: "avg > 8.0 && n >= 3". All numbers are doubles, and matches takes RE2 patterns.',
    ),
  ),
});

function conditions(): z.ZodMiniArray<z.ZodMiniLazy<z.ZodMiniType<WrittenCondition>>> {
  return listOf(
    z.lazy(() => condition),
    1,
    64,
  );
}

/** The schema of a comparison of a sample's own value. */
export function sampleCondition(): z.ZodMiniType<SampleCondition> {
  const members = {
    op: key(choice(comparisonOperators), "How the sample's value is compared."),
    value: key(anyNumber(), "What it is compared with."),
  };
  return expecting(z.strictObject(members), {
    code: "OBJECT",
    expected: "A comparison",
    hint: () => 'it reads { "op": ">", "value": 5 }',
  });
}
