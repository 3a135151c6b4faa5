import { expect, test } from "vitest";
import { noCounts } from "../../../src/core/batch.ts";
import { FoldState } from "../../../src/core/fold/state.ts";
import type { Effects, LogRecord } from "../../../src/core/record.ts";
import type { RuleDefinition } from "../../../src/core/rule/definition.ts";
import { RowFlag, SampleColumns, ValueKind } from "../../../src/core/sample.ts";
import { levelsOf, recordOf, rowsOf, ruleOf, seriesOf, sourceOf, windowOf } from "../../support/records.ts";

const minute = 60_000;
const start = 1_762_000_020_000;

/** A state with rules, and a way to fold on. */
function opened(
  rules: readonly RuleDefinition[],
  rollups: readonly string[] = [],
): { state: FoldState; fold: (part: Partial<LogRecord>) => Effects } {
  const state = new FoldState();
  const fold = (part: Partial<LogRecord>): Effects => {
    const record = recordOf({ seq: state.seq + 1, monotonicMs: 0, ...part });
    state.admit(record, "new");
    return state.step(record);
  };
  fold({ settings: { rules, rollups, devices: [] }, definitions: seriesOf(["a", "b"]) });
  return { state, fold };
}

test("an alert fires with its values, texts and times, and keeps its identity until it resolves", () => {
  const { fold } = opened([ruleOf({ labels: { site: "north" } })]);
  const { alerts } = fold({
    rows: rowsOf([
      { series: 0, at: start, value: 9 },
      { series: 0, at: start + 30_000, value: 10 },
      { series: 0, at: start + minute, value: 1 },
      { series: 0, at: start + 2 * minute, value: 1 },
    ]),
  });
  expect(alerts).toMatchObject([
    {
      seq: 1,
      rule: "warm",
      key: { device: "a" },
      state: "firing",
      since: start + minute,
      at: start + minute,
      values: { mean: 9.5 },
      labels: { site: "north" },
      annotations: { summary: "a at 9.5 °C" },
    },
    { seq: 2, state: "resolved", since: start + minute, at: start + 2 * minute },
  ]);
  expect(alerts[0]?.id).toMatch(/^[0-9a-f]{16}$/);
  expect(alerts[1]?.id).toBe(alerts[0]?.id);
});

test("a summary holds what a person would compute from the samples", () => {
  const { fold } = opened([], ["1m", "5m"]);
  const first = 1_762_000_200_000;
  const samples = [4, 8, 6].map((value, index) => ({ series: 0, at: first + index * 20_000, value }));
  const { summaries } = fold({
    at: first + 6 * minute,
    rows: rowsOf([...samples, { series: 0, at: first + 5 * minute + 10_000, value: 0 }]),
  });
  expect(summaries).toMatchObject([
    {
      seq: 1,
      device: "a",
      metric: "temperature",
      resolution: "1m",
      start: first,
      end: first + minute,
      count: 3,
      sum: 18,
      min: 4,
      max: 8,
      first: 4,
      last: 6,
      m2: 8,
      late: 0,
      corrected: 0,
      clock: "synced",
    },
    { seq: 2, resolution: "5m", start: first, end: first + 5 * minute, count: 3 },
  ]);
});

test("a window of a source that falls silent closes by the gateway's own time, a minute behind", () => {
  const { state, fold } = opened([ruleOf({})]);
  fold({ rows: rowsOf([{ series: 0, at: start, value: 9 }]), monotonicMs: 0, counts: noCounts() });
  expect(state.tickDue(minute + 59_000)).toBe(false);
  expect(state.tickDue(2 * minute)).toBe(true);
  expect(fold({ monotonicMs: 2 * minute }).alerts).toMatchObject([{ state: "firing", at: start + minute }]);
  expect(state.tickDue(3 * minute)).toBe(false);
});

test("a state that a sensor reported once, and that stands, fires when it has stood for long enough", () => {
  const door = ruleOf({
    window: windowOf({ type: "none" }),
    levels: levelsOf({ field: "value", op: "==", value: 1 }),
    forMs: 10 * minute,
    annotations: {},
  });
  const { state, fold } = opened([door]);
  fold({ rows: rowsOf([{ series: 0, at: start, value: 1 }]), monotonicMs: 0, counts: noCounts() });
  expect(state.tickDue(11 * minute - 1)).toBe(false);
  expect(fold({ monotonicMs: 11 * minute }).alerts).toMatchObject([
    { state: "firing", since: start, at: start + 10 * minute },
  ]);
});

test("time between two boots does not pass for the windows", () => {
  const { fold } = opened([ruleOf({})]);
  fold({ rows: rowsOf([{ series: 0, at: start, value: 9 }]), monotonicMs: 0 });
  expect(fold({ boot: "boot-2", monotonicMs: 100 * minute }).alerts).toEqual([]);
});

test("an edit of a text keeps window and alert; an edit of the window begins anew and resolves", () => {
  const rule = ruleOf({});
  const { fold } = opened([rule]);
  const rows = rowsOf([
    { series: 0, at: start, value: 9 },
    { series: 0, at: start + minute, value: 9 },
  ]);
  expect(fold({ rows }).alerts).toMatchObject([{ state: "firing" }]);
  const reworded = ruleOf({ annotations: { summary: "warm" } });
  expect(fold({ settings: { rules: [reworded], rollups: [], devices: [] } }).alerts).toEqual([]);
  const later = fold({ rows: rowsOf([{ series: 0, at: start + 2 * minute, value: 1 }]) });
  expect(later.alerts).toEqual([]);
  const rewindowed = ruleOf({ window: windowOf({ type: "tumbling", sizeMs: 30_000 }) });
  expect(fold({ settings: { rules: [rewindowed], rollups: [], devices: [] } }).alerts).toMatchObject([
    { state: "resolved" },
  ]);
});

test("a rule that is taken away resolves its alerts", () => {
  const { fold } = opened([ruleOf({})]);
  fold({
    rows: rowsOf([
      { series: 0, at: start, value: 9 },
      { series: 0, at: start + minute, value: 9 },
    ]),
  });
  expect(fold({ settings: { rules: [], rollups: [], devices: [] } }).alerts).toMatchObject([
    { state: "resolved", rule: "warm" },
  ]);
});

test("retained, bad and textual rows stay out of windows and summaries", () => {
  const { state, fold } = opened(
    [ruleOf({ window: windowOf({ type: "none" }), levels: levelsOf({ field: "value", op: ">", value: 0 }) })],
    ["1m"],
  );
  const rows = new SampleColumns(16);
  rows.push(0, ValueKind.number, 9);
  rows.stamp(0, start, RowFlag.stamped | RowFlag.retained);
  rows.push(0, ValueKind.none, Number.NaN);
  rows.stamp(1, start + 1, RowFlag.stamped | RowFlag.bad);
  rows.pushText(0, "open");
  rows.stamp(2, start + 2, RowFlag.stamped);
  expect(fold({ rows, counts: noCounts() })).toEqual({
    alerts: [],
    summaries: [],
    ledger: [],
    status: [],
    actions: [],
  });
  expect(state.tickDue(10 * minute)).toBe(false);
});

test("the books are sent when they have changed, once a minute and with a change of condition", () => {
  const { fold } = opened([]);
  const rows = rowsOf([{ series: 0, at: start, value: 9 }]);
  expect(fold({ rows, monotonicMs: 0 }).ledger).toEqual([]);
  const { ledger } = fold({ monotonicMs: minute });
  expect(ledger).toMatchObject([
    { seq: 1, messages: { received: 1, stored: 1, rejected: {}, dropped: {} }, samples: { decoded: 1 } },
  ]);
  expect(fold({ monotonicMs: 5 * minute }).ledger).toEqual([]);
  const counts = { ...noCounts(), receivedMessages: 2, rejectedMessages: { malformed: 2 } };
  const status = { state: "stopped", detail: "", version: "1" };
  expect(fold({ counts, status, monotonicMs: 5 * minute }).ledger).toMatchObject([
    { seq: 2, messages: { received: 3, rejected: { malformed: 2 } } },
  ]);
});

test("a sample that waits for its turn counts before silence does", () => {
  const rule = ruleOf({
    window: windowOf({ type: "none" }, { latenessMs: 5 * minute }),
    levels: levelsOf({ field: "value", op: ">", value: 8 }),
    forMs: minute,
    annotations: {},
  });
  const { state, fold } = opened([rule]);
  fold({
    rows: rowsOf([
      { series: 0, at: start, value: 12 },
      { series: 0, at: start + 30_000, value: 1 },
    ]),
    counts: noCounts(),
  });
  const states: string[] = [];
  for (let passedMs = 0; passedMs <= 20 * minute; passedMs += 1_000) {
    if (state.tickDue(passedMs))
      states.push(...fold({ monotonicMs: passedMs }).alerts.map((one) => one.state));
  }
  expect(states).toEqual(["pending", "ok"]);
});

test("in silence a window slides on until it is empty, however often one looks", () => {
  const rule = ruleOf({ window: windowOf({ type: "hopping", sizeMs: minute, everyMs: 10_000 }) });
  const spike = rowsOf([
    { series: 0, at: start, value: 100 },
    { series: 0, at: start + 21_000, value: 1 },
  ]);
  const often = opened([rule]);
  often.fold({ rows: spike, counts: noCounts() });
  const told: unknown[] = [];
  for (let passedMs = 0; passedMs <= 60 * minute; passedMs += 1_000) {
    if (often.state.tickDue(passedMs)) told.push(...often.fold({ monotonicMs: passedMs }).alerts);
  }
  const once = opened([rule]);
  once.fold({ rows: spike, counts: noCounts() });
  expect(once.fold({ monotonicMs: 60 * minute }).alerts).toEqual(told);
  expect(told).toMatchObject([{ state: "resolved", at: start + 70_000 }]);
});

test("a silent gateway writes nothing for nothing", () => {
  const { state, fold } = opened([ruleOf({})], ["1m"]);
  fold({ rows: rowsOf([{ series: 0, at: start, value: 9 }]), counts: noCounts() });
  let ticks = 0;
  for (let passedMs = 0; passedMs <= 600 * minute; passedMs += 1_000) {
    if (!state.tickDue(passedMs)) continue;
    fold({ monotonicMs: passedMs });
    ticks += 1;
  }
  expect(ticks).toBeLessThanOrEqual(3);
});

test("a rule that looks elsewhere lets its old groups go, and resolves their alerts", () => {
  const { state, fold } = opened([ruleOf({})]);
  fold({
    rows: rowsOf([
      { series: 0, at: start, value: 9 },
      { series: 0, at: start + minute, value: 9 },
      { series: 1, at: start, value: 1 },
    ]),
  });
  const elsewhere = ruleOf({ sources: [sourceOf({ device: ["b"] })] });
  const { alerts } = fold({ settings: { rules: [elsewhere], rollups: [], devices: [] } });
  expect(alerts).toMatchObject([{ state: "resolved", key: { device: "a" }, since: start + minute }]);
  expect(state.groupCount).toBe(1);
});

test("other rollups close the open intervals with what they hold", () => {
  const { fold } = opened([], ["1m"]);
  fold({ rows: rowsOf([{ series: 0, at: start, value: 9 }]) });
  const { summaries } = fold({ settings: { rules: [], rollups: ["5m"], devices: [] } });
  expect(summaries).toMatchObject([{ resolution: "1m", count: 1 }]);
});

test("values whose square is no number stay out of windows", () => {
  const { state, fold } = opened([], ["1m"]);
  fold({ rows: rowsOf([{ series: 0, at: start, value: 1.7e308 }]), counts: noCounts() });
  expect(state.tickDue(60 * minute)).toBe(false);
});
