import fc from "fast-check";
import { expect, test } from "vitest";
import { scanNumber, scanned } from "../../src/codecs/number-scan.ts";

function scan(text: string): { value: number; end: number } {
  const bytes = Buffer.from(`[${text}`);
  const value = scanNumber(bytes, 1, bytes.length);
  return { value, end: scanned.end };
}

const digits = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(..."0123456789".split("")), minLength, maxLength });
const decimal = fc
  .tuple(
    fc.constantFrom("", "-"),
    fc.oneof(
      fc.constant("0"),
      fc.tuple(fc.constantFrom(..."123456789".split("")), digits(0, 22)).map((parts) => parts.join("")),
    ),
    fc.option(digits(1, 22), { nil: "" }).map((fraction) => (fraction === "" ? "" : `.${fraction}`)),
    fc.oneof(
      fc.constant(""),
      fc
        .tuple(fc.constantFrom("e", "E", "e+", "e-"), fc.integer({ min: 0, max: 400 }))
        .map((parts) => parts.join("")),
    ),
  )
  .map((parts) => parts.join(""));

test("a number has every bit that JSON.parse gives it, whatever its digits", () => {
  fc.assert(
    fc.property(decimal, (text) => {
      expect(scan(text)).toStrictEqual({ value: JSON.parse(text), end: text.length + 1 });
    }),
    { numRuns: 5000 },
  );
});

test("a double that was printed is read back as itself", () => {
  fc.assert(
    fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), (value) => {
      const text = Object.is(value, -0) ? "-0" : String(value);
      expect(scan(text).value).toBe(value);
    }),
    { numRuns: 3000 },
  );
});

test.each([
  "9007199254740991",
  "9007199254740992",
  "9007199254740993",
  "-9007199254740993",
  "0.30000000000000004",
  "1e22",
  "1e23",
  "123456789012345e22",
  "5e-324",
  "2.4703282292062327e-324",
  "2.2250738585072011e-308",
  "1.7976931348623157e308",
  "-0",
  "-0.0e5",
  "0e999999999999",
  "1e400",
  "-1e400",
])("%s is read as JSON.parse reads it", (text) => {
  expect(scan(text).value).toBe(JSON.parse(text));
});

test.each([
  "",
  "-",
  "+1",
  ".5",
  "1.",
  "1.e5",
  "1e",
  "1e+",
  "-.5",
  "NaN",
  "Infinity",
  "-Infinity",
  "a",
  "--1",
])("%j is not a number", (text) => {
  const { value, end } = scan(text);
  expect(value).toBeNaN();
  expect(end).toBe(-1);
});

test.each([
  ["01", 0, 1],
  ["0x10", 0, 1],
  ["1.5.5", 1.5, 3],
  ["12,", 12, 2],
  ["-0}", -0, 2],
])("%s ends where the grammar of JSON ends it", (text, value, length) => {
  expect(scan(text)).toStrictEqual({ value, end: length + 1 });
});
