import fc from "fast-check";
import { expect, test } from "vitest";
import { documentBytesMax, readJsonc } from "../../src/config/jsonc.ts";
import { unmarked } from "./marked.ts";

test("comments and trailing commas are read over", () => {
  const document = readJsonc('{ /* a */ "a": [1, 2,], // b\n "b": { "c": null, }, }', "f", "CONFIG");
  expect(document.problems).toEqual([]);
  expect(JSON.stringify(document.value)).toBe('{"a":[1,2],"b":{"c":null}}');
});

test.each([
  ['{ "a": ▸1 }', "/a", "value"],
  ['{ ▸"a": 1 }', "/a", "key"],
  ['{\n  "a": [\n    1,\n    ▸{ "b/c": 2 }\n  ]\n}', "/a/1", "value"],
  ['{\n  "a": [ 1, { "b/c": ▸2 } ] }', "/a/1/b~1c", "value"],
  ['{ "a": ▸{ "b": 1 } }', "/a/missing/deeper", "value"],
  ['▸{ "a": 1 }', "/missing", "value"],
  ['{ "é": "😀", "a": ▸1 }', "/a", "value"],
  ['{\r\n"a":\r\n▸1 }', "/a", "value"],
] as const)("%s is where %s stands", (written, pointer, part) => {
  const { text, line, column } = unmarked(written);
  expect(readJsonc(text, "f", "CONFIG").positionOf(pointer, part)).toEqual({ line, column });
});

test.each([
  ["▸", "CONFIG_SYNTAX"],
  ["▸ \n ", "CONFIG_SYNTAX"],
  ['{ "a": ▸}', "CONFIG_SYNTAX"],
  ['{ "a" ▸1 }', "CONFIG_SYNTAX"],
  ['{ "a": 1▸', "CONFIG_SYNTAX"],
  ['{ "a": ▸tru }', "CONFIG_SYNTAX"],
  ['{ "a": 1,\n "b": ▸"x\n }', "CONFIG_SYNTAX"],
  ["{} ▸x", "CONFIG_SYNTAX"],
  ['{ "a": 1, ▸"a": 2 }', "CONFIG_KEY_TWICE"],
  ['{ "b": { ▸"__proto__": { "x": 1 } } }', "CONFIG_KEY_FORBIDDEN"],
  [`${"[".repeat(64)}▸${"[".repeat(100_000)}`, "CONFIG_TOO_DEEP"],
])("a slip is reported at its place: %#", (written, code) => {
  const { text, line, column } = unmarked(written);
  const [first] = readJsonc(text, "f", "CONFIG").problems;
  expect(first).toMatchObject({ code, file: "f", line, column });
});

test("keys that objects inherit are ordinary keys, and __proto__ changes nothing", () => {
  const document = readJsonc(
    '{ "__proto__": { "polluted": 1 }, "constructor": 2, "toString": 3 }',
    "f",
    "RULE",
  );
  expect(Object.entries(document.value ?? {})).toEqual([
    ["constructor", 2],
    ["toString", 3],
  ]);
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
});

test("a byte order mark is read over", () => {
  expect(readJsonc("\uFEFF{}", "f", "CONFIG").problems).toEqual([]);
});

test("any JSON is read as JSON.parse reads it", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 3 }), (text) => {
      fc.pre(!text.includes("__proto__"));
      const document = readJsonc(text, "f", "CONFIG");
      expect(document.problems).toEqual([]);
      expect(JSON.stringify(document.value)).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
});

test("no text makes reading fail", () => {
  const pieces = fc.array(
    fc.oneof(
      fc.constantFrom("{", "}", "[", "]", ",", ":", '"', "//", "/*", "\\u", "1e999", "\n"),
      fc.string(),
    ),
  );
  fc.assert(
    fc.property(pieces, (written) => {
      const document = readJsonc(written.join(""), "f", "CONFIG");
      expect(document.value !== undefined || document.problems.length > 0).toBe(true);
    }),
  );
});

test("a list as long as a file may be is read", () => {
  const text = `[${"1,".repeat(documentBytesMax / 2 - 2)}1]`;
  expect(readJsonc(text, "f", "CONFIG").problems).toEqual([]);
});
