import fc from "fast-check";
import { expect, test } from "vitest";
import { type GatewayTime, Shelf } from "../../../src/core/alert/shelf.ts";
import { SnapshotReader, SnapshotWriter } from "../../../src/core/fold/snapshot.ts";

const hour = 3_600_000;
const year = 365 * 24 * hour;
const today = 1_762_000_000_000;
const said = { by: "mia", reason: "compressor is being changed" };

const synced: GatewayTime = { runningMs: 1_000, at: today, synced: true };
const unsynced: GatewayTime = { ...synced, synced: false };

/** The gateway ran for `ranMs` and its wall clock moved on by `wallMs`. */
function later(from: GatewayTime, ranMs: number, wallMs: number, clock: "synced" | "unsynced"): GatewayTime {
  return { runningMs: from.runningMs + ranMs, at: from.at + wallMs, synced: clock === "synced" };
}

test.each([
  ["before its end", synced, later(synced, hour, hour, "synced"), false],
  ["at its end", synced, later(synced, 2 * hour, 2 * hour, "synced"), true],
  ["at its end without any right clock", unsynced, later(unsynced, 2 * hour, 0, "unsynced"), true],
  ["after a weekend without power", synced, later(synced, 60_000, 60 * hour, "synced"), true],
  ["after a weekend, the clock not yet right", synced, later(synced, 60_000, 60 * hour, "unsynced"), false],
  [
    "when the clock learns the time, three years on",
    unsynced,
    later(unsynced, hour, 3 * year, "synced"),
    false,
  ],
  [
    "when the clock learned the time, at its end",
    unsynced,
    later(unsynced, 2 * hour, 3 * year, "synced"),
    true,
  ],
  ["when the clock went back three years", synced, later(synced, 2 * hour, -3 * year, "synced"), true],
] as const)("a shelf of two hours %s", (_, from, now, over) => {
  const shelf = Shelf.open(from, 2 * hour, said);
  expect([shelf.isOver(now), now.runningMs >= shelf.dueAt(now)]).toEqual([over, over]);
});

test("a correction of the clock moves the end that an unsynchronised clock gave, and no other", () => {
  const provisional = Shelf.open(unsynced, hour, said);
  const right = Shelf.open(synced, hour, said);
  provisional.shift(year);
  right.shift(year);
  expect([provisional.endAt - today, right.endAt - today]).toEqual([hour + year, hour]);
});

test("the wall clock never keeps an alert on its shelf for longer than its duration of running time", () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.integer({ min: 0, max: 1e9 }),
      fc.array(
        fc.record({
          ranMs: fc.nat(1e8),
          jumpMs: fc.integer({ min: -1e11, max: 1e11 }),
          synced: fc.boolean(),
        }),
      ),
      (syncedFirst, forMs, steps) => {
        const shelf = Shelf.open({ runningMs: 0, at: today, synced: syncedFirst }, forMs, said);
        let now: GatewayTime = { runningMs: 0, at: today, synced: syncedFirst };
        for (const step of steps) {
          now = {
            runningMs: now.runningMs + step.ranMs,
            at: now.at + step.ranMs + step.jumpMs,
            synced: step.synced,
          };
          const byWall = syncedFirst && now.synced && now.at >= today + forMs;
          expect(shelf.isOver(now)).toBe(now.runningMs >= forMs || byWall);
        }
      },
    ),
  );
});

test("a shelf is read as it was written", () => {
  const writer = new SnapshotWriter();
  const shelf = Shelf.open(synced, hour, said);
  shelf.write(writer);
  const reader = new SnapshotReader(writer.finish());
  const read = Shelf.read(reader);
  const now = later(synced, 1, 1, "synced");
  expect([read.dueAt(now), read.endAt, read.by, read.reason, reader.finished]).toEqual([
    shelf.dueAt(now),
    shelf.endAt,
    said.by,
    said.reason,
    true,
  ]);
});
