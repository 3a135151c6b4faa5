import { expect, test } from "vitest";
import { CusumDetector, cusumWarmUpSamples } from "../../../src/core/detect/cusum.ts";
import type { Detector } from "../../../src/core/detect/detector.ts";
import { EwmaDetector, ewmaWarmUpSamples } from "../../../src/core/detect/ewma.ts";
import { intervalWarmUpArrivals } from "../../../src/core/detect/interval.ts";
import { PageHinkleyDetector, pageHinkleyWarmUpSamples } from "../../../src/core/detect/page-hinkley.ts";
import { RateDetector } from "../../../src/core/detect/rate.ts";
import { SeasonalDetector, seasonalSamples, seasons } from "../../../src/core/detect/seasonal.ts";
import { SilenceDetector } from "../../../src/core/detect/silence.ts";
import { SpikeDetector } from "../../../src/core/detect/spike.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;

const warmUps: readonly {
  readonly name: string;
  readonly detector: Detector;
  readonly samples: number;
  readonly intervalMs: number;
}[] = [
  {
    name: "rate",
    detector: new RateDetector({ perMs: 1, above: 0 }),
    samples: 1,
    intervalMs: minuteMs,
  },
  { name: "spike", detector: new SpikeDetector({ n: 31, k: 5 }), samples: 31, intervalMs: minuteMs },
  {
    name: "ewma, by samples",
    detector: new EwmaDetector({ halfLifeMs: minuteMs, k: 4 }),
    samples: ewmaWarmUpSamples,
    intervalMs: minuteMs,
  },
  {
    name: "ewma, by time",
    detector: new EwmaDetector({ halfLifeMs: 60 * minuteMs, k: 4 }),
    // One half-life after the first.
    samples: 61,
    intervalMs: minuteMs,
  },
  {
    name: "cusum",
    detector: new CusumDetector({ drift: 0, threshold: 1 }),
    samples: cusumWarmUpSamples,
    intervalMs: minuteMs,
  },
  {
    name: "page-hinkley",
    detector: new PageHinkleyDetector({ drift: 0, threshold: 1 }),
    samples: pageHinkleyWarmUpSamples,
    intervalMs: minuteMs,
  },
  {
    name: "seasonal, many samples a day",
    detector: new SeasonalDetector({ season: "hour-of-day", k: 4 }),
    samples: (seasons["hour-of-day"].visitsMin - 1) * 24 * 60 + 1,
    intervalMs: minuteMs,
  },
  {
    name: "seasonal, one sample a day",
    detector: new SeasonalDetector({ season: "hour-of-day", k: 4 }),
    // Two more than `seasonalSamples`, because earlier days weigh less.
    samples: seasonalSamples + 2,
    intervalMs: dayMs,
  },
];

test.each(warmUps)("$name: says nothing while it warms up, and is awake right after", (warmUp) => {
  const { detector, samples, intervalMs } = warmUp;
  // The begin of an hour.
  let at = 1_699_999_200_000;
  let loud = 0;
  for (let index = 0; index < samples; index += 1) {
    // One wild value early on; the others a little noisy.
    const value = index === 0 ? 1_000 : 20 + (index % 3) / 10;
    if (detector.step(value, at, true) || detector.score !== 0) loud += 1;
    at += intervalMs;
  }
  expect(loud).toBe(0);
  expect(detector.step(1e6, at, true)).toBe(true);
});

test("silence: nothing is overdue before the fifth arrival at another time", () => {
  const detector = new SilenceDetector({ factor: 3 });
  const dues: number[] = [];
  for (let index = 0; index < intervalWarmUpArrivals; index += 1) {
    detector.step(1, index * minuteMs);
    detector.step(1, index * minuteMs);
    dues.push(detector.overdueAt);
  }
  expect(dues).toEqual([...Array(4).fill(Number.POSITIVE_INFINITY), 7 * minuteMs]);
});

test("silence: with a time of its own it needs one arrival", () => {
  const detector = new SilenceDetector({ factor: 3, afterMs: minuteMs });
  expect(detector.overdueAt).toBe(Number.POSITIVE_INFINITY);
  detector.step(1, 5_000);
  expect(detector.overdueAt).toBe(65_000);
});
