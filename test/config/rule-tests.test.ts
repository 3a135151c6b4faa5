import { expect, test } from "vitest";
import { parseRuleTests, ruleTestsSchema } from "../../src/config/rule-tests.ts";
import { parseRuleFile } from "../../src/config/rules.ts";
import { problemsOf, valueOf } from "./loading.ts";
import { unmarked } from "./marked.ts";

const one = {
  name: "fires",
  interval: "1m",
  start: "2026-03-29",
  input: [{ device: "fridge-1", metric: "temperature", tags: { site: "north" }, values: "4x2 _ stale" }],
  expect: [
    { at: "0s", state: "ok" },
    { at: "2h", key: { device: "fridge-1" }, state: "no-data", severity: "info", values: { n: 3, t: "x" } },
  ],
};

function refuseProblems(): never {
  throw new Error("a problem was reported");
}

interface Found {
  readonly pointer: string;
  readonly code: string;
  readonly hint: string;
}

function problemsIn(written: unknown): Found[] {
  const found: Found[] = [];
  const tests = parseRuleTests(written, "/tests", (pointer, code, _message, hint) => {
    found.push({ pointer, code, hint });
  });
  expect(tests).toEqual([]);
  return found;
}

test("tests are read with every duration in milliseconds", () => {
  expect(parseRuleTests([one], "/tests", refuseProblems)).toEqual([
    {
      name: "fires",
      intervalMs: 60_000,
      startAt: Date.UTC(2026, 2, 29),
      input: [
        { device: "fridge-1", metric: "temperature", tags: { site: "north" }, values: [4, 4, null, "stale"] },
      ],
      expect: [
        { atMs: 0, key: {}, state: "ok" },
        {
          atMs: 7_200_000,
          key: { device: "fridge-1" },
          state: "no-data",
          severity: "info",
          values: { n: 3, t: "x" },
        },
      ],
    },
  ]);
  expect(parseRuleTests(undefined, "/tests", refuseProblems)).toEqual([]);
});

test.each<[name: string, part: Record<string, unknown>, pointer: string, code: string, hint: string]>([
  ["an unknown key", { intervall: "1m" }, "/intervall", "KEY_UNKNOWN", '"interval"'],
  ["a missing name", { name: undefined }, "/name", "KEY_MISSING", ""],
  ["a duration without unit", { interval: "60" }, "/interval", "DURATION", '"60s"'],
  ["an interval of nothing", { interval: "0s" }, "/interval", "DURATION", ""],
  ["a day that does not exist", { start: "2026-02-30" }, "/start", "INSTANT", "2026-03-29"],
  ["a start without zone", { start: "2026-02-03T10:00:00" }, "/start", "INSTANT", "+01:00"],
  ["no expectation", { expect: [] }, "/expect", "LIST", ""],
  ["an unknown state", { expect: [{ at: "0s", state: "fireing" }] }, "/expect/0/state", "CHOICE", '"firing"'],
  [
    "a number in place of values",
    { input: [{ device: "a", metric: "b", values: 5 }] },
    "/input/0/values",
    "SERIES",
    '"5"',
  ],
  [
    "a bad term",
    { input: [{ device: "a", metric: "b", values: "4*5" }] },
    "/input/0/values",
    "SERIES",
    '"4x5"',
  ],
  ["one series twice", { input: [one.input[0], one.input[0]] }, "/input/1", "TEST_SERIES_TWICE", "join"],
  [
    "one expectation twice",
    { expect: [one.expect[1], one.expect[1]] },
    "/expect/1",
    "TEST_KEY_TWICE",
    "remove",
  ],
  [
    "too many samples",
    {
      input: Array.from({ length: 11 }, (_, index) => ({
        device: `${index}`,
        metric: "b",
        values: "1x100000",
      })),
    },
    "/input",
    "TEST_LARGE",
    "interval",
  ],
  ["too long a time", { interval: "200d" }, "/interval", "TEST_LONG", "shorter"],
])("%s is refused at its place", (_name, part, pointer, code, hint) => {
  const written = { ...one, ...part };
  expect(problemsIn([JSON.parse(JSON.stringify(written))])).toContainEqual({
    pointer: `/tests/0${pointer}`,
    code,
    hint: expect.stringContaining(hint),
  });
});

test("two tests of one name are refused", () => {
  expect(problemsIn([one, one])).toMatchObject([{ pointer: "/tests/1/name", code: "TEST_TWICE" }]);
});

test.each([[{}], ["x"], [null], [[null]], [[[]]], [[{ input: [null], expect: {} }]]])(
  "%j is not a list of tests, and nothing is thrown",
  (written) => {
    expect(problemsIn(written).length).toBeGreaterThan(0);
  },
);

test("a bad term is pointed at, character for character", () => {
  const { text, line, column } = unmarked(`{
  "id": "hot",
  "source": { "metric": "t" },
  "when": { "field": "value", "op": ">", "value": 1 },
  "tests": [ { "name": "n", "interval": "1m",
    "input": [ { "device": "a", "metric": "t", "values": "4x5 ▸12*3 4" } ],
    "expect": [ { "at": "5m", "key": { "device": "a" }, "state": "firing" } ] } ]
}`);
  expect(problemsOf(parseRuleFile(text, "hot.jsonc"))).toMatchObject([{ code: "RULE_SERIES", line, column }]);
});

test("a rule that is loaded brings its tests along", () => {
  const text = JSON.stringify({
    id: "hot",
    source: { metric: "t" },
    when: { field: "value", op: ">", value: 1 },
    tests: [one],
  });
  expect(valueOf(parseRuleFile(text, "hot.jsonc"))).toMatchObject([{ tests: [{ name: "fires" }] }]);
});

test("the JSON Schema describes tests as they are written", () => {
  expect(ruleTestsSchema()).toMatchObject({
    type: "array",
    items: { type: "object", properties: { input: { type: "array" }, expect: { minItems: 1 } } },
  });
});
