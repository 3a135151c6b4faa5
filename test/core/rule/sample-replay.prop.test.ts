import fc from "fast-check";
import { expect, test } from "vitest";
import { FoldState } from "../../../src/core/fold/state.ts";
import type { RuleDefinition, WindowDefinition } from "../../../src/core/rule/definition.ts";
import { Replay } from "../../../src/core/rule/replay.ts";
import { type RuleTest, testStartAt } from "../../../src/core/rule/rule-test.ts";
import { SampleReplay } from "../../../src/core/rule/sample-replay.ts";
import { runTest } from "../../../src/core/rule/test-run.ts";
import { levelsOf, ruleOf, windowOf } from "../../support/records.ts";

const windows = fc.constantFrom<WindowDefinition>(
  windowOf({ type: "none" }),
  windowOf({ type: "tumbling", sizeMs: 60_000 }),
  windowOf({ type: "sliding", sizeMs: 120_000, everyMs: 30_000 }, { latenessMs: 5_000, idleMs: 90_000 }),
  windowOf({ type: "session", gapMs: 45_000, maxMs: 600_000 }),
);

const rules = fc.record({ window: windows, forMs: fc.constantFrom(0, 60_000), noData: fc.boolean() }).map(
  ({ window, forMs, noData }): RuleDefinition =>
    ruleOf({
      window,
      aggregates: window.type === "none" ? [] : [{ name: "mean", fn: "mean" }],
      levels: levelsOf({ field: window.type === "none" ? "value" : "mean", op: ">", value: 5 }),
      forMs,
      annotations: {},
      ...(noData ? { noData: { afterMs: 100_000, state: "firing" as const } } : {}),
    }),
);

/** A minute or more of readings, with holes of up to some minutes. */
const values = fc
  .array(
    fc.record({
      value: fc.integer({ min: 0, max: 10 }),
      times: fc.integer({ min: 1, max: 40 }),
      gone: fc.boolean(),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((runs) =>
    runs.flatMap(({ value, times, gone }) => Array.from({ length: times }, () => (gone ? null : value))),
  );

const tests = fc
  .record({
    intervalMs: fc.constantFrom(1_000, 10_000, 60_000),
    series: fc.array(values, { minLength: 1, maxLength: 3 }),
  })
  .map(
    ({ intervalMs, series }): RuleTest => ({
      name: "recorded",
      intervalMs,
      input: series.map((one, index) => ({
        device: `d${index}`,
        metric: "temperature",
        values: [...one, 3],
      })),
      expect: [],
    }),
  );

function replayOf(rule: RuleDefinition): Replay {
  return new Replay({ rules: [rule], devices: [], state: new FoldState() });
}

/** Feeds what the test would have come in, as a recording in order of time. */
function record(replay: SampleReplay, { input, intervalMs }: RuleTest): void {
  const length = Math.max(...input.map((series) => series.values.length));
  for (let index = 0; index < length; index += 1) {
    for (const { device, metric, values: own } of input) {
      const value = own[index];
      if (typeof value !== "number") continue;
      replay.add(replay.seriesOf(device, metric), value, testStartAt + index * intervalMs);
    }
  }
  replay.flush();
}

test("a recording fires exactly as often, and when, as the same samples do live", () => {
  fc.assert(
    fc.property(rules, tests, (rule, one) => {
      const live = runTest(one, { rule, makeState: () => new FoldState() }).transitions;
      const begun = live.filter(({ state }) => state === "firing");
      const replay = replayOf(rule);
      record(new SampleReplay([replay]), one);
      const firings = replay.books.firings(testStartAt + 10 ** 9);
      const total = firings.reduce((sum, { fired }) => sum + fired, 0);
      expect(total).toBe(begun.length);
      for (const { key, firstAt, lastAt } of firings) {
        const own = begun.filter((transition) => transition.key["device"] === key["device"]);
        expect(firstAt - testStartAt).toBe(own[0]?.atMs);
        expect(lastAt - testStartAt).toBe(own.at(-1)?.atMs);
      }
    }),
    { numRuns: 150 },
  );
});

test("two rule sets on one recording fire as each does alone", () => {
  fc.assert(
    fc.property(rules, rules, tests, (one, other, given) => {
      const together = [replayOf(one), replayOf(other)];
      record(new SampleReplay(together), given);
      const alone = [replayOf(one), replayOf(other)];
      for (const replay of alone) record(new SampleReplay([replay]), given);
      const end = testStartAt + 10 ** 9;
      expect(together.map(({ books }) => books.firings(end))).toEqual(
        alone.map(({ books }) => books.firings(end)),
      );
    }),
    { numRuns: 50 },
  );
});
