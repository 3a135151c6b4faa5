import { expect, test } from "vitest";
import { SnapshotReader, SnapshotWriter } from "../../../src/core/fold/snapshot.ts";
import { type ClockPolicy, defaultClockPolicy } from "../../../src/core/time/clock-policy.ts";
import { DeviceClock } from "../../../src/core/time/device-clock.ts";
import {
  day,
  hour,
  minute,
  samplesOf,
  second,
  type SimulatedDevice,
  type SimulatedSample,
  startAt,
} from "./simulated-device.ts";

const year = 365 * day;
const trust = defaultClockPolicy;
const clamp: ClockPolicy = { ...trust, mode: "clamp" };
const correct: ClockPolicy = { ...trust, mode: "correct" };
const receipt: ClockPolicy = { ...trust, mode: "receipt" };

interface Given extends SimulatedSample {
  readonly at: number;
  readonly outcome: string;
  readonly epoch: number;
}

/** What a clock gives to samples, in the order of their arrival. */
function given(
  samples: readonly SimulatedSample[],
  policy: ClockPolicy,
  clock: DeviceClock = new DeviceClock(),
): readonly Given[] {
  return samples.map((sample) => {
    const at = clock.eventTime(sample.stampAt, sample.receivedAt, policy, true);
    return { ...sample, at, outcome: clock.outcome, epoch: clock.epoch };
  });
}

/**
 * The largest error of event times of samples measured from `fromMs` after the start, less what no clock can
 * know: the least delay of the half hour before. It ends a minute before receipt, because samples that are late
 * by less keep the offset of their neighbours.
 */
function errorMs(all: readonly Given[], fromMs: number): number {
  let from = 0;
  let to = 0;
  const errors = all.map(({ at, trueAt, receivedAt }) => {
    while (all[from]!.receivedAt < receivedAt - 31 * minute) from += 1;
    while (all[to]!.receivedAt < receivedAt - minute) to += 1;
    const recent = all.slice(Math.min(from, to), to + 1);
    const leastDelayMs = Math.min(...recent.map((one) => one.receivedAt - one.trueAt));
    return trueAt < startAt + fromMs ? 0 : Math.max(0, Math.abs(at - trueAt) - leastDelayMs);
  });
  expect(all.at(-1)!.trueAt).toBeGreaterThan(startAt + fromMs);
  return Math.max(...errors);
}

function outcomesOf(all: readonly Given[]): readonly string[] {
  return [...new Set(all.map(({ outcome }) => outcome))].toSorted();
}

/** One sample to a fresh clock. */
test.each([
  ["trust", trust, 0, "as-sent", 0],
  ["trust", trust, 5 * minute, "as-sent", 5 * minute],
  ["trust", trust, 5 * minute + 1, "ahead", 0],
  ["trust", trust, -20 * year, "as-sent", -20 * year],
  ["clamp", clamp, 5 * minute + 1, "ahead", 0],
  ["clamp", clamp, -7 * day, "as-sent", -7 * day],
  ["clamp", clamp, -7 * day - 1, "behind", -7 * day],
  ["clamp of an hour", { ...clamp, behindMs: hour }, -2 * hour, "behind", -hour],
  ["correct, not yet known", correct, -hour, "as-sent", -hour],
  ["correct, not yet known", correct, hour, "ahead", 0],
  ["correct, not yet known", correct, -20 * year, "behind", -7 * day],
  ["receipt", receipt, -hour, "receipt", 0],
  ["receipt", receipt, hour, "receipt", 0],
  ["trust of an hour", { ...trust, aheadMs: hour }, hour, "as-sent", hour],
])("%s: %o gives a stamp %i ms from receipt as %s, %i ms from it", (_, policy, stampMs, outcome, atMs) => {
  const clock = new DeviceClock();
  expect(clock.eventTime(startAt + stampMs, startAt, policy, true) - startAt).toBe(atMs);
  expect(clock.outcome).toBe(outcome);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 8.65e15, -8.65e15])(
  "the stamp %d is none: the time of receipt stands for it, in every mode",
  (stampAt) => {
    const clock = new DeviceClock();
    const ats = [trust, clamp, correct, receipt].map((policy) =>
      clock.eventTime(stampAt, startAt, policy, true),
    );
    expect(ats).toEqual([startAt, startAt, startAt, startAt]);
    expect(clock.outcome).toBe("receipt");
  },
);

test.each([
  ["trust", trust],
  ["clamp", clamp],
  ["correct", correct],
])("while the gateway's clock is not right, %s takes stamps as they are", (_, policy) => {
  const clock = new DeviceClock();
  const stamps = [startAt + 50 * year, startAt - 20 * year, startAt];
  expect(stamps.map((stampAt) => clock.eventTime(stampAt, 1_000, policy, false))).toEqual(stamps);
  expect(clock.outcome).toBe("as-sent");
  expect(clock.offsetMs).toBeNaN();
});

test("what was learned while the gateway's clock was right corrects stamps while it is not", () => {
  const clock = new DeviceClock();
  given(samplesOf({ everyMs: 10 * second, forMs: hour, wrongMs: () => hour }), correct, clock);
  expect(clock.eventTime(startAt + day + hour, 1_000, correct, false)).toBe(startAt + day);
});

test("a stamp of the far future, taken while the gateway's clock was not right, does not hold what comes after", () => {
  const clock = new DeviceClock();
  clock.eventTime(startAt + 50 * year, 1_000, trust, false);
  expect(clock.eventTime(startAt + 50 * year, startAt, trust, true)).toBe(startAt);
});

test("with trust, a clock a year ahead gets its times of receipt", () => {
  const all = given(samplesOf({ everyMs: minute, forMs: day, wrongMs: () => year }), trust);
  expect(all.every(({ at, receivedAt }) => at === receivedAt)).toBe(true);
  expect(outcomesOf(all)).toEqual(["ahead"]);
});

/** 100 ppm. */
function fast(afterMs: number): number {
  return afterMs * 100e-6;
}

function slow(afterMs: number): number {
  return -afterMs * 100e-6;
}

/** Between 1.1 and 2.3 s behind. */
function swaying(afterMs: number): number {
  return -(1_700 + 600 * Math.sin(afterMs / hour));
}

const right: readonly (readonly [string, SimulatedDevice])[] = [
  ["at once", { everyMs: 10 * second, forMs: day }],
  ["a second ahead", { everyMs: 10 * second, forMs: day, wrongMs: () => second }],
  ["1.9 s behind", { everyMs: 10 * second, forMs: day, wrongMs: () => -1_900 }],
  ["every hour", { everyMs: hour, forMs: 30 * day, jitterMs: second }],
  [
    "that buffers for a day and sends it in a minute",
    {
      everyMs: minute,
      forMs: 3 * day,
      jitterMs: second,
      offline: { fromMs: day, toMs: 2 * day, backlogEveryMs: 40 },
    },
  ],
  [
    "that buffers for a day and needs four hours to send it",
    {
      everyMs: minute,
      forMs: 3 * day,
      jitterMs: second,
      offline: { fromMs: day, toMs: 2 * day, backlogEveryMs: 10 * second },
    },
  ],
  [
    "that sends a backlog a third faster than it was measured",
    {
      everyMs: minute,
      forMs: 2 * day,
      offline: { fromMs: 6 * hour, toMs: 9 * hour, backlogEveryMs: 45 * second },
    },
  ],
  [
    "that begins with a backlog of a day",
    { everyMs: minute, forMs: 3 * day, offline: { fromMs: 0, toMs: day, backlogEveryMs: 500 } },
  ],
];

test.each(right)("a right device, %s, keeps its own stamps exactly", (_, device) => {
  const all = given(samplesOf(device), correct);
  expect(all.filter(({ at, stampAt }) => at !== stampAt)).toEqual([]);
  expect(outcomesOf(all)).toEqual(["as-sent"]);
});

/** Once the offset is known and the least delay is taken off: the dead band. */
const boundMs = 2 * second;

const wrong: readonly (readonly [string, SimulatedDevice, number])[] = [
  ["a year ahead", { everyMs: 10 * second, forMs: day, wrongMs: () => year }, 0],
  ["20 s ahead", { everyMs: 10 * second, forMs: day, wrongMs: () => 20 * second }, 3 * minute],
  ["an hour behind", { everyMs: 10 * second, forMs: day, wrongMs: () => -hour }, 3 * minute],
  [
    "reset to 2000 and running",
    { everyMs: 10 * second, forMs: day, wrongMs: () => Date.UTC(2000) - startAt },
    3 * minute,
  ],
  ["an hour behind, every hour", { everyMs: hour, forMs: 20 * day, wrongMs: () => -hour }, 9 * hour],
  [
    "an hour behind, jitter 0 to 30 s",
    { everyMs: 10 * second, forMs: day, wrongMs: () => -hour, jitterMs: 30 * second },
    hour,
  ],
  ["right, jitter 0 to 30 s", { everyMs: 10 * second, forMs: day, jitterMs: 30 * second }, hour],
  ["100 ppm fast for 20 days", { everyMs: minute, forMs: 20 * day, wrongMs: fast }, 0],
  ["100 ppm slow for 20 days", { everyMs: minute, forMs: 20 * day, wrongMs: slow }, 0],
  ["100 ppm slow, every hour", { everyMs: hour, forMs: 60 * day, wrongMs: slow }, day],
  [
    "an hour ahead and 50 ppm slow, jitter 0 to 30 s",
    {
      everyMs: 10 * second,
      forMs: 5 * day,
      wrongMs: (afterMs) => hour - afterMs * 50e-6,
      jitterMs: 30 * second,
    },
    hour,
  ],
  [
    "an hour behind, buffering for a day",
    {
      everyMs: minute,
      forMs: 3 * day,
      wrongMs: () => -hour,
      offline: { fromMs: day, toMs: 2 * day, backlogEveryMs: 500 },
    },
    10 * minute,
  ],
];

test.each(wrong)("a device %s is right to the stated bound", (_, device, fromMs) => {
  expect(errorMs(given(samplesOf(device), correct), fromMs)).toBeLessThanOrEqual(boundMs);
});

const steps: readonly (readonly [string, number, number])[] = [
  ["back an hour", -hour, 4 * minute],
  ["forward a year", year, 0],
  ["to 1970", -startAt, 4 * minute],
  ["back a minute and a half", -90 * second, 4 * minute],
  ["back half a minute", -30 * second, 61 * minute],
  ["forward half a minute", 30 * second, 0],
];

test.each(steps)("a clock that is set %s is followed", (_, stepMs, withinMs) => {
  const wrongMs = (afterMs: number): number => (afterMs < day ? 0 : stepMs);
  const all = given(samplesOf({ everyMs: 10 * second, forMs: 2 * day, wrongMs }), correct);
  expect(errorMs(all, day + withinMs)).toBeLessThanOrEqual(boundMs);
  expect(
    errorMs(
      all.filter(({ trueAt }) => trueAt < startAt + day),
      0,
    ),
  ).toBe(0);
});

test("a step is recognised with the eighth receipt that shows it, when that is two minutes after the first", () => {
  const clock = new DeviceClock();
  given(samplesOf({ everyMs: 20 * second, forMs: hour }), correct, clock);
  const stepped = samplesOf({ everyMs: 20 * second, forMs: hour, wrongMs: () => -hour });
  const after = stepped.map((sample) => ({
    trueAt: sample.trueAt + hour,
    stampAt: sample.stampAt + hour,
    receivedAt: sample.receivedAt + hour,
  }));
  expect(given(after.slice(0, 7), correct, clock).map(({ outcome }) => outcome)).toEqual(
    Array.from({ length: 7 }, () => "as-sent"),
  );
  expect(given(after.slice(7, 8), correct, clock)).toMatchObject([
    { at: startAt + hour + 140 * second, outcome: "corrected" },
  ]);
  expect(clock.offsetMs).toBe(hour);
});

test("a sample that fits the offset ends what looked like a step", () => {
  const clock = new DeviceClock();
  given(samplesOf({ everyMs: 20 * second, forMs: hour }), correct, clock);
  const delays = [hour, hour, hour, hour, hour, hour, hour, 0, hour, hour, hour, hour, hour, hour, hour, 0];
  for (const [index, delayMs] of delays.entries()) {
    const receivedAt = startAt + hour + index * 20 * second;
    clock.eventTime(receivedAt - delayMs, receivedAt, correct, true);
  }
  expect(clock.offsetMs).toBe(0);
});

test("a sample that comes half a day late from a drifting device is right to half a minute", () => {
  const clock = new DeviceClock();
  const samples = samplesOf({ everyMs: minute, forMs: 20 * day, wrongMs: fast });
  const late = samples.at(-720)!;
  given(
    samples.filter((sample) => sample !== late),
    correct,
    clock,
  );
  const at = clock.eventTime(late.stampAt, samples.at(-1)!.receivedAt, correct, true);
  expect(Math.abs(at - late.trueAt)).toBeLessThanOrEqual(30 * second + boundMs);
});

test("intervals between corrected samples are those of their stamps", () => {
  const device = { everyMs: 10 * second, forMs: day, wrongMs: () => -hour, jitterMs: 800 };
  const all = given(samplesOf(device), correct).filter(({ trueAt }) => trueAt >= startAt + hour);
  expect(new Set(all.map(({ at, stampAt }) => at - stampAt)).size).toBe(1);
});

test("corrected times are whole milliseconds where stamps are", () => {
  const device = { everyMs: 10 * second, forMs: 5 * day, wrongMs: slow, jitterMs: second };
  const all = given(samplesOf(device), correct);
  expect(outcomesOf(all)).toEqual(["as-sent", "corrected"]);
  expect(all.filter(({ at }) => !Number.isInteger(at))).toEqual([]);
});

test("a policy that allows less than the one before holds at once", () => {
  const clock = new DeviceClock();
  clock.eventTime(startAt + hour, startAt, { ...trust, aheadMs: hour }, true);
  expect(clock.eventTime(startAt + hour, startAt, trust, true)).toBe(startAt);
});

test("a single stamp of the far future is replaced, and changes nothing for the others", () => {
  const samples = samplesOf({ everyMs: minute, forMs: day });
  const clock = new DeviceClock();
  given(samples.slice(0, 720), correct, clock);
  const { receivedAt } = samples[720]!;
  expect(clock.eventTime(receivedAt + year, receivedAt, correct, true)).toBe(receivedAt);
  expect(clock.outcome).toBe("ahead");
  expect(outcomesOf(given(samples.slice(721), correct, clock))).toEqual(["as-sent"]);
});

test("several samples of one receipt are one sign of a step", () => {
  const clock = new DeviceClock();
  for (let message = 0; message < 3; message += 1) {
    const receivedAt = startAt + message * hour;
    for (let metric = 0; metric < 20; metric += 1) {
      clock.eventTime(receivedAt - day, receivedAt, correct, true);
    }
  }
  expect(clock.offsetMs).toBeNaN();
});

test("a device that sends an hour's samples at once is known by the newest of them", () => {
  const wrongMs = -day;
  const clock = new DeviceClock();
  for (let burst = 0; burst < 12; burst += 1) {
    for (let index = 0; index < 60; index += 1) {
      const trueAt = startAt + burst * hour + index * minute;
      clock.eventTime(trueAt + wrongMs, startAt + burst * hour + 59 * minute, correct, true);
    }
  }
  expect(clock.offsetMs).toBe(day);
});

test.each([20 * second, minute, hour])(
  "the offset is reported in every mode, and of a sample every %i ms unknown before eight receipts",
  (everyMs) => {
    const clock = new DeviceClock();
    const samples = samplesOf({ everyMs, forMs: 8 * everyMs, wrongMs: () => 3 * minute });
    given(samples.slice(0, 7), trust, clock);
    expect(clock.offsetMs).toBeNaN();
    given(samples.slice(7), trust, clock);
    expect(clock.offsetMs).toBe(-3 * minute);
  },
);

test("when the gateway's own clock was set, what was learned by it moves along", () => {
  const clock = new DeviceClock();
  const samples = samplesOf({ everyMs: 20 * second, forMs: hour, wrongMs: () => hour });
  given(samples, correct, clock);
  clock.shift(-hour);
  expect(clock.offsetMs).toBe(-2 * hour);
  // The gateway had been an hour ahead, so by its time the device is two hours ahead now.
  expect(clock.eventTime(startAt + 3 * hour, startAt + hour, correct, true)).toBe(startAt + hour);
  expect(clock.outcome).toBe("corrected");
});

test("an offset at the edge of the dead band does not come and go", () => {
  const clock = new DeviceClock();
  const all = given(samplesOf({ everyMs: 10 * second, forMs: day, wrongMs: swaying }), correct, clock);
  const changes = all.filter((one, index) => index > 0 && one.outcome !== all[index - 1]!.outcome);
  expect(changes.length).toBeLessThanOrEqual(1);
});

test("the state of a clock takes less than 250 bytes after a hundred days", () => {
  const clock = new DeviceClock();
  const device = { everyMs: 10 * minute, forMs: 100 * day, wrongMs: fast, jitterMs: minute };
  given(samplesOf(device), correct, clock);
  const writer = new SnapshotWriter();
  clock.write(writer);
  const bytes = writer.finish();
  expect(bytes.length).toBeLessThan(250);
  const again = new DeviceClock();
  again.read(new SnapshotReader(bytes));
  expect(again.offsetMs).toBe(clock.offsetMs);
});
