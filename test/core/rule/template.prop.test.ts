import fc from "fast-check";
import { expect, test } from "vitest";
import { compileTemplate } from "../../../src/core/rule/template.ts";

test("no text makes compiling or rendering fail", () => {
  const pieces = fc.array(
    fc.oneof(fc.string(), fc.constantFrom("{{", "}}", "{", "}", "{{device}}", "{{a.b-c}}")),
  );
  const values = fc.dictionary(
    fc.string(),
    fc.oneof(fc.double(), fc.string(), fc.boolean(), fc.constant(null)),
  );
  fc.assert(
    fc.property(pieces, values, (written, named) => {
      const result = compileTemplate(written.join(""));
      const rendered = result.ok ? result.value.render(named) : undefined;
      expect(typeof rendered === "string" || (!result.ok && result.problems.length > 0)).toBe(true);
    }),
  );
});

test("literal text is kept between any names", () => {
  const literal = fc.stringMatching(/^[^{}]*$/);
  fc.assert(
    fc.property(fc.array(literal, { minLength: 1 }), (literals) => {
      const result = compileTemplate(literals.join("{{x}}"));
      expect(result.ok && result.value.render({ x: "|" })).toBe(literals.join("|"));
    }),
  );
});
