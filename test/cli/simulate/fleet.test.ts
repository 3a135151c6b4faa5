import { expect, test } from "vitest";
import type { Fleet, FleetSettings } from "../../../src/cli/simulate/profile/fleet.ts";
import { makeFleet } from "../../../src/cli/simulate/profile/fleet.ts";
import { trialsOf } from "../../../src/cli/simulate/profile/trials.ts";
import type { DeviceProfile } from "../../../src/core/profile.ts";
import type { EpochMs } from "../../../src/core/sample.ts";
import type { TrialSample } from "../../../src/ingest/profile-trial.ts";
import { library, profileOf } from "./library.ts";

const { profiles } = await library();
const startAt = Date.UTC(2027, 0, 15, 8);
const dayMs = 86_400_000;

/** Whose topics and payloads name one device for all: there is one such meter or hub in a house. */
const onlyOne = ["dsmr-reader/p1", "openenergymonitor/emonpi"];

function fleet(over: Partial<FleetSettings> & { readonly profiles: readonly DeviceProfile[] }): Fleet {
  return makeFleet({ count: 3, faults: [], seed: 1, dayMs, startAt, connectionsMax: 50, ...over });
}

interface Read {
  readonly topic: string;
  readonly at: EpochMs;
  readonly samples: readonly TrialSample[];
}

/** What the sensors of a fleet say at instants, decoded by a profile. */
function readings({ groups }: Fleet, profile: DeviceProfile, instants: readonly EpochMs[]): Read[] {
  const tryOut = trialsOf(profile);
  return instants.flatMap((at) =>
    groups
      .flatMap(({ sensors }) => sensors)
      .flatMap((sensor): Read[] => {
        const payload = sensor.read(at);
        if (payload === undefined) return [];
        const trial = tryOut(sensor.topic, Buffer.from(payload), at);
        if (trial === undefined) throw new Error(`${sensor.topic} is not matched`);
        if (trial.rejection !== undefined)
          throw new Error(`${String(payload)} is refused: ${trial.rejection.detail}`);
        return [{ topic: sensor.topic, at, samples: trial.samples }];
      }),
  );
}

const instants = [0, 61_000, 3_600_500, 40_000_000, 86_000_123].map((after) => startAt + after);

/** Metrics of each good example, as one text. */
function examplesOf(profile: DeviceProfile): Set<string> {
  return new Set(profile.good.map(({ expect: samples = {} }) => Object.keys(samples).toSorted().join()));
}

test.each(profiles.map((profile) => [profile.id, profile] as const))(
  "%s: devices say what an example says, in range, now, and each under a name of its own",
  (id, profile) => {
    const count = onlyOne.includes(id) ? 1 : 3;
    const read = readings(fleet({ profiles: [profile], count }), profile, instants);
    const known = examplesOf(profile);
    for (const { samples, at } of read) {
      expect(known).toContain(
        samples
          .map(({ metric }) => metric)
          .toSorted()
          .join(),
      );
      expect(samples.filter(({ bad }) => bad)).toEqual([]);
      const late = samples.filter(({ at: readAt = at }) => Math.abs(readAt - at) >= 1_000);
      expect(late).toEqual([]);
    }
    const names = new Set(read.flatMap(({ samples }) => samples.map(({ device }) => device)));
    expect(names.size).toBe(count);
  },
);

test.each(profiles.map((profile) => [profile.id, profile] as const))(
  "%s: readings move over a day, or say yes and no",
  (id, profile) => {
    const count = onlyOne.includes(id) ? 1 : 3;
    const day = Array.from({ length: 200 }, (_, step) => startAt + step * 432_000);
    const values = new Map<string, Set<unknown>>();
    for (const { samples } of readings(fleet({ profiles: [profile], count }), profile, day)) {
      for (const { device, metric, value } of samples) {
        const series = `${device} ${metric}`;
        values.set(series, (values.get(series) ?? new Set()).add(value));
      }
    }
    expect(Math.max(...[...values.values()].map(({ size }) => size))).toBeGreaterThan(1);
  },
);

test("all profiles together give devices with names of their own", () => {
  const many = profiles.filter(({ id }) => !onlyOne.includes(id));
  expect(fleet({ profiles: many, count: 20 }).devices).toBe(many.length * 20);
});

test.each(onlyOne)("several devices of %s are refused, since nothing tells them apart", (id) => {
  expect(() => fleet({ profiles: [profileOf(profiles, id)], count: 2 })).toThrow(
    `Devices of ${id} cannot be told apart`,
  );
});

test("a profile whose examples give no reading is named, with the reason", () => {
  const mute = { ...profileOf(profiles, "dsmr-reader/p1"), metrics: [] };
  expect(() => fleet({ profiles: [mute], count: 1 })).toThrow(
    "dsmr-reader/p1 cannot be simulated: none of its examples gives a reading.",
  );
});

test("a seed gives the same payloads again, and another seed others", () => {
  const ruuvi = profileOf(profiles, "ruuvi/ruuvitag");
  const payloads = (seed: number): string[] =>
    fleet({ profiles: [ruuvi], seed, faults: [{ kind: "spiking", share: 1 }] })
      .groups.flatMap(({ sensors }) => sensors)
      .flatMap((sensor) => instants.map((at) => Buffer.from(sensor.read(at) ?? "").toString()));
  expect(payloads(7)).toEqual(payloads(7));
  expect(payloads(8)).not.toEqual(payloads(7));
});

test("a payload stays as the vendor writes it, but for readings, stamps and names", () => {
  const [ruuvi, tower] = ["ruuvi/ruuvitag", "acurite/tower"].map((id) => profileOf(profiles, id));
  const said = fleet({ profiles: [ruuvi!, tower!], count: 1 })
    .groups.flatMap(({ sensors }) => sensors)
    .map((sensor) => `${sensor.topic} ${Buffer.from(sensor.read(startAt) ?? "").toString()}`);
  expect(said[0]).toMatch(
    /^ruuvi\/c8:25:2d:8e:9c:2c\/cb:b8:33:4c:88:50 \{"gw_mac":"C8:25:2D:8E:9C:2C","rssi":-\d\d,"aoa":\[\],/,
  );
  expect(said[0]).toMatch(
    /,"gwts":"1800000001","ts":"1800000000","data":"0201061BFF990405[0-9A-F]{34}CBB8334C8850"\}$/,
  );
  expect(said[1]).toMatch(/^rtl_433\/attic\/devices\/Acurite-Tower\/A\/10329\/temperature_C \d\d\.\d00$/);
});

test("devices report at the interval of their profile, and once a minute where it names none", () => {
  const [bme280, ruuvi] = ["bosch/bme280", "ruuvi/ruuvitag"].map((id) => profileOf(profiles, id));
  const { groups } = fleet({ profiles: [bme280!, ruuvi!], count: 30 });
  expect(groups.map(({ ratePerSecond }) => ratePerSecond)).toEqual([30 / 300, 30 / 60]);
});

test("reports of one device never have one stamp, however fast they come", () => {
  const ruuvi = profileOf(profiles, "ruuvi/ruuvitag");
  const [sensor] = fleet({ profiles: [ruuvi], count: 1 }).groups[0]!.sensors;
  const stamps = [0, 10, 20, 30].map((after) => JSON.parse(String(sensor!.read(startAt + after))).ts);
  expect(new Set(stamps).size).toBe(4);
});
