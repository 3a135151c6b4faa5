/** How soon detectors with their defaults find what is there, and how often they find what is not. */
import { expect, test } from "vitest";
import { CusumDetector } from "../../../src/core/detect/cusum.ts";
import type { Detector } from "../../../src/core/detect/detector.ts";
import { EwmaDetector } from "../../../src/core/detect/ewma.ts";
import { PageHinkleyDetector, pageHinkleyAdoptSamples } from "../../../src/core/detect/page-hinkley.ts";
import { SeasonalDetector } from "../../../src/core/detect/seasonal.ts";
import { SpikeDetector } from "../../../src/core/detect/spike.ts";
import { normalNumbers } from "./noise.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const spike = (): Detector => new SpikeDetector({ n: 31, k: 6 });
const ewma = (): Detector => new EwmaDetector({ halfLifeMs: hourMs, k: 4 });
const cusum = (): Detector => new CusumDetector({ drift: 0.5, threshold: 10 });
const pageHinkley = (): Detector => new PageHinkleyDetector({ drift: 0.5, threshold: 20 });
const daily = (): Detector => new SeasonalDetector({ season: "hour-of-day", k: 4 });
const weekly = (): Detector => new SeasonalDetector({ season: "hour-of-week", k: 4 });

/** Steps through values a minute apart; counts how many fire. */
function firingCount(detector: Detector, count: number, valueAt: (index: number) => number): number {
  let firing = 0;
  for (let index = 0; index < count; index += 1) {
    if (detector.step(valueAt(index), index * minuteMs, true)) firing += 1;
  }
  return firing;
}

test.each([
  ["spike", spike(), 25],
  ["ewma", ewma(), 25],
  ["cusum", cusum(), 30],
  ["page-hinkley", pageHinkley(), 0],
  ["seasonal by day", daily(), 10],
  ["seasonal by week", weekly(), 5],
])("%s: few of 100,000 values of normal noise fire", (_name, detector, most) => {
  const noise = normalNumbers(977);
  expect(firingCount(detector, 100_000, () => 20 + noise())).toBeLessThanOrEqual(most);
});

test.each([
  ["spike", spike(), 0],
  ["ewma", ewma(), 0],
  ["cusum", cusum(), 0],
  ["page-hinkley", pageHinkley(), 0],
  ["seasonal by day", daily(), 0],
])("%s: a last digit that flips now and then does not fire", (_name, detector, most) => {
  const noise = normalNumbers(12);
  expect(firingCount(detector, 20_000, () => (noise() > 2.5 ? 20.1 : 20))).toBe(most);
});

/** The number of values after which a shift, that began after 1,000 values of noise, fires; the worst of 50 series. */
function delayMax(open: () => Detector, shift: number): number {
  let worst = 0;
  for (let seed = 1; seed <= 50; seed += 1) {
    const noise = normalNumbers(seed * 31);
    const detector = open();
    firingCount(detector, 1_000, () => 20 + noise());
    let delay = 1;
    while (delay < 200 && !detector.step(20 + shift + noise(), (999 + delay) * minuteMs, true)) delay += 1;
    worst = Math.max(worst, delay);
  }
  return worst;
}

test.each([
  { name: "cusum", open: cusum, shift: 1, most: 60 },
  { name: "cusum", open: cusum, shift: 2, most: 15 },
  { name: "cusum", open: cusum, shift: -2, most: 15 },
  { name: "page-hinkley", open: pageHinkley, shift: 2, most: 25 },
  { name: "page-hinkley", open: pageHinkley, shift: -3, most: 15 },
  { name: "ewma", open: ewma, shift: 8, most: 2 },
  { name: "spike", open: spike, shift: 15, most: 1 },
])("$name: a shift of $shift deviations is found within $most values", ({ open, shift, most }) => {
  expect(delayMax(open, shift)).toBeLessThanOrEqual(most);
});

test("cusum: one wild value is no shift", () => {
  const noise = normalNumbers(3);
  const detector = cusum();
  expect(firingCount(detector, 500, (index) => (index === 300 ? 1e9 : 20 + noise()))).toBe(0);
});

test("cusum: it fires while values stay away, and is quiet soon after they are back", () => {
  const detector = cusum();
  const noise = normalNumbers(4);
  firingCount(detector, 1_000, () => 20 + noise());
  expect(firingCount(detector, 10, () => 23 + noise())).toBeGreaterThan(4);
  expect(firingCount(detector, 90, () => 23 + noise())).toBe(90);
  firingCount(detector, 40, () => 20 + noise());
  expect(firingCount(detector, 60, () => 20 + noise())).toBe(0);
});

test("page-hinkley: a new level is ordinary after so many values of the alarm", () => {
  const detector = pageHinkley();
  const noise = normalNumbers(5);
  firingCount(detector, 1_000, () => 20 + noise());
  expect(firingCount(detector, 1_000, () => 25 + noise())).toBe(pageHinkleyAdoptSamples);
  expect(detector.expected).toBeGreaterThan(24.5);
  // And the way back is a change again.
  expect(firingCount(detector, 1_000, () => 20 + noise())).toBe(pageHinkleyAdoptSamples);
});

test("page-hinkley: while frozen it adopts nothing, and ends when the values are back", () => {
  const detector = pageHinkley();
  const noise = normalNumbers(6);
  firingCount(detector, 1_000, () => 20 + noise());
  let firing = 0;
  for (let index = 0; index < 500; index += 1) if (detector.step(25 + noise(), 0, false)) firing += 1;
  expect(firing).toBeGreaterThan(490);
  for (let index = 0; index < 100; index += 1) detector.step(20 + noise(), 0, false);
  expect(detector.step(20, 0, false)).toBe(false);
});

test.each([
  ["spike", spike],
  ["ewma", ewma],
  ["cusum", cusum],
  ["page-hinkley", pageHinkley],
])("%s: one reading of nonsense does not blind it", (_name, open) => {
  const detector = open();
  const noise = normalNumbers(9);
  firingCount(detector, 500, () => 20 + noise());
  detector.step(65_535, 500 * minuteMs, true);
  detector.step(-1e150, 501 * minuteMs, true);
  detector.step(1.7e308, 502 * minuteMs, true);
  let at = 503 * minuteMs;
  for (let index = 0; index < 100; index += 1) {
    detector.step(20 + noise(), at, true);
    at += minuteMs;
  }
  let found = false;
  for (let index = 0; index < 10; index += 1) {
    found = detector.step(40 + noise(), at, true) || found;
    at += minuteMs;
  }
  expect(found).toBe(true);
});

test.each([
  ["spike", spike],
  ["ewma", ewma],
  ["cusum", cusum],
  ["page-hinkley", pageHinkley],
])("%s: values too large to reckon with are not learned, not even at first", (_name, open) => {
  const detector = open();
  const noise = normalNumbers(9);
  firingCount(detector, 100, (index) => (index % 3 === 0 ? 1e200 : 20 + noise()));
  firingCount(detector, 100, () => 20 + noise());
  expect(Math.abs(detector.expected - 20)).toBeLessThan(2);
});

test("cusum: the baseline follows a level that changes by less than it looks for", () => {
  const detector = cusum();
  const noise = normalNumbers(14);
  firingCount(detector, 20_000, () => 20 + noise());
  firingCount(detector, 4_000, () => 20.4 + noise());
  expect(detector.expected).toBeGreaterThan(20.3);
});

test("page-hinkley: alarms that end by themselves adopt nothing together", () => {
  const detector = pageHinkley();
  const noise = normalNumbers(15);
  firingCount(detector, 1_000, () => 20 + noise());
  const alarms = Array.from({ length: 4 }, () => {
    const firing = firingCount(detector, 8, () => 30 + noise());
    firingCount(detector, 100, () => 20 + noise());
    return firing > 0;
  });
  expect(alarms).toEqual([true, true, true, true]);
  expect(Math.abs(detector.expected - 20)).toBeLessThan(0.3);
});

test("page-hinkley: what is adopted after a change and a half is where the values are", () => {
  const detector = pageHinkley();
  const noise = normalNumbers(16);
  firingCount(detector, 1_000, () => 20 + noise());
  firingCount(detector, 20, () => 30 + noise());
  firingCount(detector, 40, () => 20 + noise());
  expect(Math.abs(detector.expected - 20)).toBeLessThan(2);
});

test("ewma: a half-life of nothing but an outage does not make the next value an alarm", () => {
  const detector = ewma();
  const noise = normalNumbers(10);
  firingCount(detector, 500, () => 20 + noise());
  expect(detector.step(22, 500 * minuteMs + 30 * dayMs, true)).toBe(false);
  expect(detector.score).toBeLessThan(4);
});

test("seasonal: what is ordinary at noon is found at midnight, in the people's own hours", () => {
  const detector = new SeasonalDetector({ season: "hour-of-day", k: 4, timezone: "Europe/Berlin" });
  const noise = normalNumbers(11);
  // Across the begin of summer time: the machines start at eight on the wall.
  const beginAt = Date.parse("2024-03-01T00:00:00+01:00");
  const wall = new Intl.DateTimeFormat("en-GB", {
    timeZone: "Europe/Berlin",
    hour: "2-digit",
    hourCycle: "h23",
  });
  let firing = 0;
  for (let at = beginAt; at < beginAt + 45 * dayMs; at += 10 * minuteMs) {
    const hour = Number(wall.format(at));
    if (detector.step((hour >= 8 && hour < 17 ? 100 : 10) + noise(), at, true)) firing += 1;
  }
  expect(firing).toBeLessThanOrEqual(2);
  const nightAt = Date.parse("2024-04-16T02:30:00+02:00");
  expect(detector.step(100, nightAt, true)).toBe(true);
  expect(detector.expected).toBeCloseTo(10, 0);
});
