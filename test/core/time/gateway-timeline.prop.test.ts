import fc from "fast-check";
import { expect, test } from "vitest";
import { GatewayTimeline, stepMs } from "../../../src/core/time/gateway-timeline.ts";
import { RepairTable } from "../../../src/core/time/time-repair.ts";
import { day, hour, minute, second, startAt } from "./simulated-device.ts";

const boot = "b";

/** A reading, so long after the one before, of a system clock that was moved by so much in between. */
const reading = fc.record({
  passedMs: fc.oneof(fc.constantFrom(0, second, minute), fc.double({ min: 0, max: 10_000, noNaN: true })),
  movedMs: fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.integer({ min: -2_000, max: 2_000 }) },
    { weight: 1, arbitrary: fc.constantFrom(hour, -hour, 3 * 365 * day, -3 * 365 * day) },
  ),
  claimed: fc.boolean(),
});

test("time is a number, and goes back only where there is a repair", () => {
  fc.assert(
    fc.property(
      fc.array(reading, { maxLength: 60 }),
      fc.integer({ min: -day, max: day }),
      (all, behindMs) => {
        const timeline = new GatewayTimeline({ boot, lastWallAt: startAt + behindMs });
        let wallAt = startAt;
        let monotonicMs = 0;
        let lastAt = Number.NEGATIVE_INFINITY;
        for (const { passedMs, movedMs, claimed } of all) {
          wallAt += passedMs + movedMs;
          monotonicMs += passedMs;
          const was = timeline.synced;
          const at = timeline.observe(Math.floor(wallAt), monotonicMs, claimed);
          expect(Number.isFinite(at)).toBe(true);
          expect(at >= lastAt || timeline.takeRepair() !== undefined).toBe(true);
          timeline.takeRepair();
          expect(timeline.synced || !was).toBe(true);
          lastAt = at;
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("once a clock is right, repairs make every time of the boot right, to what is not a step", () => {
  fc.assert(
    fc.property(fc.array(reading, { maxLength: 60 }), (all) => {
      const timeline = new GatewayTimeline({ boot });
      const table = new RepairTable();
      const given: { at: number; trueAt: number; seq: number }[] = [];
      let wrongMs = -3 * 365 * day;
      let afterMs = 0;
      let wobbleMs = 0;
      const read = (claimed: boolean): void => {
        const seq = given.length + 1;
        const at = timeline.observe(Math.floor(startAt + afterMs + wrongMs), afterMs, claimed);
        const repair = timeline.takeRepair();
        if (repair !== undefined) table.add(repair, seq);
        given.push({ at, trueAt: startAt + afterMs, seq });
      };
      read(false);
      for (const { passedMs, movedMs } of all) {
        afterMs += passedMs;
        wrongMs += movedMs;
        if (Math.abs(movedMs) <= stepMs) wobbleMs += Math.min(Math.abs(movedMs), 101);
        read(false);
      }
      wrongMs = 0;
      read(true);
      // Each step that is too small to be one may be left, and a millisecond of rounding each time.
      const boundMs = wobbleMs + 2 * given.length;
      for (const { at, trueAt, seq } of given) {
        expect(Math.abs(table.repairedAt(boot, seq, at) - trueAt)).toBeLessThanOrEqual(boundMs);
      }
    }),
    { numRuns: 300 },
  );
});
