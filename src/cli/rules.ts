/** `holdfast rules check|schema`. */
import { rulesSchema } from "../config/rule-schema.ts";
import type { CommandContext } from "./context.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { writeJson } from "./report.ts";
import { loadRulesAt } from "./rules/loading.ts";
import { tellProblems } from "./setup.ts";

/** Names every problem of every rule in directories and files. */
export async function checkRules(
  context: CommandContext,
  paths: readonly string[],
  options: { readonly json: boolean },
): Promise<ExitCode> {
  const loaded = await loadRulesAt(context, paths);
  if (!loaded.ok) {
    tellProblems(context, loaded.problems, options);
    return exitCodes.invalid;
  }
  const ids = loaded.value.map(({ definition }) => definition.id);
  if (options.json) writeJson(context, { ok: true, rules: ids, problems: [] });
  else context.out.write(`${ids.length === 1 ? "1 rule is" : `${ids.length} rules are`} valid.\n`);
  return exitCodes.done;
}

/** Prints the JSON Schema of rule files. */
export function printRulesSchema(context: CommandContext): ExitCode {
  writeJson(context, rulesSchema());
  return exitCodes.done;
}
