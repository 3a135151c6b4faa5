import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { demoConfiguration, demoRules, demoRulesDirectory } from "../../src/cli/demo/files.ts";
import { holdfast } from "./holdfast.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "holdfast-config-"));
});

function write(name: string, text: string): string {
  writeFileSync(join(directory, name), text);
  return name;
}

const twoMistakes = '{\n  "htpp": {},\n  "http": { "port": 99999 }\n}\n';

test.each([
  ["config check", ["config", "check"]],
  ["config show", ["config", "show"]],
  ["run", ["run"]],
  ["run --check", ["run", "--check"]],
])("%s with a wrong configuration names every problem with its place and exits 3", async (_name, words) => {
  const file = write("mine.jsonc", twoMistakes);
  const ended = await holdfast([...words, "--config", file], directory);
  expect(ended).toMatchObject({ code: 3, out: "" });
  expect(ended.err).toContain('mine.jsonc:2:3 /htpp: Unknown key "htpp". (did you mean "http"?)');
  expect(ended.err).toContain("mine.jsonc:3:21 /http/port: ");
  expect(ended.err).toContain("2 problems found.");
});

test("problems come as JSON on stdout where asked for", async () => {
  const ended = await holdfast(
    ["config", "check", "-c", write("mine.jsonc", twoMistakes), "--json"],
    directory,
  );
  expect(ended).toMatchObject({ code: 3, err: "" });
  expect(JSON.parse(ended.out)).toMatchObject({
    ok: false,
    problems: [
      { file: "mine.jsonc", line: 2, column: 3, pointer: "/htpp" },
      { line: 3, pointer: "/http/port" },
    ],
  });
});

test("a configuration that is not there is named", async () => {
  const ended = await holdfast(["run", "--config", "nowhere.jsonc"], directory);
  expect(ended.code).toBe(3);
  expect(ended.err).toContain("nowhere.jsonc");
});

test("without a file every default stands, and holdfast.jsonc is found where it is", async () => {
  const bare = await holdfast(["config", "show"], directory);
  expect(bare.code).toBe(0);
  expect(bare.out).toContain("http.port = 8080  # default\n");
  write("holdfast.jsonc", '{ "http": { "port": 9 } }');
  const found = await holdfast(["config", "show"], directory, { HOLDFAST__HTTP__HOST: "::1" });
  expect(found.out).toContain("http.port = 9  # holdfast.jsonc:1:21\n");
  expect(found.out).toMatch(/^http\.host = "::1" {2}# .*HOLDFAST__HTTP__HOST/m);
});

test("secrets are never shown", async () => {
  write(
    "holdfast.jsonc",
    // oxlint-disable-next-line no-template-curly-in-string -- this is what users write.
    '{"upstreams":[{"name":"c","url":"mqtt://x:1","username":"u","password":"${env:SECRET}"}]}',
  );
  const environment = { SECRET: "geheim-7" };
  const lines = await holdfast(["config", "show"], directory, environment);
  const json = await holdfast(["config", "show", "--json"], directory, environment);
  expect([lines.code, json.code]).toEqual([0, 0]);
  expect(lines.out + lines.err + json.out + json.err).not.toContain("geheim-7");
  expect(JSON.parse(json.out).settings).toContainEqual(
    expect.objectContaining({ name: "upstreams.0.password", value: "(secret)" }),
  );
});

test.each([["config"], ["rules"]])("%s schema prints a JSON Schema", async (command) => {
  const ended = await holdfast([command, "schema"], directory);
  expect(ended).toMatchObject({ code: 0, err: "" });
  expect(JSON.parse(ended.out)).toHaveProperty("$schema");
});

test("the demo's own configuration and rules are valid", async () => {
  mkdirSync(join(directory, demoRulesDirectory));
  for (const [name, text] of Object.entries(demoRules)) write(join(demoRulesDirectory, name), text);
  write("demo.jsonc", demoConfiguration({ mqtt: 0, http: 0 }, []));
  const checked = await holdfast(["run", "--check", "--config", "demo.jsonc"], directory);
  expect(checked).toMatchObject({ code: 0, err: "" });
  expect(checked.out).toContain("valid: 6 rules");
  const rules = await holdfast(["rules", "check", demoRulesDirectory, "--json"], directory);
  expect(JSON.parse(rules.out)).toMatchObject({
    ok: true,
    rules: Object.keys(demoRules)
      .map((name) => name.replace(".jsonc", ""))
      .toSorted(),
  });
});

test("five mistakes in a rule file are five problems with line and column", async () => {
  mkdirSync(join(directory, "r"));
  const file = write(
    "r/bad.jsonc",
    `{
  "id": "Bad Id",
  "source": { "device": "a", "metrik": "b" },
  "window": { "type": "tumbling", "size": "5 parsecs" },
  "aggregate": { "avg": "average" },
  "when": { "field": "avg", "op": "=>", "value": 1 }
}
`,
  );
  const ended = await holdfast(["rules", "check", "r"], directory);
  expect(ended.code).toBe(3);
  const lines = new Set([...ended.err.matchAll(/^r\/bad\.jsonc:(\d+):\d+ /gm)].map((match) => match[1]));
  expect([...lines]).toEqual(expect.arrayContaining(["2", "3", "4", "5", "6"]));
  expect(
    (await holdfast(["run", "--check", "--config", write("c.jsonc", '{"rulesDir":"r"}')], directory)).code,
  ).toBe(3);
  expect((await holdfast(["rules", "check", file, "nowhere"], directory)).err).toContain(
    "nowhere: This cannot be read",
  );
});

test("one id under two paths is a problem", async () => {
  const text = demoRules["door-open.jsonc"] ?? "";
  const ended = await holdfast(["rules", "check", write("a.jsonc", text), write("b.jsonc", text)], directory);
  expect(ended.code).toBe(3);
  expect(ended.err).toContain('b.jsonc: The id "door-open" already belongs to a rule in a.jsonc.');
});
