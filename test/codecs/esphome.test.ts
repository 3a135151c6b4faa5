import { expect, test } from "vitest";
import { esphomePlan } from "../../src/codecs/esphome.ts";
import { decoded, type FamilyRow } from "./family-decoding.ts";

const tables: readonly [law: string, topic: string, payload: string, rows: readonly FamilyRow[]][] = [
  [
    "a sensor",
    "boiler/sensor/flow_temperature/state",
    "61.25",
    [["boiler", "sensor.flow_temperature", 61.25]],
  ],
  ["a binary sensor", "boiler/binary_sensor/burner/state", "ON", [["boiler", "binary_sensor.burner", true]]],
  ["a switch of the same name", "boiler/switch/burner/state", "OFF", [["boiler", "switch.burner", false]]],
  ["a text", "boiler/text_sensor/phase/state", "pre-heat", [["boiler", "text_sensor.phase", '"pre-heat"']]],
  ["a sensor without a value", "boiler/sensor/flow/state", "nan", [["boiler", "sensor.flow", "bad"]]],
  [
    "a part of a climate device",
    "site/boiler/climate/hall/target_temperature/state",
    "21.5",
    [["site/boiler", "climate.hall.target_temperature", 21.5]],
  ],
  [
    "a light",
    "desk/light/lamp/state",
    '{"state":"ON","brightness":128,"color":{"r":255}}',
    [
      ["desk", "light.lamp.state", true],
      ["desk", "light.lamp.brightness", 128],
      ["desk", "light.lamp.color.r", 255],
    ],
  ],
  ["a device that is there", "site/boiler/status", "online", [["site/boiler", "online", true]]],
  ["a device that is gone", "boiler/status", "offline", [["boiler", "online", false]]],
  ["no log", "boiler/debug", "\u001B[0;36m[D][sensor:093]: 'flow'\u001B[0m", []],
  ["no commands", "boiler/switch/burner/command", "ON", []],
  ["no updates", "boiler/update/firmware/state", '{"installed_version":"1"}', []],
];

test.each(tables)("ESPHome gives %s", (_, topic, payload, rows) => {
  expect(decoded(esphomePlan, topic, payload)).toMatchObject({
    rows,
    stampAt: Number.NaN,
    unreadable: false,
  });
});

test.each([
  ["a topic of something else", "plant/press/state", "1", "unsupported"],
  ["a topic without a device", "sensor/flow/state", "1", "unsupported"],
  ["a status that is neither", "boiler/status", "ready", "malformed"],
  ["a light that is no object", "desk/light/lamp/state", "ON", "malformed"],
  ["bytes that are no text", "boiler/sensor/flow/state", Buffer.from([0x80]), "invalid-text"],
  ["a text that is too long", "boiler/text_sensor/phase/state", "x".repeat(1025), "too-large"],
])("ESPHome refuses %s", (_, topic, payload, cause) => {
  expect(decoded(esphomePlan, topic, payload).cause).toBe(cause);
});
