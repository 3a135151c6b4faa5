import fc from "fast-check";
import { expect, test } from "vitest";
import { editDistance, nearest } from "../../src/config/suggest.ts";

test.each([
  ["", "", 0],
  ["abc", "", 3],
  ["abc", "abc", 0],
  ["abc", "acb", 1],
  ["kitten", "sitting", 3],
  ["=>", ">=", 1],
])("the distance from %j to %j is %d", (from, to, distance) => {
  expect(editDistance(from, to)).toBe(distance);
});

test.each([
  ["=>", [">", ">=", "<", "<="], ">="],
  ["listner", ["listeners", "http"], "listeners"],
  ["DATADIR", ["dataDir", "rulesDir"], "dataDir"],
  ["crit", ["info", "warning", "critical"], "critical"],
  ["tem", ["http", "store"], undefined],
  ["x".repeat(100_000), ["http"], undefined],
])("%s among %j means %s", (word, candidates, meant) => {
  expect(nearest(word, candidates)).toBe(meant);
});

test("the distance is symmetric, and zero for equal texts only", () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(word, word, (left, right) => {
      expect(editDistance(left, right)).toBe(editDistance(right, left));
      expect(editDistance(left, right) === 0).toBe(left === right);
    }),
  );
});
