import fc from "fast-check";
import { expect, test } from "vitest";
import { celCompiler } from "../../src/expression/cel.ts";
import { scope } from "./compiling.ts";

const words = [
  "avg",
  "n",
  "site",
  "a.mean",
  "a",
  ".",
  "(",
  ")",
  "[",
  "]",
  "{",
  "}",
  ",",
  "?",
  ":",
  "&&",
  "||",
  "!",
  "-",
  "+",
  "*",
  "/",
  "%",
  "==",
  "!=",
  "<",
  ">=",
  "in",
  "has",
  "math.abs",
  "matches",
  "exists",
  "x",
  "'a'",
  "'('",
  '"',
  "1",
  "2.5",
  "true",
  "null",
  "size",
  "\\",
  "// ",
  "\n",
  "é",
  "\u0000",
];

const values = [9, Number.NaN, 12, 5];
const texts = { site: "north" };

/** What is wrong with how a text is taken: it gives a truth, or every problem lies inside it and has a hint. */
function flawsOf(written: string): readonly unknown[] {
  const compiled = celCompiler.compile(written, scope);
  if (compiled.ok) return typeof compiled.value.evaluate(values, texts) === "boolean" ? [] : ["no truth"];
  if (compiled.problems.length === 0) return ["refused without a problem"];
  return compiled.problems.filter(
    ({ offset, message, hint = "" }) =>
      offset < 0 || offset > written.length || !message.endsWith(".") || hint === "",
  );
}

test("any text is compiled or refused with places inside it, and what is compiled never throws", () => {
  const text = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.array(fc.constantFrom(...words), { maxLength: 14 }).map((parts) => parts.join(" ")),
  );
  fc.assert(
    fc.property(text, (written) => {
      expect(flawsOf(written)).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
});

/** A truth with the text that says it: true, false, or unknown as `undefined`. */
interface Said {
  readonly text: string;
  readonly truth: boolean | undefined;
}

const leaf: fc.Arbitrary<Said> = fc.constantFrom<Said>(
  { text: "true", truth: true },
  { text: "avg > 8", truth: true },
  { text: "avg < 8", truth: false },
  { text: "site == 'south'", truth: false },
  { text: "n > 3", truth: undefined },
  { text: "limit == 'x'", truth: undefined },
);

const { said } = fc.letrec<{ said: Said }>((tie) => ({
  said: fc.oneof(
    { depthSize: "small" },
    leaf,
    tie("said").map(({ text, truth }) => ({
      text: `!(${text})`,
      truth: truth === undefined ? undefined : !truth,
    })),
    fc.tuple(tie("said"), tie("said")).map(([left, right]) => ({
      text: `(${left.text}) && (${right.text})`,
      truth:
        left.truth === false || right.truth === false
          ? false
          : left.truth === undefined || right.truth === undefined
            ? undefined
            : true,
    })),
    fc.tuple(tie("said"), tie("said")).map(([left, right]) => ({
      text: `(${left.text}) || (${right.text})`,
      truth:
        left.truth === true || right.truth === true
          ? true
          : left.truth === undefined || right.truth === undefined
            ? undefined
            : false,
    })),
  ),
}));

test("an expression holds exactly when its truth is known and true, whatever is missing", () => {
  fc.assert(
    fc.property(said, ({ text, truth }) => {
      const compiled = celCompiler.compile(text, scope);
      fc.pre(compiled.ok);
      expect(compiled.value.evaluate(values, texts)).toBe(truth === true);
    }),
    { numRuns: 500 },
  );
});
