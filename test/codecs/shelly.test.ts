import { expect, test } from "vitest";
import { shellyGen1Plan } from "../../src/codecs/shelly-gen1.ts";
import { shellyGen2Plan, shellyGen2StatusPlan } from "../../src/codecs/shelly-gen2.ts";
import { decoded, type FamilyRow } from "./family-decoding.ts";

const first: readonly [law: string, topic: string, payload: string, rows: readonly FamilyRow[]][] = [
  ["a relay", "shellies/shelly1pm-a1/relay/0", "on", [["shelly1pm-a1", "relay.0", true]]],
  ["power", "shellies/shelly1pm-a1/relay/0/power", "23.4", [["shelly1pm-a1", "relay.0.power", 23.4, "W"]]],
  [
    "energy in watt-minutes",
    "shellies/shelly1pm-a1/relay/0/energy",
    "88123",
    [["shelly1pm-a1", "relay.0.energy", 88_123, "Wmin"]],
  ],
  [
    "the total of a meter in watt-hours",
    "shellies/shellyem-b2/emeter/1/total",
    "140022.1",
    [["shellyem-b2", "emeter.1.total", 140_022.1, "Wh"]],
  ],
  [
    "a temperature",
    "shellies/shellyht-c3/sensor/temperature",
    "21.38",
    [["shellyht-c3", "sensor.temperature", 21.38, "°C"]],
  ],
  [
    "an external probe",
    "shellies/shelly1-d4/ext_temperature/0",
    "4.5",
    [["shelly1-d4", "ext_temperature.0", 4.5, "°C"]],
  ],
  ["a door", "shellies/shellydw-e5/sensor/state", "open", [["shellydw-e5", "sensor.state", '"open"']]],
  ["that it is there", "shellies/shelly1pm-a1/online", "true", [["shelly1pm-a1", "online", true]]],
  ["that it is gone", "shellies/shelly1pm-a1/online", "false", [["shelly1pm-a1", "online", false]]],
  [
    "a pressed button",
    "shellies/shellyix3-f6/input_event/0",
    '{"event":"S","event_cnt":3}',
    [
      ["shellyix3-f6", "input_event.0.event", '"S"'],
      ["shellyix3-f6", "input_event.0.event_cnt", 3],
    ],
  ],
  [
    "the state of a light",
    "shellies/shellydimmer-g7/light/0/status",
    '{"ison":true,"brightness":40,"power":11.2}',
    [
      ["shellydimmer-g7", "light.0.ison", true],
      ["shellydimmer-g7", "light.0.brightness", 40, "%"],
      ["shellydimmer-g7", "light.0.power", 11.2, "W"],
    ],
  ],
  ["no Fahrenheit", "shellies/shelly1pm-a1/temperature_f", "112.1", []],
  ["no announcements", "shellies/announce", '{"id":"shelly1pm-a1","model":"SHSW-PM"}', []],
  ["no information", "shellies/shelly1pm-a1/info", '{"wifi_sta":{"rssi":-61}}', []],
  ["no commands", "shellies/shelly1pm-a1/relay/0/command", "off", []],
];

test.each(first)("Shelly, first generation, gives %s", (_, topic, payload, rows) => {
  expect(decoded(shellyGen1Plan, topic, payload)).toMatchObject({ rows, stampAt: Number.NaN });
});

const notification =
  '{"src":"shellyplus1pm-a1","dst":"shellyplus1pm-a1/events","method":"NotifyStatus","params":{"ts":1762000000.25,' +
  '"switch:0":{"id":0,"source":"HTTP_in","output":true,"apower":44.4,"aenergy":{"total":900.5,"by_minute":[1,2,3],"minute_ts":1761999960},"temperature":{"tC":54.0,"tF":129.3}},' +
  '"sys":{"uptime":77},"wifi":{"rssi":-58,"ssid":"plant"},"script:1":{"id":1,"running":true}}}';
const status = '{"id":0,"tC":19.8,"tF":67.6}';

const second: readonly [law: string, topic: string, payload: string, rows: readonly FamilyRow[]][] = [
  [
    "a notification",
    "shellyplus1pm-a1/events/rpc",
    notification,
    [
      ["shellyplus1pm-a1", "switch:0.output", true],
      ["shellyplus1pm-a1", "switch:0.apower", 44.4, "W"],
      ["shellyplus1pm-a1", "switch:0.aenergy.total", 900.5, "Wh"],
      ["shellyplus1pm-a1", "switch:0.temperature.tC", 54, "°C"],
      ["shellyplus1pm-a1", "wifi.rssi", -58, "dBm"],
    ],
  ],
  [
    "three phases",
    "plant/meter/events/rpc",
    '{"method":"NotifyFullStatus","params":{"ts":1762000000.25,"em:0":{"a_voltage":231.2,"b_act_power":-12,"total_aprt_power":300,"c_freq":50},"emdata:0":{"total_act":12.5}}}',
    [
      ["plant/meter", "em:0.a_voltage", 231.2, "V"],
      ["plant/meter", "em:0.b_act_power", -12, "W"],
      ["plant/meter", "em:0.total_aprt_power", 300, "VA"],
      ["plant/meter", "em:0.c_freq", 50, "Hz"],
      ["plant/meter", "emdata:0.total_act", 12.5, "Wh"],
    ],
  ],
  [
    "a pressed button",
    "shellyplus1-b2/events/rpc",
    '{"method":"NotifyEvent","params":{"ts":1762000000.25,"events":[{"component":"sys","event":"config_changed"},{"component":"input:0","id":0,"event":"single_push","ts":1762000000.25}]}}',
    [["shellyplus1-b2", "input:0.event", '"single_push"']],
  ],
];

test.each(second)("Shelly, second generation, gives %s with its stamp", (_, topic, payload, rows) => {
  expect(decoded(shellyGen2Plan, topic, payload)).toMatchObject({ rows, stampAt: 1_762_000_000_250 });
});

test("the status is the other codec's, and the notifications are not", () => {
  const topic = "shellyhtg3-c3/status/temperature:0";
  expect(decoded(shellyGen2Plan, topic, status).rows).toStrictEqual([]);
  expect(decoded(shellyGen2StatusPlan, topic, status)).toMatchObject({
    rows: [["shellyhtg3-c3", "temperature:0.tC", 19.8, "°C"]],
    stampAt: Number.NaN,
  });
  expect(decoded(shellyGen2StatusPlan, "a/events/rpc", notification).rows).toStrictEqual([]);
});

test.each([shellyGen2Plan, shellyGen2StatusPlan])("either says whether the device is there: %o", (make) => {
  expect(decoded(make, "hall/lamp/online", "false").rows).toStrictEqual([["hall/lamp", "online", false]]);
  expect(decoded(make, "lamp/rpc", '{"id":1,"method":"Switch.Set"}').rows).toStrictEqual([]);
});

test.each([
  ["a topic without a device", shellyGen1Plan, "shellies/x", "1", "unsupported"],
  ["bytes that are no text", shellyGen1Plan, "shellies/x/relay/0", Buffer.from([0xff, 0xfe]), "invalid-text"],
  ["an online that is neither", shellyGen1Plan, "shellies/x/online", "maybe", "malformed"],
  ["a topic of something else", shellyGen2Plan, "plant/press", "1", "unsupported"],
  ["a notification without a method", shellyGen2Plan, "x/events/rpc", '{"params":{}}', "unsupported"],
  ["a notification that is cut off", shellyGen2Plan, "x/events/rpc", '{"method":"NotifySt', "malformed"],
  ["a status that is no object", shellyGen2StatusPlan, "x/status/switch:0", "true", "unsupported"],
])("Shelly refuses %s", (_, make, topic, payload, cause) => {
  expect(decoded(make, topic, payload).cause).toBe(cause);
});
