import { expect, test } from "vitest";
import { AlertBoard } from "../../../src/core/alert/board.ts";
import type { AlertRecord, AlertState } from "../../../src/core/streams.ts";

function recordOf(device: string, state: AlertState, shelvedUntil: number | null = null): AlertRecord {
  return {
    seq: 1,
    id: `id-of-${device}`,
    rule: "warm",
    key: { device },
    state,
    severity: "warning",
    since: 0,
    at: 0,
    reason: "change",
    values: {},
    labels: {},
    annotations: {},
    coverage: null,
    revision: 0,
    historical: false,
    acknowledged: false,
    acknowledgedBy: null,
    shelvedUntil,
    inhibitedBy: null,
    shadow: false,
    capture: null,
  };
}

const manyAtRest = Array.from({ length: 500 }, (_, index) => recordOf(`other-${index}`, "resolved"));

function boardOf(...records: readonly AlertRecord[]): AlertBoard {
  const board = new AlertBoard();
  board.apply(records);
  return board;
}

function devicesOf(board: AlertBoard): (string | undefined)[] {
  return board.records().map(({ key }) => key["device"]);
}

test("of each alert the newest record is shown", () => {
  const board = boardOf(recordOf("a", "pending"), recordOf("a", "firing"));
  expect(board.records().map(({ state }) => state)).toEqual(["firing"]);
});

test("alerts at rest come after the others", () => {
  const board = boardOf(recordOf("a", "resolved"), recordOf("b", "no-data"), recordOf("c", "ok"));
  expect(devicesOf(board)).toEqual(["b", "a", "c"]);
});

test("of those at rest only the last ones are kept", () => {
  expect(devicesOf(boardOf(recordOf("a", "resolved"), ...manyAtRest))).not.toContain("a");
});

test("a shelved alert is kept also at rest", () => {
  const board = boardOf(recordOf("a", "resolved", 1_000), ...manyAtRest);
  expect(devicesOf(board)).toContain("a");
});

test("an alert that comes off its shelf at rest is at rest", () => {
  const board = boardOf(recordOf("a", "resolved", 1_000), recordOf("a", "resolved"), ...manyAtRest);
  expect(devicesOf(board)).not.toContain("a");
});

test("a board made anew from what it shows goes on alike", () => {
  const board = boardOf(recordOf("a", "ok", 1_000), recordOf("b", "firing"), ...manyAtRest);
  const anew = boardOf(...board.records());
  const more = [recordOf("b", "resolved"), recordOf("c", "resolved")];
  board.apply(more);
  anew.apply(more);
  expect(anew.records()).toEqual(board.records());
});

test("alerts are counted by state", () => {
  const board = boardOf(recordOf("a", "firing"), recordOf("b", "firing"), recordOf("c", "pending"));
  expect([board.count("firing"), board.count("pending"), board.count("no-data")]).toEqual([2, 1, 0]);
});
