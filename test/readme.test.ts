/** What the README shows is what the program takes. */
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadConfig } from "../src/config/load.ts";
import { readRuleFile } from "../src/config/rules.ts";
import { FoldState } from "../src/core/fold/state.ts";
import { failingTests } from "../src/core/rule/test-gate.ts";
import { ruleTools } from "../src/rule-tools.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";

const readme = readFileSync(fileURLToPath(new URL("../README.md", import.meta.url)), "utf8");
const blocks = Array.from(readme.matchAll(/```jsonc\n([\s\S]*?)```/g), (match) => match[1] ?? "");

/** Whole rules; the others are members of the configuration. */
const rules = blocks.filter((text) => text.startsWith("{"));
const fragments = blocks.filter((text) => text.startsWith('"'));

test("every block of JSON is a rule or a part of the configuration, and there are both", () => {
  expect([rules.length > 0, fragments.length > 0]).toEqual([true, true]);
  expect(rules.length + fragments.length).toBe(blocks.length);
});

test.each(rules)("the rule %# is valid and passes its own tests", async (text) => {
  const read = await readRuleFile(text, "README.md", { expressions: () => ruleTools.loadExpressions() });
  if (!read.ok) throw new Error(read.problems.map(({ message }) => message).join("\n"));
  expect(read.value.flatMap(({ tests }) => tests).length).toBeGreaterThan(0);
  await ruleTools.prepare(read.value.map(({ definition }) => definition));
  expect(failingTests(read.value, () => new FoldState(ruleTools.tools))).toEqual([]);
});

test.each(fragments)("the part %# of the configuration is valid", async (text) => {
  await using directory = await temporaryDirectory("readme");
  // What the README names beside it, as in a checkout.
  await mkdir(join(directory.path, "devices"));
  await writeFile(join(directory.path, "users.json"), "{}", { mode: 0o600 });
  const file = join(directory.path, "holdfast.jsonc");
  await writeFile(file, `{ ${text} }`);
  const loaded = await loadConfig({
    file,
    environment: { TTN_API_KEY: "secret" },
    hostname: "h",
    directory: directory.path,
  });
  expect(loaded.ok ? [] : loaded.problems.map(({ message }) => message)).toEqual([]);
});
