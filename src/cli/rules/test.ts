/** `holdfast rules test`: runs the tests that stand in rule files. */
import type { LoadedRule } from "../../config/rules.ts";
import { failed, type Result } from "../../core/errors.ts";
import { runTest, type TestOutcome } from "../../core/rule/test-run.ts";
import type { CommandContext } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { writeJson } from "../report.ts";
import { loadConfiguration, loadConfiguredProfiles, rulesBeside, tellProblems } from "../setup.ts";
import { printable, styled } from "../style.ts";
import { loadRulesAt } from "./loading.ts";
import { prepareState } from "./state.ts";
import { failureLines } from "./timeline.ts";

/** One rule with what its tests gave. */
interface Tested {
  readonly rule: LoadedRule;
  readonly outcomes: readonly TestOutcome[];
}

/**
 * Runs the tests of every rule in directories and files.
 *
 * @param paths - None: the rules of the configuration.
 * @returns 0 when all pass, 1 when one fails, 3 when a rule or a test is not valid.
 */
export async function testRules(
  context: CommandContext,
  paths: readonly string[],
  options: { readonly json: boolean },
): Promise<ExitCode> {
  const loaded = paths.length > 0 ? await loadRulesAt(context, paths) : await loadConfigured(context);
  if (!loaded.ok) {
    tellProblems(context, loaded.problems, options);
    return exitCodes.invalid;
  }
  const makeState = await prepareState(loaded.value.map(({ definition }) => definition));
  const tested: Tested[] = [];
  for (const rule of loaded.value) {
    const outcomes = rule.tests.map((test) => runTest(test, { rule: rule.definition, makeState }));
    tested.push({ rule, outcomes });
    if (!options.json) writeRule(context, { rule, outcomes });
  }
  const failedCount = tested.flatMap(({ outcomes }) => outcomes).filter(isFailure).length;
  if (options.json) writeJson(context, reportOf(tested, failedCount));
  else writeSummary(context, tested, failedCount);
  return failedCount === 0 ? exitCodes.done : exitCodes.failed;
}

async function loadConfigured(context: CommandContext): Promise<Result<readonly LoadedRule[]>> {
  const loaded = await loadConfiguration(context, {});
  if (!loaded.ok) return failed(loaded.problems);
  const { config } = loaded.value;
  const beside = rulesBeside(config, await loadConfiguredProfiles(context, config));
  return loadRulesAt(context, [config.rulesDir], beside);
}

function isFailure({ failures }: TestOutcome): boolean {
  return failures.length > 0;
}

function writeRule({ out }: CommandContext, { rule, outcomes }: Tested): void {
  const { id } = rule.definition;
  if (outcomes.length === 0) out.write(`${styled(out, "dim", "none")}  ${id}  has no tests\n`);
  for (const outcome of outcomes) {
    const verdict = isFailure(outcome) ? styled(out, "red", "FAIL") : styled(out, "green", "ok  ");
    out.write(`${verdict}  ${id}  ${printable(outcome.test.name)}\n`);
    for (const line of failureLines(out, outcome)) out.write(`      ${line}\n`);
  }
}

function writeSummary({ out }: CommandContext, tested: readonly Tested[], failedCount: number): void {
  const count = tested.reduce((sum, { outcomes }) => sum + outcomes.length, 0);
  const untested = tested.filter(({ outcomes }) => outcomes.length === 0).length;
  const tests = count === 1 ? "1 test" : `${count} tests`;
  const rules = tested.length === 1 ? "1 rule" : `${tested.length} rules`;
  const verdict =
    failedCount === 0 ? styled(out, "green", "none failed") : styled(out, "red", `${failedCount} failed`);
  const without =
    untested === 0 ? "" : ` ${untested === 1 ? "1 rule has" : `${untested} rules have`} no tests.`;
  out.write(`${tests} of ${rules}: ${verdict}.${without}\n`);
}

/** The report for programs. Times are milliseconds since time 0 of the test. */
function reportOf(tested: readonly Tested[], failedCount: number): unknown {
  const outcomes = tested.flatMap((one) => one.outcomes);
  return {
    ok: failedCount === 0,
    passed: outcomes.length - failedCount,
    failed: failedCount,
    rules: tested.map(({ rule, outcomes: ofRule }) => ({
      id: rule.definition.id,
      file: rule.file,
      tests: ofRule.map((outcome) => ({
        name: outcome.test.name,
        ok: !isFailure(outcome),
        failures: outcome.failures,
        transitions: outcome.transitions,
      })),
    })),
  };
}
