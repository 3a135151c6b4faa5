/** Expressions over a fixed set of names. */
import type { ExpressionScope } from "../../src/core/rule/expression.ts";
import { celCompiler } from "../../src/expression/cel.ts";

/** Names that the expressions of tests may use. */
export const scope: ExpressionScope = [
  { name: "avg", type: "number" },
  { name: "site", type: "text" },
  { name: "n", type: "number" },
  { name: "a.mean", type: "number" },
  { name: "b.mean", type: "number" },
  { name: "limit", type: "text" },
];

/** Values by name; what is left out is missing. */
export type Given = Readonly<Partial<Record<"avg" | "n" | "a.mean" | "b.mean", number>>> & {
  readonly site?: string;
  readonly limit?: string;
};

/** Compiles a text that is right, and evaluates it. */
export function holds(text: string, given: Given): boolean {
  const compiled = celCompiler.compile(text, scope);
  if (!compiled.ok) throw new Error(compiled.problems.map(({ message }) => message).join("\n"));
  const { site, limit } = given;
  const values = [
    given.avg ?? Number.NaN,
    given.n ?? Number.NaN,
    given["a.mean"] ?? Number.NaN,
    given["b.mean"] ?? Number.NaN,
  ];
  const texts = { ...(site === undefined ? {} : { site }), ...(limit === undefined ? {} : { limit }) };
  return compiled.value.evaluate(values, texts);
}
