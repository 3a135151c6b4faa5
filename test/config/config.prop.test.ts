import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { parseRuleFile } from "../../src/config/rules.ts";
import { directoryWith, loadText } from "./loading.ts";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

const example = new URL("../../deploy/config/", import.meta.url);

/** Texts that are almost the given one: pieces cut out, doubled, or replaced by what hurts parsers. */
function mutationsOf(text: string): fc.Arbitrary<string> {
  const hostile = fc.constantFrom(
    "",
    "{",
    "}",
    "[",
    "]",
    '"',
    ",",
    "null",
    "-1",
    "1e999",
    '"__proto__":{},',
    '"constructor"',
    "\\u0000",
    "${",
    "${env:X}",
    "${file:/}",
    "/*",
    "//",
    "\u{1F600}",
    "99999999999999999999d",
  );
  const cut = fc.record({
    from: fc.nat(text.length),
    length: fc.nat(40),
    instead: fc.oneof(hostile, fc.string({ maxLength: 8 })),
  });
  return fc.array(cut, { minLength: 1, maxLength: 4 }).map((cuts) => {
    let mutated = text;
    for (const { from, length, instead } of cuts)
      mutated = mutated.slice(0, from) + instead + mutated.slice(from + length);
    return mutated;
  });
}

test("a damaged configuration is loaded or refused with problems, and never throws", async () => {
  const text = await readFile(new URL("holdfast.jsonc", example), "utf8");
  const directory = await directoryWith({ "rules/a.json": "{}" });
  const options = { file: "holdfast.jsonc", environment: {}, hostname: "h", directory };
  await fc.assert(
    fc.asyncProperty(mutationsOf(text), async (mutated) => {
      await writeFile(join(directory, "holdfast.jsonc"), mutated);
      const loaded = await loadConfig(options);
      if (loaded.ok) return;
      expect(loaded.problems.length).toBeGreaterThan(0);
      for (const problem of loaded.problems) expect(problem.code).toMatch(/^CONFIG_[A-Z_]+$/);
    }),
    { numRuns: 300 },
  );
});

test("a configuration of any JSON values is loaded or refused, and never throws", async () => {
  const keys = [
    "gateway",
    "dataDir",
    "listeners",
    "http",
    "access",
    "ownTopicPrefix",
    "ingest",
    "rulesDir",
    "store",
    "rollups",
    "upstreams",
  ];
  const configuration = fc.dictionary(fc.constantFrom(...keys), fc.jsonValue({ maxDepth: 3 }));
  await fc.assert(
    fc.asyncProperty(configuration, async (value) => {
      const loaded = await loadText(JSON.stringify(value));
      expect(loaded.ok || loaded.problems.length > 0).toBe(true);
    }),
    { numRuns: 150 },
  );
});

test.each(["cold-room-warm.jsonc", "machine-vibration.jsonc", "supply-voltage.jsonc"])(
  "a damaged %s is parsed or refused with problems, and never throws",
  async (name) => {
    const text = await readFile(new URL(`rules/${name}`, example), "utf8");
    fc.assert(
      fc.property(mutationsOf(text), (mutated) => {
        const parsed = parseRuleFile(mutated, name);
        if (parsed.ok) return;
        for (const problem of parsed.problems) {
          expect(problem.code).toMatch(/^(RULE|TEMPLATE)_[A-Z_]+$/);
          expect(problem).toMatchObject({ file: name, line: expect.any(Number), column: expect.any(Number) });
        }
      }),
      { numRuns: 300 },
    );
  },
);

test("a rule of any JSON values is parsed or refused, and never throws", () => {
  const keys = [
    "id",
    "description",
    "enabled",
    "source",
    "groupBy",
    "window",
    "aggregate",
    "when",
    "for",
    "severity",
    "labels",
    "annotations",
  ];
  const rule = fc.dictionary(fc.constantFrom(...keys), fc.jsonValue({ maxDepth: 3 }));
  fc.assert(
    fc.property(rule, (value) => {
      const parsed = parseRuleFile(JSON.stringify(value), "rule.json");
      expect(parsed.ok || parsed.problems.length > 0).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test.each([
  ["an aggregate", { aggregate: { A: [{}] } }],
  ["a kind of window", { window: { type: {} } }],
  ["an operator", { when: { field: "value", op: {}, value: 1 } }],
])("%s that is a container is refused in words", (_what, rule) => {
  const parsed = parseRuleFile(JSON.stringify({ source: { metric: "x" }, ...rule }), "rule.json");
  expect(parsed.ok).toBe(false);
});

test("a rule with more hysteresis than it can remember is refused", () => {
  const when = { any: Array.from({ length: 32 }, () => ({ field: "value", op: ">", value: 8, clear: 6 })) };
  const parsed = parseRuleFile(JSON.stringify({ id: "many", source: { metric: "x" }, when }), "rule.json");
  expect(parsed.ok ? [] : parsed.problems.map(({ code }) => code)).toEqual(["RULE_CLEARS"]);
});

test.each(["rollups", "listeners", "upstreams"])(
  "an object that has a length in the place of the list %s is refused",
  async (key) => {
    const loaded = await loadText(JSON.stringify({ [key]: { length: {} } }));
    expect(loaded.ok ? [] : loaded.problems.map(({ code }) => code)).toEqual(["CONFIG_LIST"]);
  },
);
