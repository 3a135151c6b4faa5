import { expect, test } from "vitest";
import { tasmotaPlan } from "../../src/codecs/tasmota.ts";
import { noted } from "./noted-facts.ts";

const topic = "tasmota/discovery/DC4F220848A2/config";

/** Source: the tests of Home Assistant's integration of Tasmota, `tests/components/tasmota/test_config_flow.py`. */
const config = {
  ip: "192.168.0.136",
  dn: "Tasmota",
  fn: ["Tasmota", null, null, null, null, null, null, null],
  hn: "tasmota_0848A2",
  mac: "DC4F220848A2",
  md: "Sonoff Basic",
  ty: 0,
  if: 0,
  ofln: "Offline",
  onln: "Online",
  state: ["OFF", "ON", "TOGGLE", "HOLD"],
  sw: "9.4.0.4",
  t: "tasmota_0848A2",
  ft: "%topic%/%prefix%/",
  tp: ["cmnd", "stat", "tele"],
  rl: [1, 0, 0, 0, 0, 0, 0, 0],
  so: { "4": 0, "11": 0, "13": 0, "17": 1 },
  lk: 1,
  lt_st: 0,
  ver: 1,
};

const identity = {
  kind: "identity",
  source: "discovery",
  device: "tasmota_0848A2",
  under: topic,
  label: "Tasmota",
  model: "Sonoff Basic",
  firmware: "9.4.0.4",
};

test("the configuration of a device says who it is", () => {
  expect(noted(tasmotaPlan, topic, config)).toStrictEqual({
    facts: [{ kind: "withdrawn", under: topic }, identity],
    rows: 0,
  });
});

test.each([
  ["%prefix%/%topic%/", "tasmota_0848A2"],
  ["site/%topic%/%prefix%/", "site/tasmota_0848A2"],
  ["%prefix%/hall/%hostname%/%topic%", "hall/tasmota_0848A2/tasmota_0848A2"],
])("with the topics %s the device is %s", (ft, device) => {
  expect(noted(tasmotaPlan, topic, { ...config, ft }).facts).toMatchObject([{}, { device }]);
});

test("without a name the first friendly name stands for it", () => {
  const { facts } = noted(tasmotaPlan, topic, { ...config, dn: undefined, fn: ["Lamp"] });
  expect(facts).toMatchObject([{}, { label: "Lamp" }]);
});

test("an empty payload takes it back", () => {
  expect(noted(tasmotaPlan, topic, "").facts).toStrictEqual([{ kind: "withdrawn", under: topic }]);
});

test.each([
  ["without topics", { dn: "x" }, "malformed"],
  ["with topics that are no name", { ...config, t: "\u0000" }, "invalid-text"],
  ["that is no object", [1], "unsupported"],
])("a configuration %s is refused", (_, payload, cause) => {
  expect(noted(tasmotaPlan, topic, payload)).toStrictEqual({ cause, facts: [], rows: 0 });
});

test.each([
  ["stat/boiler/RESULT", '{"TelePeriod":300}'],
  ["stat/boiler/STATUS3", '{"StatusLOG":{"SerialLog":2,"TelePeriod":300}}'],
])("%s tells the telemetry period", (answer, payload) => {
  expect(noted(tasmotaPlan, answer, payload)).toStrictEqual({
    facts: [{ kind: "identity", source: "payload", device: "boiler", expectedMs: 300_000 }],
    rows: 0,
  });
});

test("a telemetry period of 0 is none, and the sensors in discovery say nothing", () => {
  expect(noted(tasmotaPlan, "stat/boiler/RESULT", '{"TelePeriod":0}').facts).toStrictEqual([]);
  const sensors =
    '{"sn":{"Time":"2022-02-23T11:00:43","DS18B20":{"Temperature":18.1},"TempUnit":"C"},"ver":1}';
  expect(noted(tasmotaPlan, topic.replace("config", "sensors"), sensors)).toStrictEqual({
    facts: [],
    rows: 0,
  });
});
