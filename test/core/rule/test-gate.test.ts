import { expect, test } from "vitest";
import { FoldState } from "../../../src/core/fold/state.ts";
import type { RuleTest } from "../../../src/core/rule/rule-test.ts";
import { failingTests } from "../../../src/core/rule/test-gate.ts";
import { levelsOf, ruleOf, windowOf } from "../../support/records.ts";

const rule = ruleOf({
  id: "hot",
  window: windowOf({ type: "none" }),
  aggregates: [],
  levels: levelsOf({ field: "value", op: ">", value: 8 }),
});

function testOf(name: string, value: number, part: Partial<RuleTest["expect"][number]> = {}): RuleTest {
  return {
    name,
    intervalMs: 60_000,
    input: [{ device: "a", metric: "temperature", values: [value] }],
    expect: [{ atMs: 0, key: { device: "a" }, state: "firing", ...part }],
  };
}

const makeState = (): FoldState => new FoldState();

test("rules whose tests pass, and rules without tests, come in", () => {
  const rules = [
    { definition: rule, tests: [testOf("one", 9)] },
    { definition: rule, tests: [] },
  ];
  expect(failingTests(rules, makeState)).toEqual([]);
});

test("each failing test is a problem at its place that says what to run", () => {
  const tests = [testOf("one", 9), testOf("two", 7)];
  const problems = failingTests(
    [{ definition: rule, tests, file: "r.jsonc", pointer: "/rules/3" }],
    makeState,
  );
  expect(problems).toEqual([
    {
      code: "RULE_TEST_FAILED",
      message: 'The test "two" of "hot" fails: at 0s the alert of a is ok, not firing.',
      pointer: "/rules/3/tests/1",
      hint: "run holdfast rules test",
      file: "r.jsonc",
    },
  ]);
});

test.each([
  [{ severity: "critical" }, "is warning, not critical"],
  [{ values: { value: 3 } }, "is firing, with other values"],
  [{ state: "pending" }, "is firing, not pending"],
  [{ key: { site: "x" } }, "The rule's key has device"],
] as const)("the message says what differs: %j", (part, text) => {
  const [problem] = failingTests([{ definition: rule, tests: [testOf("t", 9, part)] }], makeState);
  expect(problem?.message).toContain(text);
});
