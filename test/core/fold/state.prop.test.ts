import fc from "fast-check";
import { expect, test } from "vitest";
import { FoldState } from "../../../src/core/fold/state.ts";
import type { Effects } from "../../../src/core/record.ts";
import type { RuleDefinition } from "../../../src/core/rule/definition.ts";
import { recordOf, rowsOf, ruleOf, seriesOf, type TestSample } from "../../support/records.ts";

const devices = ["a", "b", "c"];

/** Rules of every window type, so that whatever holds for the fold holds for each. */
const rules: readonly RuleDefinition[] = [
  ruleOf({
    id: "each",
    window: { type: "none", latenessMs: 0 },
    when: { field: "value", op: ">", value: 8 },
  }),
  ruleOf({ id: "tumbling", forMs: 60_000 }),
  ruleOf({
    id: "hopping",
    window: { type: "hopping", sizeMs: 60_000, everyMs: 15_000, latenessMs: 20_000 },
    when: { field: "mean", op: ">", value: 8, clear: 6 },
    keepFiringForMs: 30_000,
  }),
  ruleOf({ id: "sliding", window: { type: "sliding", sizeMs: 45_000, latenessMs: 10_000 } }),
];

const firstAt = 1_762_000_020_000;

const samples = fc.array(
  fc.record({
    series: fc.integer({ min: 0, max: 2 }),
    at: fc.integer({ min: 0, max: 600 }).map((seconds) => firstAt + seconds * 1_000),
    value: fc.integer({ min: 0, max: 16 }),
  }),
  { maxLength: 120 },
);

interface Run {
  readonly alerts: Effects["alerts"];
  readonly summaries: Effects["summaries"];
  readonly state: FoldState;
}

/**
 * Folds samples cut into records of the given lengths.
 *
 * @param restoreAfter - Records after which the state is written to bytes and read back.
 */
function run(all: readonly TestSample[], cuts: readonly number[], restoreAfter: ReadonlySet<number>): Run {
  let state = new FoldState();
  const alerts: Effects["alerts"] = [];
  const summaries: Effects["summaries"] = [];
  const fold = (part: Parameters<typeof recordOf>[0]): void => {
    const record = recordOf(part);
    state.recognise(record.rows, record.definitions);
    const effects = state.step(record);
    alerts.push(...effects.alerts);
    summaries.push(...effects.summaries);
  };
  fold({ seq: 1, settings: { rules, rollups: ["1m", "5m"] }, definitions: seriesOf(devices) });
  let from = 0;
  for (let index = 0; from < all.length; index += 1) {
    const to = from + cuts[index % cuts.length]!;
    // The gateway's clocks stand still: only what the samples say may matter.
    fold({ seq: state.seq + 1, rows: rowsOf(all.slice(from, to)), at: firstAt, monotonicMs: 10 });
    from = to;
    if (restoreAfter.has(index)) {
      const restored = FoldState.restore(state.snapshot());
      if (restored === undefined) throw new Error("a snapshot of this version was not read");
      state = restored;
    }
  }
  return { alerts, summaries, state };
}

const cuts = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 });

test("alerts and summaries do not depend on how the samples were cut into records", () => {
  fc.assert(
    fc.property(samples, cuts, (all, lengths) => {
      const whole = run(all, [1], new Set());
      const pieces = run(all, lengths, new Set());
      expect(pieces.alerts).toEqual(whole.alerts);
      expect(pieces.summaries).toEqual(whole.summaries);
    }),
    { numRuns: 300 },
  );
});

test("a state that is written and read back at any record goes on as if nothing had happened", () => {
  fc.assert(
    fc.property(samples, cuts, fc.array(fc.integer({ min: 0, max: 40 })), (all, lengths, restores) => {
      const straight = run(all, lengths, new Set());
      const restored = run(all, lengths, new Set(restores));
      expect(restored.alerts).toEqual(straight.alerts);
      expect(restored.summaries).toEqual(straight.summaries);
      expect(restored.state.snapshot()).toEqual(straight.state.snapshot());
    }),
    { numRuns: 300 },
  );
});

test("a run of messages that is sent again right away changes nothing", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(
        samples.map((all) => all[0] ?? { series: 0, at: firstAt, value: 1 }),
        {
          maxLength: 60,
          selector: ({ series, at, value }) => `${series} ${at} ${value}`,
        },
      ),
      fc.integer({ min: 1, max: 60 }),
      (all, inFlight) => {
        const once = run(all, [7], new Set());
        const twice = run([...all, ...all.slice(-inFlight)], [7], new Set());
        expect(twice.alerts).toEqual(once.alerts);
        expect(twice.summaries).toEqual(once.summaries);
      },
    ),
    { numRuns: 200 },
  );
});

/** Alerts and summaries of the first device, whatever their places in the streams. */
function ofFirst({ alerts, summaries }: Run): unknown {
  return [
    alerts.filter(({ key }) => key["device"] === "a").map((record) => ({ ...record, seq: 0 })),
    summaries.filter(({ device }) => device === "a").map((record) => ({ ...record, seq: 0 })),
  ];
}

test("one device's samples change nothing for another device", () => {
  fc.assert(
    fc.property(samples, (all) => {
      const everybody = run(all, [5], new Set());
      const alone = run(
        all.filter(({ series }) => series === 0),
        [5],
        new Set(),
      );
      expect(ofFirst(everybody)).toEqual(ofFirst(alone));
    }),
    { numRuns: 300 },
  );
});
