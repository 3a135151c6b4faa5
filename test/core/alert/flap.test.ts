import { expect, test } from "vitest";
import { FlapFilter, flapHistoryMax, type ToldChange } from "../../../src/core/alert/flap.ts";
import { endAlert, stepAlert, stepNoData } from "../../../src/core/alert/lifecycle.ts";
import { AlertStatus } from "../../../src/core/alert/status.ts";
import { SnapshotWriter } from "../../../src/core/fold/snapshot.ts";

const flap = { low: 0.2, high: 0.5, history: 10 };
const noDelay = { forMs: 0, keepFiringForMs: 0 };

/** Judges once a second, `#` holds and `.` does not, and lists what is told. */
function toldOf(judgements: string, filter = new FlapFilter(), status = new AlertStatus()): ToldChange[] {
  return judgements.split("").flatMap((judgement, at) => {
    const change = stepAlert(status, noDelay, at, judgement === "#" ? 0 : -1);
    return filter.step(flap, status, at, change) ?? [];
  });
}

test("a change now and then is told as it is", () => {
  expect(toldOf(".###......#####.......").map(({ state }) => state)).toEqual([
    "firing",
    "resolved",
    "firing",
    "resolved",
  ]);
});

test("one notice replaces the changes of an alert that flaps, and the end tells the present state", () => {
  expect(toldOf("#.#.#.#.#.#.............").map(({ state, at }) => [at, state])).toEqual([
    [0, "firing"],
    [1, "resolved"],
    [2, "firing"],
    [3, "resolved"],
    [4, "flapping"],
    [19, "resolved"],
  ]);
});

test("the end of a flapping at rest resolves the episode of the notice", () => {
  const told = toldOf("#.#.#.#.#.#.............");
  expect(told.at(-1)!.since).toBe(told.at(-2)!.since);
});

test("a flapping that ends in a firing alert tells it with its own episode", () => {
  const told = toldOf("#.#.#.#.#.#.##############");
  expect(told.at(-1)).toMatchObject({ state: "firing", since: 12 });
});

test.each([
  ["no-data", { state: "no-data", since: 60 }],
  ["ok", { state: "resolved", since: 4 }],
] as const)("a flapping source that falls silent, which means %s, flaps no more: %o", (meaning, expected) => {
  const filter = new FlapFilter();
  const status = new AlertStatus();
  toldOf(meaning === "ok" ? "#.#.#.#.#" : "#.#.#.#.", filter, status);
  const told = filter.silence(status, stepNoData(status, meaning, 60)!);
  expect([told, filter.flapping, filter.share(10)]).toMatchObject([expected, false, 0]);
});

test("silence brings a change of an alert that does not flap as it is", () => {
  const filter = new FlapFilter();
  const status = new AlertStatus();
  toldOf("#", filter, status);
  const change = stepNoData(status, "no-data", 60)!;
  expect(filter.silence(status, change)).toBe(change);
});

test("the end of the rule resolves a flapping alert, though underneath it may be at rest", () => {
  const filter = new FlapFilter();
  const status = new AlertStatus();
  toldOf("#.#.#.#.", filter, status);
  const told = filter.end(50, endAlert(status, 50));
  expect([told?.state, filter.flapping]).toEqual(["resolved", false]);
});

test("the end of the rule is told as it is of an alert that does not flap", () => {
  const filter = new FlapFilter();
  const status = new AlertStatus();
  toldOf("##", filter, status);
  const change = endAlert(status, 50);
  expect(filter.end(50, change)).toBe(change);
});

test.each([1, 2, 31, 32, 33, 63, flapHistoryMax])(
  "with %i decisions that all changed the share is 1",
  (history) => {
    const filter = new FlapFilter();
    const status = new AlertStatus();
    for (let at = 0; at < history; at += 1) {
      filter.step(
        { low: 0, high: 2, history },
        status,
        at,
        stepAlert(status, noDelay, at, at % 2 === 0 ? 0 : -1),
      );
    }
    expect(filter.share(history)).toBeCloseTo(1, 12);
  },
);

test("a share that reaches a bound is over it", () => {
  const filter = new FlapFilter();
  const status = new AlertStatus();
  const bounds = { low: 0, high: 1, history: 1 };
  const told = [0, 0, -1].map((level, at) =>
    filter.step(bounds, status, at, stepAlert(status, noDelay, at, level)),
  );
  expect(told.map((one) => one?.state)).toEqual(["flapping", "firing", "flapping"]);
});

test.each([1, 31, 32, 33, 63, flapHistoryMax])(
  "after %i decisions without a change nothing is remembered, in three bytes",
  (history) => {
    const filter = new FlapFilter();
    const status = new AlertStatus();
    const definition = { low: 0, high: 2, history };
    filter.step(definition, status, 0, stepAlert(status, noDelay, 0, 0));
    for (let at = 1; at <= history; at += 1) filter.step(definition, status, at, undefined);
    const writer = new SnapshotWriter();
    filter.write(writer);
    expect(writer.finish()).toEqual(new Uint8Array(3));
  },
);

test("a new change weighs half as much again as an old one", () => {
  const filter = new FlapFilter();
  const status = new AlertStatus();
  const definition = { low: 0, high: 2, history: 21 };
  filter.step(definition, status, 0, stepAlert(status, noDelay, 0, 0));
  const fresh = filter.share(21);
  for (let at = 1; at < 21; at += 1) filter.step(definition, status, at, undefined);
  expect(fresh / filter.share(21)).toBeCloseTo(1.5, 12);
});
