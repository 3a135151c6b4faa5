import fc from "fast-check";
import { expect, test } from "vitest";
import type { LabelledSeries, LabelledWindow } from "./corpus.ts";
import { benchmarkScore, bestThreshold, contributionOf, type ScoredSeries } from "./scoring.ts";

const rows = 1_000;

function seriesWith(windows: readonly LabelledWindow[]): LabelledSeries {
  return {
    name: "category/file.csv",
    category: "category",
    at: new Float64Array(rows),
    values: new Float64Array(rows),
    windows,
  };
}

function detected(windows: readonly LabelledWindow[], detections: readonly number[]): ScoredSeries {
  const scores = new Float64Array(rows);
  for (const row of detections) scores[row] = 1;
  return { series: seriesWith(windows), scores };
}

const window = { first: 400, last: 499 };

test("nothing found is 0, and every window found at its first row is 100", () => {
  const windows = [window, { first: 700, last: 799 }];
  expect(benchmarkScore([contributionOf(detected(windows, []), 1)])).toBe(0);
  expect(benchmarkScore([contributionOf(detected(windows, [400, 700]), 1)])).toBeCloseTo(100, 10);
});

test.each([
  { name: "at the first row", row: 400, raw: 1 },
  // 50 rows of 100 to the right end, itself included: (2 / (1 + e^-2.5) - 1) / (2 / (1 + e^-5) - 1).
  { name: "in the middle", row: 450, raw: 0.8482836 / 0.9866143 },
  { name: "at the last row", row: 499, raw: 0.0249948 / 0.9866143 },
])("a detection $name earns $raw", ({ row, raw }) => {
  expect(contributionOf(detected([window], [row]), 1).raw).toBeCloseTo(raw, 6);
});

test("only the earliest detection in a window counts", () => {
  const one = contributionOf(detected([window], [420]), 1);
  expect(contributionOf(detected([window], [420, 421, 480]), 1)).toEqual(one);
});

test.each([
  { name: "before any window", row: 300, raw: -0.11 },
  { name: "half a window behind one", row: 549, raw: 0.11 * (2 / (1 + Math.exp((5 * 50) / 99)) - 1) },
  { name: "far behind one", row: 900, raw: -0.11 },
])("a false alarm $name costs $raw", ({ row, raw }) => {
  const { raw: total, falseAlarms } = contributionOf(detected([window], [400, row]), 1);
  expect(total - 1).toBeCloseTo(raw, 10);
  expect(falseAlarms).toBe(1);
});

test("the first 15 % of a series count for nothing", () => {
  expect(contributionOf(detected([], [0, 149]), 1).falseAlarms).toBe(0);
  expect(contributionOf(detected([], [150]), 1).falseAlarms).toBe(1);
});

test("no other threshold is better than the best one", () => {
  const detection = fc.tuple(fc.integer({ min: 0, max: rows - 1 }), fc.integer({ min: 1, max: 8 }));
  fc.assert(
    fc.property(fc.array(detection, { maxLength: 12 }), (detections) => {
      const scored = { series: seriesWith([window]), scores: new Float64Array(rows) };
      for (const [row, eighths] of detections) scored.scores[row] = eighths / 8;
      const best = contributionOf(scored, bestThreshold([scored])).raw;
      const others = [1, 2, 3, 4, 5, 6, 7, 8, Number.POSITIVE_INFINITY].map(
        (eighths) => contributionOf(scored, eighths / 8).raw,
      );
      expect(best).toBeCloseTo(Math.max(...others), 9);
    }),
  );
});
