import { expect, test } from "vitest";
import type { AlertCommand } from "../../../src/core/alert/command.ts";
import { AlertHandling, type ToldState } from "../../../src/core/alert/handling.ts";
import type { GatewayTime } from "../../../src/core/alert/shelf.ts";
import { SnapshotReader, SnapshotWriter } from "../../../src/core/fold/snapshot.ts";

const hour = 3_600_000;
const now: GatewayTime = { runningMs: 5_000, at: 1_762_000_000_000, synced: true };
const said = { target: { alert: "0123456789abcdef" }, by: "mia", reason: "on my way" };
const acknowledge: AlertCommand = { ...said, kind: "acknowledge" };
const unacknowledge: AlertCommand = { ...said, kind: "unacknowledge" };
const shelve: AlertCommand = { ...said, kind: "shelve", forMs: 2 * hour };
const unshelve: AlertCommand = { ...said, kind: "unshelve" };

const warning: ToldState = { state: "firing", since: 100, level: 0 };
const critical: ToldState = { state: "firing", since: 100, level: 1 };

function handlingAfter(...commands: readonly AlertCommand[]): AlertHandling {
  const handling = new AlertHandling();
  for (const command of commands) handling.apply(command, warning, now);
  return handling;
}

function summary(handling: AlertHandling): string {
  const parts = [handling.acknowledgement && "acknowledged", handling.shelf && "shelved"];
  return parts.filter((part) => part !== undefined).join(" and ") || "untouched";
}

const starts = {
  untouched: [],
  acknowledged: [acknowledge],
  shelved: [shelve],
  "acknowledged and shelved": [acknowledge, shelve],
} as const;

test.each([
  ["untouched", acknowledge, "applied", "acknowledged"],
  ["untouched", unacknowledge, "unchanged", "untouched"],
  ["untouched", shelve, "applied", "shelved"],
  ["untouched", unshelve, "unchanged", "untouched"],
  ["acknowledged", acknowledge, "unchanged", "acknowledged"],
  ["acknowledged", unacknowledge, "applied", "untouched"],
  ["acknowledged", shelve, "applied", "acknowledged and shelved"],
  ["acknowledged", unshelve, "unchanged", "acknowledged"],
  ["shelved", acknowledge, "applied", "acknowledged and shelved"],
  ["shelved", unacknowledge, "unchanged", "shelved"],
  ["shelved", shelve, "applied", "shelved"],
  ["shelved", unshelve, "applied", "untouched"],
  ["acknowledged and shelved", acknowledge, "unchanged", "acknowledged and shelved"],
  ["acknowledged and shelved", unacknowledge, "applied", "shelved"],
  ["acknowledged and shelved", shelve, "applied", "acknowledged and shelved"],
  ["acknowledged and shelved", unshelve, "applied", "acknowledged"],
] as const)("%s, told $kind: %s, then %s", (start, command, outcome, after) => {
  const handling = handlingAfter(...starts[start]);
  expect([handling.apply(command, warning, now), summary(handling)]).toEqual([outcome, after]);
});

test.each([
  ["never told", undefined, "nothing-to-acknowledge"],
  ["ok", "ok", "nothing-to-acknowledge"],
  ["resolved", "resolved", "nothing-to-acknowledge"],
  ["pending", "pending", "nothing-to-acknowledge"],
  ["firing", "firing", "applied"],
  ["no-data", "no-data", "applied"],
  ["flapping", "flapping", "applied"],
] as const)("an alert that is %s takes an acknowledgement as it should", (_, state, outcome) => {
  const told: ToldState | undefined = state && { state, since: 100, level: 0 };
  expect(new AlertHandling().apply(acknowledge, told, now)).toBe(outcome);
});

test.each([
  ["resolves", [{ state: "resolved", since: 100, level: 0 }], "untouched"],
  ["becomes critical", [critical], "untouched"],
  ["loses its data", [{ state: "no-data", since: 100, level: 0 }], "acknowledged"],
  ["loses its data and fires on", [{ state: "no-data", since: 100, level: 0 }, warning], "acknowledged"],
  ["begins a new episode", [{ state: "firing", since: 900, level: 0 }], "untouched"],
  ["begins to flap in this episode", [{ state: "flapping", since: 100, level: 0 }], "acknowledged"],
  ["begins to flap in another episode", [{ state: "flapping", since: 700, level: 0 }], "untouched"],
] as const)("an acknowledged warning that %s is %3$s", (_, changes, after) => {
  const handling = handlingAfter(acknowledge);
  for (const told of changes) handling.follow(told);
  expect(summary(handling)).toBe(after);
});

test("an acknowledged critical alert stays so when it falls to warning, and calls when it rises again", () => {
  const handling = new AlertHandling();
  handling.apply(acknowledge, critical, now);
  expect([handling.follow(warning), handling.follow(critical)]).toEqual([false, true]);
});

test("a shelf stands through the end of the episode and the next one", () => {
  const handling = handlingAfter(shelve);
  handling.follow({ state: "resolved", since: 100, level: 0 });
  handling.follow({ state: "firing", since: 900, level: 1 });
  expect(summary(handling)).toBe("shelved");
});

test("a shelf expires by itself, once", () => {
  const handling = handlingAfter(shelve);
  const times = [2 * hour - 1, 2 * hour, 3 * hour].map((ms) => ({ ...now, runningMs: now.runningMs + ms }));
  expect(times.map((time) => handling.expire(time))).toEqual([false, true, false]);
});

test("shelving again begins a new shelf", () => {
  const handling = handlingAfter(shelve);
  const later = { ...now, runningMs: now.runningMs + hour, at: now.at + hour };
  handling.apply({ ...said, kind: "shelve", forMs: hour / 2 }, warning, later);
  expect(handling.dueAt(later)).toBe(now.runningMs + 1.5 * hour);
});

test("without a shelf nothing is waited for", () => {
  expect(handlingAfter(acknowledge).dueAt(now)).toBe(Number.POSITIVE_INFINITY);
});

test("a correction of the clock keeps an acknowledgement with its episode", () => {
  const handling = handlingAfter(acknowledge);
  handling.shift(1_000);
  expect(handling.follow({ state: "no-data", since: 1_100, level: 0 })).toBe(false);
});

test.each(Object.entries(starts))("what is %s is read as it was written", (start, commands) => {
  const writer = new SnapshotWriter();
  const handling = handlingAfter(...commands);
  handling.write(writer);
  const bytes = writer.finish();
  const reader = new SnapshotReader(bytes);
  const read = new AlertHandling();
  read.read(reader);
  const again = new SnapshotWriter();
  read.write(again);
  expect([summary(read), reader.finished, again.finish()]).toEqual([start, true, bytes]);
});

test("who and why are kept", () => {
  const handling = handlingAfter(acknowledge, shelve);
  expect([handling.acknowledgement, handling.shelf]).toMatchObject([
    { by: "mia", reason: "on my way" },
    { by: "mia", reason: "on my way", endAt: now.at + 2 * hour },
  ]);
});
