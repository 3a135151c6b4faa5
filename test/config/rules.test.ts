import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadRules, parseRuleFile } from "../../src/config/rules.ts";
import type { RuleDefinition } from "../../src/core/rule/definition.ts";
import { directoryWith, problemsOf, valueOf } from "./loading.ts";

function parsed(value: Readonly<Record<string, unknown>>): RuleDefinition | undefined {
  return valueOf(parseRuleFile(JSON.stringify({ id: "a", source: { metric: "t" }, ...value }), "a.json"))[0];
}

const above = { field: "value", op: ">", value: 8 };

test("a rule is completed with every default", () => {
  expect(parsed({ when: above })).toEqual({
    id: "a",
    description: "",
    enabled: true,
    source: { device: ["*"], metric: ["t"] },
    groupBy: ["device"],
    window: { type: "none", latenessMs: 0 },
    aggregates: [],
    when: above,
    forMs: 0,
    keepFiringForMs: 0,
    severity: "warning",
    labels: {},
    annotations: {},
  });
});

test.each([
  [
    { type: "tumbling", size: "1m" },
    { type: "tumbling", sizeMs: 60_000, latenessMs: 0 },
  ],
  [
    { type: "hopping", size: "5m", every: "30s", lateness: "10s" },
    { type: "hopping", sizeMs: 300_000, everyMs: 30_000, latenessMs: 10_000 },
  ],
  [
    { type: "hopping", size: "5m", every: "2m" },
    { type: "hopping", sizeMs: 300_000, everyMs: 120_000, latenessMs: 0 },
  ],
  [
    { type: "sliding", size: "5m" },
    { type: "sliding", sizeMs: 300_000, latenessMs: 0 },
  ],
  [
    { type: "sliding", size: "5m", every: "30s" },
    { type: "sliding", sizeMs: 300_000, everyMs: 30_000, latenessMs: 0 },
  ],
])("the window %j is kept in milliseconds", (window, expected) => {
  expect(parsed({ window, when: { field: "mean", op: ">", value: 8 } })?.window).toEqual(expected);
});

test("an aggregate that a condition or an annotation names by its function is added, in order of mention", () => {
  const rule = parsed({
    window: { type: "tumbling", size: "1m" },
    aggregate: { highest: "max", n: { fn: "count" } },
    when: { all: [{ field: "highest", op: ">", value: 8 }, { not: { field: "avg", op: "<", value: 1 } }] },
    labels: { site: "north" },
    annotations: { summary: "{{device}} {{site}} {{n}} {{stddev}} {{avg}}" },
  });
  expect(rule?.aggregates).toEqual([
    { name: "highest", fn: "max" },
    { name: "n", fn: "count" },
    { name: "avg", fn: "mean" },
    { name: "stddev", fn: "stddev" },
  ]);
});

test("conditions keep their structure", () => {
  const when = {
    any: [
      { field: "mean", op: ">", value: 8, clear: 8 },
      { not: { field: "max", op: "inside", value: [1, 2], clear: [0, 3] } },
      { all: [{ field: "min", op: "outside", value: [1, 4], clear: [2, 3] }] },
    ],
  };
  expect(parsed({ window: { type: "sliding", size: "5m" }, when })?.when).toEqual(when);
});

test("tests, $schema and description are accepted", () => {
  const rule = parsed({
    $schema: "./rule-1.schema.json",
    description: "d",
    tests: [{ any: "thing" }],
    when: above,
  });
  expect(rule?.description).toBe("d");
});

test("a directory that does not exist holds no rules", async () => {
  const directory = await directoryWith({});
  expect(valueOf(await loadRules(join(directory, "rules.d")))).toEqual([]);
});

function ruleText(id: string): string {
  return JSON.stringify({ id, source: { metric: "t" }, when: above });
}

test("rules come in the order of file names, and other files are left alone", async () => {
  const directory = await directoryWith({
    "b.json": ruleText("b"),
    "a.jsonc": `// first\n{ "rules": [${ruleText("z")}, ${ruleText("y")},] }`,
    "rule-1.schema.json": "{}",
    ".hidden.json": "nonsense",
    "notes.txt": "nonsense",
  });
  expect(valueOf(await loadRules(directory)).map((rule) => rule.id)).toEqual(["z", "y", "b"]);
});

test("all problems of all files are reported at once, by file, line and column", async () => {
  const directory = await directoryWith({
    "b.json":
      '{ "id": "same",\n "source": { "metric": "t" },\n "when": { "field": "value", "op": ">", "value": 8 } }',
    "a.json": ruleText("same").replace('"op":">"', '"op":"gt"'),
    "c.json": "{ nonsense }",
  });
  const problems = problemsOf(await loadRules(directory));
  expect(problems.map(({ code, file, line }) => [code, file, line])).toEqual([
    ["RULE_CHOICE", join(directory, "a.json"), 1],
    ["RULE_ID_TWICE", join(directory, "b.json"), 1],
    ["RULE_SYNTAX", join(directory, "c.json"), 1],
  ]);
  expect(problems[1]?.message).toContain(`${join(directory, "a.json")}:1`);
});

test("what cannot be read is a problem", async () => {
  const directory = await directoryWith({ "large.json": " ".repeat(1024 * 1024 + 1) });
  await mkdir(join(directory, "directory.json"));
  expect(problemsOf(await loadRules(directory)).map(({ code }) => code)).toEqual([
    "RULE_FILE_UNREADABLE",
    "RULE_FILE_LARGE",
  ]);
});
