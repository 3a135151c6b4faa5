import fc from "fast-check";
import { expect, test } from "vitest";
import { AnomalyDetector } from "../../../src/core/detect/anomaly.ts";
import { SnapshotReader, SnapshotWriter } from "../../../src/core/fold/snapshot.ts";
import { normalNumbers } from "./noise.ts";

interface Sample {
  readonly value: number;
  readonly elapsedMs: number;
  readonly learn: boolean;
}

const beginAt = 1_700_000_000_000;
const hourMs = 3_600_000;
const weekMs = 168 * hourMs;

const wild = fc.oneof(
  fc.double({ noNaN: false }),
  fc.constantFrom(1e150, -1e150, 1.7e308, 5e-324, -0, Number.NaN, Number.POSITIVE_INFINITY, 3.4e38),
);
const usual = fc.integer({ min: -40, max: 40 }).map((tenths) => tenths / 10);
const elapsedMs = fc.constantFrom(0, 1, 60_000, 300_000, hourMs, 30 * hourMs);

/** A few seeded hundred rows, so that it is warm, then a few of any kind. */
function seriesOf(value: fc.Arbitrary<number>): fc.Arbitrary<Sample[]> {
  const rest = fc.array(fc.record({ value, elapsedMs, learn: fc.boolean() }), { maxLength: 60 });
  return fc.tuple(fc.integer({ min: 1, max: 1_000 }), rest).map(([seed, samples]) => {
    const noise = normalNumbers(seed);
    const lead = Array.from({ length: 300 }, () => ({ value: noise(), elapsedMs: 300_000, learn: true }));
    return [...lead, ...samples];
  });
}

const anySeries = seriesOf(fc.oneof({ weight: 3, arbitrary: usual }, wild));

type Seen = readonly [fires: boolean, score: number, expected: number];

function run(
  detector: AnomalyDetector,
  samples: readonly Sample[],
  at: number,
): { seen: Seen[]; at: number } {
  let now = at;
  const seen = samples.map((sample): Seen => {
    now += sample.elapsedMs;
    const fires = detector.step(sample.value, now, sample.learn);
    return [fires, detector.score, detector.expected];
  });
  return { seen, at: now };
}

function bytesOf(detector: AnomalyDetector): Uint8Array {
  const writer = new SnapshotWriter();
  detector.write(writer);
  return writer.finish();
}

function copyOf(detector: AnomalyDetector): AnomalyDetector {
  const reader = new SnapshotReader(bytesOf(detector));
  const copy = new AnomalyDetector();
  copy.read(reader);
  expect(reader.finished).toBe(true);
  return copy;
}

test("writing and reading at any place changes nothing", () => {
  fc.assert(
    fc.property(anySeries, fc.nat(), (samples, place) => {
      const cut = place % (samples.length + 1);
      const whole = new AnomalyDetector();
      const { seen } = run(whole, samples, beginAt);
      const before = new AnomalyDetector();
      const { at } = run(before, samples.slice(0, cut), beginAt);
      const after = copyOf(before);
      expect(bytesOf(after)).toEqual(bytesOf(before));
      expect([after.score, after.expected]).toEqual([before.score, before.expected]);
      expect(run(after, samples.slice(cut), at).seen).toEqual(seen.slice(cut));
      expect(bytesOf(after)).toEqual(bytesOf(whole));
    }),
    { numRuns: 50 },
  );
});

test("the score is in [0, 1], and it fires where the score reaches 1 - sensitivity / 10", () => {
  const sensitivity = fc.double({ min: 0.01, max: 1, noNaN: true });
  fc.assert(
    fc.property(seriesOf(wild), sensitivity, (samples, each) => {
      const { seen } = run(new AnomalyDetector(each), samples, beginAt);
      expect(seen.filter(([, score]) => !(score >= 0 && score <= 1))).toEqual([]);
      const firing = 1 - each / 10;
      const wrong = seen.filter(
        ([fires, score]) => fires !== score >= firing && Math.abs(score - firing) > 1e-12,
      );
      expect(wrong).toEqual([]);
    }),
    { numRuns: 50 },
  );
});

test("what is expected is never infinite", () => {
  fc.assert(
    fc.property(seriesOf(wild), (samples) => {
      const { seen } = run(new AnomalyDetector(), samples, beginAt);
      expect(seen.filter(([, , expected]) => Math.abs(expected) === Number.POSITIVE_INFINITY)).toEqual([]);
    }),
    { numRuns: 50 },
  );
});

test("a series that never changes never fires", () => {
  fc.assert(
    fc.property(fc.double({ min: -1e150, max: 1e150, noNaN: true }), elapsedMs, (value, pause) => {
      const samples = Array.from({ length: 1_000 }, () => ({ value, elapsedMs: pause, learn: true }));
      const { seen } = run(new AnomalyDetector(1), samples, beginAt);
      expect(seen.filter(([fires]) => fires)).toEqual([]);
    }),
    { numRuns: 30 },
  );
});

test("moving the state and all later stamps by hours gives the same verdicts", () => {
  fc.assert(
    fc.property(anySeries, fc.nat(), fc.integer({ min: -400, max: 400 }), (samples, place, hours) => {
      const cut = place % (samples.length + 1);
      const byMs = hours * hourMs;
      const { seen } = run(new AnomalyDetector(), samples, beginAt);
      const moved = new AnomalyDetector();
      const { at } = run(moved, samples.slice(0, cut), beginAt);
      moved.shift(byMs);
      expect(run(moved, samples.slice(cut), at + byMs).seen).toEqual(seen.slice(cut));
    }),
    { numRuns: 50 },
  );
});

test("what is not learned does not change what is ordinary", () => {
  fc.assert(
    fc.property(seriesOf(usual), fc.array(wild, { maxLength: 40 }), usual, (samples, strange, probe) => {
      const learned = samples.filter(({ learn }) => learn);
      const detector = new AnomalyDetector();
      const { at } = run(detector, learned, beginAt);
      const other = copyOf(detector);
      for (const value of strange) detector.step(value, at, false);
      detector.step(probe, at + weekMs, false);
      other.step(probe, at + weekMs, false);
      expect(detector.expected).toBe(other.expected);
    }),
    { numRuns: 50 },
  );
});

test("what is no finite number gets no verdict", () => {
  fc.assert(
    fc.property(
      anySeries,
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
      (samples, value) => {
        const detector = new AnomalyDetector();
        const { at } = run(detector, samples, beginAt);
        expect(detector.step(value, at, true)).toBe(false);
        expect(detector.score).toBe(0);
      },
    ),
    { numRuns: 20 },
  );
});
