import { expect, test } from "vitest";
import { MachineClock, systemClock, type TimeSources, writtenAt } from "../../src/ops/clock.ts";

const hour = 3_600_000;
const year = 365 * 24 * hour;

/** A machine whose time passes only when the test says so. */
class ManualSources implements TimeSources {
  wall = writtenAt + hour;
  monotonic = 1_000.5;
  bootTime = 50_000;
  marker: boolean | undefined = true;
  looks = 0;

  wallAt(): number {
    return Math.floor(this.wall);
  }

  monotonicMs(): number {
    return this.monotonic;
  }

  awakeAndAsleepMs(): number {
    return Math.floor(this.bootTime / 10) * 10;
  }

  setFromNetwork(): boolean | undefined {
    this.looks += 1;
    return this.marker;
  }

  pass(durationMs: number): void {
    this.wall += durationMs;
    this.monotonic += durationMs;
    this.bootTime += durationMs;
  }

  sleep(durationMs: number): void {
    this.wall += durationMs;
    this.bootTime += durationMs;
  }
}

function clockOf(part: Partial<ManualSources> = {}): { sources: ManualSources; clock: MachineClock } {
  const sources = Object.assign(new ManualSources(), part);
  return { sources, clock: new MachineClock(sources) };
}

test("a machine that is set tells its wall clock and is right", () => {
  const { sources, clock } = clockOf();
  clock.begin({ boot: "b" });
  sources.pass(hour);
  expect(clock.now()).toBe(sources.wallAt());
  expect(clock.monotonicMs()).toBe(sources.monotonic);
  expect(clock.synced()).toBe(true);
  expect(clock.takeRepair()).toBeUndefined();
});

test("a board that boots in 1970 is repaired when it is set", () => {
  const { sources, clock } = clockOf({ wall: 30_000, marker: false });
  clock.begin({ boot: "b", lastWallAt: writtenAt });
  expect(clock.synced()).toBe(false);
  sources.pass(hour);
  clock.now();
  sources.wall = writtenAt + year;
  sources.marker = true;
  sources.pass(10_000);
  expect(clock.now()).toBe(writtenAt + year + 10_000);
  expect(clock.synced()).toBe(true);
  expect(clock.takeRepair()).toEqual({
    boot: "b",
    byMs: year - hour,
    from: "unsynced",
    to: "synced",
  });
});

test("what happened to the clock before a boot began gives no repair", () => {
  const { sources, clock } = clockOf();
  clock.now();
  sources.wall += year;
  clock.now();
  clock.begin({ boot: "b" });
  expect(clock.takeRepair()).toBeUndefined();
});

test("a clock that is behind the log is not right, whatever the machine says", () => {
  const { sources, clock } = clockOf();
  clock.begin({ boot: "b", lastWallAt: sources.wall + hour });
  expect(clock.synced()).toBe(false);
});

test("the marker is looked for at most every ten seconds, and not again once it was there", () => {
  const { sources, clock } = clockOf({ marker: false });
  for (let index = 0; index < 100; index += 1) {
    clock.now();
    sources.pass(500);
  }
  expect(sources.looks).toBe(5);
  sources.marker = true;
  sources.pass(10_000);
  for (let index = 0; index < 100; index += 1) {
    expect(clock.synced()).toBe(true);
    sources.pass(10_000);
  }
  expect(sources.looks).toBe(6);
});

test("a marker that vanishes makes no right clock wrong", () => {
  const { sources, clock } = clockOf();
  clock.begin({ boot: "b" });
  sources.marker = false;
  sources.pass(24 * hour);
  expect(clock.synced()).toBe(true);
  // The next boot of the gateway, on the same boot of the machine.
  clock.begin({ boot: "c" });
  expect(clock.synced()).toBe(true);
});

test.each([
  [writtenAt, true],
  [writtenAt - 1, false],
])("where nobody tells, a clock at %i is right: %s", (wall, right) => {
  const { clock } = clockOf({ wall, marker: undefined });
  expect(clock.synced()).toBe(right);
});

test("a marker beside a clock of the past is not believed", () => {
  const { clock } = clockOf({ wall: writtenAt - 1, marker: true });
  expect(clock.synced()).toBe(false);
});

test("a right clock that falls into the past is not followed", () => {
  const { sources, clock } = clockOf();
  clock.begin({ boot: "b" });
  const before = clock.now();
  sources.wall = 0;
  sources.pass(hour);
  expect(clock.now()).toBe(before + hour);
  expect(clock.synced()).toBe(true);
  expect(clock.takeRepair()).toBeUndefined();
});

test("a right clock that is set back an hour is followed, and repaired", () => {
  const { sources, clock } = clockOf();
  clock.begin({ boot: "b" });
  sources.wall -= hour;
  sources.wall += 2 * hour;
  sources.monotonic += 2 * hour;
  sources.bootTime += 2 * hour;
  clock.now();
  expect(clock.takeRepair()).toEqual({ boot: "b", byMs: -hour, from: "synced", to: "synced" });
});

test("a machine that slept was not set", () => {
  const { sources, clock } = clockOf();
  clock.begin({ boot: "b" });
  for (let night = 0; night < 5; night += 1) {
    sources.sleep(8 * hour + 0.5);
    clock.now();
    sources.pass(16 * hour);
    clock.now();
  }
  expect(clock.now()).toBe(sources.wallAt());
  expect(clock.takeRepair()).toBeUndefined();
});

test("a machine that was set after it slept is repaired by the setting alone", () => {
  const { sources, clock } = clockOf();
  clock.begin({ boot: "b" });
  sources.sleep(8 * hour);
  clock.now();
  sources.wall += hour;
  clock.now();
  const repair = clock.takeRepair();
  expect(Math.abs((repair?.byMs ?? 0) - hour)).toBeLessThanOrEqual(10);
});

test("this machine's own clock tells the time, and does not go back", () => {
  const first = systemClock.now();
  expect(Math.abs(first - Date.now())).toBeLessThan(5_000);
  const monotonicMs = systemClock.monotonicMs();
  expect(systemClock.now()).toBeGreaterThanOrEqual(first);
  expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(monotonicMs);
});
