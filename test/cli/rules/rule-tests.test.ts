import { expect, test } from "vitest";
import { holdfast } from "../holdfast.ts";
import { directoryOf, hotRule, hotTest, rules } from "./commands.ts";

const good = hotRule({ tests: [hotTest("4x5 12x5", "6m", "firing")] });
const bad = hotRule({ id: "wrong", tests: [hotTest("4x5 12x5", "6m", "ok"), hotTest("12", "0s", "firing")] });

test("tests that pass are named, and the command exits 0", async () => {
  const directory = directoryOf({ "r/good.jsonc": good, "r/none.jsonc": hotRule({ id: "untested" }) });
  const ended = await holdfast(["rules", "test", "r"], directory);
  expect(ended).toMatchObject({ code: 0, err: "" });
  expect(ended.out.split("\n")).toEqual([
    "ok    hot  firing at 6m",
    "none  untested  has no tests",
    "1 test of 2 rules: none failed. 1 rule has no tests.",
    "",
  ]);
});

test("a test that fails shows what was expected, what was there, and what had happened; exit 1", async () => {
  const ended = await rules({ "r.jsonc": { rules: [good, bad] } }, "test", "r.jsonc");
  expect(ended).toMatchObject({ code: 1, err: "" });
  expect(ended.out.split("\n")).toEqual([
    "ok    hot  firing at 6m",
    "FAIL  wrong  ok at 6m",
    "      at 6m fridge-1: expected ok, got firing.",
    "      what fridge-1 did:",
    "              5m  firing    warning  value 12",
    "ok    wrong  firing at 0s",
    "3 tests of 2 rules: 1 failed.",
    "",
  ]);
});

test("an alert that never was is told beside those that were", async () => {
  const elsewhere = hotTest("12", "1m", "firing", {
    expect: [{ at: "1m", key: { device: "fridge-2" }, state: "firing" }],
  });
  const ended = await rules({ "r.jsonc": hotRule({ tests: [elsewhere] }) }, "test", "r.jsonc");
  expect(ended.out).toContain("at 1m fridge-2: expected firing, got ok.");
  expect(ended.out).toContain("fridge-2 was at rest all the time");
  expect(ended.out).toContain("there were alerts of fridge-1");
});

test("outcomes come as JSON where asked for", async () => {
  const ended = await rules({ "r.jsonc": { rules: [good, bad] } }, "test", "r.jsonc", "--json");
  expect(ended).toMatchObject({ code: 1, err: "" });
  expect(JSON.parse(ended.out)).toMatchObject({
    ok: false,
    passed: 2,
    failed: 1,
    rules: [
      { id: "hot", file: "r.jsonc", tests: [{ name: "firing at 6m", ok: true, failures: [] }] },
      {
        id: "wrong",
        tests: [
          {
            ok: false,
            failures: [{ expected: { atMs: 360_000, state: "ok" }, got: { state: "firing" } }],
            transitions: [{ toldMs: 300_000, state: "firing" }],
          },
          { ok: true },
        ],
      },
    ],
  });
});

test("a test that is not valid is told with its place, nothing is run, and the command exits 3", async () => {
  const text = `{ "id": "hot", "source": { "metric": "t" }, "when": { "field": "value", "op": ">", "value": 1 },
  "tests": [ { "name": "n", "interval": "1m",
    "input": [ { "device": "a", "metric": "t", "values": "4x5 4*5" } ],
    "expect": [ { "at": "5m", "state": "fireing" } ] } ] }`;
  const ended = await rules({ "r.jsonc": text, "good.jsonc": good }, "test", "good.jsonc", "r.jsonc");
  expect(ended).toMatchObject({ code: 3, out: "" });
  expect(ended.err).toContain('r.jsonc:3:63 /tests/0/input/0/values: "4*5" is not a term. (write "4x5")');
  expect(ended.err).toContain("r.jsonc:4:40 /tests/0/expect/0/state: ");
});

test("without a path the rules of the configuration are tested", async () => {
  const files = { "holdfast.jsonc": { rulesDir: "mine" }, "mine/good.jsonc": good };
  expect(await rules(files, "test")).toMatchObject({
    code: 0,
    out: "ok    hot  firing at 6m\n1 test of 1 rule: none failed.\n",
  });
});

test.each([["nowhere"], ["r/nowhere.jsonc"]])("what is not there is a mistake: %s", async (path) => {
  const ended = await rules({ "r/good.jsonc": good }, "test", path);
  expect(ended.code).toBe(3);
  expect(ended.err).toContain(`${path}: This cannot be read`);
});

test("expressions and quantiles are tested with what they need", async () => {
  const rule = hotRule({
    window: { type: "tumbling", size: "5m" },
    aggregate: { p90: { fn: "quantile", q: 0.9 } },
    when: { expr: "p90 > 8.0 && count >= 3" },
    tests: [hotTest("12x6", "5m", "firing"), hotTest("4x6", "5m", "ok")],
  });
  expect(await rules({ "r.jsonc": rule }, "test", "r.jsonc")).toMatchObject({ code: 0, err: "" });
});

test("rules of the configuration may be muted by those of its device profiles", async () => {
  const profile = {
    vendor: "Acme",
    model: "T1",
    version: 1,
    source: "Acme T1 manual",
    match: ["acme/+"],
    codec: "json",
    metrics: { temperature: "temperature" },
    rules: [hotRule({ id: "acme-t1-hot" })],
    examples: {
      good: [{ topic: "acme/a", json: { temperature: 1 }, expect: { temperature: 1 } }],
      bad: [{ topic: "acme/a", text: "x", cause: "malformed" }],
    },
  };
  const files = {
    "holdfast.jsonc": '{ "rulesDir": "mine", "ingest": { "devicesDirs": ["lib"] } }',
    "lib/acme/t1.json": profile,
    "mine/good.jsonc": { ...good, inhibit: [{ when: { rule: "acme-t1-hot" } }] },
  };
  expect(await rules(files, "test")).toMatchObject({ code: 0, err: "" });
  const off = {
    ...files,
    "holdfast.jsonc": files["holdfast.jsonc"].replace('["lib"]', '["lib"], "profileRules": false'),
  };
  const ended = await rules(off, "test");
  expect(ended.code).toBe(3);
  expect(ended.err).toContain('There is no rule "acme-t1-hot" that could mute this one.');
});
