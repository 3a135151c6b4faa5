import { expect, test } from "vitest";
import { compileCondition } from "../../../src/core/rule/condition.ts";
import type { ConditionDefinition } from "../../../src/core/rule/definition.ts";

/** Judges a run of values of one field, with the memory that a group would keep. */
function judge(definition: ConditionDefinition, values: readonly number[]): boolean[] {
  const condition = compileCondition(definition, ["x"]);
  const input = { values: new Float64Array(1), latched: 0 };
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
    ["x", "y"],
  );
  const input = { values: new Float64Array(2), latched: 0 };
  const judgeBoth = (x: number, y: number): boolean => {
    input.values.set([x, y]);
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

test("a value that is not a number meets no comparison but !=", () => {
  expect(judge({ field: "x", op: ">", value: 0 }, [Number.NaN])).toEqual([false]);
});
