import { expect, test } from "vitest";
import { celCompiler } from "../../src/expression/cel.ts";
import { loadExpressions } from "../../src/expression/load.ts";
import { type Given, holds, scope } from "./compiling.ts";

const warm: Given = { avg: 9, n: 4, site: "north", "a.mean": 12, "b.mean": 5, limit: "8.5" };

test.each([
  ["avg > 8.0 && n >= 3", true],
  ['avg > 8.0 && n >= 3 && site == "north"', true],
  ["avg > 8 && n >= 5", false],
  ["avg < 8 || n == 4", true],
  ["n != 4", false],
  ["avg / 2 == 4.5", true],
  ["1 / 2 == 0.5", true],
  ["n % 3 == 1", true],
  ["-avg < -8", true],
  ["avg * 2 - 1 + n == 21", true],
  ["!(avg > 8)", false],
  ["(avg > 8) == (n > 3)", true],
  ["(avg > 8) != true", false],
  ["avg > 8 ? n > 3 : n > 100", true],
  ["(site == 'south' ? 10 : 8.5) < avg", true],
  ["(avg > 8 ? site : limit) == 'north'", true],
  ["a.mean - b.mean > 5", true],
  ["math.abs(b.mean - a.mean) > 6.5", true],
  ["math.greatest(avg, n, 11) == 11", true],
  ["math.least(avg, n) == 4", true],
  ["math.round(-2.5) == -3 && math.floor(2.5) == 2 && math.ceil(2.5) == 3", true],
  ["math.sqrt(avg) == 3 && math.trunc(-2.5) == -2 && math.sign(-2) == -1", true],
  ["site in ['north', 'south']", true],
  ["avg in [1, 2, 9]", true],
  ["avg in []", false],
  ["[8, 10].exists(x, avg > x)", true],
  ["[8, 10].all(x, avg > x)", false],
  ["[8, 10].exists_one(x, avg > x)", true],
  ["['no', 'so'].exists(x, site.startsWith(x))", true],
  ["site.contains('ort') && site.endsWith('th') && site.size() == 5", true],
  ["size(site) == 5", true],
  ["site.upperAscii() == 'NORTH' && 'NORTH'.lowerAscii() == site", true],
  ["' x '.trim() == 'x'", true],
  ["site < 'south' && site >= 'north'", true],
  ["site.matches('^n[a-z]+h$')", true],
  ["site.matches('ort')", true],
  ["site.matches('^ort')", false],
  ["avg > double(limit)", true],
  ["int(avg / 2) == 4", true],
  ["0x10 == 16 && 1e1 == 10", true],
  ["true", true],
  ["// why\navg > 8", true],
])("%s is %s", (text, expected) => {
  expect(holds(text, warm)).toBe(expected);
});

const missing: Given = { n: 4, site: "north" };

test.each([
  ["avg > 8", false],
  ["avg <= 8", false],
  ["!(avg > 8)", false],
  ["avg != 8", false],
  ["avg == avg", false],
  ["avg + n > 0", false],
  ["avg > 8 || n == 4", true],
  ["n == 4 || avg > 8", true],
  ["avg > 8 && n == 4", false],
  ["!(avg > 8 && n == 5)", true],
  ["(avg > 8) == (avg > 8)", false],
  ["avg > 8 ? true : true", false],
  ["n > 3 ? n > 1 : avg > 8", true],
  ["avg in [n, 4]", false],
  ["n in [avg, 4]", true],
  ["!(n in [avg, 5])", false],
  ["[avg, 1].exists(x, x > 8)", false],
  ["![avg, 1].all(x, x > 0)", false],
  ["![avg, 5].exists_one(x, x == n)", false],
  ["limit == 'x'", false],
  ["!(limit == 'x')", false],
  ["limit.size() >= 0", false],
  ["!limit.matches('x')", false],
  ["double(limit) > 0", false],
  ["double(site) < 0 || double(site) >= 0", false],
  ["math.greatest(avg, n) > 0", false],
  ["has(n) && !has(avg) && has(site) && !has(limit)", true],
  ["0 / 0 == 0 / 0", false],
])("with missing values %s is %s", (text, expected) => {
  expect(holds(text, missing)).toBe(expected);
});

test("only own members of the texts are values", () => {
  const names = [{ name: "constructor", type: "text" }] as const;
  const compiled = celCompiler.compile("has(constructor)", names);
  expect(
    compiled.ok &&
      compiled.value.evaluate(
        Array.from({ length: 0 }, () => 0),
        {},
      ),
  ).toBe(false);
});

test("an expression tells the names that it uses, in the order of first use", () => {
  const compiled = celCompiler.compile("[1].exists(avg, avg > n) && b.mean > n || site == 'x'", scope);
  expect(compiled.ok && compiled.value.names).toEqual(["n", "b.mean", "site"]);
});

test.each([
  ["", 0, "EXPRESSION_SYNTAX", "avg > 8"],
  ["avg >", 5, "EXPRESSION_SYNTAX", ""],
  ["avg > 8 n", 8, "EXPRESSION_SYNTAX", ""],
  ["avg = 8", 4, "EXPRESSION_SYNTAX", "=="],
  ["avg => 8", 4, "EXPRESSION_SYNTAX", ">="],
  ["avg > 8 and n > 3", 8, "EXPRESSION_SYNTAX", "&&"],
  ["avg > 8 & n > 3", 8, "EXPRESSION_SYNTAX", "&&"],
  ["site == 'north", 8, "EXPRESSION_SYNTAX", "quotes"],
  ["{'a': 1} == 2", 1, "EXPRESSION_SYNTAX", "list"],
  ["site[0] == 'n'", 0, "EXPRESSION_SYNTAX", ""],
  ["1e400 > avg", 0, "EXPRESSION_SYNTAX", ""],
  ["averge > 8", 0, "EXPRESSION_NAME", "avg"],
  ["n > 3 && a.men > 8", 9, "EXPRESSION_NAME", "a.mean"],
  ["a > 8", 0, "EXPRESSION_NAME", "a.mean"],
  ["[1].all(x, y > 3)", 11, "EXPRESSION_NAME", "avg"],
  ["avg", 0, "EXPRESSION_TYPE", "compare"],
  ["site", 0, "EXPRESSION_TYPE", "compare"],
  ["n > 3 && avg", 9, "EXPRESSION_TYPE", "compare"],
  ["!avg", 1, "EXPRESSION_TYPE", "compare"],
  ["avg > '8'", 6, "EXPRESSION_TYPE", "write 8 without quotes"],
  ["avg == site", 7, "EXPRESSION_TYPE", "double"],
  ["site > 8", 7, "EXPRESSION_TYPE", "quotes"],
  ["site + 'x' == limit", 0, "EXPRESSION_TYPE", ""],
  ["(avg > 8) > (n > 3)", 1, "EXPRESSION_TYPE", "&&"],
  ["avg in ['a']", 7, "EXPRESSION_TYPE", ""],
  ["avg in [1, 'a']", 11, "EXPRESSION_TYPE", ""],
  ["avg in site", 7, "EXPRESSION_TYPE", '["a", "b"]'],
  ["[1, 2] == [1, 2]", 0, "EXPRESSION_TYPE", ""],
  ["(avg > 8 ? 1 : 'a') == 1", 15, "EXPRESSION_TYPE", ""],
  ["avg == null", 7, "EXPRESSION_TYPE", "has"],
  ["avg > 1u", 6, "EXPRESSION_TYPE", ""],
  ["site == b'a'", 8, "EXPRESSION_TYPE", ""],
  ["double(avg > 8) > 0", 7, "EXPRESSION_TYPE", ""],
  ["now() > 3", 0, "EXPRESSION_FUNCTION", "event time"],
  ["timestamp('2026-01-01T00:00:00Z') > timestamp('2025-01-01T00:00:00Z')", 0, "EXPRESSION_FUNCTION", ""],
  ["[1].map(x, x * 2) == [2]", 0, "EXPRESSION_FUNCTION", "exists"],
  ["abs(avg) > 3", 0, "EXPRESSION_FUNCTION", "math.abs"],
  ["math.cbrt(avg) > 3", 0, "EXPRESSION_FUNCTION", "math.sqrt"],
  ["math.abs(avg, n) > 3", 0, "EXPRESSION_FUNCTION", ""],
  ["math.greatest() > 3", 0, "EXPRESSION_FUNCTION", ""],
  ["site.split(',').size() > 1", 0, "EXPRESSION_FUNCTION", ""],
  ["site.contains() && avg > 8", 0, "EXPRESSION_FUNCTION", ""],
  ["has(avg > 8)", 4, "EXPRESSION_FUNCTION", "has(avg)"],
  ["cel.bind(x, 1, x > avg)", 0, "EXPRESSION_FUNCTION", ""],
  ["optional.none() == 1", 0, "EXPRESSION_FUNCTION", ""],
  ["site.matches('(a')", 13, "EXPRESSION_PATTERN", "RE2"],
  ["site.matches('(?=a)b')", 13, "EXPRESSION_PATTERN", "look-around"],
  ["site.matches('(a{500}){2}b{900}')", 13, "EXPRESSION_PATTERN", ""],
  ["site.matches(limit)", 13, "EXPRESSION_PATTERN", "write it out"],
  [`${"(".repeat(40)}avg${")".repeat(40)} > 1`, 32, "EXPRESSION_LIMIT", ""],
  [`avg > 8${" ".repeat(1_024)}`, 0, "EXPRESSION_LIMIT", ""],
  [`avg in [${"1,".repeat(32)}1]`, 72, "EXPRESSION_LIMIT", ""],
  [`n${"+n".repeat(200)} > 1`, 0, "EXPRESSION_LIMIT", ""],
  ["[1].exists(x, [2].exists(y, x > y))", 14, "EXPRESSION_LIMIT", "in"],
])("%s is refused at character %i with %s", (text, offset, code, hint) => {
  const compiled = celCompiler.compile(text, scope);
  const [first] = compiled.ok ? [] : compiled.problems;
  expect(first).toMatchObject({ code, offset });
  expect(first?.hint).toContain(hint);
});

test("every mistake of an expression is told, each once", () => {
  const text = "averge > 8 && site > 3 && ['a', 'b'].exists(x, x > nn)";
  const compiled = celCompiler.compile(text, scope);
  expect(compiled.ok ? [] : compiled.problems.map(({ offset, code }) => `${offset} ${code}`)).toEqual([
    "0 EXPRESSION_NAME",
    "21 EXPRESSION_TYPE",
    "51 EXPRESSION_NAME",
  ]);
});

test("a pattern that would hang a regular expression of JavaScript is answered at once", () => {
  const site = `${"a".repeat(256)}!`;
  expect(holds("site.matches('^(a+)+$')", { site })).toBe(false);
});

test("the compiler is loaded on demand", async () => {
  const compiler = await loadExpressions();
  expect(compiler.compile("avg > 8", scope)).toMatchObject({ ok: true });
});
