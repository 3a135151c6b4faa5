import { expect, test } from "vitest";
import { backoffCeilingMs, backoffMs, backoffPolicy } from "../../../src/core/sync/backoff.ts";

test.each([
  [1, 1_000],
  [2, 2_000],
  [3, 4_000],
  [9, 256_000],
  [10, 300_000],
  [10_000, 300_000],
])("after %i failures the ceiling is %i ms", (failures, ceiling) => {
  expect(backoffCeilingMs(backoffPolicy, failures)).toBe(ceiling);
});

test("the wait is the random part of the ceiling, from nothing on", () => {
  expect(backoffMs(backoffPolicy, 3, 0)).toBe(0);
  expect(backoffMs(backoffPolicy, 3, 0.25)).toBe(1_000);
});
