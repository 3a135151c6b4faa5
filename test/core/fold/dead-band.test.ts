import fc from "fast-check";
import { expect, test } from "vitest";
import { noCounts } from "../../../src/core/batch.ts";
import type { DeviceDescription, ReportDescription } from "../../../src/core/device.ts";
import { FoldState } from "../../../src/core/fold/state.ts";
import { notStored, RowFlag, SampleColumns, ValueKind } from "../../../src/core/sample.ts";
import { levelsOf, recordOf, ruleOf, seriesOf, windowOf } from "../../support/records.ts";
import type { LogRecord } from "../../../src/core/record.ts";

const startAt = 1_762_000_020_000;

interface Reading {
  readonly value: number | boolean | string | null;
  /** Since the start; of the stamp where there is one, else of the receipt. */
  readonly seconds: number;
  readonly stamped?: boolean;
  readonly series?: number;
  readonly flags?: number;
}

function rowsOf(readings: readonly Reading[]): SampleColumns {
  const rows = new SampleColumns(16);
  for (const { value, seconds, stamped = true, series = 0, flags = 0 } of readings) {
    const row = rows.count;
    if (typeof value === "number") rows.push(series, ValueKind.number, value);
    else if (typeof value === "boolean") rows.push(series, ValueKind.boolean, Number(value));
    else if (value === null) rows.push(series, ValueKind.none, Number.NaN);
    else rows.pushText(series, value);
    rows.stamp(row, startAt + seconds * 1_000, flags | (stamped ? RowFlag.stamped : 0));
  }
  return rows;
}

const each = ruleOf({
  window: windowOf({ type: "none" }),
  levels: levelsOf({ field: "value", op: ">", value: 8 }),
});

function opened(said: ReportDescription, more: readonly DeviceDescription[] = []): FoldState {
  const state = new FoldState();
  const device: DeviceDescription = { match: ["*"], tags: {}, parameters: {}, report: { "temp*": said } };
  const settings = { rules: [each], rollups: ["1m"], devices: [device, ...more] };
  const record = recordOf({ seq: 1, at: startAt, settings });
  state.admit(record, "new");
  state.step(record);
  const series = recordOf({ seq: 2, at: startAt, definitions: seriesOf(["a", "b"]) });
  state.admit(series, "new");
  state.step(series);
  return state;
}

/** What becomes of each reading, one record each. */
function fates(said: ReportDescription, readings: readonly Reading[]): string[] {
  const state = opened(said);
  return readings.map((reading) => {
    const rows = rowsOf([reading]);
    const record = recordOf({ seq: state.seq + 1, at: startAt + reading.seconds * 1_000, rows });
    state.admit(record, "new");
    state.step(record);
    const flags = rows.flags[0]!;
    return (flags & RowFlag.duplicate) !== 0
      ? "duplicate"
      : (flags & RowFlag.suppressed) !== 0
        ? "suppressed"
        : "kept";
  });
}

test.each<
  [
    name: string,
    said: ReportDescription,
    readings: [value: Reading["value"], seconds: number, fate: string][],
  ]
>([
  [
    "a number that differs by less than the band from the last one kept is suppressed",
    { deadband: 0.2 },
    [
      [20, 0, "kept"],
      [20.1, 1, "suppressed"],
      [20.19, 2, "suppressed"],
      [20.2, 3, "kept"],
      [20.05, 4, "suppressed"],
      [20, 5, "kept"],
    ],
  ],
  [
    "a slow drift is kept as soon as it is a band away from what was kept, not from what came last",
    { deadband: 1 },
    [
      [0, 0, "kept"],
      [0.6, 1, "suppressed"],
      [1.2, 2, "kept"],
      [1.8, 3, "suppressed"],
    ],
  ],
  [
    "one is kept every ten minutes all the same",
    { deadband: 1 },
    [
      [5, 0, "kept"],
      [5, 599, "suppressed"],
      [5, 600, "kept"],
      [5, 601, "suppressed"],
    ],
  ],
  [
    "one is kept as often as is said",
    { deadband: 1, atLeastMs: 5_000 },
    [
      [5, 0, "kept"],
      [5, 4, "suppressed"],
      [5, 5, "kept"],
    ],
  ],
  [
    "a state that is unchanged is suppressed where changes are asked for",
    { onChange: true },
    [
      [true, 0, "kept"],
      [true, 1, "suppressed"],
      [false, 2, "kept"],
      ["off", 3, "kept"],
      ["off", 4, "suppressed"],
      ["on", 5, "kept"],
      [5, 6, "kept"],
      [5, 7, "suppressed"],
    ],
  ],
  [
    "a dead band is for numbers, not for states",
    { deadband: 3 },
    [
      [true, 0, "kept"],
      [true, 1, "kept"],
      ["on", 2, "kept"],
      ["on", 3, "kept"],
    ],
  ],
  [
    "what is no value is kept, and so is what comes after it",
    { deadband: 3, onChange: true },
    [
      [5, 0, "kept"],
      [null, 1, "kept"],
      [null, 2, "kept"],
      [5, 3, "kept"],
    ],
  ],
  [
    "a sample that was kept and is sent again is a duplicate, one that was suppressed is suppressed again",
    { deadband: 1 },
    [
      [5, 0, "kept"],
      [5.5, 1, "suppressed"],
      [5, 0, "duplicate"],
      [5.5, 1, "suppressed"],
    ],
  ],
  [
    "a sample from before the last one kept is kept, and changes nothing for those that follow",
    { deadband: 1 },
    [
      [5, 100, "kept"],
      [5, 50, "kept"],
      [5.5, 101, "suppressed"],
    ],
  ],
  [
    "a device whose clock was set back reports by exception again",
    { deadband: 1 },
    [
      [5, 10_000, "kept"],
      [5, 100, "kept"],
      [5, 101, "suppressed"],
    ],
  ],
  [
    "a band of 0 suppresses nothing",
    { deadband: 0 },
    [
      [5, 0, "kept"],
      [5, 1, "kept"],
    ],
  ],
])("%s", (_, said, readings) => {
  const given = readings.map(([value, seconds]) => ({ value, seconds }));
  expect(fates(said, given)).toEqual(readings.map(([, , fate]) => fate));
});

test("samples without a stamp are told apart by their time of receipt", () => {
  const given = [0, 599, 600].map((seconds) => ({ value: 5, seconds, stamped: false }));
  expect(fates({ deadband: 1 }, given)).toEqual(["kept", "suppressed", "kept"]);
});

test("bad values are kept, and so is the first good one after them", () => {
  const given = [
    { value: 5, seconds: 0 },
    { value: 5, seconds: 1, flags: RowFlag.bad },
    { value: 5, seconds: 2 },
    { value: 5, seconds: 3 },
  ];
  expect(fates({ deadband: 1 }, given)).toEqual(["kept", "kept", "kept", "suppressed"]);
});

test("what is marked as old is kept whole", () => {
  const given = [
    { value: 5, seconds: 10 },
    { value: 5, seconds: 11, flags: RowFlag.historical },
    { value: 5.5, seconds: 12 },
  ];
  expect(fates({ deadband: 1 }, given)).toEqual(["kept", "kept", "suppressed"]);
});

test("rules do not see what is suppressed", () => {
  const state = opened({ deadband: 3 });
  const told = [7, 9, 10.5].flatMap((value, seconds) => {
    const record = recordOf({ seq: state.seq + 1, at: startAt, rows: rowsOf([{ value, seconds }]) });
    state.admit(record, "new");
    return state.step(record).alerts.map((alert) => alert.values["value"]);
  });
  expect(told).toEqual([10.5]);
});

test("a later description wins key by key, also by turning it off", () => {
  const off: DeviceDescription = {
    match: ["b"],
    tags: {},
    parameters: {},
    report: { temperature: { deadband: 0 } },
  };
  const state = opened({ deadband: 3 }, [off]);
  const rows = rowsOf([0, 1].flatMap((seconds) => [0, 1].map((series) => ({ value: 5, seconds, series }))));
  expect(state.admit(recordOf({ seq: 3, rows }), "new").suppressed).toBe(1);
  expect(rows.flags[2]! & RowFlag.suppressed).not.toBe(0);
});

const reading: fc.Arbitrary<Reading> = fc.record({
  value: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 12 }).map((tenths) => 5 + tenths / 10) },
    { weight: 1, arbitrary: fc.constantFrom(true, false, "on", "off", null) },
  ),
  seconds: fc.oneof(
    { weight: 5, arbitrary: fc.nat({ max: 60 }) },
    { weight: 1, arbitrary: fc.constantFrom(-100_000, 100_000) },
  ),
  stamped: fc.boolean(),
  series: fc.nat({ max: 1 }),
  flags: fc.constantFrom(0, 0, 0, 0, RowFlag.bad, RowFlag.historical),
});

const policies = fc.constantFrom<ReportDescription>(
  { deadband: 0.3 },
  { deadband: 0.3, atLeastMs: 7_000 },
  { onChange: true, atLeastMs: 20_000 },
  { deadband: 0.5, onChange: true },
);

/** What the store gives back of a record. */
function stored({ rows, ...record }: LogRecord): LogRecord {
  const kept = new SampleColumns(16);
  for (let row = 0; row < rows.count; row += 1) {
    if ((rows.flags[row]! & notStored) !== 0) continue;
    const to = kept.count;
    kept.push(0, ValueKind.none, 0);
    rows.texts.forEach((text) => kept.texts.push(text));
    kept.series[to] = rows.series[row]!;
    kept.kind[to] = rows.kind[row]!;
    kept.at[to] = rows.at[row]!;
    kept.stampAt[to] = rows.stampAt[row]!;
    kept.flags[to] = rows.flags[row]!;
    kept.value[to] = rows.value[row]!;
  }
  return { ...record, rows: kept };
}

test("live and folded again, with a restart anywhere, the state is the same, and every sample is in one place", () => {
  fc.assert(
    fc.property(
      policies,
      fc.constantFrom<DeviceDescription["clock"]>(
        undefined,
        { mode: "correct", aheadMs: 300_000 },
        { mode: "receipt", aheadMs: 300_000 },
        { mode: "clamp", aheadMs: 300_000, behindMs: 60_000 },
      ),
      fc.array(fc.array(reading, { maxLength: 6 }), { maxLength: 20, size: "max" }),
      fc.nat({ max: 20 }),
      (said, clock, batches, restartAfter) => {
        const clocks: DeviceDescription[] =
          clock === undefined ? [] : [{ match: ["*"], tags: {}, parameters: {}, clock }];
        const live = opened(said, clocks);
        let again = opened(said, clocks);
        for (const [index, readings] of batches.entries()) {
          const rows = rowsOf(readings);
          const at = startAt + index * 5_000;
          const draft = recordOf({ seq: live.seq + 1, at, monotonicMs: index * 5_000, rows });
          const { duplicates, suppressed, corrected } = live.admit(draft, "new");
          const counts = {
            ...noCounts(),
            decodedSamples: rows.count,
            duplicateSamples: duplicates,
            suppressedSamples: suppressed,
            correctedSamples: corrected,
          };
          const record = { ...draft, counts };
          const effects = live.step(record);
          const read = stored(record);
          expect(read.rows.count).toBe(rows.count - duplicates - suppressed);
          again.admit(read, "stored");
          expect(again.step(read)).toEqual(effects);
          if (index === restartAfter) again = FoldState.restore(again.snapshot()) ?? again;
        }
        expect(again.snapshot()).toEqual(live.snapshot());
        const { decoded, stored: kept, duplicate, suppressed = 0 } = live.totals().samples;
        expect(kept + duplicate + suppressed).toBe(decoded);
      },
    ),
    { numRuns: 400 },
  );
});
