import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { isObject, type JsonObject, readJsonc } from "../../src/config/jsonc.ts";
import { loadConfig } from "../../src/config/load.ts";
import { rulesSchema } from "../../src/config/rule-schema.ts";
import { loadRules } from "../../src/config/rules.ts";
import { configSchema } from "../../src/config/show.ts";
import { ruleTools } from "../../src/rule-tools.ts";
import { valueOf } from "./loading.ts";

const directory = fileURLToPath(new URL("../../deploy/config/", import.meta.url));
const examples = (await readdir(`${directory}rules`)).filter((name) => name.endsWith(".jsonc"));

function memberOf(holder: unknown, key: string): unknown {
  return isObject(holder) ? holder[key] : undefined;
}

/** What of a value a JSON Schema refuses: keys, types, choices, patterns and references are looked at. */
function refusals(schema: unknown, value: unknown, root: unknown, pointer = ""): string[] {
  if (!isObject(schema)) return [];
  const reference = schema["$ref"];
  if (typeof reference === "string") {
    const target = memberOf(memberOf(root, "definitions"), reference.replace("#/definitions/", ""));
    return target === undefined ? [`${pointer} ${reference}`] : refusals(target, value, root, pointer);
  }
  const { anyOf, allOf } = schema;
  if (Array.isArray(anyOf)) {
    const found = anyOf.map((option) => refusals(option, value, root, pointer));
    return found.some((list) => list.length === 0) ? [] : found.flat();
  }
  if (Array.isArray(allOf)) return allOf.flatMap((part) => refusals(part, value, root, pointer));
  return [...scalarRefusals(schema, value, pointer), ...memberRefusals(schema, value, root, pointer)];
}

function scalarRefusals(schema: JsonObject, value: unknown, pointer: string): string[] {
  const { type, pattern, enum: choices } = schema;
  const actual = Array.isArray(value) ? "array" : value === null ? "null" : typeof value;
  const types: readonly unknown[] = Array.isArray(type) ? type : [type ?? actual];
  if (!types.includes(actual) && !(types.includes("integer") && Number.isInteger(value))) {
    return [`${pointer} is ${actual}`];
  }
  if (Array.isArray(choices) && !choices.includes(value)) return [`${pointer} is none of the choices`];
  if (typeof pattern !== "string" || typeof value !== "string") return [];
  return new RegExp(pattern, "u").test(value) ? [] : [`${pointer} does not match ${pattern}`];
}

function memberRefusals(schema: JsonObject, value: unknown, root: unknown, pointer: string): string[] {
  const { properties, additionalProperties, required, items } = schema;
  if (Array.isArray(value)) {
    return value.flatMap((element, index) => {
      const expected: unknown = Array.isArray(items) ? items[index] : items;
      return refusals(expected, element, root, `${pointer}/${index}`);
    });
  }
  if (!isObject(value)) return [];
  const missing = (Array.isArray(required) ? required : []).filter(
    (key) => !Object.hasOwn(value, String(key)),
  );
  return [
    ...missing.map((key) => `${pointer} lacks ${key}`),
    ...Object.entries(value).flatMap(([key, member]) => {
      const place = `${pointer}/${key}`;
      const known = memberOf(properties, key);
      if (known !== undefined) return refusals(known, member, root, place);
      return additionalProperties === false
        ? [`${place} is unknown`]
        : refusals(additionalProperties, member, root, place);
    }),
  ];
}

async function exampleAt(name: string): Promise<unknown> {
  const document = readJsonc(await readFile(directory + name, "utf8"), name, "CONFIG");
  expect(document.problems).toEqual([]);
  return document.value;
}

test("the example configuration is valid", async () => {
  const options = { file: `${directory}holdfast.jsonc`, environment: {}, hostname: "h", directory: "/" };
  const { config } = valueOf(await loadConfig(options));
  expect(config).toMatchObject({ gateway: { id: "gw-7" }, upstreams: [{ name: "cloud" }] });
});

test("the example rules are valid", async () => {
  const options = { expressions: () => ruleTools.loadExpressions() };
  const rules = valueOf(await loadRules(`${directory}rules`, options));
  expect(rules.map(({ definition }) => definition.id)).toEqual([
    "bearing-temperature",
    "cold-room-warm",
    "compressed-air-habit",
    "door-left-open",
    "dosing-too-much",
    "filling-weight-shift",
    "freezer-against-room",
    "basin-overflow",
    "machine-vibration-high",
    "machine-vibration-dangerous",
    "motor-current-anomaly",
    "sump-pump-runs-too-long",
    "sump-pump-runs-too-briefly",
    "sump-pump-starts-too-often",
    "sensor-stuck",
    "sensor-silent",
    "level-spike",
    "site-power",
    "supply-voltage",
    "supply-distortion",
    "tank-leak",
  ]);
});

test("what the example configuration calls defaults are the defaults", async () => {
  const options = { environment: {}, hostname: "gw-7", directory };
  const shown = valueOf(await loadConfig({ ...options, file: `${directory}holdfast.jsonc` })).config;
  const plain = valueOf(await loadConfig(options)).config;
  const {
    gateway: _gateway,
    ingest: _ingest,
    rulesDir: _rulesDir,
    upstreams: _upstreams,
    ...expected
  } = plain;
  expect(shown).toMatchObject(expected);
});

test.each([
  ["config-1.schema.json", configSchema],
  ["rules/rule-1.schema.json", rulesSchema],
])("the file %s is the schema that the program gives", async (name, schema) => {
  expect(JSON.parse(await readFile(directory + name, "utf8"))).toEqual(schema());
});

test("the schema accepts the example configuration, and refuses a misspelt key and a wrong type", async () => {
  const value = await exampleAt("holdfast.jsonc");
  const schema = configSchema();
  expect(refusals(schema, value, schema)).toEqual([]);
  expect(refusals(schema, { gatway: {}, http: { port: "1" } }, schema)).toEqual([
    "/gatway is unknown",
    "/http/port is string",
  ]);
});

test.each(examples)("the schema accepts the example %s", async (name) => {
  const schema = rulesSchema();
  expect(refusals(schema, await exampleAt(`rules/${name}`), schema)).toEqual([]);
});
