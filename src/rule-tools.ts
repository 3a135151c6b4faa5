/** The packages that rules may need, loaded when they do. */
import { type FoldTools, needExpressions, needSketches, type ToolLoader } from "./core/fold/tools.ts";
import type { RuleDefinition } from "./core/rule/definition.ts";
import type { ExpressionCompiler } from "./core/rule/expression.ts";
import type { SketchMaker } from "./core/window/sketch.ts";

class RuleTools implements ToolLoader, FoldTools {
  expressions?: ExpressionCompiler;
  sketches?: SketchMaker;

  get tools(): FoldTools {
    return this;
  }

  async prepare(rules: readonly RuleDefinition[]): Promise<void> {
    if (needExpressions(rules)) await this.loadExpressions();
    if (needSketches(rules) && this.sketches === undefined) {
      const { ddSketches } = await import("./sketch/ddsketch.ts");
      this.sketches = ddSketches;
    }
  }

  /** The compiler of expressions, for whoever checks rules. */
  async loadExpressions(): Promise<ExpressionCompiler> {
    if (this.expressions === undefined) {
      const { loadExpressions } = await import("./expression/load.ts");
      this.expressions = await loadExpressions();
    }
    return this.expressions;
  }
}

/** The tools of this process. */
export const ruleTools: RuleTools = new RuleTools();
