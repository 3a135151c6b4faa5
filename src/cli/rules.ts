/** `holdfast rules check|schema`. */
import { readFile, stat } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { sortProblems } from "../config/problems.ts";
import { rulesSchema } from "../config/rule-schema.ts";
import { loadRules, parseRuleFile } from "../config/rules.ts";
import { failed, messageOf, type Problem, type Result } from "../core/errors.ts";
import type { RuleDefinition } from "../core/rule/definition.ts";
import type { CommandContext } from "./context.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { writeJson } from "./report.ts";
import { tellProblems } from "./setup.ts";

/** Names every problem of every rule in directories and files. */
export async function checkRules(
  context: CommandContext,
  paths: readonly string[],
  options: { readonly json: boolean },
): Promise<ExitCode> {
  const results = await Promise.all(paths.map((path) => rulesAt(context, path)));
  const rules = results.map((result) => (result.ok ? result.value : []));
  const problems = [
    ...sortProblems(results.flatMap((result) => (result.ok ? [] : result.problems))),
    ...sharedIds(paths, rules),
  ];
  if (problems.length > 0) {
    tellProblems(context, problems, options);
    return exitCodes.invalid;
  }
  const ids = rules.flat().map((rule) => rule.id);
  if (options.json) writeJson(context, { ok: true, rules: ids, problems: [] });
  else context.out.write(`${ids.length === 1 ? "1 rule is" : `${ids.length} rules are`} valid.\n`);
  return exitCodes.done;
}

/** Prints the JSON Schema of rule files. */
export function printRulesSchema(context: CommandContext): ExitCode {
  writeJson(context, rulesSchema());
  return exitCodes.done;
}

/** What a path holds. Unlike the gateway, a person who names what is not there has made a mistake. */
async function rulesAt(context: CommandContext, path: string): Promise<Result<readonly RuleDefinition[]>> {
  const full = resolve(context.workingDirectory, path);
  try {
    if ((await stat(full)).isDirectory()) return await loadRules(shortest(context, full));
    return parseRuleFile(await readFile(full, "utf8"), path);
  } catch (error) {
    const message = `This cannot be read: ${messageOf(error)}.`;
    const hint = "name directories and files that exist";
    return failed([{ code: "RULE_FILE_UNREADABLE", message, pointer: "", file: path, hint }]);
  }
}

/** A directory as places of problems name it: relative where that is shorter. */
function shortest({ workingDirectory }: CommandContext, full: string): string {
  const short = relative(workingDirectory, full);
  return short !== "" && short.length < full.length ? short : full;
}

/** Ids that occur under more than one path; within one path the loader has found them. */
function sharedIds(paths: readonly string[], rules: readonly (readonly RuleDefinition[])[]): Problem[] {
  const first = new Map<string, string>();
  const problems: Problem[] = [];
  for (const [index, path] of paths.entries()) {
    for (const { id } of rules[index] ?? []) {
      const other = first.get(id) ?? path;
      first.set(id, other);
      if (other === path) continue;
      const message = `The id "${id}" already belongs to a rule in ${other}.`;
      problems.push({ code: "RULE_ID_TWICE", message, pointer: "", file: path, hint: "give one another id" });
    }
  }
  return problems;
}
