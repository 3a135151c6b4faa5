import fc from "fast-check";
import { expect, test } from "vitest";
import type { WindowDefinition } from "../../../src/core/rule/definition.ts";
import { type Bounds, decisionsOf } from "./bounded.ts";
import { exact, unordered } from "./naive.ts";
import { compareRun, events, type Event, Run } from "./runs.ts";

const untilMs = 200;

interface Spec {
  readonly size: number;
  readonly every: number;
  readonly latenessMs: number;
  readonly reviseMs: number;
}

/** Multiples of one pane, so that windows of several panes are common. */
const spec: fc.Arbitrary<Spec> = fc
  .record({
    pane: fc.integer({ min: 1, max: 15 }),
    everyPanes: fc.integer({ min: 1, max: 3 }),
    morePanes: fc.integer({ min: 0, max: 6 }),
    latenessMs: fc.oneof(fc.constant(0), fc.nat(40)),
    reviseMs: fc.oneof(fc.constant(0), fc.nat(120)),
  })
  .map(({ pane, everyPanes, morePanes, ...timing }) => ({
    every: pane * everyPanes,
    size: pane * (everyPanes + morePanes),
    ...timing,
  }));

function boundsOf({ size, every }: Spec): readonly Bounds[] {
  const count = Math.floor((untilMs + size) / every);
  return Array.from({ length: count }, (_, index) => ({
    from: (index + 1) * every - size,
    at: (index + 1) * every,
  }));
}

const kinds: readonly [name: string, (spec: Spec) => WindowDefinition, (spec: Spec) => Spec][] = [
  [
    "tumbling",
    ({ size, latenessMs, reviseMs }) => ({ type: "tumbling", sizeMs: size, latenessMs, reviseMs, idleMs: 0 }),
    (any) => ({ ...any, every: any.size }),
  ],
  [
    "hopping",
    ({ size, every, latenessMs, reviseMs }) => ({
      type: "hopping",
      sizeMs: size,
      everyMs: every,
      latenessMs,
      reviseMs,
      idleMs: 0,
    }),
    (any) => any,
  ],
  [
    "sliding",
    ({ size, every, latenessMs, reviseMs }) => ({
      type: "sliding",
      sizeMs: size,
      everyMs: every,
      latenessMs,
      reviseMs,
      idleMs: 0,
    }),
    (any) => any,
  ],
];

test.each(kinds)(
  "a %s window decides and revises what the definition says, whatever comes when",
  (_name, definitionOf, kindOf) => {
    fc.assert(
      fc.property(events(untilMs, 16), spec.map(kindOf), (all, window) => {
        const run = new Run(definitionOf(window), unordered);
        const late = all.map((event) => run.apply(event));
        const reference = decisionsOf(boundsOf(window), window, all);
        compareRun(run.made, reference.expected, unordered);
        expect(late.join()).toBe(reference.late.join());
      }),
      { numRuns: 10_000 },
    );
  },
);

test("with samples in order, aggregates that depend on the order are exact too", () => {
  fc.assert(
    fc.property(events(untilMs, 16), spec, (all, window) => {
      const stamps = all.flatMap((event) => (event.type === "sample" ? [event] : []));
      const ordered: readonly Event[] = stamps.toSorted((one, other) => one.at - other.at);
      const run = new Run(kinds[1]![1](window), exact);
      for (const event of ordered) run.apply(event);
      const { expected, late } = decisionsOf(boundsOf(window), window, ordered);
      compareRun(run.made, expected, exact);
      expect(late).not.toContain(true);
    }),
    { numRuns: 1_000 },
  );
});

test("every pane is given back once nothing can look at it", () => {
  fc.assert(
    fc.property(events(untilMs, 16), spec, (all, window) => {
      const run = new Run(kinds[1]![1](window), unordered);
      for (const event of all) run.apply(event);
      run.apply({ type: "sample", at: 1_000_000_000, value: 0 });
      run.apply({ type: "sample", at: 2_000_000_000, value: 0 });
      expect(run.panes).toBe(1);
    }),
  );
});

test("a decision that would be made without anything to come is announced by undecidedAt", () => {
  fc.assert(
    fc.property(events(untilMs, 16), spec, (all, window) => {
      const run = new Run(kinds[1]![1](window), unordered);
      for (const event of all) run.apply(event);
      const madeCount = run.made.length;
      const { undecidedAt } = run.window;
      run.window.settle(undecidedAt - 1, run);
      expect(run.made.length).toBe(madeCount);
      run.window.settle(Number.POSITIVE_INFINITY, run);
      expect(run.made[madeCount]?.at ?? Number.POSITIVE_INFINITY).toBe(undecidedAt);
    }),
    { numRuns: 1_000 },
  );
});

test("a source that is silent for years costs no decisions for the empty time", () => {
  const run = new Run(
    { type: "hopping", sizeMs: 60, everyMs: 1, latenessMs: 0, reviseMs: 60, idleMs: 0 },
    unordered,
  );
  run.window.add(1, 5, run);
  run.window.add(2, 1_700_000_000_000, run);
  expect(run.made).toHaveLength(60);
});

test("an hour in panes of a minute goes through the quick sum and the plain one alike", () => {
  const definition = {
    type: "hopping",
    sizeMs: 3_600_000,
    everyMs: 60_000,
    latenessMs: 0,
    reviseMs: 0,
    idleMs: 0,
  } as const;
  const basic = unordered.filter(({ fn }) => !["slope", "lag", "distinct"].includes(fn));
  const quick = new Run(definition, basic);
  const plain = new Run(definition, [...basic, { name: "lag", fn: "lag" }]);
  for (let index = 0; index < 500; index += 1) {
    const value = 20 + Math.sin(index);
    quick.window.add(value, index * 17_000, quick);
    plain.window.add(value, index * 17_000, plain);
  }
  expect(quick.made.length).toBeGreaterThan(100);
  const values = (run: Run): readonly number[] =>
    run.made.flatMap((made) => made.values.slice(0, basic.length));
  const plainValues = values(plain);
  expect(values(quick).every((value, index) => Math.abs(value - plainValues[index]!) < 1e-9)).toBe(true);
});
