import fc from "fast-check";
import { expect, test } from "vitest";
import type { WindowDefinition } from "../../../src/core/rule/definition.ts";
import { exact, type Sample, unordered } from "./naive.ts";
import { compareRun, events, Run } from "./runs.ts";
import { type Cut, type Spell, stepsOf } from "./spells.ts";

const untilMs = 200;

interface Spec {
  readonly latenessMs: number;
  readonly some: number;
  readonly more: number;
}

const spec: fc.Arbitrary<Spec> = fc.record({
  latenessMs: fc.oneof(fc.constant(0), fc.nat(40)),
  some: fc.integer({ min: 1, max: 40 }),
  more: fc.integer({ min: 1, max: 100 }),
});

function each(sorted: readonly Sample[], sizeMs: number): readonly Spell[] {
  return sorted.map(({ at }, index) => ({
    at,
    samples: sorted.slice(0, index + 1).filter((other, place) => other.at > at - sizeMs || place === index),
  }));
}

function counted(sorted: readonly Sample[], count: number, every: number): readonly Spell[] {
  const ends = sorted.map((_, index) => index + 1).filter((end) => end % every === 0);
  return ends.map((end) => ({
    at: sorted[end - 1]!.at,
    samples: sorted.slice(Math.max(0, end - count), end),
  }));
}

function sessions(sorted: readonly Sample[], gapMs: number, maxMs: number): readonly Spell[] {
  const cut: Sample[][] = [];
  for (const sample of sorted) {
    const open = cut.at(-1);
    if (open === undefined || sample.at - open.at(-1)!.at >= gapMs || sample.at - open[0]!.at >= maxMs) {
      cut.push([sample]);
    } else {
      open.push(sample);
    }
  }
  return cut.map((samples) => ({
    samples,
    at: Math.min(samples.at(-1)!.at + gapMs, samples[0]!.at + maxMs),
  }));
}

const beginAbove = 5;
const endBelow = 8;

function states(sorted: readonly Sample[], maxMs: number): readonly Spell[] {
  const begin = sorted.findIndex(({ value }) => value > beginAbove);
  const first = sorted[begin];
  if (first === undefined) return [];
  const rest = sorted.slice(begin + 1);
  const within = rest.filter(({ at }) => at < first.at + maxMs);
  const end = within.findIndex(({ value }) => value < endBelow);
  const samples = [first, ...(end < 0 ? within : within.slice(0, end + 1))];
  const at = end < 0 ? first.at + maxMs : within[end]!.at;
  return [{ at, samples }, ...states(rest.slice(samples.length - 1), maxMs)];
}

const none = { reviseMs: 0, idleMs: 0 };

interface Kind {
  readonly definitionOf: (spec: Spec) => WindowDefinition;
  readonly cutOf: (spec: Spec) => Cut;
  readonly joins: boolean;
}

const kinds: readonly [name: string, kind: Kind][] = [
  [
    "none",
    {
      definitionOf: ({ latenessMs }) => ({ type: "none", latenessMs, ...none }),
      cutOf: () => (sorted) => each(sorted, 0),
      joins: false,
    },
  ],
  [
    "sliding",
    {
      definitionOf: ({ latenessMs, some }) => ({ type: "sliding", sizeMs: some, latenessMs, ...none }),
      cutOf:
        ({ some }) =>
        (sorted) =>
          each(sorted, some),
      joins: false,
    },
  ],
  [
    "count",
    {
      definitionOf: ({ latenessMs, some, more }) => ({
        type: "count",
        count: 1 + (some % 8),
        every: 1 + (more % 5),
        latenessMs,
        ...none,
      }),
      cutOf:
        ({ some, more }) =>
        (sorted) =>
          counted(sorted, 1 + (some % 8), 1 + (more % 5)),
      joins: false,
    },
  ],
  [
    "session",
    {
      definitionOf: ({ latenessMs, some, more }) => ({
        type: "session",
        gapMs: some,
        maxMs: more,
        latenessMs,
        ...none,
      }),
      cutOf:
        ({ some, more }) =>
        (sorted) =>
          sessions(sorted, some, more),
      joins: true,
    },
  ],
  [
    "state",
    {
      definitionOf: ({ latenessMs, more }) => ({
        type: "state",
        begin: { op: ">", value: beginAbove },
        end: { op: "<", value: endBelow },
        maxMs: more,
        latenessMs,
        ...none,
      }),
      cutOf:
        ({ more }) =>
        (sorted) =>
          states(sorted, more),
      joins: false,
    },
  ],
];

test.each(kinds)(
  "a window of type %s has decided, after every event, what the definition says",
  (_name, { definitionOf, cutOf, joins }) => {
    // A session takes late samples into its one pane, where order is an approximation.
    const aggregates = joins ? unordered : exact;
    fc.assert(
      fc.property(events(untilMs, 14), spec, (all, window) => {
        const run = new Run(definitionOf(window), aggregates);
        const steps = stepsOf(cutOf(window), { latenessMs: window.latenessMs, joins }, all);
        const made: number[] = [];
        const late: boolean[] = [];
        for (const event of all) {
          late.push(run.apply(event));
          made.push(run.made.length);
        }
        expect(made.join()).toBe(steps.map(({ expected }) => expected.length).join());
        expect(late.join()).toBe(steps.map((step) => step.late).join());
        compareRun(run.made, steps.at(-1)?.expected ?? [], aggregates);
      }),
      { numRuns: 10_000 },
    );
  },
);

test.each(kinds)("a window of type %s decides in order of event time", (_name, { definitionOf }) => {
  fc.assert(
    fc.property(events(untilMs, 14), spec, (all, window) => {
      const run = new Run(definitionOf(window), unordered);
      for (const event of all) run.apply(event);
      const decided = run.made.map(({ at }) => at);
      expect(decided).toEqual(decided.toSorted((one, other) => one - other));
    }),
    { numRuns: 500 },
  );
});

test.each(kinds)(
  "how often a window of type %s is told of silence makes no difference",
  (_name, { definitionOf }) => {
    fc.assert(
      fc.property(events(untilMs, 14), spec, fc.array(fc.nat(2 * untilMs)), (all, window, watermarks) => {
        const once = new Run(definitionOf(window), unordered);
        const often = new Run(definitionOf(window), unordered);
        for (const event of all) {
          once.apply(event);
          often.apply(event);
        }
        const until = Math.max(0, ...watermarks);
        for (const watermark of watermarks) often.window.settle(watermark, often);
        often.window.settle(until, often);
        once.window.settle(until, once);
        expect(often.bytes()).toEqual(once.bytes());
        expect(often.made).toEqual(once.made);
      }),
      { numRuns: 500 },
    );
  },
);

test.each(kinds)("a window of type %s says until when it has something to do", (_name, { definitionOf }) => {
  fc.assert(
    fc.property(events(untilMs, 14), spec, (all, window) => {
      const run = new Run(definitionOf(window), unordered);
      for (const event of all) run.apply(event);
      const madeCount = run.made.length;
      run.window.settle(run.window.undecidedAt - 1, run);
      expect(run.made.length).toBe(madeCount);
      // Each time it is told, there is less to do.
      for (let turn = 0; run.window.undecidedAt < Number.POSITIVE_INFINITY; turn += 1) {
        expect(turn).toBeLessThanOrEqual(2 * all.length);
        run.window.settle(run.window.undecidedAt, run);
      }
    }),
    { numRuns: 500 },
  );
});

test("a session that has ended gives back its pane", () => {
  const run = new Run({ type: "session", gapMs: 10, maxMs: 100, latenessMs: 0, ...none }, unordered);
  run.window.add(1, 0, run);
  expect(run.panes).toBe(1);
  run.window.settle(10, run);
  expect(run.panes).toBe(0);
});

test("samples that wait for a watermark are bounded; the oldest is taken early, and counted", () => {
  const run = new Run({ type: "none", latenessMs: 1_000_000, ...none }, unordered);
  for (let index = 0; index < 1_030; index += 1) run.window.add(1, index, run);
  expect(run.window.overflowCount).toBe(6);
  expect(run.made).toHaveLength(6);
});
