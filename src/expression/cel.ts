/**
 * Expressions in CEL. The package reads the text; what it means is given by {@link translate}, so that an
 * expression can do nothing that is not listed there, costs a bounded number of steps, and never throws.
 *
 * Source: the Common Expression Language, https://github.com/google/cel-spec. Different from it: all numbers are
 * doubles (`n >= 3` and `sum / 2` work, and `1 / 2` is 0.5), patterns are RE2 as the specification demands, and a
 * missing value is not an error but unknown.
 */
import { type ASTNode, Environment, ParseError } from "@marcbachmann/cel-js";
import {
  type CompiledExpression,
  type ExpressionCompiler,
  type ExpressionProblem,
  type ExpressionScope,
  expressionCharactersMax,
  expressionDepthMax,
  expressionListMax,
  expressionNodesMax,
} from "../core/rule/expression.ts";
import { kindOf, yes } from "./part.ts";
import { translate } from "./translate.ts";

/** Only its parser is used. Values and names are checked by {@link translate}. */
const language = new Environment({
  limits: {
    maxAstNodes: expressionNodesMax,
    maxDepth: expressionDepthMax,
    maxListElements: expressionListMax,
    maxMapEntries: 0,
    maxCallArguments: 8,
  },
});

/** The compiler of CEL. It keeps nothing between two texts. */
export const celCompiler: ExpressionCompiler = { compile };

function compile(text: string, scope: ExpressionScope): CompiledExpression {
  const tree = parse(text);
  if (!tree.ok) return { ok: false, problems: [tree.problem] };
  const { part, names, problems } = translate(tree.value, text, scope);
  if (part === undefined || problems.length > 0) return { ok: false, problems };
  if (part.type !== "boolean") {
    const message = `The expression gives ${kindOf(part)}; a condition is true or false.`;
    const hint = part.type === "number" ? "compare it: avg > 8" : 'compare it: site == "north"';
    return { ok: false, problems: [problemAt("EXPRESSION_TYPE", tree.value.start, message, hint)] };
  }
  const { of } = part;
  return { ok: true, value: { names, evaluate: (values, texts) => of(values, texts) === yes } };
}

type Parsed =
  | { readonly ok: true; readonly value: ASTNode }
  | { readonly ok: false; readonly problem: ExpressionProblem };

function parse(text: string): Parsed {
  if (text.length > expressionCharactersMax) {
    const message = `The expression has ${text.length} characters; at most ${expressionCharactersMax} are possible.`;
    return { ok: false, problem: problemAt("EXPRESSION_LIMIT", 0, message, shorter) };
  }
  if (text.trim() === "") {
    const message = "The expression is empty.";
    return { ok: false, problem: problemAt("EXPRESSION_SYNTAX", 0, message, example) };
  }
  try {
    return { ok: true, value: language.parse(text).ast };
  } catch (error) {
    return { ok: false, problem: unreadable(error, text) };
  }
}

const example = "for example avg > 8 && n >= 3";
const shorter = "make two rules of it, or name parts of it as aggregates";

function unreadable(error: unknown, text: string): ExpressionProblem {
  if (!(error instanceof ParseError)) {
    return problemAt("EXPRESSION_SYNTAX", 0, "The expression cannot be read.", example);
  }
  const offset = Math.min(error.range?.start ?? 0, text.length);
  if (error.code === "limit_exceeded") {
    const map = error.summary.includes("maxMapEntries");
    return map
      ? problemAt(
          "EXPRESSION_SYNTAX",
          offset,
          "Maps cannot be written in an expression.",
          "use a list: [1, 2]",
        )
      : problemAt("EXPRESSION_LIMIT", offset, limitMessage(error.summary), shorter);
  }
  if (error.code === "unterminated_string") {
    return problemAt("EXPRESSION_SYNTAX", offset, "A text is not closed.", "texts stand in quotes: 'north'");
  }
  const rest = text.slice(offset);
  const word = /^(?:\w+|[^\w\s]{1,2}|\s+)/u.exec(rest)?.[0].trim() ?? "";
  if (word === "") return problemAt("EXPRESSION_SYNTAX", offset, "The expression ends too early.", example);
  const meant = meanings.get(word) ?? meanings.get(word.charAt(0));
  const hint = meant === undefined ? example : `write ${meant}`;
  const message = `${JSON.stringify(word)} cannot stand here.`;
  return problemAt("EXPRESSION_SYNTAX", offset, message, hint);
}

/** What other languages write, and how it is written here. */
const meanings: ReadonlyMap<string, string> = new Map([
  ["and", "&&"],
  ["AND", "&&"],
  ["or", "||"],
  ["OR", "||"],
  ["=>", ">="],
  ["=<", "<="],
  ["=", "=="],
  ["&", "&&"],
  ["|", "||"],
]);

function limitMessage(summary: string): string {
  if (summary.includes("maxDepth")) {
    return `The expression is nested too deeply; at most ${expressionDepthMax} levels are possible.`;
  }
  if (summary.includes("maxListElements")) {
    return `The list is too long; at most ${expressionListMax} elements are possible.`;
  }
  return `The expression is too large; at most ${expressionNodesMax} parts are possible.`;
}

function problemAt(code: string, offset: number, message: string, hint: string): ExpressionProblem {
  return { code, message, pointer: "", hint, offset };
}
