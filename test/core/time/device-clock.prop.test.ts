import fc from "fast-check";
import { expect, test } from "vitest";
import { SnapshotReader, SnapshotWriter } from "../../../src/core/fold/snapshot.ts";
import { type ClockPolicy, clockModes } from "../../../src/core/time/clock-policy.ts";
import { DeviceClock } from "../../../src/core/time/device-clock.ts";
import { day, hour, minute, samplesOf, second, startAt } from "./simulated-device.ts";

interface Arrival {
  readonly stampAt: number;
  readonly receivedAt: number;
}

const policy: fc.Arbitrary<ClockPolicy> = fc
  .record({
    mode: fc.constantFrom(...clockModes),
    aheadMs: fc.constantFrom(0, minute, 5 * minute, day),
    behindMs: fc.constantFrom(undefined, hour, 7 * day),
  })
  .map(({ mode, aheadMs, behindMs }) => ({ mode, aheadMs, ...(behindMs === undefined ? {} : { behindMs }) }));

/** How wrong a stamp is, mostly by little, at times by anything. */
const wrongMs = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -20 * second, max: 20 * second }) },
  { weight: 4, arbitrary: fc.integer({ min: -3 * minute, max: 3 * minute }) },
  { weight: 1, arbitrary: fc.integer({ min: -40 * 365 * day, max: 40 * 365 * day }) },
);

/** Runs of samples of one base error, each with its own, arriving some time after each other. */
const arrivals: fc.Arbitrary<readonly Arrival[]> = fc
  .array(
    fc.record({
      baseMs: wrongMs,
      samples: fc.array(
        fc.record({ gapMs: fc.constantFrom(0, 1, second, 20 * second, 10 * minute), wrongMs }),
        { minLength: 1, maxLength: 40 },
      ),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((runs) => {
    let receivedAt = startAt;
    return runs.flatMap(({ baseMs, samples }) =>
      samples.map((sample) => {
        receivedAt += sample.gapMs;
        return { stampAt: receivedAt + baseMs + sample.wrongMs, receivedAt };
      }),
    );
  });

/** Pairs of samples, of one epoch, that came in the order of their stamps and got their times in the other. */
function reordered(all: readonly Arrival[], of: ClockPolicy, synced: boolean): readonly unknown[] {
  const clock = new DeviceClock();
  const given = all.map(({ stampAt, receivedAt }) => {
    const at = clock.eventTime(stampAt, receivedAt, of, synced);
    return { stampAt, at, epoch: clock.epoch };
  });
  return given.flatMap((later, index) =>
    given
      .slice(0, index)
      .filter(({ stampAt, at, epoch }) => epoch === later.epoch && stampAt <= later.stampAt && at > later.at)
      .map((earlier) => ({ earlier, later })),
  );
}

test("samples that come in the order of their stamps keep it, but for recognised steps", () => {
  fc.assert(
    fc.property(arrivals, policy, fc.boolean(), (all, of, synced) => {
      expect(reordered(all, of, synced)).toEqual([]);
    }),
    { numRuns: 1_500 },
  );
});

/** A device whose offset is known and becomes lower by bits, with late samples, and some of the future. */
const fallingOffset: fc.Arbitrary<readonly Arrival[]> = fc
  .array(
    fc.record({
      gapMs: fc.constantFrom(0, 1, 100, second, 5 * second),
      fasterMs: fc.constantFrom(0, 0, 0, 1_500, 5_000, 20_000),
      slowerMs: fc.constantFrom(0, 0, 0, 0, 10_000),
      lateMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 90_000 })),
      futureMs: fc.oneof(
        { weight: 9, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 120_000 }) },
      ),
    }),
    { minLength: 5, maxLength: 60 },
  )
  .map((moves) => {
    const known = samplesOf({ everyMs: 20 * second, forMs: 5 * minute, wrongMs: () => -hour });
    let { receivedAt } = known.at(-1)!;
    let offsetMs = hour;
    const moved = moves.map(({ gapMs, fasterMs, slowerMs, lateMs, futureMs }) => {
      receivedAt += gapMs;
      offsetMs += slowerMs - fasterMs;
      return { stampAt: receivedAt - offsetMs - lateMs + futureMs, receivedAt };
    });
    return [...known, ...moved];
  });

test("samples keep their order while the offset falls, the late and the early ones too", () => {
  fc.assert(
    fc.property(fallingOffset, (all) => {
      expect(reordered(all, { mode: "correct", aheadMs: 0 }, true)).toEqual([]);
    }),
    { numRuns: 3_000 },
  );
});

test("samples of a drifting, jittering device keep their order, and few of its minutes are recognised steps", () => {
  fc.assert(
    fc.property(fc.integer({ min: -300, max: 300 }), fc.integer(), (partsPerMillion, seed) => {
      const all = samplesOf({
        everyMs: 20 * minute,
        forMs: 20 * day,
        jitterMs: 30 * second,
        wrongMs: (afterMs) => (afterMs * partsPerMillion) / 1e6,
        seed,
      });
      const of: ClockPolicy = { mode: "correct", aheadMs: 0 };
      expect(reordered(all, of, true)).toEqual([]);
      const clock = new DeviceClock();
      for (const { stampAt, receivedAt } of all) clock.eventTime(stampAt, receivedAt, of, true);
      expect(clock.epoch).toBeLessThanOrEqual(24);
    }),
    { numRuns: 8 },
  );
});

test("event time is a number, not further ahead of receipt than the policy allows, and with clamp not older", () => {
  const anyStamp = fc.oneof(fc.double(), fc.integer({ min: -1e13, max: 1e13 }));
  fc.assert(
    fc.property(arrivals, fc.array(anyStamp, { maxLength: 30 }), policy, (all, stamps, of) => {
      const clock = new DeviceClock();
      const aheadMs = of.mode === "correct" ? Math.max(of.aheadMs, 2 * second) : of.aheadMs;
      const behindMs = of.mode === "clamp" ? (of.behindMs ?? 7 * day) : Number.POSITIVE_INFINITY;
      const last = all.at(-1)!.receivedAt;
      const strange = stamps.map((stampAt) => ({ stampAt, receivedAt: last }));
      for (const { stampAt, receivedAt } of [...all, ...strange]) {
        const at = clock.eventTime(stampAt, receivedAt, of, true);
        expect(Number.isFinite(at)).toBe(true);
        expect(at).toBeLessThanOrEqual(receivedAt + aheadMs);
        expect(at).toBeGreaterThanOrEqual(receivedAt - behindMs);
        expect(clock.outcome !== "as-sent" || at === stampAt).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});

test("a clock that is written and read back anywhere goes on the same, byte for byte", () => {
  fc.assert(
    fc.property(arrivals, policy, fc.nat(320), (all, of, cut) => {
      const whole = new DeviceClock();
      let parted = new DeviceClock();
      for (const [index, { stampAt, receivedAt }] of all.entries()) {
        if (index === cut % all.length) parted = readBack(parted);
        const at = whole.eventTime(stampAt, receivedAt, of, index % 50 !== 49);
        expect(parted.eventTime(stampAt, receivedAt, of, index % 50 !== 49)).toBe(at);
        expect(parted.outcome).toBe(whole.outcome);
      }
      expect(bytesOf(parted)).toEqual(bytesOf(whole));
    }),
    { numRuns: 300 },
  );
});

function bytesOf(clock: DeviceClock): Uint8Array {
  const writer = new SnapshotWriter();
  clock.write(writer);
  return writer.finish();
}

function readBack(clock: DeviceClock): DeviceClock {
  const reader = new SnapshotReader(bytesOf(clock));
  const again = new DeviceClock();
  again.read(reader);
  expect(reader.finished).toBe(true);
  return again;
}
