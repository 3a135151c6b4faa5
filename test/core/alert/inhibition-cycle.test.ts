import fc from "fast-check";
import { expect, test } from "vitest";
import { inhibitionCycles } from "../../../src/core/alert/inhibition-cycle.ts";

/** `"a>b"`: a is muted by b. */
function rulesOf(
  ...edges: readonly string[]
): { id: string; inhibit: { rule: string; equal: string[] }[] }[] {
  const ids = [...new Set(edges.flatMap((edge) => edge.split(">")))];
  return ids.map((id) => ({
    id,
    inhibit: edges
      .filter((edge) => edge.startsWith(`${id}>`))
      .map((edge) => ({ rule: edge.split(">")[1]!, equal: [] })),
  }));
}

test.each([
  ["a chain", ["a>b", "b>c"], []],
  ["two ways to the same rule", ["a>b", "a>c", "b>d", "c>d"], []],
  ["a rule that mutes itself", ["a>a"], [["a"]]],
  ["two rules that mute each other", ["a>b", "b>a"], [["a", "b"]]],
  ["a circle behind a chain", ["a>b", "b>c", "c>d", "d>b"], [["b", "c", "d"]]],
  [
    "two circles",
    ["a>b", "b>a", "c>d", "d>c"],
    [
      ["a", "b"],
      ["c", "d"],
    ],
  ],
  [
    "two circles through one rule",
    ["a>b", "b>a", "a>c", "c>a"],
    [
      ["a", "b"],
      ["a", "c"],
    ],
  ],
] as const)("the circles of %s, %j, are %j", (_, edges, cycles) => {
  expect(inhibitionCycles(rulesOf(...edges))).toEqual(cycles);
});

test("a rule that does not exist is in no circle", () => {
  expect(inhibitionCycles([{ id: "a", inhibit: [{ rule: "gone", equal: [] }] }])).toEqual([]);
});

test("a chain of ten thousand rules is walked", () => {
  const rules = Array.from({ length: 10_000 }, (_, index) => ({
    id: `r${index}`,
    inhibit: index === 0 ? [] : [{ rule: `r${index - 1}`, equal: [] }],
  }));
  expect(inhibitionCycles(rules)).toEqual([]);
});

const graphs = fc.uniqueArray(
  fc
    .tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 }))
    .map(([from, to]) => `${from}>${to}`),
  { maxLength: 14 },
);

/** Whether any rule reaches itself, by following every edge as often as there are edges. */
function hasCircle(edges: readonly string[]): boolean {
  const reached = new Set(edges);
  for (const _ of edges) {
    for (const one of reached) {
      for (const edge of edges) {
        const [from, to] = edge.split(">");
        if (one.split(">")[1] === from) reached.add(`${one.split(">")[0]}>${to}`);
      }
    }
  }
  return [...reached].some((one) => one.split(">")[0] === one.split(">")[1]);
}

test("circles are found exactly when there are any, and each is one", () => {
  fc.assert(
    fc.property(graphs, (edges) => {
      const cycles = inhibitionCycles(rulesOf(...edges));
      expect(cycles.length > 0).toBe(hasCircle(edges));
      const steps = cycles.flatMap((cycle) =>
        cycle.map((id, index) => `${id}>${cycle[(index + 1) % cycle.length]}`),
      );
      expect(edges).toEqual(expect.arrayContaining(steps));
    }),
  );
});
