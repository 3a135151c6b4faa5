import fc from "fast-check";
import { expect, test } from "vitest";
import { EachWindow } from "../../../src/core/window/each.ts";
import type { Pane } from "../../../src/core/window/pane.ts";

const arrivals = fc.array(
  fc.record({ at: fc.integer({ min: 0, max: 200 }), value: fc.integer({ min: -50, max: 50 }) }),
  { maxLength: 60 },
);

test("a sliding window looks at the last stretch before each sample, in order of event time", () => {
  fc.assert(
    fc.property(
      arrivals,
      fc.integer({ min: 1, max: 80 }),
      fc.integer({ min: 0, max: 40 }),
      (samples, size, lateness) => {
        const decisions: { at: number; count: number; sum: number }[] = [];
        const window = new EachWindow(size, lateness);
        const decider = {
          decide: (at: number, pane: Pane): void => {
            decisions.push({ at, count: pane.count, sum: pane.sum });
          },
        };
        const accepted = samples.filter(({ at, value }) => !window.add(value, at, decider));
        window.settle(10_000, decider);
        // Of one stamp, the order of arrival stands.
        const ordered = accepted.toSorted((one, other) => one.at - other.at);
        const expected = ordered.map((sample, index) => {
          const seen = ordered.slice(0, index + 1).filter(({ at }) => at > sample.at - size);
          return {
            at: sample.at,
            count: seen.length,
            sum: seen.reduce((total, { value }) => total + value, 0),
          };
        });
        expect(decisions).toEqual(expected);
      },
    ),
    { numRuns: 1_000 },
  );
});

test("a sample is refused as late only when it is behind the watermark", () => {
  fc.assert(
    fc.property(arrivals, fc.integer({ min: 0, max: 40 }), (samples, lateness) => {
      const window = new EachWindow(0, lateness);
      let latest = Number.NEGATIVE_INFINITY;
      for (const { at, value } of samples) {
        const late = window.add(value, at, { decide: () => undefined });
        expect(late).toBe(at < latest - lateness);
        latest = Math.max(latest, at);
      }
    }),
  );
});
