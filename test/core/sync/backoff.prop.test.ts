import fc from "fast-check";
import { expect, test } from "vitest";
import { backoffCeilingMs, backoffMs, backoffPolicy } from "../../../src/core/sync/backoff.ts";

const failures = fc.integer({ min: 1, max: 100_000 });
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test("a wait is never negative and stays below its ceiling", () => {
  fc.assert(
    fc.property(failures, random, (count, part) => {
      const wait = backoffMs(backoffPolicy, count, part);
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThan(backoffCeilingMs(backoffPolicy, count));
    }),
  );
});

test("the ceiling grows with the failures and never passes the cap", () => {
  fc.assert(
    fc.property(failures, (count) => {
      const ceiling = backoffCeilingMs(backoffPolicy, count);
      expect(ceiling).toBeLessThanOrEqual(backoffPolicy.capMs);
      expect(ceiling).toBeGreaterThanOrEqual(backoffCeilingMs(backoffPolicy, count - 1));
    }),
  );
});
