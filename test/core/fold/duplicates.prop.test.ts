import fc from "fast-check";
import { expect, test } from "vitest";
import { DigestWindow, digestOf, StampWindow } from "../../../src/core/fold/duplicates.ts";
import { SnapshotReader, SnapshotWriter } from "../../../src/core/fold/snapshot.ts";
import { messageDigestsMax, stampWindowMax } from "../../../src/core/limits.ts";

const sample = fc.record({ at: fc.integer({ min: 0, max: 30 }), value: fc.integer({ min: 0, max: 3 }) });

test("whatever has been taken among the last is never taken again, and nothing else is refused", () => {
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 300 }), (all) => {
      const window = new StampWindow();
      const taken: { at: number; value: number }[] = [];
      for (const { at, value } of all) {
        const known = taken.some((one) => one.at === at && one.value === value);
        // All within a moment, and far fewer than the window may grow to.
        expect(window.seen(at, value, 0)).toBe(known);
        if (!known) taken.push({ at, value });
      }
    }),
    { numRuns: 300 },
  );
});

test("two samples of one stamp and different values are both new", () => {
  const window = new StampWindow();
  expect([window.seen(5, 1, 0), window.seen(5, 2, 0), window.seen(5, 1, 0)]).toEqual([false, false, true]);
});

test.each([8, 64, 65, 200, 1_000])(
  "a run of %i fast samples that is resent whole is recognised whole",
  (count) => {
    const window = new StampWindow();
    for (let at = 0; at < 5_000; at += 1) window.seen(at, at, at);
    const again = Array.from({ length: count }, (_, index) => 5_000 - count + index);
    expect(again.filter((at) => !window.seen(at, at, 5_000))).toEqual([]);
  },
);

test("a series of one sample a second is remembered for ten seconds, not for ever", () => {
  const window = new StampWindow();
  for (let at = 0; at < 1_000; at += 1) window.seen(at, at, at * 1_000);
  const again = Array.from({ length: 100 }, (_, index) => 900 + index);
  const known = again.filter((at) => window.seen(at, at, 1_000_000)).length;
  expect(known).toBeGreaterThanOrEqual(10);
  expect(known).toBeLessThanOrEqual(32);
});

test("of a slow series a short run is remembered, and it is recognised when more than it is resent", () => {
  const window = new StampWindow();
  for (let at = 0; at < 1_000; at += 1) window.seen(at, at, at * 60_000);
  const again = Array.from({ length: 100 }, (_, index) => 900 + index);
  expect(again.filter((at) => window.seen(at, at, 60_000_000))).toEqual([
    992, 993, 994, 995, 996, 997, 998, 999,
  ]);
});

test("the last eight are recognised, however many have one stamp and however full the window is", () => {
  const step = fc.record({ ahead: fc.constantFrom(0, 0, 0, 1, 5), everyMs: fc.constantFrom(0, 1, 500) });
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 8, maxLength: 400 }),
      fc.constantFrom(0, 2 * stampWindowMax),
      (steps, filled) => {
        const window = new StampWindow();
        let at = 0;
        let runningMs = 0;
        let value = 0;
        for (; value < filled; value += 1) window.seen(at, value, runningMs);
        for (const { ahead, everyMs } of steps) {
          at += ahead;
          runningMs += everyMs;
          value += 1;
          window.seen(at, value, runningMs);
        }
        const resent = steps.slice(-8).map((_, index) => value - 7 + index);
        let stamp = at - steps.slice(-7).reduce((sum, { ahead }) => sum + ahead, 0);
        resent.forEach((again, index) => {
          if (index > 0) stamp += steps.at(index - 8)!.ahead;
          expect(window.seen(stamp, again, runningMs)).toBe(true);
        });
      },
    ),
    { numRuns: 500 },
  );
});

test("a clock that was set back costs one window of memory, and then resent samples are recognised again", () => {
  const window = new StampWindow();
  const sent = (at: number, number: number) => window.seen(at, number, number * 60_000);
  for (let number = 0; number < 100; number += 1) sent(1_000_000 + number, number);
  for (let number = 100; number < 120; number += 1) sent(number, number);
  expect([118, 119].map((number) => sent(number, number))).toEqual([true, true]);
});

test("a window that was written and read back goes on as the same", () => {
  fc.assert(
    fc.property(
      fc.array(sample, { maxLength: 200 }),
      fc.array(sample, { maxLength: 200 }),
      (before, after) => {
        const window = new StampWindow();
        for (const { at, value } of before) window.seen(at, value, at);
        const writer = new SnapshotWriter();
        window.write(writer);
        const copy = new StampWindow();
        copy.read(new SnapshotReader(writer.finish()));
        expect(after.map(({ at, value }) => copy.seen(at, value, at))).toEqual(
          after.map(({ at, value }) => window.seen(at, value, at)),
        );
      },
    ),
  );
});

test("digests are forgotten oldest first, and only when there are too many", () => {
  const window = new DigestWindow();
  for (let index = 0; index <= messageDigestsMax; index += 1) window.add(digestOf(1, index));
  expect(window.has(digestOf(1, 0))).toBe(false);
  expect(window.has(digestOf(1, 1))).toBe(true);
  expect(window.has(digestOf(1, messageDigestsMax))).toBe(true);
});
