import { expect, test } from "vitest";
import { formatProblems } from "../../src/config/problems.ts";
import { parseRuleFile } from "../../src/config/rules.ts";
import { problemsOf } from "./loading.ts";
import { loadExpressions } from "../../src/expression/load.ts";
import { unmarked } from "./marked.ts";

const expressions = await loadExpressions();

/** A rule that is right but for what a test puts into it. */
function rule(parts: Readonly<Record<string, string>>): string {
  const members = {
    id: '"a"',
    source: '{ "metric": "t" }',
    window: '{ "type": "sliding", "size": "5m" }',
    when: '{ "field": "mean", "op": ">", "value": 8 }',
    ...parts,
  };
  return `{ ${Object.entries(members)
    .map(([key, value]) => (key.startsWith("▸") ? `▸"${key.slice(1)}": ${value}` : `"${key}": ${value}`))
    .join(",\n  ")} }`;
}

function when(condition: string): string {
  return rule({ when: condition });
}

function windowed(window: string): string {
  return rule({ window });
}

test.each([
  [
    "a missing id",
    '▸{ "source": { "metric": "t" }, "when": { "field": "value", "op": ">", "value": 1 } }',
    "RULE_KEY_MISSING",
    undefined,
  ],
  ["an id with capitals", rule({ id: '▸"Cold"' }), "RULE_ID", "cold-room-warm"],
  [
    "a misspelt key",
    rule({ "▸keepFireingFor": '"5m"' }),
    "RULE_KEY_UNKNOWN",
    'did you mean "keepFiringFor"?',
  ],
  ["a key that objects inherit", rule({ "▸toString": "1" }), "RULE_KEY_UNKNOWN", undefined],
  ["a rule that is no object", "▸7", "RULE_OBJECT", undefined],
  ["a list of rules that is none", '{ "rules": ▸{} }', "RULE_LIST", undefined],
  ["a key beside the list", '{ "rules": [], ▸"rule": 1 }', "RULE_KEY_UNKNOWN", '"rules"'],
  ["no metric", rule({ source: "▸{}" }), "RULE_KEY_MISSING", undefined],
  ["a metric that is a number", rule({ source: '{ "metric": ▸7 }' }), "RULE_SOURCE", "fridge-1"],
  [
    "an empty list of devices",
    rule({ source: '{ "metric": "t", "device": ▸[] }' }),
    "RULE_SOURCE",
    undefined,
  ],
  [
    "a source by a wrong topic",
    rule({ source: '{ "metric": "t", "topic": ▸"a/#/b" }' }),
    "RULE_TOPIC",
    "only at the end",
  ],
  ["a group key that is a slip", rule({ groupBy: '[▸"Device"]' }), "RULE_GROUP_KEY", '"device"'],
  ["a group key named like a field", rule({ groupBy: '["device", ▸"count"]' }), "RULE_NAME_TWICE", undefined],
  ["a group key twice", rule({ groupBy: '["device", ▸"device"]' }), "RULE_GROUP_TWICE", undefined],
  ["a duration as number", rule({ for: "▸600" }), "RULE_DURATION", '"600s"'],
  ["a duration without unit", rule({ for: '▸"600"' }), "RULE_DURATION", '"600s"'],
  ["a negative duration", rule({ keepFiringFor: '▸"-5m"' }), "RULE_DURATION", "not negative"],
  ["a bad severity", rule({ severity: '▸"warn"' }), "RULE_CHOICE", '"warning"'],
  ["a label that is a number", rule({ labels: '{ "site": ▸1 }' }), "RULE_TEXT", undefined],
  ["a label with a space in its name", rule({ labels: '{ ▸"my site": "n" }' }), "RULE_NAME", undefined],
  ["a label named like an aggregate", rule({ labels: '{ "max": ▸"n" }' }), "RULE_NAME_TWICE", undefined],

  ["a window without type", windowed('▸{ "size": "5m" }'), "RULE_KEY_MISSING", undefined],
  ["a window of unknown type", windowed('{ "type": ▸"slide", "size": "5m" }'), "RULE_CHOICE", undefined],
  [
    "a key of another kind of window",
    windowed('{ "type": "sliding", "size": "5m", "gap": ▸"1m" }'),
    "RULE_WINDOW_KEY",
    "remove it",
  ],
  [
    "a revision of single samples",
    windowed('{ "type": "sliding", "size": "5m", "revise": ▸"1h" }'),
    "RULE_WINDOW_KEY",
    '"every"',
  ],
  ["a session without gap", windowed('▸{ "type": "session" }'), "RULE_KEY_MISSING", '"gap": "5m"'],
  [
    "a gap as long as the session",
    windowed('{ "type": "session", "gap": ▸"5m", "max": "5m" }'),
    "RULE_WINDOW_GAP",
    "below 5m",
  ],
  [
    "a state without end",
    windowed('▸{ "type": "state", "begin": { "op": ">", "value": 5 } }'),
    "RULE_KEY_MISSING",
    '"end"',
  ],
  [
    "a state that begins with a word",
    windowed('{ "type": "state", "begin": ▸"on", "end": { "op": "<", "value": 5 } }'),
    "RULE_OBJECT",
    '"op"',
  ],
  ["a count of nothing", windowed('{ "type": "count", "count": ▸0 }'), "RULE_NUMBER", undefined],
  [
    "a count that is decided too often",
    windowed('{ "type": "count", "count": ▸5000 }'),
    "RULE_WINDOW_PANES",
    undefined,
  ],
  [
    "a count that overlooks samples",
    windowed('{ "type": "count", "count": 10, "every": ▸11 }'),
    "RULE_WINDOW_EVERY",
    "at most 10",
  ],
  [
    "an every in samples of a window in time",
    windowed('{ "type": "sliding", "size": "5m", "every": ▸30 }'),
    "RULE_DURATION",
    '"30s"',
  ],
  [
    "a time zone that is an offset",
    windowed('{ "type": "tumbling", "size": "1d", "timezone": ▸"+02:00" }'),
    "RULE_TIMEZONE",
    "Europe/Berlin",
  ],
  [
    "an every that wanders over the day",
    windowed('{ "type": "hopping", "size": "1d", "every": ▸"9h36m", "timezone": "UTC" }'),
    "RULE_WINDOW_CALENDAR",
    "8h",
  ],
  [
    "revisions that keep too much open",
    windowed('{ "type": "tumbling", "size": "1m", "revise": ▸"7d" }'),
    "RULE_WINDOW_PANES",
    "at most 23h59m",
  ],
  ["a missing size", windowed('▸{ "type": "tumbling" }'), "RULE_KEY_MISSING", '"size": "5m"'],
  ["a missing every", windowed('▸{ "type": "hopping", "size": "5m" }'), "RULE_KEY_MISSING", '"every"'],
  [
    "an every of a tumbling window",
    windowed('{ "type": "tumbling", "size": "5m", "every": ▸"1m" }'),
    "RULE_WINDOW_KEY",
    "hopping",
  ],
  ["a size without window", windowed('{ "type": "none", "size": ▸"5m" }'), "RULE_WINDOW_KEY", undefined],
  ["a size of nothing", windowed('{ "type": "tumbling", "size": ▸"0s" }'), "RULE_DURATION", undefined],
  [
    "an every longer than the size",
    windowed('{ "type": "hopping", "size": "5m", "every": ▸"6m" }'),
    "RULE_WINDOW_EVERY",
    "at most 5m",
  ],
  [
    "too many panes",
    windowed('{ "type": "hopping", "size": "1h", "every": ▸"1s" }'),
    "RULE_WINDOW_PANES",
    "at least 2s500ms",
  ],
  [
    "too many panes, as neither divides",
    windowed('{ "type": "sliding", "size": "1h", "every": ▸"59m59s" }'),
    "RULE_WINDOW_PANES",
    undefined,
  ],

  [
    "a lateness that keeps too much open",
    windowed('{ "type": "tumbling", "size": "1s", "lateness": ▸"1h" }'),
    "RULE_WINDOW_PANES",
    "at most 23m59s",
  ],
  ["an unknown aggregate", rule({ aggregate: '{ "m": ▸"meen" }' }), "RULE_AGGREGATE", 'did you mean "mean"?'],
  ["an unknown aggregate by fn", rule({ aggregate: '{ "m": { "fn": ▸"sun" } }' }), "RULE_AGGREGATE", '"sum"'],
  [
    "a quantile without q",
    rule({ aggregate: '{ "p95": ▸{ "fn": "quantile" } }' }),
    "RULE_KEY_MISSING",
    '"q": 0.95',
  ],
  [
    "a q of another aggregate",
    rule({ aggregate: '{ "top": { "fn": "max", "q": ▸0.95 } }' }),
    "RULE_AGGREGATE_KEY",
    "quantile",
  ],
  [
    "a misspelt parameter of an aggregate",
    rule({ aggregate: '{ "top": { "fn": "rate", ▸"pre": "1m" } }' }),
    "RULE_KEY_UNKNOWN",
    'did you mean "per"?',
  ],
  [
    "a name that means another quantile",
    rule({ aggregate: '{ "p95": ▸{ "fn": "quantile", "q": 0.9 } }' }),
    "RULE_NAME_MISLEADING",
    undefined,
  ],
  ["an aggregate with a wrong name", rule({ aggregate: '{ ▸"p 95": "max" }' }), "RULE_NAME", undefined],
  [
    "an aggregate named like a group key",
    rule({ aggregate: '{ "device": ▸"last" }' }),
    "RULE_NAME_TWICE",
    undefined,
  ],
  [
    "an aggregate named like another one",
    rule({ aggregate: '{ "min": ▸"max" }' }),
    "RULE_NAME_MISLEADING",
    undefined,
  ],
  [
    "an aggregate without window",
    rule({ window: '{ "type": "none" }', aggregate: '{ "m": ▸"mean" }' }),
    "RULE_AGGREGATE_WINDOW",
    undefined,
  ],

  ["a condition of another kind", when('▸"mean > 8"'), "RULE_OBJECT", undefined],
  ["an empty condition", when("▸{}"), "RULE_KEY_MISSING", undefined],
  [
    "a swapped operator",
    when('{ "field": "mean", "op": ▸"=>", "value": 8 }'),
    "RULE_CHOICE",
    'did you mean ">="?',
  ],
  [
    "a field that nothing computes",
    rule({ aggregate: '{ "average": "mean" }', when: '{ "field": ▸"averge", "op": ">", "value": 8 }' }),
    "RULE_FIELD_UNKNOWN",
    '"average"',
  ],
  [
    "an aggregate that needs a parameter",
    when('{ "field": ▸"quantile", "op": ">", "value": 8 }'),
    "RULE_FIELD_UNKNOWN",
    "declare it",
  ],
  [
    "an aggregate of single samples",
    '{ "id": "a", "source": { "metric": "t" }, "when": { "field": ▸"mean", "op": ">", "value": 8 } }',
    "RULE_FIELD_UNKNOWN",
    '"value"',
  ],
  [
    "a value in quotes",
    when('{ "field": "mean", "op": ">", "value": ▸"8" }'),
    "RULE_OPERAND",
    "write 8 without quotes",
  ],
  [
    "a value too large for a number",
    when('{ "field": "mean", "op": ">", "value": ▸1e400 }'),
    "RULE_OPERAND",
    undefined,
  ],
  [
    "a parameter without name",
    when('{ "field": "mean", "op": ">", "value": ▸{ "default": 8 } }'),
    "RULE_KEY_MISSING",
    undefined,
  ],
  [
    "one parameter for two bounds",
    when('{ "field": "mean", "op": "inside", "value": ▸{ "param": "max", "default": 8 } }'),
    "RULE_OPERAND",
    "[low, high]",
  ],
  ["two bounds for one", when('{ "field": "mean", "op": ">", "value": ▸[1, 2] }'), "RULE_OPERAND", undefined],
  [
    "one bound for two",
    when('{ "field": "mean", "op": "inside", "value": ▸1 }'),
    "RULE_OPERAND",
    "[low, high]",
  ],
  [
    "bounds the wrong way round",
    when('{ "field": "mean", "op": "inside", "value": ▸[2, 1] }'),
    "RULE_OPERAND",
    "[1, 2]",
  ],
  [
    "a clear above a lower bound",
    when('{ "field": "mean", "op": ">", "value": 8, "clear": ▸9 }'),
    "RULE_CLEAR",
    "below 8",
  ],
  [
    "a clear below an upper bound",
    when('{ "field": "mean", "op": "<=", "value": 8, "clear": ▸7 }'),
    "RULE_CLEAR",
    "above 8",
  ],
  [
    "a clear of an equality",
    when('{ "field": "mean", "op": "==", "value": 8, "clear": ▸7 }'),
    "RULE_CLEAR",
    undefined,
  ],
  [
    "a clear outside of outside",
    when('{ "field": "mean", "op": "outside", "value": [1, 4], "clear": ▸[0, 5] }'),
    "RULE_CLEAR",
    "within",
  ],
  [
    "a clear inside of inside",
    when('{ "field": "mean", "op": "inside", "value": [1, 4], "clear": ▸[2, 3] }'),
    "RULE_CLEAR",
    "encloses",
  ],
  [
    "an expression where nobody can read it",
    when('{ "expr": ▸"mean > 8" }'),
    "RULE_EXPRESSION_UNAVAILABLE",
    undefined,
  ],
  [
    "an expression beside a comparison",
    when('▸{ "expr": "mean > 8", "field": "mean" }'),
    "RULE_CONDITION_MIXED",
    '"all"',
  ],
  [
    "a mixed condition",
    when('▸{ "all": [{ "field": "mean", "op": ">", "value": 8 }], "value": 1 }'),
    "RULE_CONDITION_MIXED",
    '"all"',
  ],
  [
    "a mistake deep inside",
    when('{ "not": { "any": [{ "field": "mean", "op": ">", "value": 8, ▸"claer": 7 }] } }'),
    "RULE_KEY_UNKNOWN",
    '"clear"',
  ],
  ["an empty list of conditions", when('{ "all": ▸[] }'), "RULE_LIST", undefined],

  [
    "a template that names nothing",
    rule({ annotations: '{ "summary": ▸"{{devise}}" }' }),
    "TEMPLATE_UNKNOWN",
    "{{device}}",
  ],
  [
    "a template that is not closed",
    rule({ annotations: '{ "summary": ▸"{{device" }' }),
    "TEMPLATE_UNCLOSED",
    undefined,
  ],
  [
    "a template with an expression",
    rule({ annotations: '{ "summary": ▸"{{mean + 1}}" }' }),
    "TEMPLATE_NAME",
    undefined,
  ],
  [
    "a template with an aggregate of single samples",
    rule({
      window: '{ "type": "none" }',
      when: '{ "field": "value", "op": ">", "value": 8 }',
      annotations: '{ "s": ▸"{{mean}}" }',
    }),
    "TEMPLATE_UNKNOWN",
    undefined,
  ],
])("%s is refused at its place", (_what, written, code, hint) => {
  const { text, line, column } = unmarked(written);
  const problems = problemsOf(parseRuleFile(text, "a.jsonc"));
  const found = problems.filter((problem) => problem.code === code);
  expect(problems.map((problem) => problem.code)).toContain(code);
  expect(found).toContainEqual(expect.objectContaining({ file: "a.jsonc", line, column }));
  expect(found.map((problem) => problem.hint).join("\n")).toContain(hint ?? "");
});

/** A rule without a condition of its own. */
function alerting(parts: string): string {
  return `{ "id": "a", "source": { "metric": "t" },\n  ${parts} }`;
}

const plain = '"when": { "field": "value", "op": ">", "value": 8 }';

test.each([
  [
    "levels beside when",
    `${plain}, "levels": ▸{ "info": { "field": "value", "op": ">", "value": 1 } }`,
    "RULE_CONDITION_TWICE",
  ],
  ["levels without a level", '"levels": ▸{}', "RULE_KEY_MISSING"],
  [
    "a level that does not exist",
    '"levels": { ▸"fatal": { "field": "value", "op": ">", "value": 1 } }',
    "RULE_KEY_UNKNOWN",
  ],
  ["a detector of its own score", '"detect": { "type": "ewma", "field": ▸"score" }', "RULE_FIELD_UNKNOWN"],
  ["a score without detector", '"when": { "field": ▸"score", "op": ">", "value": 3 }', "RULE_FIELD_UNKNOWN"],
  [
    "a detector of what is not measured",
    '"detect": { "type": "ewma", "field": ▸"mean" }',
    "RULE_FIELD_UNKNOWN",
  ],
  ["a threshold without bounds", '"detect": ▸{ "type": "threshold", "clear": 3 }', "RULE_KEY_MISSING"],
  [
    "thresholds that overlap",
    '"detect": { "type": "threshold", "above": 3, "below": ▸4 }',
    "RULE_DETECT_RANGE",
  ],
  [
    "a threshold cleared on the wrong side",
    '"detect": { "type": "threshold", "above": 3, "clear": ▸4 }',
    "RULE_CLEAR",
  ],
  ["a range the wrong way round", '"detect": { "type": "range", "min": ▸8, "max": 2 }', "RULE_DETECT_RANGE"],
  ["half a value in a median", '"detect": { "type": "spike", "n": ▸7.5 }', "RULE_NUMBER"],
  ["a half-life too short", '"detect": { "type": "ewma", "halfLife": ▸"1ms" }', "RULE_DURATION"],
  ["silence as a state", `${plain}, "noData": { "after": "5m", "state": ▸"resolved" }`, "RULE_CHOICE"],
  ["no data after nothing", `${plain}, "noData": { "after": ▸"0s" }`, "RULE_DURATION"],
  ["a capture of nothing", `${plain}, "capture": ▸{}`, "RULE_KEY_MISSING"],
  ["a capture of a week", `${plain}, "capture": { "before": ▸"7d" }`, "RULE_DURATION"],
  [
    "an escalation to the same",
    `${plain}, "escalate": { "after": "5m", "severity": ▸"warning" }`,
    "RULE_ESCALATE",
  ],
  ["a repetition without unit", `${plain}, "repeat": ▸30`, "RULE_DURATION"],
  ["an action without topic", `${plain}, "actions": [{ "publish": ▸{ "payload": 1 } }]`, "RULE_KEY_MISSING"],
  [
    "an action of another kind",
    `${plain}, "actions": [{ ▸"mail": {}, "publish": { "topic": "a" } }]`,
    "RULE_KEY_UNKNOWN",
  ],
  ["a topic of the broker", `${plain}, "actions": [{ "publish": { "topic": ▸"$SYS/horn" } }]`, "RULE_TOPIC"],
  ["a topic that is empty", `${plain}, "actions": [{ "publish": { "topic": ▸"" } }]`, "RULE_TOPIC"],
  [
    "a payload that is too deep",
    `${plain}, "actions": [{ "publish": { "topic": "a", "payload": [[[[[[[[▸[]]]]]]]]] } }]`,
    "RULE_PAYLOAD",
  ],
  ["a shadow in words", `${plain}, "shadow": ▸"yes"`, "RULE_FLAG"],
  ["an inhibition by nothing", `${plain}, "inhibit": [{ "when": ▸{} }]`, "RULE_KEY_MISSING"],
])("%s is refused at its place, with a hint", (_what, written, code) => {
  const { text, line, column } = unmarked(alerting(written));
  const problems = problemsOf(parseRuleFile(text, "a.jsonc"));
  expect(problems).toEqual([
    expect.objectContaining({ code, line, column, hint: expect.stringMatching(/./) }),
  ]);
});

test("an action below the gateway's own topics is refused, wherever those are", () => {
  const text = alerting(`${plain}, "actions": [{ "publish": { "topic": "gw/7/horn" } }]`);
  const problems = problemsOf(parseRuleFile(text, "a.jsonc", { ownTopicPrefix: "gw/7/" }));
  expect(problems.map(({ code }) => code)).toEqual(["RULE_TOPIC"]);
});

test("a problem inside an expression is told at its place behind escapes", () => {
  const { text, line, column } = unmarked(
    alerting('"when": { "expr": "\\u0022a\\u0022 == device && ▸valu > 3" }'),
  );
  const problems = problemsOf(parseRuleFile(text, "a.jsonc", { expressions }));
  expect(problems).toEqual([expect.objectContaining({ code: "RULE_EXPRESSION_NAME", line, column })]);
});

test("a rule file with five mistakes reports all five with line and column", () => {
  const text = `{
  "id": "cold-room-warm",
  "source": { "device": "fridge-*", "metric": "temperature" },
  "window": { "type": "hopping", "size": "5m", "every": "10m" },
  "aggregate": { "avg": "average" },
  "when": { "field": "avg", "op": "=>", "value": 8, "clear": 6 },
  "for": 600,
  "annotations": { "summary": "{{devise}} at {{avg}} °C" }
}`;
  expect(formatProblems(problemsOf(parseRuleFile(text, "rules.d/cold.jsonc")))).toEqual([
    'rules.d/cold.jsonc:4:57 /window/every: "every" is longer than "size": what comes between would be overlooked. (at most 5m)',
    'rules.d/cold.jsonc:5:25 /aggregate/avg: One of count, sum, mean, min, max, range, first, last, stddev, variance, median, quantile, mad, distinct, delta, rate, slope, duration, timeWeightedMean, coverage, lag, changed is expected here, not "average". (did you mean "mean"?)',
    'rules.d/cold.jsonc:6:35 /when/op: ">", ">=", "<", "<=", "==", "!=", "inside" or "outside" is expected here, not "=>". (did you mean ">="?)',
    'rules.d/cold.jsonc:7:10 /for: A duration is expected here, not 600. (add the unit: "600s" for seconds, "600ms" for milliseconds, "600m" for minutes)',
    'rules.d/cold.jsonc:8:31 /annotations/summary: "{{devise}}" names nothing that this rule has. (did you mean {{device}}?)',
  ]);
});
