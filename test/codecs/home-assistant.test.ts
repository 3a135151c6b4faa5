import { expect, test } from "vitest";
import { homeAssistantPlan } from "../../src/codecs/home-assistant.ts";
import { messageFactsMax } from "../../src/core/limits.ts";
import { noted } from "./noted-facts.ts";

const topic = "homeassistant/sensor/bedroom/config";

/** What is said of a topic, without that it takes the place of what was said before. */
function said(payload: string | object, under = topic): readonly object[] {
  const { cause, facts, rows } = noted(homeAssistantPlan, under, payload);
  expect([cause, rows]).toStrictEqual([undefined, 0]);
  expect(facts[0]).toStrictEqual({ kind: "withdrawn", under });
  return facts.slice(1);
}

/** Source: Home Assistant documentation, "MQTT", "Device discovery payload". */
const kitchen = {
  dev: {
    ids: "ea334450945afc",
    name: "Kitchen",
    mf: "Bla electronics",
    mdl: "xya",
    sw: "1.0",
    sn: "ea334450945afc",
    hw: "1.0rev2",
  },
  o: { name: "bla2mqtt", sw: "2.1", url: "https://bla2mqtt.example.com/support" },
  cmps: {
    some_unique_component_id1: {
      p: "sensor",
      device_class: "temperature",
      unit_of_measurement: "°C",
      value_template: "{{ value_json.temperature}}",
      unique_id: "temp01ae_t",
    },
    some_unique_id2: {
      p: "sensor",
      device_class: "humidity",
      unit_of_measurement: "%",
      value_template: "{{ value_json.humidity}}",
      unique_id: "temp01ae_h",
    },
  },
  state_topic: "sensorBedroom/state",
  qos: 2,
};

test("the device payload of the documentation describes both leaves of the topic that they share", () => {
  const under = "homeassistant/device/0x01/config";
  const identity = { label: "Kitchen", vendor: "Bla electronics", model: "xya", firmware: "1.0" };
  const shared = { kind: "metric", source: "discovery", under, identity };
  expect(said(kitchen, under)).toStrictEqual([
    {
      ...shared,
      of: { topic: "sensorBedroom/state", path: "temperature" },
      unit: "°C",
      class: "temperature",
    },
    { ...shared, of: { topic: "sensorBedroom/state", path: "humidity" }, unit: "%", class: "humidity" },
  ]);
});

test("a component without anything but its platform is removed", () => {
  const payload = { ...kitchen, cmps: { ...kitchen.cmps, some_unique_id2: { p: "sensor" } } };
  expect(said(payload)).toHaveLength(1);
});

/** Source: WLED, pull request 4360: what its firmware publishes for a BME280. */
test("an entity of its own, with long names", () => {
  const payload = {
    name: "WLED Ian Tray Temperature",
    state_topic: "wled/ian-tray/temperature",
    unique_id: "WLED-Ian-TrayTemperature",
    unit_of_measurement: "°C",
    device_class: "temperature",
    expire_after: 1800,
    device: {
      name: "WLED Ian Tray",
      identifiers: "wled-sensor-WLED-Ian-Tray",
      manufacturer: "WLED",
      model: "FOSS",
      sw_version: "0.15.0-rc1",
    },
  };
  expect(said(payload)).toStrictEqual([
    {
      kind: "metric",
      source: "discovery",
      of: { topic: "wled/ian-tray/temperature", path: "" },
      under: topic,
      label: "WLED Ian Tray Temperature",
      unit: "°C",
      class: "temperature",
      expectedMs: 1_800_000,
      identity: { label: "WLED Ian Tray", vendor: "WLED", model: "FOSS", firmware: "0.15.0-rc1" },
    },
  ]);
});

/** Source: Home Assistant documentation, "MQTT", the example of a base topic. */
test("the base topic stands at the beginning of topics", () => {
  const payload = {
    "~": "homeassistant/switch/irrigation",
    name: "garden",
    cmd_t: "~/set",
    stat_t: "~/state",
  };
  const of = { topic: "homeassistant/switch/irrigation/state", path: "" };
  expect(said(payload)).toStrictEqual([
    { kind: "metric", source: "discovery", of, under: topic, label: "garden" },
  ]);
});

test("the base topic may stand at the end of topics, also of availability", () => {
  const payload = {
    "~": "boiler",
    stat_t: "state/~",
    avty: [{ t: "~/LWT", pl_avail: "up", pl_not_avail: "down" }],
  };
  expect(said(payload)).toMatchObject([
    { of: { topic: "state/boiler", path: "" } },
    { kind: "availability", topic: "boiler/LWT", available: "up", unavailable: "down" },
  ]);
});

const availability: readonly [law: string, payload: object, facts: readonly object[]][] = [
  [
    "the device of an object is its topic, and the usual words are online and offline",
    { stat_t: "plant/press", val_tpl: "{{ value_json.t }}", avty_t: "plant/press/lwt" },
    [
      {
        topic: "plant/press/lwt",
        device: "plant/press",
        readings: "plant/press",
        available: "online",
        unavailable: "offline",
      },
    ],
  ],
  [
    "the device of a plain value is its topic without the last level",
    { stat_t: "plant/press/t", avty_t: "plant/lwt" },
    [
      {
        topic: "plant/lwt",
        device: "plant/press",
        readings: "plant/press/t",
        available: "online",
        unavailable: "offline",
      },
    ],
  ],
  [
    "the word may stand in an object",
    { stat_t: "a/b", avty_t: "a/c", avty_tpl: "{{ value_json.state }}" },
    [
      {
        topic: "a/c",
        device: "a",
        readings: "a/b",
        available: "online",
        unavailable: "offline",
        path: "state",
      },
    ],
  ],
  [
    "a word that is true or a number is what a template makes of it",
    {
      stat_t: "a/b",
      avty: [
        {
          topic: "a/c",
          payload_available: true,
          payload_not_available: 0,
          value_template: "{{ value_json.up }}",
        },
      ],
    },
    [{ topic: "a/c", device: "a", readings: "a/b", available: "True", unavailable: "0", path: "up" }],
  ],
  [
    "a template that computes gives none",
    { stat_t: "a/b", avty_t: "a/c", avty_tpl: "{{ 'online' if value_json.x }}" },
    [],
  ],
  ["a topic with a wildcard gives none", { stat_t: "a/b", avty_t: "a/#" }, []],
  ["an entity without states gives none", { cmd_t: "a/b", avty_t: "a/c" }, []],
];

test.each(availability)("availability: %s", (_, payload, facts) => {
  const shared = { kind: "availability", source: "discovery", under: topic };
  expect(said(payload).filter((fact) => "available" in fact)).toStrictEqual(
    facts.map((fact) => ({ ...shared, ...fact })),
  );
});

test("a template that computes leaves what is said of the topic, without a leaf", () => {
  const payload = { stat_t: "a/b", val_tpl: "{{ value_json.t / 10 }}", unit_of_meas: "°C" };
  expect(said(payload)).toMatchObject([{ of: { topic: "a/b" }, unit: "°C" }]);
});

test.each([
  ["control characters", "a\u0007b", undefined],
  ["markup", "<b>press</b>", undefined],
  ["no text", { a: 1 }, undefined],
  ["nothing", "  ", undefined],
  ["too many characters", "ü".repeat(500), "ü".repeat(128)],
  ["a letter in two parts", "u\u0308", "ü"],
  ["a number", 7, "7"],
])("a label with %s", (_, name, label) => {
  const [fact] = said({ stat_t: "a", name });
  expect((fact as { label?: string }).label).toBe(label);
});

test.each([
  [0, undefined],
  [-5, undefined],
  ["60", 60_000],
  [1e300, undefined],
  ["soon", undefined],
])("an expected silence of %j", (expire_after, expectedMs) => {
  const [fact] = said({ stat_t: "a", expire_after });
  expect((fact as { expectedMs?: number }).expectedMs).toBe(expectedMs);
});

test("an empty payload takes back what the topic said, and says nothing", () => {
  expect(said("")).toStrictEqual([]);
});

test.each(["homeassistant/status", "homeassistant/switch/irrigation/set", "homeassistant/sensor/x/set"])(
  "%s says nothing",
  (other) => {
    expect(noted(homeAssistantPlan, other, "online")).toStrictEqual({ facts: [], rows: 0 });
  },
);

const refused: readonly [law: string, payload: string, cause: string][] = [
  ["what is not JSON", "{", "malformed"],
  ["what is no object", "[1]", "unsupported"],
  ["components that are a list", '{"cmps":[]}', "malformed"],
  ["more than there may be said", bigMessage(messageFactsMax + 1), "too-many-items"],
  [
    "what components share, said at too great length",
    JSON.stringify({
      ...(JSON.parse(bigMessage(300)) as object),
      dev: { name: "x".repeat(128), mf: "y".repeat(128), mdl: "z".repeat(128) },
    }),
    "too-many-items",
  ],
  [
    "topics shared by components, more than there may be said",
    JSON.stringify({
      ...JSON.parse(bigMessage(100)),
      avty: Array.from({ length: 20 }, (_, index) => ({ t: `a/${index}` })),
    }),
    "too-many-items",
  ],
];

test.each(refused)("%s is refused, and nothing of it noted", (_, payload, cause) => {
  expect(noted(homeAssistantPlan, topic, payload)).toStrictEqual({ cause, facts: [], rows: 0 });
});

test("as much as there may be said is noted", () => {
  expect(said(bigMessage(messageFactsMax))).toHaveLength(messageFactsMax);
});

function bigMessage(count: number): string {
  const components = Array.from({ length: count }, (_, index) => [
    `c${index}`,
    { p: "sensor", stat_t: `s/${index}` },
  ]);
  return JSON.stringify({ cmps: Object.fromEntries(components) });
}

test("names that every object has are members like others", () => {
  const payload =
    '{"stat_t":"a","__proto__":{"unit_of_meas":"x"},"dev":{"constructor":"y","__proto__":{"mf":"z"}}}';
  expect(said(payload)).toStrictEqual([
    { kind: "metric", source: "discovery", of: { topic: "a", path: "" }, under: topic },
  ]);
});
