/**
 * Expressions in rules: the port that `expression/` fulfils, so that the core knows neither the language nor
 * the packages behind it.
 *
 * Values may be missing: a number that is `NaN`, a text that is not there. What is made of a missing value is
 * unknown; `&&`, `||` and `?:` decide without it where the known part suffices; and an expression of which the
 * outcome is unknown does not hold.
 */
import type { Problem } from "../errors.ts";

/** One name that an expression may use. Dots are part of the name: `a.mean`. */
export interface ExpressionName {
  readonly name: string;
  readonly type: "number" | "text";
}

/** All names that an expression may use, each once. */
export type ExpressionScope = readonly ExpressionName[];

/** A compiled expression. It has no state: the same values give the same answer. */
export interface Expression {
  /** The names that it uses, in the order of first use, each once. */
  readonly names: readonly string[];
  /**
   * Tells whether it holds. Never throws, and allocates nothing but what texts that are put together need.
   *
   * @param values - The numbers of the scope, in the scope's order. `NaN`: missing.
   * @param texts - The texts of the scope, by name; only own properties are looked at.
   */
  evaluate(values: readonly number[], texts: Readonly<Record<string, string>>): boolean;
}

/** Something wrong with an expression, and where in its text. */
export interface ExpressionProblem extends Problem {
  /** Index of the first UTF-16 code unit that is wrong. */
  readonly offset: number;
  /** The word that is not known, and the words that are: whoever shows the problem can guess what was meant. */
  readonly unknown?: { readonly word: string; readonly known: readonly string[] };
}

/** A compiled expression, or everything that is wrong with it. */
export type CompiledExpression =
  | { readonly ok: true; readonly value: Expression }
  | { readonly ok: false; readonly problems: readonly ExpressionProblem[] };

export interface ExpressionCompiler {
  /**
   * Compiles a text to an expression that gives true or false. Never throws.
   *
   * @returns Or problems: `EXPRESSION_SYNTAX`, `EXPRESSION_NAME` (not in the scope), `EXPRESSION_TYPE`,
   *   `EXPRESSION_FUNCTION`, `EXPRESSION_PATTERN` (of `matches`), `EXPRESSION_LIMIT`.
   */
  compile(text: string, scope: ExpressionScope): CompiledExpression;
}

/** Bounds of one expression. */
export const expressionCharactersMax = 1_024;
export const expressionNodesMax = 256;
export const expressionDepthMax = 32;
export const expressionListMax = 32;
