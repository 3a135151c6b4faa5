import { expect, test } from "vitest";
import { type DeviceDescription, describeDevices } from "../../src/core/device.ts";

const everywhere: DeviceDescription = {
  match: ["*"],
  tags: { site: "north", area: "hall" },
  parameters: { limit: 8 },
};
const fridges: DeviceDescription = {
  match: ["fridge-*", "freezer-?"],
  profile: "acme/cold",
  tags: { area: "cold" },
  intervalMs: 60_000,
  parameters: { least: 2 },
};
const one: DeviceDescription = {
  match: ["fridge-1"],
  tags: {},
  clock: { mode: "receipt", aheadMs: 0 },
  parameters: { limit: 10 },
};

const describe = describeDevices([everywhere, fridges, one]);

test("of what is said about a device, a later description wins, key by key", () => {
  expect(describe("fridge-1")).toEqual({
    profile: "acme/cold",
    tags: { site: "north", area: "cold" },
    clock: { mode: "receipt", aheadMs: 0 },
    intervalMs: 60_000,
    parameters: { limit: 10, least: 2 },
    calibration: [],
    report: [],
  });
});

test("a device about which nothing special is said has what is said about all", () => {
  expect(describe("pump")).toEqual({
    profile: undefined,
    tags: { site: "north", area: "hall" },
    clock: undefined,
    intervalMs: undefined,
    parameters: { limit: 8 },
    calibration: [],
    report: [],
  });
});

test("what a profile says holds for the devices that it decodes, and below what is said by name", () => {
  const ofModel: DeviceDescription = {
    match: ["*"],
    decodedBy: "acme/t1",
    tags: { area: "roof" },
    intervalMs: 10_000,
    parameters: {},
  };
  const known = describeDevices([everywhere, ofModel, fridges]);
  expect(known("pump", "acme/t1")).toMatchObject({
    tags: { site: "north", area: "roof" },
    intervalMs: 10_000,
  });
  expect(known("pump")).toMatchObject({ tags: { site: "north", area: "hall" }, intervalMs: undefined });
  expect(known("fridge-1", "acme/t1")).toMatchObject({ tags: { area: "cold" }, intervalMs: 60_000 });
});

test("devices about which the same is said share it", () => {
  expect(describe("fridge-7")).toBe(describe("freezer-2"));
  expect(describe("fridge-7")).not.toBe(describe("fridge-1"));
});
