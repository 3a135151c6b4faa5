import { expect, test } from "vitest";
import { isObject } from "../../src/config/jsonc.ts";
import { rulesSchema } from "../../src/config/rule-schema.ts";

/** Every key of a schema, with the path to it and whether editors can say what it is. */
function keysIn(schema: unknown, path = ""): (readonly [path: string, described: boolean])[] {
  if (Array.isArray(schema)) return schema.flatMap((part) => keysIn(part, path));
  if (!isObject(schema)) return [];
  const { properties, items, additionalProperties, anyOf, allOf } = schema;
  const own = isObject(properties)
    ? Object.entries(properties).flatMap(([key, member]) => [
        [`${path}/${key}`, isObject(member) && typeof member["description"] === "string"] as const,
        ...keysIn(member, `${path}/${key}`),
      ])
    : [];
  return [...own, ...[items, additionalProperties, anyOf, allOf].flatMap((part) => keysIn(part, path))];
}

const { definitions } = rulesSchema();
const { rule, condition } = isObject(definitions) ? definitions : {};
const keys = [...keysIn(rule), ...keysIn(condition)].filter(
  ([path]) => path !== "/$schema" && !path.startsWith("/tests/"),
);

test("editors can say what each key of a rule is", () => {
  expect(keys.filter(([, described]) => !described)).toEqual([]);
});

test.each([
  "/sources/maxAge",
  "/source/tags",
  "/window/timezone",
  "/window/begin/op",
  "/aggregate/q",
  "/detect/halfLife",
  "/levels/critical",
  "/noData/state",
  "/flap/history",
  "/inhibit/when/rule",
  "/escalate/severity",
  "/capture/before",
  "/actions/publish/retain",
  "/expr",
  "/value/param",
])("editors complete %s", (path) => {
  expect(keys.map(([one]) => one)).toContain(path);
});
