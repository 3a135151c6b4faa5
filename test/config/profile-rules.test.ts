/** Rules that come with a device profile. */
import { expect, test } from "vitest";
import { readProfile } from "../../src/config/profiles.ts";
import { parseRuleFile } from "../../src/config/rules.ts";
import { relationProblems } from "../../src/config/rule-relations.ts";
import { loadExpressions } from "../../src/expression/load.ts";
import { problemsOf, valueOf } from "./loading.ts";
import { unmarked } from "./marked.ts";

const expressions = await loadExpressions();
const options = { codecs: ["json"], id: "acme/t1", expressions } as const;

/** A rule each part of which is a line, so that a test can put another one in its place. */
function profileWith(lines: Readonly<Record<string, string>>): string {
  const rule = {
    id: '"id": "acme-t1-hot",',
    source: '"source": { "metric": "temperature" },',
    when: '"when": { "field": "value", "op": ">", "value": 50 },',
    tests:
      '"tests": [{ "name": "n", "interval": "1m", "input": [{ "device": "a", "metric": "temperature", "values": "60" }], "expect": [{ "at": "0s", "key": { "device": "a" }, "state": "firing" }] }],',
    more: '"severity": "info"',
    ...lines,
  };
  return `{
"vendor": "Acme", "model": "T1", "version": 1, "source": "Acme T1 manual",
"match": ["acme/+/t1"], "codec": "json", "metrics": { "temperature": "temperature" },
"rules": ${lines["rules"] ?? `[{\n${Object.values(rule).join("\n")}\n}]`},
"examples": {
  "good": [{ "topic": "acme/a/t1", "json": { "temperature": 1 }, "expect": { "temperature": 1 } }],
  "bad": [{ "topic": "acme/a/t1", "text": "x", "cause": "malformed" }] } }`;
}

function rulesIn(text: string) {
  return valueOf(readProfile(text, "t1.json", options)).rules;
}

test("a rule is about the devices of its profile, and says where it came from", () => {
  const [rule] = rulesIn(profileWith({}));
  expect(rule!.definition).toMatchObject({
    id: "acme-t1-hot",
    fromProfile: "acme/t1",
    sources: [{ metric: ["temperature"], profile: ["acme/t1"] }],
  });
  expect(rule!).toMatchObject({ file: "t1.json", pointer: "/rules/0" });
  expect(rule!.tests).toMatchObject([{ input: [{ device: "a", profile: "acme/t1" }] }]);
});

test("a rule and its tests may name another profile", () => {
  const [rule] = rulesIn(
    profileWith({
      source: '"source": { "metric": "temperature", "profile": "acme/*" },',
      tests:
        '"tests": [{ "name": "n", "interval": "1m", "input": [{ "device": "a", "metric": "temperature", "profile": "acme/t2", "values": "60" }], "expect": [{ "at": "0s", "key": { "device": "a" }, "state": "firing" }] }],',
    }),
  );
  expect(rule!.definition.sources).toMatchObject([{ profile: ["acme/*"] }]);
  expect(rule!.tests).toMatchObject([{ input: [{ profile: "acme/t2" }] }]);
});

test("each of several sources is about the profile unless it says otherwise", () => {
  const [rule] = rulesIn(
    profileWith({
      source:
        '"sources": { "a": { "metric": "temperature" }, "b": { "metric": "temperature", "profile": "x/y" } },',
      when: '"window": { "type": "tumbling", "size": "1m" }, "aggregate": { "mean": "mean" }, "when": { "expr": "a.mean > b.mean" },',
      tests: "",
    }),
  );
  expect(rule!.definition.sources).toMatchObject([
    { name: "a", profile: ["acme/t1"] },
    { name: "b", profile: ["x/y"] },
  ]);
});

test.each<readonly [mistake: string, code: string, lines: Readonly<Record<string, string>>]>([
  ["rules that are no list", "PROFILE_LIST", { rules: "▸{}" }],
  ["too many rules", "PROFILE_LIST", { rules: `▸[${Array(17).fill("1").join()}]` }],
  ["a rule that is a text", "RULE_OBJECT", { rules: '[▸"hot"]' }],
  ["an id of somebody else", "RULE_ID_PREFIX", { id: '"id": ▸"hot",' }],
  ["an id that is only the prefix", "RULE_ID_PREFIX", { id: '"id": ▸"acme-t1-",' }],
  ["a key misspelt", "RULE_KEY_UNKNOWN", { more: '▸"severty": "info"' }],
  ["a value in quotes", "RULE_OPERAND", { when: '"when": { "field": "value", "op": ">", "value": ▸"50" },' }],
  [
    "a rule without a source",
    "RULE_KEY_MISSING",
    { rules: '[▸{ "id": "acme-t1-hot", "when": { "field": "value", "op": ">", "value": 50 } }]' },
  ],
  [
    "a name that is none, in an expression",
    "RULE_EXPRESSION_NAME",
    { when: '"when": { "expr": "value > ▸limit" },', tests: "" },
  ],
  [
    "a rule that mutes and is not there",
    "RULE_INHIBIT_UNKNOWN",
    { more: '"inhibit": [{ "when": { "rule": ▸"other" } }]' },
  ],
  [
    "a series that is none, in a test",
    "RULE_SERIES",
    {
      tests:
        '"tests": [{ "name": "n", "interval": "1m", "input": [{ "device": "a", "metric": "temperature", "values": "60 ▸sixty" }], "expect": [{ "at": "0s", "state": "ok" }] }],',
    },
  ],
])("%s: %s, with line and column of the profile", (_mistake, code, lines) => {
  const { text, line, column } = unmarked(profileWith(lines));
  const problems = problemsOf(readProfile(text, "acme/t1.json", options));
  expect(problems.map((one) => `${one.code} ${one.file}:${one.line}:${one.column}`)).toEqual([
    `${code} acme/t1.json:${line}:${column}`,
  ]);
  expect(problems[0]!.hint).toBeTypeOf("string");
});

test("one id twice in a profile is told at the second", () => {
  const rule =
    '{ "id": "acme-t1-hot", "source": { "metric": "temperature" }, "when": { "field": "value", "op": ">", "value": 5 } }';
  const text = profileWith({ rules: `[${rule}, ${rule}]` });
  expect(problemsOf(readProfile(text, "t1.json", options))).toMatchObject([
    { code: "RULE_ID_TWICE", pointer: "/rules/1/id" },
  ]);
});

test("rules of the operator may have to do with those of profiles, and stand in their place", () => {
  const { related } = valueOf(readProfile(profileWith({}), "t1.json", options));
  const place = { file: "mine.json", line: 1, column: 1 };
  const mine = (id: string, by: string) => ({
    id,
    inhibit: by === "" ? [] : [{ rule: by, equal: [], pointer: "/inhibit/0/when/rule" }],
    pointer: "",
    placeOf: () => place,
  });
  expect(relationProblems([mine("mine", "acme-t1-hot")], related)).toEqual([]);
  expect(relationProblems([mine("acme-t1-hot", "")], related)).toEqual([]);
  expect(relationProblems([mine("mine", "acme-t1-cold")], related)).toMatchObject([
    { code: "RULE_INHIBIT_UNKNOWN" },
  ]);
  expect(
    relationProblems([mine("mine", "acme-t1-cold")], related, (id) => id.startsWith("acme-t1-")),
  ).toEqual([]);
});

test("a profile's rules are read as those of a rule file are", () => {
  const [inProfile] = rulesIn(
    profileWith({ source: '"source": { "metric": "temperature", "profile": "acme/t1" },' }),
  );
  const text = profileWith({ source: '"source": { "metric": "temperature", "profile": "acme/t1" },' });
  const rule = /"rules": \[(\{[^]*\})\],\n"examples"/.exec(text)![1]!;
  const [inFile] = valueOf(parseRuleFile(rule, "t1.json", { expressions }));
  const { fromProfile, ...definition } = inProfile!.definition;
  expect(fromProfile).toBe("acme/t1");
  expect(definition).toEqual(inFile!.definition);
});
