import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadRules, parseRuleFile, readRuleFile } from "../../src/config/rules.ts";
import { detectorParameters } from "../../src/core/detect/defaults.ts";
import type { DetectorName } from "../../src/core/detect/definition.ts";
import type { RuleDefinition } from "../../src/core/rule/definition.ts";
import { loadExpressions } from "../../src/expression/load.ts";
import { directoryWith, problemsOf, valueOf } from "./loading.ts";

const expressions = await loadExpressions();

/** The definition of a rule that is right, beside rules with these ids. */
function parsed(
  value: Readonly<Record<string, unknown>>,
  others: readonly string[] = [],
): RuleDefinition | undefined {
  const rules = [
    { id: "a", source: { metric: "t" }, ...value },
    ...others.map((id) => ({ id, source: { metric: "t" }, when: above })),
  ];
  return valueOf(parseRuleFile(JSON.stringify({ rules }), "a.json", { expressions }))[0]?.definition;
}

const above = { field: "value", op: ">", value: 8 };

test("a rule is completed with every default", () => {
  expect(parsed({ when: above })).toEqual({
    id: "a",
    description: "",
    enabled: true,
    shadow: false,
    sources: [{ name: "", device: ["*"], metric: ["t"], maxAgeMs: Number.MAX_SAFE_INTEGER }],
    groupBy: ["device"],
    window: { type: "none", latenessMs: 0, reviseMs: 0, idleMs: 60_000 },
    aggregates: [],
    levels: [{ severity: "warning", when: above }],
    forMs: 0,
    keepFiringForMs: 0,
    inhibit: [],
    actions: [],
    labels: {},
    annotations: {},
  });
});

const begin = { op: ">", value: 5 };
const end = { op: "<=", value: 2 };

test.each([
  [
    { type: "tumbling", size: "1m" },
    { type: "tumbling", sizeMs: 60_000 },
  ],
  [
    { type: "tumbling", size: "1d", timezone: "Europe/Berlin", idle: "5m" },
    { type: "tumbling", sizeMs: 86_400_000, timezone: "Europe/Berlin", idleMs: 300_000 },
  ],
  [
    { type: "hopping", size: "5m", every: "30s", lateness: "10s", revise: "1h" },
    { type: "hopping", sizeMs: 300_000, everyMs: 30_000, latenessMs: 10_000, reviseMs: 3_600_000 },
  ],
  [
    { type: "hopping", size: "5m", every: "2m" },
    { type: "hopping", sizeMs: 300_000, everyMs: 120_000 },
  ],
  [
    { type: "sliding", size: "5m" },
    { type: "sliding", sizeMs: 300_000 },
  ],
  [
    { type: "sliding", size: "5m", every: "30s", revise: "5m" },
    { type: "sliding", sizeMs: 300_000, everyMs: 30_000, reviseMs: 300_000 },
  ],
  [
    { type: "session", gap: "5m" },
    { type: "session", gapMs: 300_000, maxMs: 86_400_000 },
  ],
  [
    { type: "session", gap: "5m", max: "1h" },
    { type: "session", gapMs: 300_000, maxMs: 3_600_000 },
  ],
  [
    { type: "count", count: 10 },
    { type: "count", count: 10, every: 1 },
  ],
  [
    { type: "count", count: 10, every: 5 },
    { type: "count", count: 10, every: 5 },
  ],
  [
    { type: "state", begin, end },
    { type: "state", begin, end, maxMs: 86_400_000 },
  ],
])("the window %j is completed and kept in milliseconds", (window, expected) => {
  const timing = { latenessMs: 0, reviseMs: 0, idleMs: 60_000 };
  const when = { field: "mean", op: ">", value: 8 };
  expect(parsed({ window, when })?.window).toEqual({ ...timing, ...expected });
});

test.each([
  ["mean", { fn: "mean" }],
  ["p50", { fn: "quantile", q: 0.5 }],
  ["p99", { fn: "quantile", q: 0.99 }],
  [{ fn: "p90" }, { fn: "quantile", q: 0.9 }],
  [
    { fn: "quantile", q: 0.25 },
    { fn: "quantile", q: 0.25 },
  ],
  ["rate", { fn: "rate", perMs: 1_000 }],
  [
    { fn: "slope", per: "1h" },
    { fn: "slope", perMs: 3_600_000 },
  ],
  [
    { fn: "duration", when: begin },
    { fn: "duration", when: begin },
  ],
  ["timeWeightedMean", { fn: "timeWeightedMean" }],
])("the aggregate %j is completed", (written, expected) => {
  const rule = parsed({
    window: { type: "tumbling", size: "1m" },
    aggregate: { x: written },
    when: { field: "x", op: ">", value: 8 },
  });
  expect(rule?.aggregates).toEqual([{ name: "x", ...expected }]);
});

/** The default of a parameter, as the table of detectors has it. */
function usual(detector: DetectorName, name: string): number | string | undefined {
  return detectorParameters[detector].find((parameter) => parameter.name === name)?.default;
}

test.each([
  ["anomaly", { type: "anomaly", sensitivity: 0.5 }],
  ["ewma", { type: "ewma", halfLifeMs: 3_600_000, k: usual("ewma", "k") }],
  [
    { type: "ewma", halfLife: "1d", k: 6 },
    { type: "ewma", halfLifeMs: 86_400_000, k: 6 },
  ],
  [
    { type: "threshold", above: 8, clear: 6 },
    { type: "threshold", above: 8, clear: 6 },
  ],
  [
    { type: "range", min: 2, max: 8, freeze: true },
    { type: "range", min: 2, max: 8, freeze: true },
  ],
  [
    { type: "rate", above: 2 },
    { type: "rate", above: 2, perMs: usual("rate", "per") },
  ],
  ["spike", { type: "spike", n: usual("spike", "n"), k: usual("spike", "k") }],
  ["cusum", { type: "cusum", drift: usual("cusum", "drift"), threshold: usual("cusum", "threshold") }],
  [
    "page-hinkley",
    {
      type: "page-hinkley",
      drift: usual("page-hinkley", "drift"),
      threshold: usual("page-hinkley", "threshold"),
    },
  ],
  [
    { type: "seasonal", timezone: "Europe/Berlin" },
    { type: "seasonal", season: "hour-of-day", k: usual("seasonal", "k"), timezone: "Europe/Berlin" },
  ],
  ["flatline", { type: "flatline", within: 0, forMs: 3_600_000 }],
  [
    { type: "silence", after: "15m" },
    { type: "silence", factor: usual("silence", "factor"), afterMs: 900_000 },
  ],
])("the detector %j is completed, and decides alone", (detect, expected) => {
  const rule = parsed({ detect, severity: "critical" });
  expect(rule?.detect).toEqual({ field: "value", freeze: false, ...expected });
  expect(rule?.levels).toEqual([{ severity: "critical" }]);
});

test("a detector looks at the first aggregate of a window, or at the mean", () => {
  const window = { type: "tumbling", size: "1m" };
  const declared = parsed({ window, aggregate: { high: "max", low: "min" }, detect: "ewma" });
  expect(declared?.detect?.field).toBe("high");
  const bare = parsed({ window, detect: "ewma" });
  expect(bare?.detect?.field).toBe("mean");
  expect(bare?.aggregates).toEqual([{ name: "mean", fn: "mean" }]);
});

function score(value: unknown): unknown {
  return { field: "score", op: ">", value };
}

test("levels stand in ascending order, and may compare the score of a detector with a parameter", () => {
  const levels = { critical: score(8), info: score({ param: "mild", default: 4 }) };
  expect(parsed({ detect: "ewma", levels })?.levels).toEqual([
    { severity: "info", when: score({ param: "mild", default: 4 }) },
    { severity: "critical", when: score(8) },
  ]);
});

test("a rule that only waits for data has a condition that never holds", () => {
  const rule = parsed({ noData: { after: "15m" } });
  expect(rule).toMatchObject({
    noData: { afterMs: 900_000, state: "no-data" },
    levels: [{ severity: "warning", when: { any: [] } }],
  });
});

test("several sources give the fields of each side, and say nothing older than twice the window", () => {
  const rule = parsed({
    source: undefined,
    sources: { a: { metric: "inlet" }, b: { metric: "outlet", tags: { kind: "water" }, maxAge: "1m" } },
    groupBy: ["site"],
    window: { type: "tumbling", size: "5m" },
    when: {
      all: [{ expr: "a.mean - b.p95 > 5 && site != 'test'" }, { field: "b.count", op: ">", value: 3 }],
    },
    annotations: { summary: "{{site}}: {{a.max}}" },
  });
  expect(rule?.sources).toEqual([
    { name: "a", device: ["*"], metric: ["inlet"], maxAgeMs: 600_000 },
    { name: "b", device: ["*"], metric: ["outlet"], tags: { kind: ["water"] }, maxAgeMs: 60_000 },
  ]);
  expect(rule?.aggregates).toEqual([
    { name: "mean", fn: "mean" },
    { name: "p95", fn: "quantile", q: 0.95 },
    { name: "count", fn: "count" },
    { name: "max", fn: "max" },
  ]);
});

test("a source selects by profile, tags and topic", () => {
  const source = { metric: "t", profile: "sht3x", tags: { site: ["north", "south-*"] }, topic: "plant/+/t" };
  expect(parsed({ source, when: above })?.sources).toEqual([
    {
      name: "",
      device: ["*"],
      metric: ["t"],
      profile: ["sht3x"],
      tags: { site: ["north", "south-*"] },
      topic: "plant/+/t",
      maxAgeMs: Number.MAX_SAFE_INTEGER,
    },
  ]);
});

test("what shapes an alert is completed and kept in milliseconds", () => {
  const rule = parsed(
    {
      when: above,
      shadow: true,
      coverage: 0.8,
      flap: {},
      inhibit: [{ when: { rule: "a-power" }, equal: ["site"] }, { when: { rule: "b-power" } }],
      repeat: "1h",
      escalate: { after: "30m", severity: "critical" },
      capture: { before: "5m" },
      noData: { after: "15m", state: "firing" },
      actions: [{ publish: { topic: "plant/horn/{{device}}" } }],
    },
    ["a-power", "b-power"],
  );
  expect(rule).toMatchObject({
    shadow: true,
    coverage: 0.8,
    flap: { low: 0.25, high: 0.5, history: 20 },
    inhibit: [
      { rule: "a-power", equal: ["site"] },
      { rule: "b-power", equal: [] },
    ],
    repeatMs: 3_600_000,
    escalate: { afterMs: 1_800_000, severity: "critical" },
    capture: { beforeMs: 300_000, afterMs: 0 },
    noData: { afterMs: 900_000, state: "firing" },
    actions: [{ topic: "plant/horn/{{device}}", payload: null, on: "firing", qos: 0, retain: false }],
  });
});

test("a text of an action may name annotations, the state and the severity", () => {
  const publish = {
    topic: "plant/{{severity}}/{{device}}",
    payload: { text: "{{summary}}", state: "{{state}}", values: ["{{max}}"] },
    on: "change",
    qos: 1,
    retain: true,
  };
  const rule = parsed({
    window: { type: "tumbling", size: "1m" },
    when: { field: "mean", op: ">", value: 8 },
    annotations: { summary: "warm" },
    actions: [{ publish }],
  });
  expect(rule?.actions).toEqual([publish]);
  expect(rule?.aggregates.map(({ name }) => name)).toEqual(["mean", "max"]);
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
      { expr: "mean > 3.0" },
      { field: "sum", op: "outside", value: [{ param: "low", default: 2 }, 8] },
    ],
  };
  const rule = parsed({ window: { type: "sliding", size: "5m" }, when });
  expect(rule?.levels).toEqual([{ severity: "warning", when }]);
});

test("tests, $schema and description are accepted", () => {
  const rule = parsed({
    $schema: "./rule-1.schema.json",
    description: "d",
    tests: [],
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
  expect(valueOf(await loadRules(directory)).map((rule) => rule.definition.id)).toEqual(["z", "y", "b"]);
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

test.each([
  ["with an expression", '"expr"', 1],
  ["with the key in escapes", String.raw`"\u0065xpr"`, 1],
  ["without an expression", '"all"', 0],
])("the compiler of expressions is loaded once, and only for a directory %s", async (_what, key, count) => {
  const condition = key === '"all"' ? `[${JSON.stringify(above)}]` : '"value > 8"';
  const rule = (id: string): string =>
    `{ "id": "${id}", "source": { "metric": "t" }, "when": { ${key}: ${condition} } }`;
  const directory = await directoryWith({ "a.json": rule("a"), "b.json": rule("b") });
  let loads = 0;
  const options = {
    expressions: () => {
      loads += 1;
      return loadExpressions();
    },
  };
  expect(valueOf(await loadRules(directory, options))).toHaveLength(2);
  expect(loads).toBe(count);
});

test("a rule comes with its tests, its file and its place there", async () => {
  const quiet = { name: "stays", interval: "1m", input: [], expect: [] };
  const rules = [
    { id: "first", source: { metric: "t" }, when: above },
    {
      id: "b",
      source: { metric: "t" },
      when: above,
      tests: [
        {
          ...quiet,
          input: [{ device: "d", metric: "t", values: "4x2" }],
          expect: [{ at: "1m", key: { device: "d" }, state: "ok" }],
        },
      ],
    },
  ];
  const [first, second] = valueOf(await readRuleFile(JSON.stringify({ rules }), "b.json"));
  expect(first).toMatchObject({ tests: [], file: "b.json", pointer: "/rules/0" });
  expect(second).toMatchObject({
    definition: { id: "b" },
    tests: [{ name: "stays", intervalMs: 60_000 }],
    file: "b.json",
    pointer: "/rules/1",
  });
});

function inhibited(id: string, by: string): string {
  return JSON.stringify({ id, source: { metric: "t" }, when: above, inhibit: [{ when: { rule: by } }] });
}

test("an inhibition may name a rule of another file, and a circle through two files is found", async () => {
  const right = await directoryWith({ "a.json": inhibited("a", "b"), "b.json": ruleText("b") });
  expect(valueOf(await loadRules(right))).toHaveLength(2);
  const circle = await directoryWith({ "a.json": inhibited("a", "b"), "b.json": inhibited("b", "a") });
  expect(problemsOf(await loadRules(circle)).map(({ code }) => code)).toEqual(["RULE_INHIBIT_CYCLE"]);
});
