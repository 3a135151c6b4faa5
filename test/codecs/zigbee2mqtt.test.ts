import { expect, test } from "vitest";
import { zigbee2mqttPlan } from "../../src/codecs/zigbee2mqtt.ts";
import { decoded, type FamilyRow } from "./family-decoding.ts";

const tables: readonly [law: string, topic: string, payload: string, rows: readonly FamilyRow[]][] = [
  [
    "a climate sensor, with millivolts beside its battery",
    "zigbee2mqtt/cold room",
    '{"battery":97,"voltage":3015,"temperature":4.12,"humidity":61.5,"pressure":1004,"linkquality":112}',
    [
      ["cold room", "battery", 97, "%"],
      ["cold room", "voltage", 3015, "mV"],
      ["cold room", "temperature", 4.12, "°C"],
      ["cold room", "humidity", 61.5, "%"],
      ["cold room", "pressure", 1004, "hPa"],
      ["cold room", "linkquality", 112, "lqi"],
    ],
  ],
  [
    "a plug, with volts of the mains",
    "zigbee2mqtt/hall/left/plug",
    '{"state":"ON","power":12.5,"voltage":231,"current":0.06,"energy":4.81,"power_on_behavior":"previous","power_outage_count":3}',
    [
      ["hall/left/plug", "state", true],
      ["hall/left/plug", "power", 12.5, "W"],
      ["hall/left/plug", "voltage", 231, "V"],
      ["hall/left/plug", "current", 0.06, "A"],
      ["hall/left/plug", "energy", 4.81, "kWh"],
      ["hall/left/plug", "power_on_behavior", '"previous"'],
      ["hall/left/plug", "power_outage_count", 3],
    ],
  ],
  [
    "a battery in volts",
    "zigbee2mqtt/valve",
    '{"voltage":2.9,"battery":80}',
    [
      ["valve", "voltage", 2.9, "V"],
      ["valve", "battery", 80, "%"],
    ],
  ],
  [
    "an empty battery in millivolts",
    "zigbee2mqtt/valve",
    '{"voltage":900,"battery":0}',
    [
      ["valve", "voltage", 900, "mV"],
      ["valve", "battery", 0, "%"],
    ],
  ],
  [
    "nothing of updates and descriptions, and what is not known yet",
    "zigbee2mqtt/lamp",
    '{"brightness":254,"color":{"x":0.45,"y":0.41},"update":{"state":"idle","installed_version":587},"update_available":null,"device":{"ieeeAddr":"0x00158d00010203"},"occupancy":null}',
    [
      ["lamp", "brightness", 254],
      ["lamp", "color.x", 0.45],
      ["lamp", "color.y", 0.41],
      ["lamp", "occupancy", null],
    ],
  ],
  [
    "several end points",
    "zigbee2mqtt/switch",
    '{"state_left":"OFF","power_right":3,"illuminance_lux":12,"voltage_phase_b":229}',
    [
      ["switch", "state_left", false],
      ["switch", "power_right", 3, "W"],
      ["switch", "illuminance_lux", 12, "lx"],
      ["switch", "voltage_phase_b", 229, "V"],
    ],
  ],
  ["attributes as topics", "zigbee2mqtt/hall/lamp/power", "7.5", [["hall/lamp", "power", 7.5, "W"]]],
  ["a device that is there", "zigbee2mqtt/hall/lamp/availability", "online", [["hall/lamp", "online", true]]],
  [
    "a device that is gone, as JSON",
    "zigbee2mqtt/lamp/availability",
    '{"state":"offline"}',
    [["lamp", "online", false]],
  ],
  ["nothing of the bridge", "zigbee2mqtt/bridge/state", '{"state":"online"}', []],
  ["no log", "zigbee2mqtt/bridge/logging", '{"level":"info","message":"x"}', []],
  ["no list of devices", "zigbee2mqtt/bridge/devices", '[{"ieee_address":"0x00"}]', []],
  ["no commands", "zigbee2mqtt/hall/lamp/set", '{"state":"ON"}', []],
  ["no commands for one attribute", "zigbee2mqtt/lamp/set/brightness", "12", []],
  ["no questions", "zigbee2mqtt/lamp/get", '{"state":""}', []],
  ["nothing for a topic that is cleared", "zigbee2mqtt/lamp", "", []],
  ["a base topic of its own", "z2m/lamp", '{"temperature":1}', [["lamp", "temperature", 1, "°C"]]],
  ["a bridge below a longer base topic", "site/z2m/bridge/health", '{"os":{"load_average":[1]}}', []],
];

test.each(tables)("Zigbee2MQTT gives %s", (_, topic, payload, rows) => {
  expect(decoded(zigbee2mqttPlan, topic, payload)).toMatchObject({ rows, stampAt: Number.NaN });
});

test.each([
  ['"2025-11-01T12:26:40Z"', 1_762_000_000_000],
  ['"2025-11-01T13:26:40+01:00"', 1_762_000_000_000],
  ["1762000000123", 1_762_000_000_123],
])("last seen %s is the stamp", (written, stampAt) => {
  const payload = `{"temperature":4,"last_seen":${written}}`;
  expect(decoded(zigbee2mqttPlan, "zigbee2mqtt/lamp", payload)).toMatchObject({
    rows: [["lamp", "temperature", 4, "°C"]],
    stampAt,
  });
});

test("the route's device stands above the friendly name", () => {
  const more = { device: "lamp-7" };
  expect(decoded(zigbee2mqttPlan, "zigbee2mqtt/hall/lamp", '{"power":1}', more).rows).toStrictEqual([
    ["lamp-7", "power", 1, "W"],
  ]);
});

test.each([
  ["a device that is no object", "zigbee2mqtt/lamp", "on", "malformed"],
  ["a topic without a device", "zigbee2mqtt/", "{}", "unsupported"],
  ["an availability that is neither", "zigbee2mqtt/lamp/availability", '{"state":"asleep"}', "malformed"],
  ["an availability without a state", "zigbee2mqtt/lamp/availability", "{}", "malformed"],
  ["a device that is cut off", "zigbee2mqtt/lamp", '{"power":', "malformed"],
  ["a name that is too long", `zigbee2mqtt/${"x".repeat(129)}`, '{"power":1}', "invalid-text"],
])("Zigbee2MQTT refuses %s", (_, topic, payload, cause) => {
  expect(decoded(zigbee2mqttPlan, topic, payload).cause).toBe(cause);
});

test("no more series is a rejection that leaves nothing behind", () => {
  const payload = '{"power":1,"energy":2}';
  expect(decoded(zigbee2mqttPlan, "zigbee2mqtt/lamp", payload, {}, 1).cause).toBe("series-limit");
});
