import { expect, test } from "vitest";
import { chirpstackPlan } from "../../src/codecs/chirpstack.ts";
import { senmlJsonPlan } from "../../src/codecs/senml-json.ts";
import { theThingsStackPlan } from "../../src/codecs/the-things-stack.ts";
import { NotingDecoding } from "./noted-facts.ts";

/** Source: ChirpStack documentation, "Event types", `up`; shortened. */
const chirpstack = (deviceName: string): string =>
  JSON.stringify({
    time: "2022-07-18T09:34:15.775023242+00:00",
    deviceInfo: {
      applicationName: "My App",
      deviceProfileName: "EU868-class-A",
      deviceName,
      devEui: "beffa1ac2bdd4aee",
    },
    fCnt: 4,
    object: { temperature: 21.5 },
  });

test("ChirpStack's names of a device are noted once, and again when they change", () => {
  const decoding = new NotingDecoding(chirpstackPlan, "application/1/device/beffa1ac2bdd4aee/event/up");
  const identity = {
    kind: "identity",
    source: "payload",
    device: "beffa1ac2bdd4aee",
    model: "EU868-class-A",
  };
  expect(decoding.decode(chirpstack("silo")).facts).toStrictEqual([{ ...identity, label: "silo" }]);
  expect(decoding.decode(chirpstack("silo")).facts).toStrictEqual([]);
  expect(decoding.decode(chirpstack("barn")).facts).toStrictEqual([{ ...identity, label: "barn" }]);
});

/** Source: The Things Stack documentation, "Data Formats", "Uplink Messages"; shortened. */
const uplink = (more: object): string =>
  JSON.stringify({
    end_device_ids: { device_id: "dev1" },
    received_at: "2020-02-12T15:15:45.787Z",
    uplink_message: { f_port: 1, f_cnt: 4, decoded_payload: { temperature: 1.0 }, ...more },
  });

test("The Things Stack's versions of a device are noted once, and nothing where there are none", () => {
  const decoding = new NotingDecoding(theThingsStackPlan, "v3/app@tenant/devices/dev1/up");
  const version_ids = {
    brand_id: "the-things-products",
    model_id: "the-things-uno",
    hardware_version: "1.0",
    firmware_version: "quickstart",
  };
  expect(decoding.decode(uplink({})).facts).toStrictEqual([]);
  expect(decoding.decode(uplink({ version_ids })).facts).toStrictEqual([
    {
      kind: "identity",
      source: "payload",
      device: "dev1",
      vendor: "the-things-products",
      model: "the-things-uno",
      firmware: "quickstart",
    },
  ]);
  expect(decoding.decode(uplink({ version_ids })).facts).toStrictEqual([]);
});

const pack = (ut: number): string => JSON.stringify([{ bn: "urn:dev:mac:1/", n: "t", v: 1, ut }]);

test("the update time of SenML is noted when it changes, and one that is none never", () => {
  const decoding = new NotingDecoding(senmlJsonPlan, "plant/press");
  const fact = { kind: "metric", source: "payload", of: { device: "urn:dev:mac:1", metric: "t" } };
  expect(decoding.decode(pack(60)).facts).toStrictEqual([{ ...fact, expectedMs: 60_000 }]);
  expect(decoding.decode(pack(60)).facts).toStrictEqual([]);
  expect(decoding.decode(pack(0)).facts).toStrictEqual([]);
  expect(decoding.decode(pack(30.5)).facts).toStrictEqual([{ ...fact, expectedMs: 30_500 }]);
});
