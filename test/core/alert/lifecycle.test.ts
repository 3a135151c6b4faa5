import { expect, test } from "vitest";
import {
  type AlertChange,
  dueAt,
  endAlert,
  stepAlert,
  stepNoData,
  stepSilence,
  stepUnknown,
} from "../../../src/core/alert/lifecycle.ts";
import { AlertStatus } from "../../../src/core/alert/status.ts";

const timing = { forMs: 10, keepFiringForMs: 20 };
const none = -1;
const warning = 0;
const critical = 1;

type Judgement = readonly [at: number, level: number];

function statusAfter(...judgements: readonly Judgement[]): AlertStatus {
  const status = new AlertStatus();
  for (const [at, level] of judgements) stepAlert(status, timing, at, level);
  return status;
}

function unknownAfter(...judgements: readonly Judgement[]): AlertStatus {
  const status = statusAfter(...judgements);
  stepUnknown(status, 70);
  return status;
}

function described(change: AlertChange | undefined): string {
  if (change === undefined) return "-";
  return `${change.state}${change.level}@${change.at}/${change.since}`;
}

/** What can happen to an alert, at 100. */
const events = {
  "judged clear": (status: AlertStatus) => stepAlert(status, timing, 100, none),
  "judged warning": (status: AlertStatus) => stepAlert(status, timing, 100, warning),
  "judged critical": (status: AlertStatus) => stepAlert(status, timing, 100, critical),
  "judged unknown": (status: AlertStatus) => stepUnknown(status, 100),
  "silent until then": (status: AlertStatus) => stepSilence(status, timing, 100),
  "silence that means no-data": (status: AlertStatus) => stepNoData(status, "no-data", 100),
  "silence that means firing": (status: AlertStatus) => stepNoData(status, "firing", 100),
  "silence that means ok": (status: AlertStatus) => stepNoData(status, "ok", 100),
  ended: (status: AlertStatus) => endAlert(status, 100),
};
type EventName = keyof typeof events;
const eventNames = Object.keys(events) as EventName[];

const starts = {
  "at rest": () => statusAfter(),
  "pending since 95": () => statusAfter([95, warning]),
  "pending since 90": () => statusAfter([90, warning]),
  "pending since 86, critical since 95": () => statusAfter([86, warning], [95, critical]),
  "firing warning": () => statusAfter([50, warning], [60, warning]),
  "firing warning, clear since 90": () => statusAfter([50, warning], [60, warning], [90, none]),
  "firing warning, clear since 80": () => statusAfter([50, warning], [60, warning], [80, none]),
  "firing warning, critical since 95": () => statusAfter([50, warning], [60, warning], [95, critical]),
  "firing warning, critical since 90": () => statusAfter([50, warning], [60, warning], [90, critical]),
  "firing critical": () => statusAfter([50, critical], [60, critical]),
  "firing critical, warning since 90": () => statusAfter([50, critical], [60, critical], [90, warning]),
  "firing critical, warning since 80": () => statusAfter([50, critical], [60, critical], [80, warning]),
  "firing critical, clear since 80": () => statusAfter([50, critical], [60, critical], [80, none]),
  "without data since 70": () => unknownAfter(),
  "without data since 70, firing critical before": () => unknownAfter([50, critical], [60, critical]),
};

/** One row a start, one cell an event in the order above: what is announced, level@at/since, and the state after it. */
const table: Readonly<Record<keyof typeof starts, string>> = {
  "at rest": `
    - ok | pending0@100/100 pending | pending1@100/100 pending | no-data0@100/100 no-data | - ok |
    no-data0@100/100 no-data | firing0@100/100 firing0 | - ok | - ok`,
  "pending since 95": `
    ok0@100/95 ok | - pending | - pending | no-data0@100/100 no-data | - pending |
    no-data0@100/100 no-data | firing0@100/95 firing0 | ok0@100/95 ok | ok0@100/95 ok`,
  "pending since 90": `
    ok0@100/90 ok | firing0@100/90 firing0 | firing0@100/90 firing0 | no-data0@100/100 no-data |
    firing0@100/90 firing0 |
    no-data0@100/100 no-data | firing0@100/90 firing0 | ok0@100/90 ok | ok0@100/90 ok`,
  "pending since 86, critical since 95": `
    ok1@100/86 ok | firing0@100/86 firing0 | firing0@100/86 firing0 | no-data0@100/100 no-data |
    firing0@96/86 firing0 |
    no-data0@100/100 no-data | firing1@100/86 firing1 | ok1@100/86 ok | ok1@100/86 ok`,
  "firing warning": `
    - firing0 | - firing0 | - firing0 | no-data0@100/50 no-data0 | - firing0 |
    no-data0@100/50 no-data0 | - firing0 | resolved0@100/50 ok | resolved0@100/50 ok`,
  "firing warning, clear since 90": `
    - firing0 | - firing0 | - firing0 | no-data0@100/50 no-data0 | - firing0 |
    no-data0@100/50 no-data0 | - firing0 | resolved0@100/50 ok | resolved0@100/50 ok`,
  "firing warning, clear since 80": `
    resolved0@100/50 ok | - firing0 | - firing0 | no-data0@100/50 no-data0 | resolved0@100/50 ok |
    no-data0@100/50 no-data0 | - firing0 | resolved0@100/50 ok | resolved0@100/50 ok`,
  "firing warning, critical since 95": `
    - firing0 | - firing0 | - firing0 | no-data0@100/50 no-data0 | - firing0 |
    no-data0@100/50 no-data0 | - firing0 | resolved0@100/50 ok | resolved0@100/50 ok`,
  "firing warning, critical since 90": `
    - firing0 | - firing0 | firing1@100/50 firing1 | no-data0@100/50 no-data0 | firing1@100/50 firing1 |
    no-data0@100/50 no-data0 | - firing0 | resolved0@100/50 ok | resolved0@100/50 ok`,
  "firing critical": `
    - firing1 | - firing1 | - firing1 | no-data1@100/50 no-data1 | - firing1 |
    no-data1@100/50 no-data1 | - firing1 | resolved1@100/50 ok | resolved1@100/50 ok`,
  "firing critical, warning since 90": `
    - firing1 | - firing1 | - firing1 | no-data1@100/50 no-data1 | - firing1 |
    no-data1@100/50 no-data1 | - firing1 | resolved1@100/50 ok | resolved1@100/50 ok`,
  "firing critical, warning since 80": `
    firing0@100/50 firing0 | firing0@100/50 firing0 | - firing1 | no-data1@100/50 no-data1 |
    firing0@100/50 firing0 |
    no-data1@100/50 no-data1 | - firing1 | resolved1@100/50 ok | resolved1@100/50 ok`,
  "firing critical, clear since 80": `
    resolved1@100/50 ok | firing0@100/50 firing0 | - firing1 | no-data1@100/50 no-data1 |
    resolved1@100/50 ok |
    no-data1@100/50 no-data1 | - firing1 | resolved1@100/50 ok | resolved1@100/50 ok`,
  "without data since 70": `
    ok0@100/70 ok | pending0@100/100 pending | pending1@100/100 pending | - no-data | - no-data |
    - no-data | firing0@100/100 firing0 | ok0@100/70 ok | ok0@100/70 ok`,
  "without data since 70, firing critical before": `
    firing1@100/50 firing1 | firing1@100/50 firing1 | firing1@100/50 firing1 | - no-data1 | - no-data1 |
    - no-data1 | firing1@100/50 firing1 | resolved1@100/50 ok | resolved1@100/50 ok`,
};

const pairs = (Object.keys(starts) as (keyof typeof starts)[]).flatMap((start) => {
  const cells = table[start].split("|").map((cell) => cell.trim());
  return eventNames.map((event, index) => [start, event, cells[index]!] as const);
});

test.each(pairs)("an alert %s, %s: %s", (start, event, expected) => {
  const status = starts[start]();
  const change = events[event](status);
  const level = status.level < 0 ? "" : String(status.level);
  expect(`${described(change)} ${status.state}${level}`).toBe(expected);
});

test("the table has a cell for each pair and no more", () => {
  const sizes = Object.values(table).map((row) => row.split("|").length);
  expect(new Set(sizes)).toEqual(new Set([eventNames.length]));
});

test.each(pairs)("an alert %s, %s: at rest exactly when nothing is remembered", (start, event) => {
  const status = starts[start]();
  events[event](status);
  const remembers =
    !Number.isNaN(status.since) ||
    status.level >= 0 ||
    status.judged >= 0 ||
    !Number.isNaN(status.turnedAt(0));
  expect(remembers).toBe(status.state !== "ok");
});

test.each([
  ["at rest", Number.NaN],
  ["pending since 95", 105],
  ["pending since 86, critical since 95", 96],
  ["firing warning", Number.NaN],
  ["firing warning, clear since 90", 110],
  ["firing warning, critical since 95", 105],
  ["firing critical, warning since 90", 110],
  ["firing critical, clear since 80", 100],
  ["without data since 70", Number.NaN],
  ["without data since 70, firing critical before", Number.NaN],
] as const)("an alert %s is due at %d", (start, due) => {
  expect(dueAt(starts[start](), timing)).toBe(due);
});

test("without delays a level fires, rises, falls and resolves at once", () => {
  const status = new AlertStatus();
  const levels = [warning, critical, warning, none, critical];
  const changes = levels.map((level, index) =>
    stepAlert(status, { forMs: 0, keepFiringForMs: 0 }, index, level),
  );
  expect(changes.map(described)).toEqual([
    "firing0@0/0",
    "firing1@1/0",
    "firing0@2/0",
    "resolved0@3/0",
    "firing1@4/4",
  ]);
});

test("a warning since 12:00 fires at 12:10, and the critical level since 12:08 at 12:18", () => {
  const minute = 60_000;
  const minutes = Array.from({ length: 20 }, (_, index) => index);
  const status = new AlertStatus();
  const changes = minutes.map((at) =>
    stepAlert(status, { forMs: 10 * minute, keepFiringForMs: 0 }, at * minute, at < 8 ? warning : critical),
  );
  expect(changes.filter((change) => change !== undefined).map(described)).toEqual([
    "pending0@0/0",
    `firing0@${10 * minute}/0`,
    `firing1@${18 * minute}/0`,
  ]);
});

test("silence lets each level become due by itself, at its own time", () => {
  const status = statusAfter([86, warning], [95, critical]);
  const changes = [1, 2, 3].map(() => described(stepSilence(status, timing, 1_000)));
  expect(changes).toEqual(["firing0@96/86", "firing1@105/86", "-"]);
});

test("a kept episode resolves only after it was seen to be clear for long enough", () => {
  const status = statusAfter([50, critical], [60, critical], [65, none]);
  stepUnknown(status, 70);
  const changes = [100, 119, 120].map((at) => described(stepAlert(status, timing, at, none)));
  expect(changes).toEqual(["firing1@100/50", "-", "resolved1@120/50"]);
});

test("without keepFiringFor a kept episode resolves at the first data that is clear", () => {
  const status = statusAfter([50, warning], [60, warning]);
  stepUnknown(status, 70);
  const change = stepAlert(status, { forMs: 10, keepFiringForMs: 0 }, 100, none);
  expect(described(change)).toBe("resolved0@100/50");
});

test("unknown judgements break the time that a condition has held", () => {
  const status = statusAfter([90, warning]);
  stepUnknown(status, 95);
  const changes = [99, 108, 109].map((at) => described(stepAlert(status, timing, at, warning)));
  expect(changes).toEqual(["pending0@99/99", "-", "firing0@109/99"]);
});

test("time that the gateway was off counts neither as holding nor as clear", () => {
  const pending = statusAfter([96, warning]);
  const clearing = statusAfter([50, warning], [60, warning], [96, none]);
  pending.discount({ from: 100, to: 1_100 });
  clearing.discount({ from: 100, to: 1_100 });
  expect([dueAt(pending, timing), dueAt(clearing, timing)]).toEqual([1_106, 1_116]);
});

test.each([
  ["before a condition turned", { from: 20, to: 95 }, 106],
  ["until it turned", { from: 20, to: 96 }, 106],
  ["around the time when it turned", { from: 20, to: 200 }, 210],
  ["from when it turned", { from: 96, to: 200 }, 210],
] as const)("with the gateway off %s, %o, it fires at %i", (_, span, due) => {
  const pending = statusAfter([96, warning]);
  pending.discount(span);
  expect(dueAt(pending, timing)).toBe(due);
});
