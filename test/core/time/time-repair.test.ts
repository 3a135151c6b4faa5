import fc from "fast-check";
import { expect, test } from "vitest";
import { SnapshotReader, SnapshotWriter } from "../../../src/core/fold/snapshot.ts";
import { RowFlag, SampleColumns, ValueKind } from "../../../src/core/sample.ts";
import {
  joinedRepair,
  moveReceipts,
  RepairTable,
  type TimeRepair,
  timeRepairsMax,
} from "../../../src/core/time/time-repair.ts";

const repair: TimeRepair = { boot: "b", byMs: 1_000, from: "unsynced", to: "synced" };

/** Repairs in the records 10, 20 (another boot) and 30. */
function threeRepairs(): RepairTable {
  const table = new RepairTable();
  table.add({ ...repair, to: "unsynced" }, 10);
  table.add({ ...repair, boot: "c", byMs: 5 }, 20);
  table.add({ ...repair, byMs: -300 }, 30);
  return table;
}

test.each([
  ["b", 1, 700],
  ["b", 9, 700],
  ["b", 10, -300],
  ["b", 29, -300],
  ["b", 30, 0],
  ["c", 15, 5],
  ["c", 20, 0],
  ["d", 1, 0],
])("times of receipt of boot %s in record %i move by %i ms", (boot, seq, byMs) => {
  const table = threeRepairs();
  expect(table.movedMs(boot, seq)).toBe(byMs);
  expect(table.repairedAt(boot, seq, 1_000_000)).toBe(1_000_000 + byMs);
});

test.each([
  ["b", 9, true],
  ["b", 29, true],
  ["b", 30, false],
  ["d", 1, false],
])("whether boot %s is settled for record %i: %s", (boot, seq, settled) => {
  expect(threeRepairs().settled(boot, seq)).toBe(settled);
});

test("a boot whose clock was set, and is not known to be right, is not settled", () => {
  const table = new RepairTable();
  table.add({ ...repair, to: "unsynced" }, 10);
  expect(table.settled("b", 1)).toBe(false);
});

test("a table that is written and read back is the same, byte for byte", () => {
  const quality = fc.constantFrom("synced" as const, "unsynced" as const);
  const any = fc.record({
    boot: fc.string({ maxLength: 40 }),
    byMs: fc.integer(),
    from: quality,
    to: quality,
  });
  fc.assert(
    fc.property(fc.array(any, { maxLength: 300 }), (repairs) => {
      const table = new RepairTable();
      for (const [index, one] of repairs.entries()) table.add(one, index + 1);
      const again = new RepairTable();
      const reader = new SnapshotReader(bytesOf(table));
      again.read(reader);
      expect(reader.finished).toBe(true);
      expect(bytesOf(again)).toEqual(bytesOf(table));
    }),
    { numRuns: 50 },
  );
});

test("the oldest repairs are forgotten, and the table does not grow", () => {
  const table = new RepairTable();
  for (let seq = 1; seq <= timeRepairsMax * 3; seq += 1) table.add({ ...repair, byMs: 1 }, seq);
  expect(table.movedMs("b", 0)).toBe(timeRepairsMax);
});

test("two repairs that follow each other are one by their sum", () => {
  expect(joinedRepair({ ...repair, to: "unsynced" }, { ...repair, byMs: -1 })).toEqual({
    boot: "b",
    byMs: 999,
    from: "unsynced",
    to: "synced",
  });
});

test("of rows that wait to be written, those from before the repair move, unless the device stamped them", () => {
  const rows = new SampleColumns();
  const before = [0, RowFlag.stamped, RowFlag.corrected].map((flags) => ({ at: 100, flags }));
  for (const { at, flags } of [...before, { at: 5_148, flags: 0 }]) {
    rows.push(0, ValueKind.number, 1);
    rows.stamp(rows.count - 1, at, flags);
  }
  moveReceipts(rows, 5_150, 5_000);
  expect(Array.from(rows.at.subarray(0, rows.count))).toEqual([5_100, 100, 5_100, 5_148]);
});

test("rows that are marked as old keep their time: they were received before", () => {
  const rows = new SampleColumns(2);
  for (const flags of [0, RowFlag.historical]) {
    const row = rows.count;
    rows.push(0, ValueKind.number, 1);
    rows.stamp(row, 100, flags);
  }
  moveReceipts(rows, 5_150, 5_000);
  expect(Array.from(rows.at.subarray(0, rows.count))).toEqual([5_100, 100]);
});

function bytesOf(table: RepairTable): Uint8Array {
  const writer = new SnapshotWriter();
  table.write(writer);
  return writer.finish();
}
