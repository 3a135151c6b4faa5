import fc from "fast-check";
import { expect, test } from "vitest";
import type { WindowDefinition } from "../../../src/core/rule/definition.ts";
import { exact, unordered } from "./naive.ts";
import { type Event, events, Run } from "./runs.ts";

const timing = { latenessMs: 10, reviseMs: 0, idleMs: 0 };

const kinds: readonly [name: string, definition: WindowDefinition, stepMs: number][] = [
  ["none", { type: "none", ...timing }, 1],
  ["tumbling", { type: "tumbling", sizeMs: 20, ...timing }, 20],
  ["hopping", { type: "hopping", sizeMs: 30, everyMs: 10, ...timing }, 10],
  ["hopping with revisions", { type: "hopping", sizeMs: 30, everyMs: 10, ...timing, reviseMs: 50 }, 10],
  ["sliding", { type: "sliding", sizeMs: 25, ...timing }, 1],
  ["session", { type: "session", gapMs: 15, maxMs: 60, ...timing }, 1],
  ["count", { type: "count", count: 5, every: 2, ...timing }, 1],
  [
    "state",
    { type: "state", begin: { op: ">", value: 5 }, end: { op: "<", value: 8 }, maxMs: 70, ...timing },
    1,
  ],
];

function moved(event: Event, byMs: number): Event {
  if (event.type === "sample") return { ...event, at: event.at + byMs };
  return event.type === "settle" ? { ...event, watermark: event.watermark + byMs } : event;
}

test.each(kinds)(
  "after a shift a window of type %s goes on as if the clock had always been right",
  (_name, definition, stepMs) => {
    fc.assert(
      fc.property(
        events(200, 14),
        events(200, 14),
        fc.integer({ min: -50, max: 50 }),
        (before, after, steps) => {
          const byMs = steps * stepMs;
          const wrong = new Run(definition, unordered);
          const right = new Run(definition, unordered);
          for (const event of before) {
            wrong.apply(event);
            right.apply(moved(event, byMs));
          }
          const madeCount = wrong.made.length;
          wrong.window.shift(byMs);
          expect(wrong.made.length).toBe(madeCount);
          expect(wrong.window.undecidedAt).toBe(right.window.undecidedAt);
          expect(wrong.window.latestAt).toBe(right.window.latestAt);
          for (const event of after) {
            const late = wrong.apply(moved(event, byMs));
            expect(late).toBe(right.apply(moved(event, byMs)));
          }
          expect(wrong.made.slice(madeCount)).toEqual(right.made.slice(madeCount));
        },
      ),
      { numRuns: 500 },
    );
  },
);

const uneven: readonly [name: string, definition: WindowDefinition, decisionsMax: number][] = [
  ["tumbling", { type: "tumbling", sizeMs: 20, ...timing }, 1],
  ["hopping", { type: "hopping", sizeMs: 30, everyMs: 10, ...timing }, 3],
  ["tumbling local", { type: "tumbling", sizeMs: 3_600_000, timezone: "Europe/Berlin", ...timing }, 1],
];

/** Samples whose values are powers of two: a sum tells which ones it is made of. */
function told(all: readonly Event[], offset: number): readonly Event[] {
  return all.map((event, index) =>
    event.type === "sample" ? { ...event, value: 2 ** (index + offset) } : event,
  );
}

test.each(uneven)(
  "in a %s window no sample meets more decisions because of any shift, and none are made by it",
  (_name, definition, decisionsMax) => {
    fc.assert(
      fc.property(
        events(200, 14),
        events(200, 14),
        fc.integer({ min: -100, max: 100 }),
        (before, after, byMs) => {
          const run = new Run(definition, [{ name: "sum", fn: "sum" }]);
          for (const event of told(before, 0)) run.apply(event);
          const madeCount = run.made.length;
          run.window.shift(byMs);
          expect(run.made.length).toBe(madeCount);
          for (const event of told(after, 16)) run.apply(moved(event, byMs));
          run.window.settle(Number.MAX_SAFE_INTEGER, run);
          const meets = Array.from({ length: 32 }, (_, bit) =>
            run.made.filter(({ values }) => Math.floor(values[0]! / 2 ** bit) % 2 === 1),
          );
          expect(Math.max(...meets.map(({ length }) => length))).toBeLessThanOrEqual(decisionsMax);
        },
      ),
      { numRuns: 500 },
    );
  },
);

test("a shift that rounds up leaves no stretch of time in which new samples are late", () => {
  const run = new Run({ type: "tumbling", sizeMs: 60, latenessMs: 0, reviseMs: 0, idleMs: 0 }, exact);
  run.window.add(1, 605, run);
  run.window.shift(40);
  expect(run.window.add(2, 646, run)).toBe(false);
});
