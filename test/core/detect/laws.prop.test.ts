import fc from "fast-check";
import { expect, test } from "vitest";
import { CusumDetector } from "../../../src/core/detect/cusum.ts";
import type { Detector } from "../../../src/core/detect/detector.ts";
import { EwmaDetector } from "../../../src/core/detect/ewma.ts";
import { FlatlineDetector } from "../../../src/core/detect/flatline.ts";
import { PageHinkleyDetector } from "../../../src/core/detect/page-hinkley.ts";
import { RangeDetector } from "../../../src/core/detect/range.ts";
import { RateDetector } from "../../../src/core/detect/rate.ts";
import { SeasonalDetector } from "../../../src/core/detect/seasonal.ts";
import { SilenceDetector } from "../../../src/core/detect/silence.ts";
import { SpikeDetector } from "../../../src/core/detect/spike.ts";
import { ThresholdDetector } from "../../../src/core/detect/threshold.ts";
import { SnapshotReader, SnapshotWriter } from "../../../src/core/fold/snapshot.ts";

/** What every detector is held to; small parameters, so that short series reach every branch. */
const detectors: readonly (readonly [string, () => Detector])[] = [
  ["threshold", () => new ThresholdDetector({ above: 30, below: -30, clear: 0 })],
  ["range", () => new RangeDetector({ min: -30, max: 30 })],
  ["rate", () => new RateDetector({ perMs: 60_000, above: 1 })],
  ["spike", () => new SpikeDetector({ n: 6, k: 3 })],
  ["ewma", () => new EwmaDetector({ halfLifeMs: 600_000, k: 2 })],
  ["cusum", () => new CusumDetector({ drift: 0.25, threshold: 2 })],
  ["page-hinkley", () => new PageHinkleyDetector({ drift: 0.25, threshold: 2 })],
  ["seasonal by day", () => new SeasonalDetector({ season: "hour-of-day", k: 2 })],
  [
    "seasonal by week, somewhere",
    () => new SeasonalDetector({ season: "hour-of-week", k: 2, timezone: "Asia/Kathmandu" }),
  ],
  ["flatline", () => new FlatlineDetector({ within: 1, forMs: 600_000 })],
  ["silence", () => new SilenceDetector({ factor: 2 })],
  ["silence after", () => new SilenceDetector({ factor: 2, afterMs: 60_000 })],
];

/** Those that say nothing about a series that never changes. */
const valueDetectors = detectors.filter(([name]) => /rate|spike|ewma|cusum|page|seasonal/.test(name));
const learningDetectors = detectors.filter(([name]) => /spike|ewma|cusum|page|seasonal/.test(name));

interface Sample {
  readonly value: number;
  readonly elapsedMs: number;
  readonly learn: boolean;
}

/** What a reader of a detector can see. */
type Seen = readonly [fires: boolean, score: number, expected: number, overdueAt: number];

const beginAt = 1_700_000_000_000;
const weekMs = 7 * 86_400_000;

const ordinary = fc.integer({ min: -40, max: 40 }).map((tenths) => tenths / 10);
const wild = fc.oneof(
  fc.double({ noNaN: false }),
  fc.constantFrom(1e150, -1e150, 1.7e308, -1.7e308, 5e-324, -0, Number.NaN, Number.POSITIVE_INFINITY),
);
const elapsed = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 50_000, max: 70_000 }) },
  { weight: 2, arbitrary: fc.constantFrom(0, 1, 3_600_000, 43_200_000) },
);

/** A lead of seeded length keeps series long enough to get warm, and few numbers to shrink. */
function seriesOf(value: fc.Arbitrary<number>, learn: fc.Arbitrary<boolean>): fc.Arbitrary<Sample[]> {
  const sample = fc.record({ value, elapsedMs: elapsed, learn });
  const lead = fc
    .array(fc.record({ value: ordinary, elapsedMs: elapsed, learn: fc.constant(true) }), {
      minLength: 1,
      maxLength: 12,
    })
    .map((samples) => Array.from({ length: 16 }, () => samples).flat());
  return fc.tuple(lead, fc.array(sample, { maxLength: 40 })).map(([first, rest]) => [...first, ...rest]);
}

const anySeries = seriesOf(fc.oneof({ weight: 4, arbitrary: ordinary }, wild), fc.boolean());

/** Steps through samples from `at` on. */
function run(detector: Detector, samples: readonly Sample[], at: number): { seen: Seen[]; at: number } {
  let now = at;
  const seen = samples.map(({ value, elapsedMs, learn }): Seen => {
    now += elapsedMs;
    const fires = detector.step(value, now, learn);
    return [fires, detector.score, detector.expected, detector.overdueAt];
  });
  return { seen, at: now };
}

function bytesOf(detector: Detector): Uint8Array {
  const writer = new SnapshotWriter();
  detector.write(writer);
  return writer.finish();
}

function copyOf(detector: Detector, open: () => Detector): Detector {
  const reader = new SnapshotReader(bytesOf(detector));
  const copy = open();
  copy.read(reader);
  expect(reader.finished).toBe(true);
  return copy;
}

test.each(detectors)("%s: writing and reading at any place changes nothing", (_name, open) => {
  fc.assert(
    fc.property(anySeries, fc.nat(), (samples, place) => {
      const cut = place % (samples.length + 1);
      const whole = open();
      const { seen } = run(whole, samples, beginAt);
      const before = open();
      const { at } = run(before, samples.slice(0, cut), beginAt);
      const after = copyOf(before, open);
      expect(bytesOf(after)).toEqual(bytesOf(before));
      expect([after.score, after.expected, after.overdueAt]).toEqual([
        before.score,
        before.expected,
        before.overdueAt,
      ]);
      expect(run(after, samples.slice(cut), at).seen).toEqual(seen.slice(cut));
      expect(bytesOf(after)).toEqual(bytesOf(whole));
    }),
    { numRuns: 60 },
  );
});

test.each(detectors)("%s: a score is a number from 0 on, whatever comes", (_name, open) => {
  fc.assert(
    fc.property(seriesOf(wild, fc.boolean()), (samples) => {
      const { seen } = run(open(), samples, beginAt);
      expect(seen.filter(([, score]) => !(score >= 0 && score < Number.POSITIVE_INFINITY))).toEqual([]);
      expect(seen.filter(([, , expected]) => Math.abs(expected) === Number.POSITIVE_INFINITY)).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test.each(detectors)("%s: moving the state and all later stamps gives the same verdicts", (_name, open) => {
  fc.assert(
    fc.property(anySeries, fc.nat(), fc.integer({ min: -9_000, max: 9_000 }), (samples, place, hours) => {
      const cut = place % (samples.length + 1);
      const byMs = hours * 3_600_000;
      const { seen } = run(open(), samples, beginAt);
      const moved = open();
      const { at } = run(moved, samples.slice(0, cut), beginAt);
      moved.shift(byMs);
      const later = run(moved, samples.slice(cut), at + byMs).seen;
      expect(later.map(([fires, score, expected, due]) => [fires, score, expected, due - byMs])).toEqual(
        seen.slice(cut),
      );
    }),
    { numRuns: 60 },
  );
});

test.each(valueDetectors)("%s: a series that never changes never fires", (_name, open) => {
  fc.assert(
    fc.property(
      fc.double({ min: -1e150, max: 1e150, noNaN: true }),
      fc.array(elapsed, { minLength: 1, maxLength: 6 }),
      (value, pauses) => {
        const samples = Array.from({ length: 400 }, (_, index) => ({
          value,
          elapsedMs: pauses[index % pauses.length]!,
          learn: true,
        }));
        const { seen } = run(open(), samples, beginAt);
        expect(seen.filter(([fires, score]) => fires || score !== 0)).toEqual([]);
      },
    ),
    { numRuns: 30 },
  );
});

test.each(learningDetectors)("%s: what is not learned does not change what is ordinary", (name, open) => {
  const frozen = seriesOf(fc.oneof({ weight: 4, arbitrary: ordinary }, wild), fc.constant(false));
  fc.assert(
    fc.property(frozen, ordinary, (samples, probe) => {
      const lead = samples.filter(({ learn }) => learn);
      const detector = open();
      const { at } = run(detector, lead, beginAt);
      const other = copyOf(detector, open);
      run(
        detector,
        samples.filter(({ learn }) => !learn),
        at,
      );
      // Half a year on, and at the same hour.
      const probeAt = at + 26 * weekMs;
      detector.step(probe, probeAt, false);
      other.step(probe, probeAt, false);
      expect(detector.expected).toBe(other.expected);
      // The sums of cusum and page-hinkley go on.
      const comparable = /spike|ewma|seasonal/.test(name);
      expect(comparable ? detector.score : 0).toBe(comparable ? other.score : 0);
    }),
    { numRuns: 60 },
  );
});

test.each(detectors)("%s: what is no finite number gets no verdict", (_name, open) => {
  fc.assert(
    fc.property(
      anySeries,
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
      (samples, value) => {
        const detector = open();
        const { at } = run(detector, samples, beginAt);
        expect(detector.step(value, at, true)).toBe(false);
        expect(detector.score).toBe(0);
      },
    ),
    { numRuns: 30 },
  );
});
