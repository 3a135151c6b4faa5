/** A rule of every kind, so that whatever holds for the fold holds for each. */
import type { DetectDefinition } from "../../src/core/detect/definition.ts";
import type { FoldTools } from "../../src/core/fold/tools.ts";
import type { RuleDefinition } from "../../src/core/rule/definition.ts";
import { celCompiler } from "../../src/expression/cel.ts";
import { ddSketches } from "../../src/sketch/ddsketch.ts";
import { levelsOf, ruleOf, sourceOf, windowOf } from "./records.ts";

/** Everything that rules may need. */
export const allTools: FoldTools = { expressions: celCompiler, sketches: ddSketches };

const above = levelsOf({ field: "value", op: ">", value: 8 });
const each = windowOf({ type: "none" });

type Detect = DetectDefinition extends infer Kind
  ? Kind extends object
    ? Omit<Kind, "field" | "freeze">
    : never
  : never;

function detecting(detect: Detect): RuleDefinition {
  return ruleOf({
    id: `detect-${detect.type}`,
    window: each,
    aggregates: [],
    detect: { field: "value", freeze: true, ...detect },
    levels: [{ severity: "warning" }],
    annotations: { summary: "{{score}} of {{expected}}" },
  });
}

const ofWindows: readonly RuleDefinition[] = [
  ruleOf({ id: "each", window: each, aggregates: [], levels: above, forMs: 20_000, keepFiringForMs: 10_000 }),
  ruleOf({
    id: "tumbling",
    forMs: 60_000,
    window: windowOf({ type: "tumbling", sizeMs: 60_000 }, { reviseMs: 120_000 }),
  }),
  ruleOf({
    id: "hopping",
    window: windowOf({ type: "hopping", sizeMs: 60_000, everyMs: 15_000 }, { latenessMs: 20_000 }),
    levels: levelsOf({ field: "mean", op: ">", value: 8, clear: 6 }),
    keepFiringForMs: 30_000,
  }),
  ruleOf({
    id: "calendar",
    window: windowOf({ type: "tumbling", sizeMs: 3_600_000, timezone: "Australia/Lord_Howe" }),
    aggregates: [{ name: "mean", fn: "timeWeightedMean" }],
  }),
  ruleOf({
    id: "sliding",
    window: windowOf({ type: "sliding", sizeMs: 45_000 }, { latenessMs: 10_000 }),
    aggregates: [
      { name: "mean", fn: "mean" },
      { name: "p95", fn: "quantile", q: 0.95 },
      { name: "slope", fn: "slope", perMs: 60_000 },
      { name: "warm", fn: "duration", when: { op: ">", value: 8 } },
      { name: "different", fn: "distinct" },
      { name: "changed", fn: "changed" },
      { name: "lag", fn: "lag" },
    ],
    levels: levelsOf({ expr: "p95 > 8.0 && different >= 2 || slope > 100" }),
  }),
  ruleOf({ id: "session", window: windowOf({ type: "session", gapMs: 30_000, maxMs: 300_000 }) }),
  ruleOf({
    id: "count",
    window: windowOf({ type: "count", count: 5, every: 2 }),
    aggregates: [{ name: "mean", fn: "median" }],
  }),
  ruleOf({
    id: "state",
    window: windowOf({
      type: "state",
      begin: { op: ">", value: 10 },
      end: { op: "<", value: 5 },
      maxMs: 600_000,
    }),
    levels: levelsOf({ field: "mean", op: ">", value: { param: "limit", default: 8 } }),
  }),
];

const ofLife: readonly RuleDefinition[] = [
  ruleOf({
    id: "levels",
    window: each,
    aggregates: [],
    levels: [
      { severity: "info", when: { field: "value", op: ">", value: 6 } },
      { severity: "warning", when: { field: "value", op: ">", value: 9 } },
      { severity: "critical", when: { field: "value", op: ">", value: 12 } },
    ],
    forMs: 10_000,
    keepFiringForMs: 5_000,
    repeatMs: 60_000,
    escalate: { afterMs: 120_000, severity: "critical" },
  }),
  ruleOf({
    id: "no-data",
    window: each,
    aggregates: [],
    levels: above,
    noData: { afterMs: 90_000, state: "no-data" },
  }),
  ruleOf({
    id: "silent-fires",
    window: each,
    aggregates: [],
    levels: above,
    noData: { afterMs: 30_000, state: "firing" },
    shadow: true,
  }),
  ruleOf({
    id: "covered",
    window: windowOf({ type: "tumbling", sizeMs: 60_000 }),
    coverage: 0.5,
    aggregates: [
      { name: "mean", fn: "mean" },
      { name: "share", fn: "coverage" },
    ],
  }),
  ruleOf({
    id: "flapping",
    window: each,
    aggregates: [],
    levels: above,
    flap: { low: 0.2, high: 0.5, history: 10 },
  }),
  ruleOf({
    id: "inhibited",
    window: each,
    aggregates: [],
    levels: levelsOf({ field: "value", op: ">", value: 4 }),
    inhibit: [{ rule: "each", equal: ["device"] }],
    repeatMs: 30_000,
    actions: [
      {
        topic: "horn/{{device}}",
        payload: { on: "{{value}}", why: "{{severity}} {{state}}" },
        on: "change",
        qos: 1,
        retain: true,
      },
    ],
  }),
];

const ofSources: readonly RuleDefinition[] = [
  ruleOf({
    id: "difference",
    sources: [
      sourceOf({ name: "a", device: ["a"], maxAgeMs: 120_000 }),
      sourceOf({ name: "b", device: ["b", "*c"], tags: { site: ["n*"] }, maxAgeMs: 120_000 }),
    ],
    groupBy: ["site"],
    window: windowOf({ type: "tumbling", sizeMs: 30_000 }),
    levels: levelsOf({ expr: "a.mean - b.mean > 3.0 && site != 'south'" }),
    annotations: { summary: "{{a.mean}} and {{b.mean}} at {{site}}" },
  }),
];

const ofDetectors: readonly RuleDefinition[] = [
  detecting({ type: "threshold", above: 8, clear: 6 }),
  detecting({ type: "range", min: 1, max: 12 }),
  detecting({ type: "rate", perMs: 1_000, above: 1 }),
  detecting({ type: "spike", n: 15, k: 4 }),
  detecting({ type: "ewma", halfLifeMs: 60_000, k: 2 }),
  detecting({ type: "cusum", drift: 0.5, threshold: 4 }),
  detecting({ type: "page-hinkley", drift: 0.5, threshold: 4 }),
  detecting({ type: "seasonal", season: "hour-of-day", k: 2, timezone: "Europe/Berlin" }),
  detecting({ type: "flatline", within: 0.5, forMs: 20_000 }),
  detecting({ type: "silence", factor: 3 }),
  detecting({ type: "anomaly", sensitivity: 1 }),
];

/** One rule of every kind. */
export const ruleZoo: readonly RuleDefinition[] = [...ofWindows, ...ofLife, ...ofSources, ...ofDetectors];
