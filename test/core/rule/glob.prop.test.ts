import fc from "fast-check";
import { expect, test } from "vitest";
import { compileGlobs, globCovers, globsOverlap } from "../../../src/core/rule/glob.ts";

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

const signs = ["a", "b"];
const glob = fc.array(fc.constantFrom(...signs, "*", "?"), { maxLength: 4 }).map((parts) => parts.join(""));
/** Every name of up to eight signs: two globs of four that overlap have one in common. */
const names = Array.from({ length: 9 }, (_, length) =>
  Array.from({ length: 2 ** length }, (__, bits) =>
    bits.toString(2).padStart(length, "0").slice(0, length).replaceAll("0", "a").replaceAll("1", "b"),
  ),
).flat();

test("two globs overlap when some name is matched by both", () => {
  fc.assert(
    fc.property(glob, glob, (left, right) => {
      const [inLeft, inRight] = [compileGlobs([left]), compileGlobs([right])];
      expect(globsOverlap(left, right)).toBe(names.some((name) => inLeft(name) && inRight(name)));
    }),
    { numRuns: 2_000 },
  );
});

test("a glob that covers another matches every name of it, and itself is covered", () => {
  fc.assert(
    fc.property(glob, glob, (wide, narrow) => {
      const [inWide, inNarrow] = [compileGlobs([wide]), compileGlobs([narrow])];
      expect(!globCovers(wide, narrow) || names.filter(inNarrow).every(inWide)).toBe(true);
      expect(globCovers(wide, wide)).toBe(true);
      expect(globCovers("*", narrow)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ["shelly*", "shellyplusht-*", true],
  ["shellyplusht-*", "shelly*", false],
  ["a?c", "abc", true],
  ["a?c", "a*c", false],
  ["a*c", "a?c", true],
  ["*b", "a*b", true],
  ["a", "b", false],
])("whether %s covers %s is %s", (wide, narrow, covers) => {
  expect(globCovers(wide, narrow)).toBe(covers);
});

test("globs made to be slow to compare are not", () => {
  expect(globsOverlap(`${"a*".repeat(60)}b`, `${"*a".repeat(60)}c`)).toBe(false);
});
