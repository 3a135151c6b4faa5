import fc from "fast-check";
import { expect, test } from "vitest";
import type { Pane } from "../../../src/core/window/pane.ts";
import { PaneStore } from "../../../src/core/window/pane-store.ts";
import { PanedWindow } from "../../../src/core/window/paned.ts";

interface Arrival {
  readonly at: number;
  readonly value: number;
}

interface Decision {
  readonly at: number;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly last: number;
}

const arrivals = fc.array(
  fc.record({ at: fc.integer({ min: 0, max: 400 }), value: fc.integer({ min: -50, max: 50 }) }),
  { maxLength: 60 },
);

/** Multiples of one pane, so that windows of many panes are common. */
const spec = fc
  .record({
    every: fc.integer({ min: 1, max: 12 }),
    panes: fc.integer({ min: 0, max: 40 }),
    lateness: fc.integer({ min: 0, max: 60 }),
  })
  .map(({ every, panes, lateness }) => ({ every, size: every + panes, lateness }));

/** Straight from the definition: a decision at `t` sees what arrived before the watermark reached `t`. */
function decisionsByDefinition(samples: readonly Arrival[], window: fcSpec): Decision[] {
  const watermarks: number[] = [];
  let latest = Number.NEGATIVE_INFINITY;
  for (const { at } of samples) {
    latest = Math.max(latest, at);
    watermarks.push(latest - window.lateness);
  }
  const decisions: Decision[] = [];
  for (let at = window.every; at <= latest - window.lateness; at += window.every) {
    const decidedBy = watermarks.findIndex((watermark) => watermark >= at);
    const seen = samples
      .slice(0, decidedBy + 1)
      .filter((sample) => sample.at >= at - window.size && sample.at < at);
    if (seen.length === 0) continue;
    const values = seen.map(({ value }) => value);
    const lastAt = Math.max(...seen.map((sample) => sample.at));
    decisions.push({
      at,
      count: seen.length,
      sum: values.reduce((total, value) => total + value, 0),
      min: Math.min(...values),
      max: Math.max(...values),
      last: seen.findLast((sample) => sample.at === lastAt)!.value,
    });
  }
  return decisions;
}

interface fcSpec {
  readonly every: number;
  readonly size: number;
  readonly lateness: number;
}

function decisionsOf(samples: readonly Arrival[], window: fcSpec): { decisions: Decision[]; late: number } {
  const decisions: Decision[] = [];
  const decider = {
    decide(at: number, { count, sum, min, max, last }: Pane): void {
      decisions.push({ at, count, sum, min, max, last });
    },
  };
  const state = new PanedWindow(
    { sizeMs: window.size, everyMs: window.every, latenessMs: window.lateness },
    new PaneStore(),
  );
  let late = 0;
  for (const { at, value } of samples) if (state.add(value, at, decider)) late += 1;
  return { decisions, late };
}

test("a paned window decides what the definition says, for any order of arrival", () => {
  fc.assert(
    fc.property(arrivals, spec, (samples, window) => {
      expect(decisionsOf(samples, window).decisions).toEqual(decisionsByDefinition(samples, window));
    }),
    { numRuns: 2_000 },
  );
});

test("a sample is late exactly when a decision that it belonged to was made before it came", () => {
  fc.assert(
    fc.property(arrivals, spec, (samples, window) => {
      let latest = Number.NEGATIVE_INFINITY;
      let late = 0;
      for (const { at } of samples) {
        const decidedUntil = Math.floor((latest - window.lateness) / window.every) * window.every;
        if (at < decidedUntil) late += 1;
        latest = Math.max(latest, at);
      }
      expect(decisionsOf(samples, window).late).toBe(late);
    }),
    { numRuns: 1_000 },
  );
});

test("a source that is silent for years costs no decisions for the empty time", () => {
  const { decisions } = decisionsOf(
    [
      { at: 5, value: 1 },
      { at: 1_700_000_000_000, value: 2 },
    ],
    { size: 60, every: 1, lateness: 0 },
  );
  expect(decisions).toHaveLength(60);
});
