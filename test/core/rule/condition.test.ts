import { expect, test } from "vitest";
import { compileCondition, type ConditionInput, ConditionScope } from "../../../src/core/rule/condition.ts";
import type { ConditionDefinition } from "../../../src/core/rule/definition.ts";

function inputOf(fields: number, parameters: readonly number[] = []): ConditionInput & { values: number[] } {
  const values = Array.from({ length: fields }, () => 0);
  return { values, parameters: [...parameters], texts: {}, latched: 0 };
}

/** Judges a run of values of one field, with the memory that a group would keep. */
function judge(definition: ConditionDefinition, values: readonly number[]): boolean[] {
  const condition = compileCondition(definition, new ConditionScope(["x"], [], undefined));
  const input = inputOf(1);
  return values.map((value) => {
    input.values[0] = value;
    return condition(input);
  });
}

test.each([
  [">", [false, false, true]],
  [">=", [false, true, true]],
  ["<", [true, false, false]],
  ["<=", [true, true, false]],
  ["==", [false, true, false]],
  ["!=", [true, false, true]],
] as const)("%s compares 1, 2 and 3 with 2 as it is written", (op, expected) => {
  expect(judge({ field: "x", op, value: 2 }, [1, 2, 3])).toEqual(expected);
});

test("inside includes its bounds and outside does not", () => {
  expect(judge({ field: "x", op: "inside", value: [1, 3] }, [0, 1, 3, 4])).toEqual([
    false,
    true,
    true,
    false,
  ]);
  expect(judge({ field: "x", op: "outside", value: [1, 3] }, [0, 1, 3, 4])).toEqual([
    true,
    false,
    false,
    true,
  ]);
});

test("with clear, a condition that holds goes on until the clear level is passed", () => {
  expect(judge({ field: "x", op: ">", value: 8, clear: 6 }, [7, 9, 7, 6.5, 6, 7, 9])).toEqual([
    false,
    true,
    true,
    true,
    false,
    false,
    true,
  ]);
});

test("hysteresis of one part does not depend on the other parts", () => {
  const condition = compileCondition(
    {
      all: [
        { field: "y", op: ">", value: 0 },
        { field: "x", op: ">", value: 8, clear: 6 },
      ],
    },
    new ConditionScope(["x", "y"], [], undefined),
  );
  const input = inputOf(2);
  const judgeBoth = (x: number, y: number): boolean => {
    input.values = [x, y];
    return condition(input);
  };
  expect([judgeBoth(9, 0), judgeBoth(7, 1), judgeBoth(5, 1), judgeBoth(7, 1)]).toEqual([
    false,
    true,
    false,
    false,
  ]);
});

test("any and not combine", () => {
  const outside: ConditionDefinition = {
    not: {
      any: [
        { field: "x", op: "<", value: 1 },
        { field: "x", op: ">", value: 3 },
      ],
    },
  };
  expect(judge(outside, [0, 2, 4])).toEqual([false, true, false]);
});

test.each([">", ">=", "<", "<=", "==", "!="] as const)("what is not known fulfils no %s", (op) => {
  expect(judge({ field: "x", op, value: 0 }, [Number.NaN])).toEqual([false]);
});

test.each(["inside", "outside"] as const)("what is not known is not %s", (op) => {
  expect(judge({ field: "x", op, value: [0, 1] }, [Number.NaN])).toEqual([false]);
});

test("a parameter of the device stands for a number, once for every place that names it alike", () => {
  const scope = new ConditionScope(["x"], [], undefined);
  const limit = { param: "limit", default: 8 };
  const condition = compileCondition({ field: "x", op: ">", value: limit, clear: limit }, scope);
  expect(scope.parameters).toEqual([limit]);
  const judged = [7, 9].map((parameter) => {
    const input = inputOf(1, [parameter]);
    input.values[0] = 8;
    return condition(input);
  });
  expect(judged).toEqual([true, false]);
});
