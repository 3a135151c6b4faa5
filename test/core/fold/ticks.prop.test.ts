/** What time alone does is the same however often somebody looks, and however records are cut. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { DeviceDescription } from "../../../src/core/device.ts";
import { FoldState } from "../../../src/core/fold/state.ts";
import type { Effects, LogRecord } from "../../../src/core/record.ts";
import type { RuleDefinition } from "../../../src/core/rule/definition.ts";
import {
  levelsOf,
  recordOf,
  rowsOf,
  ruleOf,
  seriesOf,
  type TestSample,
  windowOf,
} from "../../support/records.ts";
import { allTools, ruleZoo } from "../../support/rule-zoo.ts";

const startAt = 1_762_000_020_000;
const devices = ["a", "b", "c"];
const description: readonly DeviceDescription[] = [
  { match: ["*"], tags: { site: "north" }, parameters: {}, intervalMs: 10_000 },
  { match: ["b"], tags: {}, parameters: {}, clock: { mode: "trust", aheadMs: 10 * 365 * 86_400_000 } },
];

// Reminders are of running time, and come once after a standstill, however long it was.
const rules: readonly RuleDefinition[] = [
  ...ruleZoo.map(({ repeatMs: _repeat, escalate: _escalate, ...rule }) => rule),
  ruleOf({
    id: "impatient",
    window: windowOf({ type: "tumbling", sizeMs: 300_000 }),
    noData: { afterMs: 20_000, state: "no-data" },
    annotations: {},
  }),
  ruleOf({
    id: "left-open",
    window: windowOf({ type: "none" }),
    aggregates: [],
    levels: levelsOf({ field: "value", op: ">", value: 8 }),
    forMs: 110_000,
    noData: { afterMs: 120_000, state: "no-data" },
    annotations: {},
  }),
];

interface Step {
  readonly passedSeconds: number;
  readonly samples: readonly {
    readonly series: number;
    readonly value: number;
    readonly agoSeconds: number;
  }[];
}

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    passedSeconds: fc.oneof(
      { weight: 3, arbitrary: fc.nat({ max: 20 }) },
      { weight: 1, arbitrary: fc.nat({ max: 900 }) },
    ),
    samples: fc.array(
      fc.record({
        series: fc.nat({ max: 2 }),
        value: fc.integer({ min: 0, max: 16 }),
        agoSeconds: fc.oneof(
          { weight: 3, arbitrary: fc.constant(0) },
          { weight: 1, arbitrary: fc.nat({ max: 90 }) },
        ),
      }),
      { maxLength: 4 },
    ),
  }),
  { maxLength: 30 },
);

/** @param everySeconds - How often somebody looks at what time alone has done. */
function run(all: readonly Step[], everySeconds: number, unitMs = 1_000): Effects[] {
  const state = new FoldState(allTools);
  const effects: Effects[] = [];
  let nowMs = 0;
  const fold = (part: Partial<LogRecord>): void => {
    const record = recordOf({ seq: state.seq + 1, at: startAt + nowMs, monotonicMs: nowMs, ...part });
    state.admit(record, "new");
    effects.push(state.step(record));
  };
  fold({ settings: { rules, rollups: ["1m", "5m"], devices: description }, definitions: seriesOf(devices) });
  for (const { passedSeconds, samples } of [...all, { passedSeconds: 1_800, samples: [] }]) {
    const untilMs = nowMs + passedSeconds * unitMs;
    for (nowMs += everySeconds * 1_000; nowMs < untilMs; nowMs += everySeconds * 1_000) {
      if (state.tickDue(nowMs)) fold({});
    }
    nowMs = untilMs;
    const rows: TestSample[] = samples.map(({ series, value, agoSeconds }) => ({
      series,
      value,
      at: startAt + nowMs - agoSeconds * 1_000,
    }));
    fold({ rows: rowsOf(rows) });
  }
  return effects;
}

test("a look every second, every ten minutes, or only when something comes, finds the same, in the same order", () => {
  fc.assert(
    fc.property(steps, (all) => {
      const often = run(all, 1);
      const alerts = often.flatMap((one) => one.alerts);
      const summaries = often.flatMap((one) => one.summaries);
      for (const every of [600, Number.POSITIVE_INFINITY]) {
        const seldom = run(all, every);
        expect(seldom.flatMap((one) => one.alerts)).toEqual(alerts);
        expect(seldom.flatMap((one) => one.summaries)).toEqual(summaries);
      }
    }),
    { numRuns: 40 },
  );
});

/** What is told of the first device, whatever its places in the streams are. */
function ofFirst(effects: readonly Effects[]): unknown {
  return [
    effects.flatMap(({ alerts }) => alerts.filter(({ key }) => key["device"] === "a")),
    effects.flatMap(({ summaries }) => summaries.filter(({ device }) => device === "a")),
  ].map((records) => records.map((record) => ({ ...record, seq: 0 })));
}

test("a device that is silent, or a year ahead, changes nothing for another one", () => {
  fc.assert(
    fc.property(steps, (all) => {
      const alone = all.map((step) => ({
        ...step,
        samples: step.samples.filter(({ series }) => series === 0),
      }));
      const ahead = all.map((step) => ({
        ...step,
        samples: step.samples.map((one) =>
          one.series === 1 ? { ...one, agoSeconds: one.agoSeconds - 365 * 86_400 } : one,
        ),
      }));
      const expected = ofFirst(run(alone, Number.POSITIVE_INFINITY, 250));
      expect(ofFirst(run(all, Number.POSITIVE_INFINITY, 250))).toEqual(expected);
      expect(ofFirst(run(ahead, Number.POSITIVE_INFINITY, 250))).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});
