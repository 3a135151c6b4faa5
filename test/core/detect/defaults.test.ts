import { expect, test } from "vitest";
import { scoreMax } from "../../../src/core/detect/bounds.ts";
import { detectorParameters, type DetectorParameter } from "../../../src/core/detect/defaults.ts";

const parameters: readonly (readonly [string, DetectorParameter])[] = Object.entries(
  detectorParameters,
).flatMap(([type, list]: [string, readonly DetectorParameter[]]) =>
  list.map((parameter) => [`${type}.${parameter.name}`, parameter] as const),
);

test.each(parameters)("%s has what its kind needs, and says what it is", (_name, parameter) => {
  const numeric = ["number", "count", "duration"].includes(parameter.kind);
  expect(parameter.min !== undefined && parameter.max !== undefined).toBe(numeric);
  expect(parameter.choices !== undefined).toBe(parameter.kind === "choice");
  expect(parameter.required === true && parameter.default !== undefined).toBe(false);
  expect(parameter.why).toMatch(/^[A-Z].*\.$/);
});

test.each(parameters.filter(([, parameter]) => typeof parameter.default === "number"))(
  "the default of %s is in its range",
  (_name, parameter) => {
    expect(parameter.default).toBeGreaterThanOrEqual(parameter.min!);
    expect(parameter.default).toBeLessThanOrEqual(parameter.max!);
  },
);

test.each(parameters.filter(([, parameter]) => typeof parameter.default === "string"))(
  "the default of %s is one of its choices",
  (_name, parameter) => {
    expect(parameter.choices).toContain(parameter.default);
  },
);

test.each(parameters.filter(([, { kind }]) => kind === "duration"))(
  "%s is a duration, whose field ends in its unit",
  (_name, { name, field }) => {
    expect(field).toBe(`${name}Ms`);
  },
);

test.each(parameters.filter(([name]) => /\.(k|threshold)$/.test(name)))(
  "%s can be exceeded by a score",
  (_name, { max }) => {
    expect(max).toBeLessThan(scoreMax);
  },
);
