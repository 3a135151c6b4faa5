import { expect, test } from "vitest";
import { FoldState } from "../../../src/core/fold/state.ts";
import type { RuleDefinition } from "../../../src/core/rule/definition.ts";
import { type RuleTest, type TestExpectation, testStartAt } from "../../../src/core/rule/rule-test.ts";
import { parseTestSeries } from "../../../src/core/rule/test-series.ts";
import { runTest, type TestOutcome } from "../../../src/core/rule/test-run.ts";
import { levelsOf, ruleOf, windowOf } from "../../support/records.ts";

const minute = 60_000;
const key = { device: "fridge-1" };

function testOf(
  series: string,
  expect_: readonly Partial<TestExpectation>[],
  part: Partial<RuleTest> = {},
): RuleTest {
  const read = parseTestSeries(series);
  if (!read.ok) throw new Error(read.problems[0]!.message);
  return {
    name: "a test",
    intervalMs: minute,
    input: [{ device: "fridge-1", metric: "temperature", values: read.values }],
    expect: expect_.map((one) => ({ atMs: 0, key, state: "ok", ...one })),
    ...part,
  };
}

function run(rule: RuleDefinition, one: RuleTest): TestOutcome {
  return runTest(one, { rule, makeState: () => new FoldState() });
}

/** Fires after ten minutes over 8, by the mean of five minutes. */
const warm = ruleOf({
  window: windowOf({ type: "sliding", sizeMs: 5 * minute, everyMs: 30_000 }, { latenessMs: 10_000 }),
  levels: levelsOf({ field: "mean", op: ">", value: 8, clear: 6 }),
  forMs: 10 * minute,
  keepFiringForMs: 5 * minute,
});
/** Looks at each sample. */
const single = ruleOf({
  window: windowOf({ type: "none" }),
  aggregates: [],
  levels: levelsOf({ field: "value", op: ">", value: 8 }),
});

test("the documented example holds", () => {
  const outcome = run(
    warm,
    testOf("4x5 12x20 5x10", [
      { atMs: 8 * minute, state: "pending" },
      { atMs: 20 * minute, state: "firing", severity: "warning", values: { mean: 12 } },
      { atMs: 50 * minute, state: "resolved" },
    ]),
  );
  expect(outcome.failures).toEqual([]);
  expect(outcome.transitions.map(({ state, atMs, toldMs }) => [state, atMs, toldMs])).toEqual([
    ["pending", 7.5 * minute, 8 * minute],
    ["firing", 17.5 * minute, 18 * minute],
    ["resolved", expect.any(Number), expect.any(Number)],
  ]);
});

test.each<[state: TestExpectation["state"], atMs: number]>([
  ["ok", minute - 1],
  ["firing", minute],
  ["firing", 2 * minute - 1],
  ["resolved", 2 * minute],
  ["ok", 2 * minute],
])("the state is %s at %d ms, that instant's samples included", (state, atMs) => {
  expect(run(single, testOf("4 12 4", [{ state, atMs }])).failures).toEqual([]);
});

test("an alert that was only pending is ok afterwards, and not resolved", () => {
  const rule = { ...single, forMs: 10 * minute };
  expect(run(rule, testOf("4 12 4", [{ atMs: 5 * minute, state: "ok" }])).failures).toEqual([]);
  expect(run(rule, testOf("4 12 4", [{ atMs: 5 * minute, state: "resolved" }])).failures).toMatchObject([
    { got: { state: "ok" } },
  ]);
});

test("a failure tells what was there instead, in order of time", () => {
  const outcome = run(
    single,
    testOf("4 12x3", [
      { atMs: 3 * minute, state: "ok" },
      { atMs: 2 * minute, state: "firing", severity: "critical" },
      { atMs: minute, state: "firing", values: { value: 13 } },
    ]),
  );
  expect(outcome.failures).toMatchObject([
    { expected: { atMs: minute }, got: { state: "firing", values: { value: 12 } } },
    { expected: { atMs: 2 * minute }, got: { state: "firing", severity: "warning" } },
    { expected: { atMs: 3 * minute }, got: { state: "firing" } },
  ]);
});

test("numbers are expected within a millionth", () => {
  const rule = ruleOf({ window: windowOf({ type: "tumbling", sizeMs: 3 * minute }) });
  const expectation = { atMs: 3 * minute, state: "firing" } as const;
  const met = testOf("9 9.1 9.3 1", [{ ...expectation, values: { mean: 9.133333 } }]);
  const missed = testOf("9 9.1 9.3 1", [{ ...expectation, values: { mean: 9.1333 } }]);
  expect(run(rule, met).failures).toEqual([]);
  expect(run(rule, missed).failures).toHaveLength(1);
});

test("a key with other names than the rule's is a failure that says so", () => {
  const [failure] = run(single, testOf("12", [{ key: { site: "north" } }])).failures;
  expect(failure?.note).toBe("The rule's key has device.");
});

test("missing samples are not samples", () => {
  const rule = ruleOf({
    window: windowOf({ type: "tumbling", sizeMs: 5 * minute }),
    aggregates: [{ name: "count", fn: "count" }],
    levels: levelsOf({ field: "count", op: "==", value: 2 }),
  });
  expect(run(rule, testOf("1 _ _ 1 _ 1", [{ atMs: 5 * minute, state: "firing" }])).failures).toEqual([]);
});

test("silence passes as on a gateway: a standing value goes on until it fires", () => {
  const rule = { ...single, forMs: 10 * minute };
  const outcome = run(
    rule,
    testOf("4 12 stale", [
      { atMs: 10 * minute, state: "pending" },
      { atMs: 13 * minute, state: "firing" },
    ]),
  );
  expect(outcome.failures).toEqual([]);
});

test("no data is noticed to the second, by the gateway's own time", () => {
  const rule = { ...single, noData: { afterMs: 90_000, state: "no-data" } } as const;
  const outcome = run(
    rule,
    testOf("4 4", [
      { atMs: 2.5 * minute - 1, state: "ok" },
      { atMs: 2.5 * minute, state: "no-data" },
    ]),
  );
  expect(outcome.failures).toEqual([]);
});

test("tags of a test's devices reach the rule", () => {
  const rule: RuleDefinition = { ...single, groupBy: ["site"] };
  const tagged = testOf("12", [{ key: { site: "north" }, state: "firing" }]);
  const input = tagged.input.map((series) => ({ ...series, tags: { site: "north" } }));
  expect(run(rule, { ...tagged, input }).failures).toEqual([]);
});

test("truth values are samples", () => {
  const rule = { ...single, levels: levelsOf({ field: "value", op: "==", value: 1 }) };
  expect(run(rule, testOf("false true", [{ atMs: minute, state: "firing" }])).failures).toEqual([]);
});

test("a rule that is switched off, or on trial, is tested all the same", () => {
  const rule = { ...single, enabled: false, shadow: true };
  expect(run(rule, testOf("12", [{ state: "firing" }])).failures).toEqual([]);
});

test("time 0 is the Monday that is documented, or what the test says", () => {
  expect(new Date(testStartAt).toUTCString()).toBe("Mon, 05 Jan 2026 00:00:00 GMT");
  const rule = ruleOf({ window: windowOf({ type: "tumbling", sizeMs: 60 * minute }) });
  const startAt = testStartAt + 58 * minute;
  const fired = { atMs: 2 * minute, state: "firing" } as const;
  expect(run(rule, testOf("9x3", [fired], { startAt })).failures).toEqual([]);
  expect(run(rule, testOf("9x3", [fired])).failures).toHaveLength(1);
});

test("alerts of other rules in force are not those of the rule", () => {
  const other = { ...single, id: "other" };
  const rule = { ...single, levels: levelsOf({ field: "value", op: ">", value: 100 }) };
  const outcome = runTest(testOf("12", [{ state: "ok" }]), {
    rule,
    others: [other],
    makeState: () => new FoldState(),
  });
  expect(outcome).toMatchObject({ failures: [], transitions: [] });
});

test("the same test gives the same outcome", () => {
  const one = testOf("4x5 12x20 5x10", [{ atMs: 20 * minute, state: "ok" }]);
  expect(run(warm, one)).toEqual(run(warm, one));
});
