/** Loads the expression language when the first rule needs it. */
import type { ExpressionCompiler } from "../core/rule/expression.ts";

/**
 * Loads the compiler.
 *
 * The packages behind it take some 8 MB, so nothing imports them before this is called: gateways without
 * expressions do not pay.
 */
export async function loadExpressions(): Promise<ExpressionCompiler> {
  const { celCompiler } = await import("./cel.ts");
  return celCompiler;
}
