import { expect, test } from "vitest";
import { type AlertStatus, dueAt, stepAlert, stepSilence } from "../../../src/core/alert/lifecycle.ts";

const none = Number.NaN;

function status(state: AlertStatus["state"], since: number, clearSince: number): AlertStatus {
  return { state, since, clearSince };
}

/** Every state with every judgement, before and after the time that matters there. */
test.each([
  ["ok", false, 100, { forMs: 0, keepFiringForMs: 0 }, undefined, "ok"],
  ["ok", true, 100, { forMs: 0, keepFiringForMs: 0 }, "firing", "firing"],
  ["ok", true, 100, { forMs: 10, keepFiringForMs: 0 }, "pending", "pending"],
  ["pending", false, 5, { forMs: 10, keepFiringForMs: 0 }, "ok", "ok"],
  ["pending", false, 50, { forMs: 10, keepFiringForMs: 0 }, "ok", "ok"],
  ["pending", true, 9, { forMs: 10, keepFiringForMs: 0 }, undefined, "pending"],
  ["pending", true, 10, { forMs: 10, keepFiringForMs: 0 }, "firing", "firing"],
  ["firing", true, 100, { forMs: 0, keepFiringForMs: 10 }, undefined, "firing"],
  ["firing", false, 100, { forMs: 0, keepFiringForMs: 0 }, "resolved", "ok"],
  ["firing", false, 100, { forMs: 0, keepFiringForMs: 10 }, undefined, "firing"],
] as const)(
  "%s judged %s at %i under %j announces %s and is %s",
  (state, holds, at, timing, change, after) => {
    const alert = status(state, state === "ok" ? none : 0, none);
    expect(stepAlert(alert, timing, { at, holds })).toBe(change);
    expect(alert.state).toBe(after);
  },
);

test("a firing alert resolves once it has been clear for long enough without a break", () => {
  const timing = { forMs: 0, keepFiringForMs: 10 };
  const alert = status("firing", 0, none);
  const judgements = [
    [1, false],
    [5, true],
    [6, false],
    [12, false],
    [16, false],
  ] as const;
  expect(judgements.map(([at, holds]) => stepAlert(alert, timing, { at, holds }))).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    "resolved",
  ]);
});

test("an alert that begins to hold anew is a new episode", () => {
  const alert = status("ok", none, none);
  const timing = { forMs: 0, keepFiringForMs: 0 };
  stepAlert(alert, timing, { at: 1, holds: true });
  stepAlert(alert, timing, { at: 2, holds: false });
  stepAlert(alert, timing, { at: 3, holds: true });
  expect(alert.since).toBe(3);
});

test.each([
  ["ok", none, none, 1_000, undefined],
  ["pending", 0, none, 9, undefined],
  ["pending", 0, none, 10, "firing"],
  ["firing", 0, none, 1_000, undefined],
  ["firing", 0, 50, 69, undefined],
  ["firing", 0, 50, 70, "resolved"],
] as const)("silence leaves %s since %d, clear since %d, at %d: %s", (state, since, clear, at, change) => {
  const alert = status(state, since, clear);
  expect(stepSilence(alert, { forMs: 10, keepFiringForMs: 20 }, at)).toBe(change);
});

test("an alert at rest, or firing without being clear, waits for nothing", () => {
  const timing = { forMs: 10, keepFiringForMs: 20 };
  expect(dueAt(status("ok", none, none), timing)).toBeNaN();
  expect(dueAt(status("firing", 5, none), timing)).toBeNaN();
});
