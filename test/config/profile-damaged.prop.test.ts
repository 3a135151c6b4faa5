/** Profiles of the library, damaged: whatever a file holds, it is read or refused with places and hints. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isObject, readJsonc } from "../../src/config/jsonc.ts";
import { profileSchema } from "../../src/config/profile-schema.ts";
import { readProfile } from "../../src/config/profiles.ts";
import { codecNames } from "../../src/core/decode.ts";

const file = fileURLToPath(new URL("../../devices/airgradient/one.json", import.meta.url));
const text = await readFile(file, "utf8");
const options = { codecs: codecNames, id: "airgradient/one" };

/** Problems without a code, a place or a hint; a refusal without any problem is one, too. */
function unexplained(damaged: string): readonly unknown[] {
  const read = readProfile(damaged, "one.json", options);
  if (read.ok) return [];
  if (read.problems.length === 0) return ["refused without a problem"];
  return read.problems.filter(
    ({ code, line = 0, column = 0, hint = "" }) =>
      !/^(?:PROFILE|RULE|TEMPLATE)_[A-Z_]+$/.test(code) || line < 1 || column < 1 || hint === "",
  );
}

test("a profile with characters lost or put in is read, or refused with places", () => {
  const damage = fc.tuple(fc.nat(text.length), fc.nat(40), fc.string({ maxLength: 20, unit: "binary" }));
  fc.assert(
    fc.property(damage, ([at, lost, put]) => {
      expect(unexplained(text.slice(0, at) + put + text.slice(at + lost))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

/** Every object and list in a value, with their keys. */
function placesIn(value: unknown): (readonly [holder: object, key: string])[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [[value, key] as const, ...placesIn(member)]);
}

test("a profile with any value in the place of another is read, or refused with places", () => {
  const value = readJsonc(text, file, "PROFILE").value;
  const count = placesIn(value).length;
  expect(count).toBeGreaterThan(50);
  fc.assert(
    fc.property(fc.nat(count - 1), fc.jsonValue({ maxDepth: 3 }), (index, other) => {
      const copy: unknown = structuredClone(JSON.parse(JSON.stringify(value)));
      const [holder, key] = placesIn(copy)[index]!;
      Reflect.set(holder, key, other);
      expect(unexplained(JSON.stringify(copy))).toEqual([]);
    }),
    { numRuns: 1_000 },
  );
});

test.each(["", "[]", "null", "{}", '"x"', "[".repeat(1_000), '{"metrics":{"__proto__":"humidity"}}'])(
  "%s is refused",
  (damaged) => {
    expect(readProfile(damaged, "one.json", options).ok).toBe(false);
    expect(unexplained(damaged)).toEqual([]);
  },
);

/** Every key of a schema, with the path to it and whether editors can say what it is. */
function keysIn(schema: unknown, path = ""): (readonly [path: string, described: boolean])[] {
  if (Array.isArray(schema)) return schema.flatMap((part) => keysIn(part, path));
  if (!isObject(schema)) return [];
  const { properties, items, additionalProperties, anyOf } = schema;
  const own = Object.entries(isObject(properties) ? properties : {}).flatMap(([key, member]) => [
    [`${path}/${key}`, isObject(member) && typeof member["description"] === "string"] as const,
    ...keysIn(member, `${path}/${key}`),
  ]);
  return [...own, ...[items, additionalProperties, anyOf].flatMap((part) => keysIn(part, path))];
}

test("editors can say what each key of a profile is", () => {
  const keys = keysIn(profileSchema()).filter(([path]) => path !== "/$schema");
  expect(keys.length).toBeGreaterThan(30);
  expect(keys.filter(([, described]) => !described)).toEqual([]);
});
