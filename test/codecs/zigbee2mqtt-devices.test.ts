import { expect, test } from "vitest";
import { zigbee2mqttPlan } from "../../src/codecs/zigbee2mqtt.ts";
import { noted } from "./noted-facts.ts";

const topic = "zigbee2mqtt/bridge/devices";

/** Source: Zigbee2MQTT documentation, "MQTT Topics and Messages", with exposes of "Exposes". */
const devices = [
  {
    ieee_address: "0x00158d00018255df",
    type: "Router",
    network_address: 29159,
    supported: true,
    friendly_name: "my_plug",
    description: "Behind the press",
    endpoints: {
      "1": { bindings: [], configured_reportings: [], clusters: { input: ["genOnOff"], output: [] } },
    },
    definition: {
      model: "ZNCZ02LM",
      vendor: "Xiaomi",
      description: "Mi power plug ZigBee",
      options: [],
      exposes: [
        {
          type: "switch",
          features: [
            {
              type: "binary",
              name: "state",
              label: "State",
              property: "state",
              access: 7,
              value_on: "ON",
              value_off: "OFF",
            },
          ],
        },
        { type: "numeric", name: "power", label: "Power", property: "power", access: 1, unit: "W" },
        {
          type: "composite",
          name: "color_xy",
          property: "color",
          features: [{ type: "numeric", name: "x", label: "X", property: "x", access: 7 }],
        },
        { type: "enum", name: "effect", property: "effect", access: 2, values: ["blink"] },
        { type: "numeric", name: "nameless", access: 1 },
        null,
      ],
    },
    model_id: "lumi.plug",
  },
  {
    ieee_address: "0x90fd9ffffe6494fc",
    type: "Router",
    friendly_name: "hall/bulb",
    definition: null,
    software_build_id: "1.3.009",
    manufacturer: "IKEA",
    model_id: "TRADFRI bulb E27 CWS opal 600lm",
  },
  { type: "Coordinator", friendly_name: "Coordinator", definition: null },
  { type: "Router", friendly_name: "bad\u0000name" },
  7,
];

const of = (metric: string): object => ({ device: "my_plug", metric });

test("the list of a bridge says who its devices are and what they expose", () => {
  const plug = { kind: "metric", source: "inventory", under: topic };
  expect(noted(zigbee2mqttPlan, topic, devices)).toStrictEqual({
    facts: [
      { kind: "withdrawn", under: topic },
      {
        kind: "identity",
        source: "inventory",
        device: "my_plug",
        under: topic,
        label: "Behind the press",
        vendor: "Xiaomi",
        model: "ZNCZ02LM",
        via: "zigbee2mqtt",
      },
      { ...plug, of: of("state"), label: "State", datatype: "binary" },
      { ...plug, of: of("power"), label: "Power", unit: "W", datatype: "numeric" },
      { ...plug, of: of("color.x"), label: "X", datatype: "numeric" },
      {
        kind: "identity",
        source: "inventory",
        device: "hall/bulb",
        under: topic,
        vendor: "IKEA",
        model: "TRADFRI bulb E27 CWS opal 600lm",
        firmware: "1.3.009",
        via: "zigbee2mqtt",
      },
    ],
    rows: 0,
  });
});

test("the base topic is the operator's", () => {
  const { facts } = noted(zigbee2mqttPlan, "site/z2m/bridge/devices", devices.slice(1, 2));
  expect(facts).toMatchObject([{}, { device: "hall/bulb", via: "site/z2m" }]);
});

test.each([
  ["no list", "{}", "unsupported"],
  ["no JSON", "[", "malformed"],
])("%s is refused", (_, payload, cause) => {
  expect(noted(zigbee2mqttPlan, topic, payload)).toStrictEqual({ cause, facts: [], rows: 0 });
});

test.each(["zigbee2mqtt/bridge/info", "zigbee2mqtt/bridge/groups", "zigbee2mqtt/bridge/devices/x"])(
  "%s says nothing",
  (other) => {
    expect(noted(zigbee2mqttPlan, other, devices)).toStrictEqual({ facts: [], rows: 0 });
  },
);
