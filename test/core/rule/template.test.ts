import { expect, test } from "vitest";
import { compileTemplate, formatValue, type Template } from "../../../src/core/rule/template.ts";

function compiled(text: string): Template {
  const result = compileTemplate(text);
  if (!result.ok) throw new Error(result.problems[0]?.message);
  return result.value;
}

test("names are replaced by their values, and all other text stays", () => {
  const template = compiled("{{device}} at {{ avg }} °C, {device} }} {{device}}");
  expect(template.names).toEqual(["device", "avg"]);
  expect(template.render({ device: "fridge-1", avg: 8.25 })).toBe(
    "fridge-1 at 8.25 °C, {device} }} fridge-1",
  );
});

test("a value that looks like a template is not looked into", () => {
  expect(compiled("{{a}}{{b}}").render({ a: "{{b}}", b: "$&" })).toBe("{{b}}$&");
});

test("a text without names stays as it is", () => {
  expect(compiled("").render({})).toBe("");
  expect(compiled("all well").render({})).toBe("all well");
});

test.each([
  [8, "8"],
  [-0, "0"],
  [1 / 3, "0.333333"],
  [123_456.789, "123457"],
  [1_234_567_890, "1234570000"],
  [1e-9, "1e-9"],
  [1e300, "1e+300"],
  [Number.NaN, "–"],
  [Number.POSITIVE_INFINITY, "–"],
  [null, "–"],
  [undefined, "–"],
  [true, "true"],
  ["text", "text"],
])("%s is written as %s", (value, expected) => {
  expect(formatValue(value)).toBe(expected);
});

test("a name without a value is written as a dash, also one that every object inherits", () => {
  expect(compiled("{{a}} {{constructor}} {{__proto__}}").render({})).toBe("– – –");
});

test.each([
  ["{{device", "TEMPLATE_UNCLOSED"],
  ["{{}}", "TEMPLATE_NAME"],
  ["{{a b}}", "TEMPLATE_NAME"],
  ["{{a + 1}}", "TEMPLATE_NAME"],
  ["{{{a}}}", "TEMPLATE_NAME"],
  ["{{other}}", "TEMPLATE_UNKNOWN"],
])("%s is refused with %s", (text, code) => {
  const result = compileTemplate(text, ["device"]);
  expect(result.ok ? [] : result.problems.map((problem) => problem.code)).toEqual([code]);
});

test("every mistake of a template is reported at once", () => {
  const result = compileTemplate("{{one}} {{a b}} {{two}} {{", ["device"]);
  expect(result.ok ? [] : result.problems.map((problem) => problem.code)).toEqual([
    "TEMPLATE_UNKNOWN",
    "TEMPLATE_NAME",
    "TEMPLATE_UNKNOWN",
    "TEMPLATE_UNCLOSED",
  ]);
});
