import { expect, test } from "vitest";
import { believeAfterMs, GatewayTimeline } from "../../../src/core/time/gateway-timeline.ts";
import { RepairTable } from "../../../src/core/time/time-repair.ts";
import { day, hour, minute, second, startAt } from "./simulated-device.ts";

const boot = "boot-1";
const year = 365 * day;

interface Machine {
  /** What the system's clock says, less the true time, so long after the start. */
  readonly wrongMs: (afterMs: number) => number;
  readonly claimed: (afterMs: number) => boolean;
  readonly forMs: number;
  readonly everyMs?: number;
  readonly from?: number;
  readonly lastWallAt?: number;
  readonly lastSynced?: boolean;
}

/**
 * Runs a machine whose log takes one record at each reading, with the time of it, and the repairs.
 *
 * @returns Every time given, what the log's readers make of it in the end, and the true one.
 */
function run({
  wrongMs,
  claimed,
  forMs,
  everyMs = second,
  from = startAt,
  lastWallAt,
  lastSynced = true,
}: Machine) {
  const timeline = new GatewayTimeline({
    boot,
    lastSynced,
    ...(lastWallAt === undefined ? {} : { lastWallAt }),
  });
  const table = new RepairTable();
  const records = Array.from({ length: Math.floor(forMs / everyMs) }, (_, index) => {
    const afterMs = index * everyMs;
    const trueAt = from + afterMs;
    const at = timeline.observe(Math.floor(trueAt + wrongMs(afterMs)), 5_000.25 + afterMs, claimed(afterMs));
    const repair = timeline.takeRepair();
    if (repair !== undefined) table.add(repair, index + 1);
    return { at, trueAt, repair, synced: timeline.synced, seq: index + 1 };
  });
  return {
    records,
    repairs: records.flatMap(({ repair }) => repair ?? []),
    errorMs: Math.max(
      ...records.map(({ at, trueAt, seq }) => Math.abs(table.repairedAt(boot, seq, at) - trueAt)),
    ),
    backwards: records.filter(
      ({ at, repair }, index) => index > 0 && repair === undefined && at < records[index - 1]!.at,
    ),
    synced: records.at(-1)!.synced,
    settled: table.settled(boot, 1),
  };
}

test("a clock that is right is passed on, and nothing is repaired", () => {
  const { records, repairs, synced } = run({ wrongMs: () => 0, claimed: () => true, forMs: day });
  expect(records.every(({ at, trueAt }) => at === trueAt)).toBe(true);
  expect(repairs).toEqual([]);
  expect(synced).toBe(true);
});

test("a boot three years in the past is repaired when the clock is set", () => {
  const result = run({
    wrongMs: (afterMs) => (afterMs < hour ? -3 * year : 0),
    claimed: (afterMs) => afterMs >= hour,
    forMs: 2 * hour,
    lastWallAt: startAt - minute,
  });
  // Until then it goes on from where the log ends.
  expect(result.repairs).toEqual([{ boot, byMs: minute, from: "unsynced", to: "synced" }]);
  expect(result).toMatchObject({ errorMs: 0, backwards: [], synced: true, settled: true });
});

test("a clock that is set before anybody says that it is right is repaired at once, and confirmed later", () => {
  const result = run({
    wrongMs: (afterMs) => (afterMs < hour ? -3 * year : 0),
    claimed: (afterMs) => afterMs >= hour + 10 * second,
    forMs: 2 * hour,
  });
  expect(result.repairs).toEqual([
    { boot, byMs: 3 * year, from: "unsynced", to: "unsynced" },
    { boot, byMs: 0, from: "unsynced", to: "synced" },
  ]);
  expect(result).toMatchObject({ errorMs: 0, settled: true });
});

test("a boot that is never set keeps its order and stays provisional", () => {
  const result = run({ wrongMs: () => -3 * year, claimed: () => false, forMs: hour });
  expect(result).toMatchObject({ repairs: [], backwards: [], synced: false, settled: false });
});

test("a step of less than a second, of a clock that was not right yet, is repaired too", () => {
  const result = run({
    wrongMs: (afterMs) => (afterMs < hour ? -900 : 0),
    claimed: (afterMs) => afterMs >= hour + 10 * second,
    forMs: 2 * hour,
  });
  expect(result.errorMs).toBeLessThanOrEqual(100);
});

test("a right clock that is set back an hour, and forward again, leaves the times as they were", () => {
  const result = run({
    wrongMs: (afterMs) => (afterMs >= hour && afterMs < 2 * hour ? -hour : 0),
    claimed: () => true,
    forMs: 3 * hour,
  });
  expect(result.repairs).toEqual([
    { boot, byMs: -hour, from: "synced", to: "synced" },
    { boot, byMs: hour, from: "synced", to: "synced" },
  ]);
  expect(result).toMatchObject({ errorMs: 0, backwards: [] });
});

test("the hour that comes twice after a step back is told apart by the record", () => {
  const timeline = new GatewayTimeline({ boot });
  const first = timeline.observe(startAt, 0, true);
  timeline.observe(startAt + hour, hour, true);
  const again = timeline.observe(startAt, hour + 1, true);
  const table = new RepairTable();
  table.add(timeline.takeRepair()!, 3);
  expect(first).toBe(again);
  expect(table.repairedAt(boot, 1, first)).toBe(startAt - hour - 1);
  expect(table.repairedAt(boot, 3, again)).toBe(startAt);
});

const wobbles: readonly (readonly [string, (afterMs: number) => number])[] = [
  ["a leap second", (afterMs) => (afterMs < hour ? 0 : -second)],
  ["a leap second left out", (afterMs) => (afterMs < hour ? 0 : second)],
  ["a second to and fro", (afterMs) => (Math.floor(afterMs / minute) % 2 === 0 ? 0 : -second)],
  ["slewing by half a second", (afterMs) => Math.min(500, afterMs / 1_000)],
  ["a thousandth fast for a day", (afterMs) => afterMs / 1_000],
];

test.each(wobbles)("%s is followed without a repair, and without going back", (_, wrongMs) => {
  const { records, repairs, backwards } = run({ wrongMs, claimed: () => true, forMs: 6 * hour });
  expect(repairs).toEqual([]);
  expect(backwards).toEqual([]);
  const lag = records.map(({ at, trueAt }, index) => at - Math.floor(trueAt + wrongMs(index * second)));
  expect(Math.min(...lag)).toBe(0);
  expect(Math.max(...lag)).toBeLessThanOrEqual(second);
});

test("32-bit seconds overflow in 2038 and the time goes on", () => {
  const from = 2 ** 31 * second - hour;
  const result = run({ wrongMs: () => 0, claimed: () => true, forMs: 2 * hour, from });
  expect(result).toMatchObject({ repairs: [], errorMs: 0, synced: true });
});

test("a boot that begins behind the log is not right, whatever the machine says", () => {
  const result = run({
    wrongMs: () => -hour,
    claimed: () => true,
    forMs: 3 * hour,
    lastWallAt: startAt - minute,
  });
  expect(result).toMatchObject({ repairs: [], synced: false, settled: false });
});

test("a boot that begins behind the log is right once the clock is set to a time after it", () => {
  const result = run({
    wrongMs: (afterMs) => (afterMs < hour ? -2 * hour : 0),
    claimed: () => true,
    forMs: 2 * hour,
    lastWallAt: startAt - minute,
  });
  expect(result.repairs).toEqual([{ boot, byMs: minute, from: "unsynced", to: "synced" }]);
  expect(result.errorMs).toBe(0);
});

test("a log that was written in a wrong future does not make a clock wrong that says anew that it is right", () => {
  const result = run({
    wrongMs: () => 0,
    claimed: (afterMs) => afterMs >= minute,
    forMs: hour,
    lastWallAt: startAt + 12 * year,
  });
  expect(result.repairs).toEqual([{ boot, byMs: -12 * year, from: "unsynced", to: "synced" }]);
  expect(result.synced).toBe(true);
});

test("a log that was written in a future that nobody vouched for does not make a right clock wrong", () => {
  const result = run({
    wrongMs: () => 0,
    claimed: () => true,
    forMs: hour,
    lastWallAt: startAt + 12 * year,
    lastSynced: false,
  });
  expect(result).toMatchObject({ repairs: [], synced: true, errorMs: 0 });
});

test("a log that was written in a wrong future does not outweigh a day of a steady clock", () => {
  const result = run({
    wrongMs: () => 0,
    claimed: () => true,
    forMs: believeAfterMs + hour,
    everyMs: minute,
    lastWallAt: startAt + 12 * year,
  });
  expect(result.records.filter(({ synced }) => synced).length).toBe(60);
});

test("a restart right after the last record is not behind the log", () => {
  const { synced } = run({
    wrongMs: () => 0,
    claimed: () => true,
    forMs: second,
    lastWallAt: startAt + second,
  });
  expect(synced).toBe(true);
});

test("a right clock that is set, and says itself that it is wrong, is not followed", () => {
  const result = run({
    wrongMs: (afterMs) => (afterMs >= hour && afterMs < 2 * hour ? -startAt : 0),
    claimed: (afterMs) => afterMs < hour || afterMs >= 2 * hour,
    forMs: 3 * hour,
  });
  expect(result).toMatchObject({ repairs: [], backwards: [], synced: true });
  expect(result.errorMs).toBeLessThanOrEqual(1);
});

test("a clock that stops saying that it is right, and goes on, stays right", () => {
  const result = run({ wrongMs: () => 0, claimed: (afterMs) => afterMs < hour, forMs: 2 * hour });
  expect(result).toMatchObject({ repairs: [], errorMs: 0, synced: true });
});

test("repairs that nobody took are one", () => {
  const timeline = new GatewayTimeline({ boot });
  timeline.observe(startAt - year, 0, false);
  timeline.observe(startAt - hour, 0, false);
  timeline.observe(startAt, 0, true);
  expect(timeline.takeRepair()).toEqual({ boot, byMs: year, from: "unsynced", to: "synced" });
  expect(timeline.takeRepair()).toBeUndefined();
});

test("the anchor is the last comparison of the two clocks", () => {
  const timeline = new GatewayTimeline({ boot });
  expect(timeline.anchor).toBeUndefined();
  timeline.observe(startAt, 10.5, true);
  timeline.observe(startAt + 7, 17.25, true);
  expect(timeline.anchor).toEqual({ boot, monotonicMs: 17.25, wallAt: startAt + 7, synced: true });
});
