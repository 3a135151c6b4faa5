import fc from "fast-check";
import { expect, test } from "vitest";
import { compileGlobs } from "../../../src/core/rule/glob.ts";

test("a glob matches as the regular expression of the same meaning does", () => {
  const letters = fc.constantFrom("a", "b", "/", "-");
  const pattern = fc.array(fc.oneof(letters, fc.constantFrom("*", "?")), { maxLength: 8 });
  fc.assert(
    fc.property(pattern, fc.array(letters, { maxLength: 10 }), (parts, name) => {
      const expression = new RegExp(
        `^${parts.map((part) => (part === "*" ? ".*" : part === "?" ? "." : part)).join("")}$`,
      );
      const text = name.join("");
      expect(compileGlobs([parts.join("")])(text)).toBe(expression.test(text));
    }),
    { numRuns: 2_000 },
  );
});

test("a pattern made to be slow is not", () => {
  const matches = compileGlobs([`${"a*".repeat(30)}b`]);
  expect(matches("a".repeat(128))).toBe(false);
});

test("any of the patterns may match", () => {
  const matches = compileGlobs(["fridge-1", "oven-*"]);
  expect(["fridge-1", "fridge-2", "oven-9"].map(matches)).toEqual([true, false, true]);
});
