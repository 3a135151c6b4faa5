import { expect, test } from "vitest";
import { noCounts } from "../../../src/core/batch.ts";
import { FoldState } from "../../../src/core/fold/state.ts";
import { isBalanced, ledgerOf } from "../../../src/core/read-model.ts";
import type { Effects, RecordCounts } from "../../../src/core/record.ts";
import { RowFlag } from "../../../src/core/sample.ts";
import { levelsOf, recordOf, rowsOf, ruleOf, seriesOf, windowOf } from "../../support/records.ts";

const startAt = 1_762_000_020_000;
const each = ruleOf({
  window: windowOf({ type: "none" }),
  levels: levelsOf({ field: "value", op: ">", value: 8 }),
});

function opened(): FoldState {
  const state = new FoldState();
  const settings = { rules: [each], rollups: ["1m"], devices: [] };
  const record = recordOf({ seq: 1, at: startAt, settings, definitions: seriesOf(["a"]) });
  state.admit(record, "new");
  state.step(record);
  return state;
}

function fold(state: FoldState, agoMs: number, value: number, flags = 0): Effects {
  const rows = rowsOf([{ series: 0, at: startAt - agoMs, value }]);
  rows.flags[0] = rows.flags[0]! | flags;
  const record = recordOf({ seq: state.seq + 1, at: startAt, monotonicMs: 10, rows });
  state.admit(record, "new");
  return state.step(record);
}

test("what is marked as old enters no rule, whatever its time", () => {
  const state = opened();
  expect(fold(state, 0, 90, RowFlag.historical).alerts).toEqual([]);
  expect(fold(state, 60_000, 90, RowFlag.historical).alerts).toEqual([]);
  expect(fold(state, -1, 90).alerts).toMatchObject([{ state: "firing" }]);
});

test("what is marked as old is summarised where there is room, and counted as late where there is none", () => {
  const state = opened();
  const summaries = [
    fold(state, 600_000, 1, RowFlag.historical),
    fold(state, 500_000, 2),
    fold(state, 495_000, 7, RowFlag.historical),
    fold(state, 3_600_000, 3, RowFlag.historical),
    fold(state, 100_000, 4),
  ].flatMap((effects) => effects.summaries);
  expect(summaries.map(({ count, max }) => [count, max])).toEqual([
    [1, 1],
    [2, 7],
  ]);
  expect(state.totals().samples.late).toBe(1);
});

function counted(part: Partial<RecordCounts>): FoldState {
  const state = opened();
  const record = recordOf({ seq: 2, counts: { ...noCounts(), ...part } });
  state.admit(record, "new");
  state.step(record);
  return state;
}

test("a recovered message is stored, and no longer rejected", () => {
  const state = counted({ receivedMessages: 3, rejectedMessages: { malformed: 3 } });
  const record = recordOf({
    seq: 3,
    counts: { ...noCounts(), storedMessages: 2, recoveredMessages: { malformed: 2 } },
  });
  state.admit(record, "new");
  state.step(record);
  expect(state.totals().messages).toEqual({
    received: 3,
    stored: 2,
    rejected: { malformed: 1 },
    dropped: {},
    recovered: { malformed: 2 },
  });
  expect(FoldState.restore(state.snapshot())?.totals()).toEqual(state.totals());
});

test("where the record is lost that had rejected a recovered message, the books balance all the same", () => {
  const state = counted({ storedMessages: 2, recoveredMessages: { malformed: 2 } });
  expect(state.totals().messages).toMatchObject({ received: 2, stored: 2, rejected: { malformed: 0 } });
  expect(isBalanced(ledgerOf(state.totals(), []))).toBe(true);
});
