import { expect, test } from "vitest";
import type { DeviceDescription } from "../../src/core/device.ts";
import { RowFlag, SampleColumns, ValueKind } from "../../src/core/sample.ts";
import { Calibrations } from "../../src/ingest/calibrations.ts";

function said(
  match: string,
  calibration: DeviceDescription["calibration"],
  more: Partial<DeviceDescription> = {},
): DeviceDescription {
  return {
    match: [match],
    tags: {},
    parameters: {},
    ...(calibration === undefined ? {} : { calibration }),
    ...more,
  };
}

function values(calibrations: Calibrations, numbers: readonly number[], firstRow = 0): number[] {
  const rows = new SampleColumns(4);
  for (const [series, value] of numbers.entries()) rows.push(series, ValueKind.number, value);
  calibrations.apply(rows, firstRow);
  return Array.from(rows.value.subarray(0, rows.count));
}

test("numbers are put right by device and metric, and others are as they came", () => {
  const calibrations = new Calibrations([
    said("fridge-*", { "temp*": { scale: 2, offset: -1 }, humidity: { scale: 1, offset: 5 } }),
  ]);
  calibrations.know(0, "fridge-1", "temperature", {});
  calibrations.know(1, "fridge-1", "humidity", {});
  calibrations.know(2, "fridge-1", "door", {});
  calibrations.know(3, "pump", "temperature", {});
  expect(values(calibrations, [10, 10, 10, 10])).toEqual([19, 15, 10, 10]);
  expect(values(calibrations, [10, 10, 10, 10], 1)).toEqual([10, 15, 10, 10]);
});

test("the later of two entries counts, as a whole, and one of a profile only for what it decodes", () => {
  const calibrations = new Calibrations([
    said("*", { "*": { scale: 2, offset: 1 } }),
    said("*", { temperature: { scale: 3, offset: 0 } }, { decodedBy: "acme/cold" }),
    said("fridge-1", { temperature: { scale: 1, offset: 7 } }),
  ]);
  calibrations.know(0, "fridge-1", "temperature", { profile: "acme/cold" });
  calibrations.know(1, "fridge-2", "temperature", { profile: "acme/cold" });
  calibrations.know(2, "fridge-2", "temperature", {});
  expect(values(calibrations, [10, 10, 10])).toEqual([17, 30, 21]);
});

test("only numbers are put right, and one that leaves the range of numbers is bad", () => {
  const calibrations = new Calibrations([said("*", { "*": { scale: 1e15, offset: 0 } })]);
  for (const id of [0, 1]) calibrations.know(id, "a", "b", {});
  const rows = new SampleColumns(4);
  rows.push(0, ValueKind.boolean, 1);
  rows.push(1, ValueKind.number, 1e300);
  calibrations.apply(rows, 0);
  expect(rows.value[0]).toBe(1);
  expect([rows.flags[0], rows.flags[1]]).toEqual([0, RowFlag.bad]);
});

test("other descriptions count for series that are asked for anew", () => {
  const calibrations = new Calibrations([]);
  calibrations.know(0, "a", "b", {});
  calibrations.replace([said("*", { b: { scale: 1, offset: 1 } })]);
  calibrations.know(0, "a", "b", {});
  expect(values(calibrations, [1])).toEqual([2]);
  calibrations.clear();
  expect(values(calibrations, [1])).toEqual([1]);
});
