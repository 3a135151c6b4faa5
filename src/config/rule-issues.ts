/** Explains what zod says about a rule, also inside values that have a short form and a full one. */
import type * as z from "zod/mini";
import type { Problem } from "../core/errors.ts";
import { type Explanation, explainIssues, valueAt } from "./issues.ts";
import { isObject } from "./jsonc.ts";
import { pointerOf } from "./pointer.ts";
import { fullFormOf } from "./rule-words.ts";
import { childSchema, expectationFor } from "./schema-walk.ts";
import type { Schema } from "./shape.ts";

/** As {@link explainIssues}, for rules. */
export function explainRuleIssues(
  issues: readonly z.core.$ZodIssue[],
  about: Omit<Explanation, "area" | "unsupportedKey" | "isSecret">,
): Problem[] {
  const complete = { ...about, area: "RULE", unsupportedKey: never, isSecret: never };
  return issues.flatMap((issue) => {
    const inner = innerIssues(issue, about);
    return inner === undefined
      ? explainIssues([issue], complete).map(hinted)
      : explainRuleIssues(inner.issues, inner.about);
  });
}

/** What to do about problems that have no better hint, by code. */
const usualHints: ReadonlyMap<string, string> = new Map([
  ["RULE_SYNTAX", "the slip is here, or just before"],
  ["RULE_TOO_DEEP", "no rule needs that: look for a bracket too many"],
  ["RULE_KEY_FORBIDDEN", "use another name"],
  ["RULE_NUMBER", "write a number in that range"],
  ["RULE_OBJECT", "write { … }"],
  ["RULE_LIST", "write [ … ]"],
]);

/** A problem with a hint: its own, or what usually helps. */
export function hinted(problem: Problem): Problem {
  if (problem.hint !== undefined) return problem;
  return { ...problem, hint: usualHints.get(problem.code) ?? "write one of these" };
}

function never(): boolean {
  return false;
}

type RuleExplanation = Omit<Explanation, "area" | "unsupportedKey" | "isSecret">;

/** An issue as seen from the full form that it lies in; nothing when it lies in none. */
function innerIssues(
  issue: z.core.$ZodIssue,
  about: RuleExplanation,
): { readonly issues: readonly z.core.$ZodIssue[]; readonly about: RuleExplanation } | undefined {
  let schema: Schema | undefined = about.schema;
  for (let steps = 0; steps <= issue.path.length && schema !== undefined; steps += 1) {
    const expectation = expectationFor(schema);
    const full = expectation === undefined ? undefined : fullFormOf(expectation);
    const pointer = pointerOf(issue.path.slice(0, steps));
    const value = valueAt(about.value, pointer);
    if (full !== undefined && isObject(value)) {
      const moved = { ...about, schema: full, root: about.root + pointer, value };
      const rest = issue.path.slice(steps);
      if (issue.code !== "invalid_union" || rest.length > 0) {
        return { issues: [{ ...issue, path: rest }], about: moved };
      }
      return { issues: issue.errors.at(-1) ?? [], about: moved };
    }
    const step = issue.path[steps];
    schema = step === undefined ? undefined : childSchema(schema, step);
  }
  return undefined;
}
