/**
 * Rule files with mistakes, as people make them, and every problem that each has to give: none missed, none
 * invented. The files stand in `wrong-rules/`, named after their mistake.
 */
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readRuleFile } from "../../src/config/rules.ts";
import { loadExpressions } from "../../src/expression/load.ts";
import { problemsOf } from "./loading.ts";

const directory = fileURLToPath(new URL("wrong-rules/", import.meta.url));

const expected: readonly (readonly [file: string, problems: readonly string[]])[] = [
  ["aggregate-unknown", ["5:29 RULE_AGGREGATE", "5:49 RULE_AGGREGATE"]],
  ["clear-on-the-wrong-side", ["4:63 RULE_CLEAR"]],
  ["count-in-time", ["4:54 RULE_NUMBER"]],
  ["detector-misspelt", ["4:23 RULE_DETECTOR"]],
  ["detector-needs-bounds", ["3:60 RULE_DETECTOR", "4:59 RULE_KEY_MISSING"]],
  ["detector-out-of-range", ["4:49 RULE_NUMBER"]],
  ["detector-with-foreign-parameter", ["4:44 RULE_DETECT_KEY"]],
  ["duration-as-number", ["5:10 RULE_DURATION"]],
  ["duration-negative", ["4:41 RULE_DURATION", "6:20 RULE_DURATION"]],
  ["escalates-downwards", ["6:45 RULE_ESCALATE"]],
  ["every-longer-than-size", ["4:57 RULE_WINDOW_EVERY"]],
  ["expression-asks-the-time", ["4:37 RULE_EXPRESSION_FUNCTION", "4:45 RULE_EXPRESSION_FUNCTION"]],
  ["expression-compares-text", ["6:38 RULE_EXPRESSION_TYPE"]],
  ["expression-like-python", ["5:31 RULE_EXPRESSION_SYNTAX"]],
  ["expression-names-nothing", ["8:24 RULE_EXPRESSION_NAME", "8:40 RULE_EXPRESSION_NAME"]],
  ["expression-pattern-looks-back", ["4:52 RULE_EXPRESSION_PATTERN"]],
  ["expression-without-comparison", ["6:22 RULE_EXPRESSION_TYPE"]],
  ["group-key-misspelt", ["4:15 RULE_GROUP_KEY"]],
  ["id-twice", ["4:13 RULE_ID_TWICE"]],
  ["inhibition-by-nobody", ["12:39 RULE_INHIBIT_UNKNOWN"]],
  ["inhibition-circle", ["7:39 RULE_INHIBIT_CYCLE"]],
  ["inhibition-of-itself", ["5:35 RULE_INHIBIT_CYCLE"]],
  ["key-misspelt", ["5:3 RULE_KEY_UNKNOWN"]],
  ["levels-the-same", ["6:17 RULE_LEVEL_SAME"]],
  ["levels-upside-down", ["6:57 RULE_LEVEL_ORDER", "8:15 RULE_SEVERITY_UNUSED"]],
  ["nothing-decides", ["1:1 RULE_KEY_MISSING"]],
  ["operator-swapped", ["4:37 RULE_CHOICE"]],
  ["parameter-without-default", ["4:51 RULE_KEY_MISSING"]],
  ["percent-and-history", ["5:15 RULE_NUMBER", "6:20 RULE_FLAP", "6:36 RULE_NUMBER"]],
  ["placeholder-unknown", ["5:31 TEMPLATE_UNKNOWN", "7:29 TEMPLATE_UNKNOWN", "7:75 TEMPLATE_UNKNOWN"]],
  ["publishes-to-everybody", ["6:29 RULE_TOPIC", "7:29 RULE_TOPIC", "7:76 RULE_NUMBER"]],
  ["quantile-in-percent", ["5:51 RULE_NUMBER"]],
  ["quantile-of-what", ["5:26 RULE_KEY_MISSING", "5:46 RULE_KEY_MISSING"]],
  [
    "seven-mistakes-at-once",
    [
      "3:9 RULE_ID",
      "4:15 RULE_KEY_UNKNOWN",
      "5:42 RULE_DURATION",
      "7:22 RULE_FIELD_UNKNOWN",
      "7:50 RULE_OPERAND",
      "8:40 RULE_CHOICE",
      "9:15 RULE_CHOICE",
    ],
  ],
  ["side-not-named", ["3:81 RULE_DURATION", "6:22 RULE_FIELD_UNKNOWN"]],
  ["test-with-mistakes", ["9:81 RULE_SERIES", "10:74 RULE_CHOICE"]],
  ["timezone-and-odd-size", ["4:43 RULE_WINDOW_CALENDAR"]],
  ["timezone-unknown", ["4:61 RULE_TIMEZONE"]],
  ["two-ways-to-select", ["3:43 RULE_TOPIC", "4:14 RULE_SOURCE_TWICE"]],
  ["window-of-too-many-parts", ["4:57 RULE_WINDOW_PANES"]],
  ["window-with-foreign-keys", ["4:55 RULE_WINDOW_KEY", "4:71 RULE_WINDOW_KEY"]],
];

test("every wrong file is in the table", async () => {
  const names = (await readdir(directory)).map((name) => name.replace(/\.jsonc$/, ""));
  expect(names.toSorted()).toEqual(expected.map(([name]) => name));
  expect(names.length).toBeGreaterThanOrEqual(40);
});

test.each(expected)(
  "%s: each mistake is told at its place, with a hint, and nothing else",
  async (name, told) => {
    const text = await readFile(`${directory}${name}.jsonc`, "utf8");
    const problems = problemsOf(await readRuleFile(text, name, { expressions: loadExpressions }));
    expect(problems.map(({ line, column, code }) => `${line}:${column} ${code}`)).toEqual(told);
    expect(problems.filter(({ hint }) => hint === undefined || hint === "")).toEqual([]);
  },
);
