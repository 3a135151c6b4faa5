import { expect, test } from "vitest";
import { AnomalyDetector } from "../../../src/core/detect/anomaly.ts";
import { SnapshotWriter } from "../../../src/core/fold/snapshot.ts";
import { evenNumbers, normalNumbers } from "./noise.ts";

/** A Monday, 00:00 UTC; a row every five minutes. */
const beginAt = Date.UTC(2024, 0, 1);
const rowMs = 300_000;
const rowsOfDay = 288;

/** Value by row. A function of rows in ascending order only. */
type Series = (row: number) => number;

function noise(seed: number): Series {
  const normal = normalNumbers(seed);
  return () => 20 + normal();
}

function daily(seed: number): Series {
  const normal = normalNumbers(seed);
  return (row) => 20 + 5 * Math.sin((2 * Math.PI * row) / rowsOfDay) + normal();
}

function walk(seed: number): Series {
  const normal = normalNumbers(seed);
  let value = 0;
  return () => {
    value += normal();
    return value;
  };
}

function heavyTailed(seed: number): Series {
  const even = evenNumbers(seed);
  return () => (1 - even()) ** (-1 / 1.5);
}

function dutyCycle(seed: number): Series {
  const even = evenNumbers(seed);
  let on = false;
  let left = 0;
  return () => {
    left -= 1;
    if (left <= 0) {
      on = !on;
      left = Math.floor((on ? 8 : 20) * (0.7 + 0.6 * even()));
    }
    return (on ? 100 : 0) + even();
  };
}

function trend(seed: number): Series {
  const normal = normalNumbers(seed);
  return (row) => 0.01 * row + normal();
}

/** Rows in which a detector of that sensitivity fires. */
function firings(series: Series, rows: number, sensitivity: number = 0.5): number[] {
  const detector = new AnomalyDetector(sensitivity);
  const rowsFired: number[] = [];
  for (let row = 0; row < rows; row += 1) {
    if (detector.step(series(row), beginAt + row * rowMs, true)) rowsFired.push(row);
  }
  return rowsFired;
}

const strangeFrom = 4_000;

/** `series` with something done to its rows from 4,000 on. */
function disturbed(series: Series, change: (value: number, row: number) => number, rows: number): Series {
  return (row) => {
    const value = series(row);
    return row >= strangeFrom && row < strangeFrom + rows ? change(value, row) : value;
  };
}

const seeds = [1, 2, 3, 4, 5];

const disturbances: readonly (readonly [string, (seed: number) => Series, number])[] = [
  ["a spike", (seed) => disturbed(noise(seed), (value) => value + 8, 1), 12],
  ["a spike on a trend, inside the range", (seed) => disturbed(trend(seed), (value) => value - 10, 1), 12],
  ["a level shift", (seed) => disturbed(noise(seed), (value) => value + 3, 1_000), 60],
  [
    "a slow drift",
    (seed) => disturbed(noise(seed), (value, row) => value + (row - strangeFrom) / 50, 300),
    300,
  ],
  ["noise that trebles", (seed) => disturbed(noise(seed), (value) => 20 + 3 * (value - 20), 300), 100],
  ["a sensor that stands still", (seed) => disturbed(noise(seed), () => 20.3, 300), 200],
  ["a lost daily pattern", (seed) => disturbed(daily(seed), () => 20, 300), 288],
  ["day for night", (seed) => disturbed(daily(seed), (value) => 40 - value, 288), 288],
];

test.each(
  disturbances.flatMap(([name, series, within]) => seeds.map((seed) => ({ name, series, within, seed }))),
)("$name is found within $within rows, seed $seed", ({ series, within, seed }) => {
  const found = firings(series(seed), strangeFrom + within).filter((row) => row >= strangeFrom);
  expect(found).not.toEqual([]);
});

test.each<readonly [string, (seed: number) => Series]>([
  ["noise", noise],
  ["a daily pattern", daily],
  ["a random walk", walk],
  ["a heavy tail", heavyTailed],
  ["a duty cycle", dutyCycle],
  ["a trend", trend],
])("%s without anomalies fires in fewer than one of a thousand rows", (_name, series) => {
  const alarms = seeds.flatMap((seed) => firings(series(seed), 10_000));
  expect(alarms.length).toBeLessThan(50);
});

test("a higher sensitivity gives more alarms, and none at all at 0", () => {
  const counts = [0, 0.1, 0.5, 1].map(
    (sensitivity) => seeds.flatMap((seed) => firings(noise(seed), 10_000, sensitivity)).length,
  );
  expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  expect(counts[0]).toBe(0);
  expect(counts[3]).toBeGreaterThan(counts[1]!);
});

test("what lasts fires at its beginning, and becomes ordinary", () => {
  const shifted = disturbed(noise(1), (value) => value + 10, 100_000);
  const found = firings(shifted, 10_000).filter((row) => row >= strangeFrom);
  expect(found[0]).toBeLessThan(strangeFrom + 10);
  expect(found.length).toBeLessThan(10);
});

test("a glitch of any size does not blind it to what comes after", () => {
  const glitched: Series = ((series: Series) => (row: number) => {
    const value = series(row);
    return row === 3_000 ? 3.4e38 : value;
  })(disturbed(noise(2), (value) => value + 6, 500));
  expect(firings(glitched, strangeFrom + 60).filter((row) => row >= strangeFrom)).not.toEqual([]);
});

test("while nothing is learned, what it was warned of stays strange", () => {
  const series = noise(3);
  const detector = new AnomalyDetector();
  let at = beginAt;
  const feed = (value: number, learn: boolean): boolean => detector.step(value, (at += rowMs), learn);
  for (let row = 0; row < 2_000; row += 1) feed(series(row), true);
  for (let row = 0; row < 3_000; row += 1) feed(40, false);
  for (let row = 0; row < 600; row += 1) feed(series(row), false);
  expect([feed(40, false), feed(40, false), feed(40, false)]).toContain(true);
});

test("ordinary rows score about a half, and the warm-up scores 0", () => {
  const series = noise(4);
  const detector = new AnomalyDetector();
  const scores: number[] = [];
  for (let row = 0; row < 2_000; row += 1) {
    detector.step(series(row), beginAt + row * rowMs, true);
    scores.push(detector.score);
  }
  expect(scores.slice(0, 100).every((score) => score === 0)).toBe(true);
  const median = scores.slice(100).toSorted((a, b) => a - b)[950]!;
  expect(median).toBeGreaterThan(0.45);
  expect(median).toBeLessThan(0.65);
});

test("it expects the mean of the hour once it knows the day", () => {
  const series = daily(5);
  const detector = new AnomalyDetector();
  for (let row = 0; row < 6 * rowsOfDay; row += 1) detector.step(series(row), beginAt + row * rowMs, true);
  detector.step(24, beginAt + 6 * rowsOfDay * rowMs + 6 * 3_600_000, false);
  expect(detector.expected).toBeGreaterThan(23.5);
  expect(detector.expected).toBeLessThan(26);
});

test("its snapshot stays under 16 KB however long it runs", () => {
  const series = walk(6);
  const detector = new AnomalyDetector();
  for (let row = 0; row < 40_000; row += 1) detector.step(series(row), beginAt + row * rowMs, true);
  const writer = new SnapshotWriter();
  detector.write(writer);
  expect(writer.finish().length).toBeLessThan(16_384);
});
