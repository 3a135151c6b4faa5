import { expect, test } from "vitest";
import {
  chosenFor,
  damaged,
  type FaultKind,
  faultKinds,
  isSilent,
  parseFault,
} from "../../../src/cli/simulate/profile/faults.ts";
import { type Fleet, makeFleet } from "../../../src/cli/simulate/profile/fleet.ts";
import { trialsOf } from "../../../src/cli/simulate/profile/trials.ts";
import type { TrialSample } from "../../../src/ingest/profile-trial.ts";
import { library, profileOf } from "./library.ts";

const { profiles } = await library();
const ruuvi = profileOf(profiles, "ruuvi/ruuvitag");
const startAt = Date.UTC(2027, 0, 15, 8);
const minuteMs = 60_000;

function fleet(kind: FaultKind | undefined, { share = 1, count = 1 } = {}): Fleet {
  return makeFleet({
    profiles: [ruuvi],
    count,
    faults: kind === undefined ? [] : [{ kind, share }],
    seed: 5,
    dayMs: 86_400_000,
    startAt,
    connectionsMax: 50,
  });
}

/** What one device with a fault says minute by minute; nothing for what is refused or withheld. */
function course(kind: FaultKind | undefined, reports: number): (readonly TrialSample[] | undefined)[] {
  const [sensor] = fleet(kind).groups[0]!.sensors;
  const tryOut = trialsOf(ruuvi);
  return Array.from({ length: reports }, (_, report) => {
    const at = startAt + report * minuteMs;
    const payload = sensor!.read(at);
    const trial = payload === undefined ? undefined : tryOut(sensor!.topic, Buffer.from(payload), at);
    return trial?.rejection === undefined ? trial?.samples : undefined;
  });
}

function temperatures(kind: FaultKind | undefined, reports: number): number[] {
  return course(kind, reports).flatMap((samples = []) =>
    samples.filter(({ metric }) => metric === "temperature").map(({ value }) => Number(value)),
  );
}

test("a stuck device says the same from its first report on, with stamps that go on", () => {
  const reports = course("stuck", 120).map((samples) => samples!);
  const values = reports.map((samples) =>
    samples.map(({ metric, value }) => `${metric} ${String(value)}`).join(),
  );
  expect(new Set(values).size).toBe(1);
  expect(reports.map(([sample]) => sample!.at)).toEqual(
    reports.map((_, report) => startAt + report * minuteMs),
  );
});

test("a drifting device goes away from what a sound one says, report by report, and stays in range", () => {
  const [sound, drifting] = [temperatures(undefined, 600), temperatures("drifting", 600)];
  const away = sound.map((value, report) => Math.abs(drifting[report]! - value));
  expect(away[0]).toBe(0);
  expect(away[100]).toBeCloseTo(6, 1);
  expect(away[500]).toBeCloseTo(30, 1);
  const bad = course("drifting", 4_000).flatMap((samples = []) => samples.filter((sample) => sample.bad));
  expect(bad).toEqual([]);
});

test("a spiking device says single wild values among sound ones", () => {
  const [sound, spiking] = [temperatures(undefined, 400), temperatures("spiking", 400)];
  const wild = spiking.filter((value, report) => Math.abs(value - sound[report]!) > 20);
  expect(spiking.filter((value, report) => value === sound[report]).length).toBe(400 - wild.length);
  expect(wild.length).toBeGreaterThan(5);
  expect(wild.length).toBeLessThan(40);
});

test("a silent device speaks, keeps silent, and comes back; what it withholds is counted", () => {
  const silent = fleet("silent");
  const [sensor] = silent.groups[0]!.sensors;
  const spoke = Array.from(
    { length: 60 },
    (_, report) => sensor!.read(startAt + report * minuteMs) !== undefined,
  );
  const runs = spoke.map(Number).join("").match(/0+|1+/g) ?? [];
  expect(runs.slice(1, -1)).toEqual(runs.slice(1, -1).map((run) => run[0]!.repeat(run[0] === "1" ? 8 : 12)));
  expect(spoke[0]).toBe(true);
  expect(silent.tally.withheld).toBe(spoke.filter((said) => !said).length);
});

test("a device that is not silent never withholds anything", () => {
  const report = { seed: 1, device: 1, report: 9, faults: new Set<FaultKind>(["stuck"]) };
  expect(isSilent(report)).toBe(false);
  expect(isSilent({ ...report, faults: new Set(["silent"]) })).toBe(true);
});

test("a device whose clock is ahead stamps an hour ahead", () => {
  const stamps = course("clock-ahead", 5).map((samples) => samples![0]!.at);
  expect(stamps).toEqual(stamps.map((_, report) => startAt + report * minuteMs + 3_600_000));
});

test("a device that is malformed now and then is refused as often as is counted, and for the causes that are counted", () => {
  const garbling = fleet("malformed", { count: 4 });
  const tryOut = trialsOf(ruuvi);
  const causes: Record<string, number> = {};
  for (let report = 0; report < 100; report += 1) {
    const at = startAt + report * minuteMs;
    for (const sensor of garbling.groups[0]!.sensors) {
      const trial = tryOut(sensor.topic, Buffer.from(sensor.read(at)!), at);
      const cause = trial?.rejection?.cause;
      if (cause !== undefined) causes[cause] = (causes[cause] ?? 0) + 1;
    }
  }
  expect(garbling.tally.refused).toEqual(causes);
  expect(garbling.tally.malformed).toBe(Object.values(causes).reduce((sum, count) => sum + count, 0));
  expect(garbling.tally.malformed).toBeGreaterThan(20);
  expect(garbling.tally.malformed).toBeLessThan(100);
});

test.each(faultKinds)("%s: the share that was asked for has it, the same devices for one seed", (kind) => {
  expect(fleet(kind, { share: 0.25, count: 20 }).faulty).toEqual({ [kind]: 5 });
  const able = Array.from({ length: 200 }, (_, index) => index + 1);
  const chosen = chosenFor({ kind, share: 0.1 }, able, 1);
  expect(chosen.size).toBe(20);
  expect(chosenFor({ kind, share: 0.1 }, able, 1)).toEqual(chosen);
  expect(chosenFor({ kind, share: 0.1 }, able, 2)).not.toEqual(chosen);
});

test("a share of few devices is one at least", () => {
  expect(chosenFor({ kind: "stuck", share: 0.01 }, [1, 2, 3], 1).size).toBe(1);
});

test("a clock that is ahead is for devices with stamps only", () => {
  const both = [profileOf(profiles, "sonoff/snzb-02d"), ruuvi];
  const settings = { count: 10, seed: 1, dayMs: 86_400_000, startAt, connectionsMax: 50 };
  const faults = [{ kind: "clock-ahead", share: 1 }] as const;
  expect(makeFleet({ ...settings, profiles: both, faults }).faulty).toEqual({ "clock-ahead": 10 });
  expect(() => makeFleet({ ...settings, profiles: both.slice(0, 1), faults })).toThrow(
    "None of the devices can have the fault clock-ahead.",
  );
});

test.each([
  ["stuck", { kind: "stuck", share: 0.1 }],
  ["clock-ahead:1", { kind: "clock-ahead", share: 1 }],
  ["malformed:.5", { kind: "malformed", share: 0.5 }],
])("the fault %s is understood", (text, meant) => {
  expect(parseFault(text)).toEqual(meant);
});

test.each(["", "broken", "stuck:", "stuck:0", "stuck:1.5", "stuck:-1", "stuck:a"])(
  "the fault %j is none",
  (text) => {
    expect(parseFault(text)).toBeUndefined();
  },
);

test("every damage changes the payload", () => {
  const payload = Buffer.from('{"a":1}');
  for (const bytes of damaged(payload)) expect(Buffer.from(bytes).equals(payload)).toBe(false);
});
