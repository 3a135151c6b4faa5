/** What the fold needs of packages, which the core itself does not import. */
import type { ConditionDefinition, RuleDefinition } from "../rule/definition.ts";
import type { ExpressionCompiler } from "../rule/expression.ts";
import type { SketchMaker } from "../window/sketch.ts";

export interface FoldTools {
  /** There when a rule holds an expression. */
  readonly expressions?: ExpressionCompiler;
  /** There when a rule asks for a quantile. */
  readonly sketches?: SketchMaker;
}

/** Loads tools when rules need them: they take megabytes that most gateways can spare. */
export interface ToolLoader {
  /** What is loaded. One object, which gains tools and never loses one. */
  readonly tools: FoldTools;
  /** Resolves when everything that the rules need is there. */
  prepare(rules: readonly RuleDefinition[]): Promise<void>;
}

export function needExpressions(rules: readonly RuleDefinition[]): boolean {
  return rules.some(({ levels }) => levels.some(({ when }) => when !== undefined && holdsExpression(when)));
}

export function needSketches(rules: readonly RuleDefinition[]): boolean {
  return rules.some(({ aggregates }) =>
    aggregates.some(({ fn }) => fn === "median" || fn === "quantile" || fn === "mad"),
  );
}

function holdsExpression(condition: ConditionDefinition): boolean {
  if ("expr" in condition) return true;
  if ("all" in condition) return condition.all.some(holdsExpression);
  if ("any" in condition) return condition.any.some(holdsExpression);
  return "not" in condition && holdsExpression(condition.not);
}
