/** The schema of a rule: every key, its default, and what is said about a wrong value. */
import * as z from "zod/mini";
import { nameCharactersMax } from "../core/limits.ts";
import {
  type AggregateName,
  aggregateNames,
  comparisonOperators,
  type GroupKey,
  type WindowDefinition,
} from "../core/rule/definition.ts";
import { templateNamePattern } from "../core/rule/template.ts";
import type { Severity } from "../core/streams.ts";
import { isObject } from "./jsonc.ts";
import {
  choice,
  described,
  duration,
  expecting,
  flag,
  listOf,
  object,
  recordOf,
  type Schema,
  text,
} from "./shape.ts";
import { nearest } from "./suggest.ts";

/** What documentation and users also call the aggregates. */
const aliases: ReadonlyMap<string, AggregateName> = new Map([["avg", "mean"]]);

/** Aggregates that are documented and that this version cannot do. */
const unsupportedAggregates: readonly string[] = [
  "variance",
  "median",
  "quantile",
  "mad",
  "distinct",
  "delta",
  "rate",
  "slope",
  "duration",
  "timeWeightedMean",
  "coverage",
  "lag",
  "changed",
];

/** Words that stand for an aggregate. */
export const aggregateWords: readonly string[] = [...aggregateNames, ...aliases.keys()];

/** The aggregate that a word means; nothing when it means none. */
export function aggregateOf(word: string): AggregateName | undefined {
  return aggregateNames.find((name) => name === word) ?? aliases.get(word);
}

/** Whether a word is an aggregate that is documented and that this version cannot do. */
export function isUnsupportedAggregate(word: unknown): boolean {
  return typeof word === "string" && unsupportedAggregates.includes(word);
}

const name = text(
  {
    code: "NAME",
    expected: "A name that begins with a letter, of letters, digits and _ . -",
    hint: () => 'for example "avg"',
  },
  new RegExp(templateNamePattern.replace("*$", "{0,63}$")),
);
const glob = text(
  {
    code: "SOURCE",
    expected: `A name or glob of at most ${nameCharactersMax} characters`,
    hint: () => '"fridge-*" takes every device whose name begins so',
  },
  // oxlint-disable-next-line no-control-regex -- control characters are what is kept out.
  new RegExp(`^[^\\u0000-\\u001f\\u007f]{1,${nameCharactersMax}}$`),
);
const globs = expecting(z.union([glob, z.array(glob).check(z.minLength(1), z.maxLength(256))]), {
  code: "SOURCE",
  expected: `A name or glob of at most ${nameCharactersMax} characters, or a list of them,`,
  hint: () => '"temperature", "fridge-*" or ["fridge-1", "fridge-2"]',
});

const aggregateFunction = z.enum([...aggregateNames, "avg"]);
const aggregate = expecting(z.union([aggregateFunction, z.strictObject({ fn: aggregateFunction })]), {
  code: "AGGREGATE",
  expected: `One of ${aggregateNames.join(", ")}`,
  hint: (value) => {
    const word = functionIn(value);
    const meant = typeof word === "string" ? nearest(word, aggregateWords) : undefined;
    return meant === undefined ? undefined : `did you mean ${JSON.stringify(meant)}?`;
  },
  unsupported: (value) => {
    const word = functionIn(value);
    return isUnsupportedAggregate(word) ? JSON.stringify(word) : undefined;
  },
});

function functionIn(value: unknown): unknown {
  return isObject(value) ? (typeof value["fn"] === "string" ? value["fn"] : "") : value;
}

const window = object({
  type: choice(["none", "tumbling", "hopping", "sliding"], ["session", "count", "state"]),
  size: z.exactOptional(duration(1)),
  every: z.exactOptional(duration(1)),
  lateness: z.prefault(duration(), "0s"),
});

const operand = expecting(z.union([z.number(), z.tuple([z.number(), z.number()])]), {
  code: "OPERAND",
  expected: "A number, or [low, high] for inside and outside,",
  hint: (value) =>
    typeof value === "string" && Number.isFinite(Number(value)) ? `write ${value} without quotes` : undefined,
  unsupported: (value) => (isObject(value) && Object.hasOwn(value, "param") ? '{ "param": … }' : undefined),
});

/** A condition as people write it. Which keys belong together is checked apart. */
export interface WrittenCondition {
  readonly field?: string;
  readonly op?: (typeof comparisonOperators)[number] | "inside" | "outside";
  readonly value?: number | readonly [number, number];
  readonly clear?: number | readonly [number, number];
  readonly all?: readonly WrittenCondition[];
  readonly any?: readonly WrittenCondition[];
  readonly not?: WrittenCondition;
}

const condition: z.ZodMiniType<WrittenCondition> = object({
  field: z.exactOptional(name),
  op: z.exactOptional(choice([...comparisonOperators, "inside", "outside"])),
  value: z.exactOptional(operand),
  clear: z.exactOptional(operand),
  all: z.exactOptional(conditions()),
  any: z.exactOptional(conditions()),
  not: z.exactOptional(z.lazy(() => condition)),
});

function conditions(): z.ZodMiniArray<z.ZodMiniLazy<z.ZodMiniType<WrittenCondition>>> {
  return listOf(
    z.lazy(() => condition),
    1,
    64,
  );
}

const shape = object({
  $schema: z.exactOptional(z.string()),
  id: text(
    { code: "ID", expected: "An id of a-z, 0-9 and -", hint: () => 'for example "cold-room-warm"' },
    /^[a-z0-9][a-z0-9-]{0,63}$/,
  ),
  description: z.prefault(
    text({ code: "TEXT", expected: "A text of at most 1024 characters" }, /^[\s\S]{0,1024}$/),
    "",
  ),
  enabled: z.prefault(flag(), true),
  source: object({ device: z.prefault(globs, "*"), metric: globs }),
  groupBy: z.prefault(listOf(choice(["device", "metric"]), 0, 2), ["device"]),
  window: z.prefault(window, { type: "none" }),
  aggregate: z.prefault(recordOf(name, aggregate), {}),
  when: condition,
  for: z.prefault(duration(), "0s"),
  keepFiringFor: z.prefault(duration(), "0s"),
  severity: z.prefault(choice(["info", "warning", "critical"]), "warning"),
  labels: z.prefault(
    recordOf(name, text({ code: "TEXT", expected: "A text of at most 256 characters" }, /^[\s\S]{0,256}$/)),
    {},
  ),
  annotations: z.prefault(
    recordOf(name, text({ code: "TEXT", expected: "A text of at most 1024 characters" }, /^[\s\S]{0,1024}$/)),
    {},
  ),
  tests: described(z.exactOptional(z.unknown()), { description: "Not run by this version." }),
});

/** The schema of one rule, for walking. */
export const ruleShape: Schema = shape;

/** A rule whose shape is right, with defaults, in milliseconds. */
export interface WrittenRule {
  readonly id: string;
  readonly description: string;
  readonly enabled: boolean;
  readonly source: {
    readonly device: string | readonly string[];
    readonly metric: string | readonly string[];
  };
  readonly groupBy: readonly GroupKey[];
  readonly window: {
    readonly type: WindowDefinition["type"];
    readonly size?: number;
    readonly every?: number;
    readonly lateness: number;
  };
  readonly aggregate: Readonly<Record<string, string | { readonly fn: string }>>;
  readonly when: WrittenCondition;
  readonly for: number;
  readonly keepFiringFor: number;
  readonly severity: Severity;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What zod says about a rule. */
export type ShapedRule =
  | { readonly ok: true; readonly value: WrittenRule }
  | { readonly ok: false; readonly issues: readonly z.core.$ZodIssue[] };

/** Checks the shape of one rule. */
export function shapeRule(value: unknown): ShapedRule {
  const checked = z.safeParse(shape, value);
  return checked.success ? { ok: true, value: checked.data } : { ok: false, issues: checked.error.issues };
}

const unsupportedKeys: readonly (readonly [holder: RegExp, keys: readonly string[]])[] = [
  [
    /^$/,
    [
      "detect",
      "expr",
      "levels",
      "noData",
      "actions",
      "inhibit",
      "flap",
      "repeat",
      "escalate",
      "capture",
      "sources",
      "shadow",
      "coverage",
      "timezone",
      "revise",
      "idle",
    ],
  ],
  [/^\/window$/, ["gap", "max", "count", "begin", "end", "revise", "idle", "timezone"]],
  [/^\/when/, ["expr"]],
  [/^\/source$/, ["profile", "tags", "topic"]],
];

/** Whether a key is documented although this version cannot do it; `holder` is a pointer within the rule. */
export function isUnsupportedRuleKey(holder: string, key: string): boolean {
  return unsupportedKeys.some(([pattern, keys]) => pattern.test(holder) && keys.includes(key));
}

/** The JSON Schema (draft 7) of a rule file, for editors. */
export function rulesSchema(): Record<string, unknown> {
  described(shape, { id: "rule" });
  described(condition, { id: "condition" });
  const several = z.strictObject({
    $schema: z.exactOptional(z.string()),
    description: z.exactOptional(z.string()),
    rules: z.array(shape),
  });
  const schema = z.toJSONSchema(z.union([shape, several]), { target: "draft-7", io: "input" });
  return { ...schema, title: "holdfast rules" };
}
