import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseRuleFile } from "../../src/config/rules.ts";
import { loadExpressions } from "../../src/expression/load.ts";
import { valueOf } from "./loading.ts";

const text = await readFile(new URL("right-rules/every-key.jsonc", import.meta.url), "utf8");
const expressions = await loadExpressions();

/** What is wrong with how a text is refused: every problem has a code, a place and a hint. */
function flawsOf(written: string): readonly unknown[] {
  const parsed = parseRuleFile(written, "damaged.jsonc", { expressions });
  if (parsed.ok) return [];
  if (parsed.problems.length === 0) return ["refused without a problem"];
  return parsed.problems.filter(({ code, file, line, column, hint }) => {
    const coded = /^(RULE|TEMPLATE)_[A-Z_]+$/.test(code);
    const placed = file === "damaged.jsonc" && line !== undefined && column !== undefined;
    return !coded || !placed || hint === undefined || hint === "";
  });
}

test("the file that is damaged is right at first, and holds every kind of window", () => {
  const rules = valueOf(parseRuleFile(text, "every-key.jsonc", { expressions }));
  expect(rules.map(({ definition }) => definition.window.type)).toEqual([
    "none",
    "sliding",
    "hopping",
    "state",
    "session",
    "count",
  ]);
});

const pieces = [
  '"',
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  "-",
  "0",
  "1e9",
  "null",
  "true",
  '"5m"',
  '"expr"',
  "\\",
  "{{",
  "}}",
  "*",
  "\n",
];
const damage = fc.record({
  at: fc.nat(text.length - 1),
  length: fc.nat(12),
  insert: fc.oneof(fc.constant(""), fc.constantFrom(...pieces), fc.string({ maxLength: 4 })),
});

test("damaged rules are parsed or refused with problems, and never throw", () => {
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (damages) => {
      let written = text;
      for (const { at, length, insert } of damages) {
        written = written.slice(0, at) + insert + written.slice(at + length);
      }
      expect(flawsOf(written)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

const keys = [
  "source",
  "sources",
  "groupBy",
  "window",
  "aggregate",
  "detect",
  "when",
  "levels",
  "for",
  "noData",
  "coverage",
  "flap",
  "severity",
  "inhibit",
  "repeat",
  "escalate",
  "capture",
  "actions",
  "labels",
  "annotations",
  "shadow",
  "tests",
];
const inner = [
  "type",
  "size",
  "every",
  "gap",
  "max",
  "count",
  "begin",
  "end",
  "timezone",
  "fn",
  "q",
  "per",
  "field",
  "op",
  "value",
  "clear",
  "all",
  "any",
  "not",
  "expr",
  "when",
  "rule",
  "equal",
  "publish",
  "topic",
  "payload",
  "on",
  "k",
  "above",
  "critical",
  "warning",
  "a",
  "metric",
  "tags",
  "param",
  "default",
];
const scalar = fc.oneof(
  fc.constantFrom<unknown>(
    "5m",
    "1h",
    "mean",
    "p95",
    "a.mean",
    ">",
    "inside",
    "count",
    "session",
    "ewma",
    "{{x}}",
    "a > 1",
    "#",
  ),
  fc.integer({ min: -3, max: 100 }),
  fc.double({ noNaN: true }),
  fc.boolean(),
  fc.constant(null),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...inner), tie("value"), { maxKeys: 5 }),
  ),
}));

test("a rule whose keys hold anything is parsed or refused with problems, and never throws", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...keys), value), (rule) => {
      expect(flawsOf(JSON.stringify({ id: "any", ...rule }))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
