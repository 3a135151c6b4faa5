/** The gate in front of the rules in force: a rule whose own tests fail does not come in. */
import type { Problem } from "../errors.ts";
import type { FoldState } from "../fold/state.ts";
import { formatDuration } from "../time/duration.ts";
import type { RuleDefinition } from "./definition.ts";
import type { RuleTest } from "./rule-test.ts";
import { runTest, type TestFailure } from "./test-run.ts";

/** A rule with the tests that stand beside it, and where it was written. */
export interface TestedRule {
  readonly definition: RuleDefinition;
  readonly tests: readonly RuleTest[];
  readonly file?: string;
  /** JSON pointer to the rule in its file; `""` where it is missing. */
  readonly pointer?: string;
}

/**
 * Runs the tests of rules, each rule by itself.
 *
 * It takes some microseconds for each sample; whoever must not be held up gives one rule at a time.
 *
 * @returns One problem `RULE_TEST_FAILED` for each test that fails, in order; empty when all pass.
 */
export function failingTests(rules: readonly TestedRule[], makeState: () => FoldState): readonly Problem[] {
  const problems: Problem[] = [];
  for (const { definition, tests, file, pointer = "" } of rules) {
    for (const [index, test] of tests.entries()) {
      const [failure, ...others] = runTest(test, { rule: definition, makeState }).failures;
      if (failure === undefined) continue;
      const more = others.length === 0 ? "" : `, and ${others.length} more`;
      problems.push({
        code: "RULE_TEST_FAILED",
        message: `The test "${test.name}" of "${definition.id}" fails: ${failureText(failure)}${more}.`,
        pointer: `${pointer}/tests/${index}`,
        hint: "run holdfast rules test",
        ...(file === undefined ? {} : { file }),
      });
    }
  }
  return problems;
}

function failureText({ expected, got, note }: TestFailure): string {
  const { atMs, key, state, severity } = expected;
  const group = Object.values(key).join(" ");
  const of = group === "" ? "" : ` of ${group}`;
  const at = `at ${formatDuration(atMs)} the alert${of}`;
  if (note !== undefined) return `${at} cannot be: ${note.replace(/\.$/, "")}`;
  if (state !== got.state && !(state === "ok" && got.state === "resolved")) {
    return `${at} is ${got.state}, not ${state}`;
  }
  return severity === undefined || severity === got.severity
    ? `${at} is ${got.state}, with other values`
    : `${at} is ${got.severity ?? "without severity"}, not ${severity}`;
}
