/** Rules with their tests, from the directories and files that a person names. */
import { readFile, stat } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { sortProblems } from "../../config/problems.ts";
import { type LoadedRule, loadRules, type ReadRulesOptions, readRuleFile } from "../../config/rules.ts";
import { failed, messageOf, ok, type Problem, type Result } from "../../core/errors.ts";
import { ruleTools } from "../../rule-tools.ts";
import type { CommandContext } from "../context.ts";

/**
 * Loads everything that stands under some paths.
 *
 * Unlike the gateway, a person who names what is not there has made a mistake.
 *
 * @param more - What the rules may have to do with that stands elsewhere.
 * @returns Every problem of all of them; an id that stands under two paths is one, too.
 */
export async function loadRulesAt(
  context: CommandContext,
  paths: readonly string[],
  more: ReadRulesOptions = {},
): Promise<Result<readonly LoadedRule[]>> {
  const results = await Promise.all(paths.map((path) => rulesAt(context, path, more)));
  const rules = results.map((result) => (result.ok ? result.value : []));
  const problems = [
    ...sortProblems(results.flatMap((result) => (result.ok ? [] : result.problems))),
    ...sharedIds(paths, rules),
  ];
  return problems.length > 0 ? failed(problems) : ok(rules.flat());
}

async function rulesAt(
  context: CommandContext,
  path: string,
  more: ReadRulesOptions,
): Promise<Result<readonly LoadedRule[]>> {
  const full = resolve(context.workingDirectory, path);
  const options = { ...more, expressions: () => ruleTools.loadExpressions() };
  try {
    if ((await stat(full)).isDirectory()) return await loadRules(shortest(context, full), options);
    return await readRuleFile(await readFile(full, "utf8"), path, options);
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
function sharedIds(paths: readonly string[], rules: readonly (readonly LoadedRule[])[]): Problem[] {
  const first = new Map<string, string>();
  const problems: Problem[] = [];
  for (const [index, path] of paths.entries()) {
    for (const { definition } of rules[index] ?? []) {
      const { id } = definition;
      const other = first.get(id) ?? path;
      first.set(id, other);
      if (other === path) continue;
      const message = `The id "${id}" already belongs to a rule in ${other}.`;
      problems.push({ code: "RULE_ID_TWICE", message, pointer: "", file: path, hint: "give one another id" });
    }
  }
  return problems;
}
