import fc from "fast-check";
import { expect, test } from "vitest";
import { SnapshotReader, SnapshotWriter } from "../../../src/core/fold/snapshot.ts";
import type { AggregateDefinition } from "../../../src/core/rule/definition.ts";
import { Pane } from "../../../src/core/window/pane.ts";
import { PaneStore } from "../../../src/core/window/pane-store.ts";
import { planAggregates } from "../../../src/core/window/plan.ts";
import { basicShape, type PaneShape } from "../../../src/core/window/shape.ts";
import { ddSketches } from "../../../src/sketch/ddsketch.ts";
import { aggregateOf, close, exact, inOrder, type Sample } from "./naive.ts";

const sketched: readonly AggregateDefinition[] = [
  { name: "median", fn: "median" },
  { name: "p90", fn: "quantile", q: 0.9 },
  { name: "mad", fn: "mad" },
];
const every = [...exact, ...sketched];
const plan = planAggregates(every);

const samples = fc
  .array(
    fc.record({
      at: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_000_300 }),
      value: fc.oneof(fc.integer({ min: -20, max: 30 }), fc.double({ min: -1e3, max: 1e3, noNaN: true })),
    }),
    { minLength: 1, maxLength: 40, size: "max" },
  )
  .map(inOrder);

function paneOf(part: readonly Sample[]): Pane {
  const pane = new Pane(plan.shape, ddSketches);
  for (const { value, at } of part) pane.add(value, at);
  return pane;
}

function measured(pane: Pane): readonly number[] {
  const values = Array.from({ length: every.length }, () => 0);
  plan.measure(pane, values, 10);
  return Array.from(values);
}

function differing(one: readonly number[], other: readonly number[]): readonly string[] {
  return every.filter((_, index) => !close(one[index]!, other[index]!)).map(({ name }) => name);
}

test("every aggregate over samples in order is what its definition says", () => {
  fc.assert(
    fc.property(samples, (all) => {
      const values = measured(paneOf(all));
      const wrong = exact.filter((aggregate, index) => !close(values[index]!, aggregateOf(aggregate, all)));
      expect(wrong).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
});

test("panes of parts merge, in any grouping, to the pane of the whole", () => {
  fc.assert(
    fc.property(samples, fc.nat(40), fc.nat(40), fc.boolean(), (all, one, other, leftFirst) => {
      const [a, b] = [Math.min(one, other), Math.max(one, other)];
      const [left, middle, right] = [paneOf(all.slice(0, a)), paneOf(all.slice(a, b)), paneOf(all.slice(b))];
      if (leftFirst) {
        left.merge(middle);
        left.merge(right);
      } else {
        middle.merge(right);
        left.merge(middle);
      }
      expect(differing(measured(left), measured(paneOf(all)))).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
});

test("an earlier pane merged into a later one is the pane of the whole", () => {
  fc.assert(
    fc.property(samples, fc.nat(40), (all, cut) => {
      // Of one stamp, what came first is not known to two panes.
      const apart = all.filter((sample, index) => index === 0 || sample.at > all[index - 1]!.at);
      const later = paneOf(apart.slice(cut));
      later.merge(paneOf(apart.slice(0, cut)));
      expect(differing(measured(later), measured(paneOf(apart)))).toEqual([]);
    }),
    { numRuns: 1_000 },
  );
});

test("a pool's panes are the same numbers as panes on their own", () => {
  fc.assert(
    fc.property(samples, fc.nat(40), (all, cut) => {
      const pool = new PaneStore(ddSketches).poolOf(plan.shape);
      const panes = [pool.open(0), pool.open(1)];
      for (const [index, { value, at }] of all.entries()) pool.add(panes[index < cut ? 0 : 1]!, value, at);
      pool.seen.reset(0, 1);
      pool.see(panes, 0, 2);
      const alone = paneOf(all.slice(0, cut));
      alone.merge(paneOf(all.slice(cut)));
      expect(measured(pool.seen)).toEqual(measured(alone));
    }),
    { numRuns: 500 },
  );
});

test("a basic pane that is written and read is the same", () => {
  fc.assert(
    fc.property(samples, (all) => {
      const pane = new Pane(basicShape);
      for (const { value, at } of all) pane.add(value, at);
      const writer = new SnapshotWriter();
      pane.write(writer);
      expect(Pane.read(new SnapshotReader(writer.finish())).numbers).toEqual(pane.numbers);
    }),
  );
});

test("rules with basic aggregates have panes of twelve numbers, whatever other rules ask for", () => {
  const basic = planAggregates([
    { name: "mean", fn: "mean" },
    { name: "rate", fn: "rate", perMs: 1_000 },
    { name: "variance", fn: "variance" },
    { name: "coverage", fn: "coverage" },
  ]);
  expect(basic.shape.key).toBe(basicShape.key);
  expect(basic.shape.size).toBe(12);
  const store = new PaneStore();
  expect(store.poolOf(basic.shape)).toBe(store.basic);
});

function warmerThan(value: number): PaneShape {
  return planAggregates([{ name: "warm", fn: "duration", when: { op: ">", value } }]).shape;
}

test("rules that ask for the same share a pool, and other conditions are other panes", () => {
  const store = new PaneStore();
  expect(store.poolOf(warmerThan(1))).toBe(store.poolOf(warmerThan(1)));
  expect(store.poolOf(warmerThan(1))).not.toBe(store.poolOf(warmerThan(2)));
});

test("panes with sketches are refused where nobody makes sketches", () => {
  expect(() => new PaneStore().poolOf(plan.shape)).toThrow("sketch maker");
});

const coverage = planAggregates([{ name: "coverage", fn: "coverage" }]);

test.each([
  { count: 6, intervalMs: 10_000, covered: 1 },
  { count: 3, intervalMs: 10_000, covered: 0.5 },
  { count: 9, intervalMs: 10_000, covered: 1 },
  { count: 3, intervalMs: Number.NaN, covered: Number.NaN },
])("$count samples of a minute, one expected every $intervalMs ms, cover $covered", (row) => {
  const pane = new Pane();
  pane.reset(0, 60_000);
  for (let index = 0; index < row.count; index += 1) pane.add(1, index);
  const values = Array.from({ length: 1 }, () => 0);
  coverage.measure(pane, values, row.intervalMs);
  expect(values[0]).toBe(row.covered);
});

test("a sample between the oldest and the newest stamp of its pane changes no area and no duration", () => {
  const of = planAggregates([
    { name: "warm", fn: "duration", when: { op: ">", value: 5 } },
    { name: "weighted", fn: "timeWeightedMean" },
    { name: "lag", fn: "lag" },
  ]);
  const pane = new Pane(of.shape);
  pane.add(10, 0);
  pane.add(0, 100);
  pane.add(3, 50);
  const values = Array.from({ length: 3 }, () => 0);
  of.measure(pane, values, 1);
  expect(Array.from(values)).toEqual([100, 10, 3]);
});
