import { expect, test } from "vitest";
import { homiePlan } from "../../src/codecs/homie.ts";
import { noted, NotingDecoding } from "./noted-facts.ts";

const identity = { kind: "identity", source: "homie", device: "super-car" };
const property = {
  kind: "metric",
  source: "homie",
  of: { device: "super-car", metric: "engine.temperature" },
};

/** Source: Homie convention 4.0.0 and 3.0.1, the example of "super-car". */
test.each([
  ["$name", "Super car", { ...identity, label: "Super car" }],
  ["$fw/name", "weatherstation-firmware", { ...identity, model: "weatherstation-firmware" }],
  ["$fw/version", "1.0.0", { ...identity, firmware: "1.0.0" }],
  ["$implementation", "esp8266", { ...identity, model: "esp8266" }],
  ["engine/temperature/$name", "Engine temperature", { ...property, label: "Engine temperature" }],
  ["engine/temperature/$unit", "°C", { ...property, unit: "°C" }],
  ["engine/temperature/$datatype", "float", { ...property, datatype: "float" }],
])("the attribute %s is noted", (attribute, payload, fact) => {
  const under = `homie/super-car/${attribute}`;
  expect(noted(homiePlan, under, payload)).toStrictEqual({ facts: [{ ...fact, under }], rows: 0 });
});

test.each(["homie/super-car/$name", "homie/super-car/engine/temperature/$unit"])(
  "%s is taken back by an empty payload",
  (under) => {
    expect(noted(homiePlan, under, "")).toStrictEqual({ facts: [{ kind: "withdrawn", under }], rows: 0 });
  },
);

test.each([
  "homie/super-car/$nodes",
  "homie/super-car/$stats/uptime",
  "homie/super-car/engine/$type",
  "homie/super-car/engine/temperature/$settable",
  "homie/super-car/engine/temperature/$unit/x",
  "homie/$broadcast/alert",
  `homie/${"x".repeat(129)}/$name`,
])("%s says nothing", (topic) => {
  expect(noted(homiePlan, topic, "x")).toStrictEqual({ facts: [], rows: 0 });
});

const description = {
  homie: "5.0",
  version: 4,
  name: "Kitchen hub",
  root: "house",
  parent: "floor",
  nodes: {
    air: {
      name: "Air",
      properties: {
        temperature: { name: "Temperature", datatype: "float", unit: "°C", format: "-20:120" },
        humidity: { datatype: "integer", unit: "%" },
        __proto__: { unit: "no" },
      },
    },
    broken: { properties: [{ unit: "x" }] },
    empty: null,
  },
};

const of = (metric: string): object => ({ device: "hub", metric });

test("a description of version 5 is noted, as what its topic says now", () => {
  const under = "homie/5/hub/$description";
  const shared = { source: "homie", under };
  expect(noted(homiePlan, under, description)).toStrictEqual({
    facts: [
      { kind: "withdrawn", under },
      { ...shared, kind: "identity", device: "hub", label: "Kitchen hub", via: "floor" },
      {
        ...shared,
        kind: "metric",
        of: of("air.temperature"),
        label: "Temperature",
        unit: "°C",
        datatype: "float",
      },
      { ...shared, kind: "metric", of: of("air.humidity"), unit: "%", datatype: "integer" },
    ],
    rows: 0,
  });
});

test.each([
  ["no JSON", "{", "malformed"],
  ["no object", "[]", "unsupported"],
])("a description that is %s is refused", (_, payload, cause) => {
  expect(noted(homiePlan, "homie/5/hub/$description", payload)).toStrictEqual({ cause, facts: [], rows: 0 });
});

test("an attribute that is too long is refused, and so is one that is no text", () => {
  const decoding = new NotingDecoding(homiePlan, "homie/hub/$name");
  expect(decoding.decode("x".repeat(2_000)).cause).toBe("too-large");
  expect(decoding.decode(Buffer.from([0xff])).cause).toBe("invalid-text");
});
