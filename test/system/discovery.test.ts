/**
 * A device that announces itself as Home Assistant's discovery has it, and the gateway that listens: what was said
 * shows in what is stored, outlives restarts, and can be taken back.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { publishPacket } from "../../src/cli/simulate/packets.ts";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { RawClient } from "../support/raw-client.ts";
import { readStoreContents, storeFaults } from "../support/store-contents.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/temporary-directory.ts";
import { until } from "../support/until.ts";

const configTopic = "homeassistant/device/ea334450945afc/config";

/** Source: Home Assistant documentation, "MQTT", "Device discovery payload"; with availability and a third component. */
const config = JSON.stringify({
  dev: { ids: "ea334450945afc", name: "Kitchen", mf: "Bla electronics", mdl: "xya", sw: "1.0" },
  o: { name: "bla2mqtt", sw: "2.1" },
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
    pressure: { p: "sensor", unit_of_meas: "hPa", val_tpl: "{{ value_json.pressure | round(1) }}" },
    computed: { p: "sensor", unit_of_meas: "K", val_tpl: "{{ value_json.temperature + 273.15 }}" },
  },
  state_topic: "sensorBedroom/state",
  availability: [{ topic: "sensorBedroom/availability" }],
});

let directory: TemporaryDirectory;
let gateway: GatewayProcess;

beforeAll(async () => {
  directory = await temporaryDirectory("discovery");
  gateway = await startGateway({ directory: directory.path });
});

afterAll(async () => {
  await gateway.close();
  await directory[Symbol.asyncDispose]();
});

/** Publishes with QoS 1, all in one breath; resolves when all are acknowledged. */
async function publish(...messages: readonly (readonly [topic: string, payload: string])[]): Promise<void> {
  using client = new RawClient(gateway.mqttPort);
  expect(await client.connect("kitchen")).toBe(0);
  const last = messages.at(-1)!;
  const before = messages.slice(0, -1);
  for (const [index, [topic, payload]] of before.entries()) {
    client.send(publishPacket(topic, payload, 1_000 + index));
  }
  expect(await client.publish(...last)).toBe(true);
}

/** `metric value unit` of the samples of a device, sorted. */
async function samplesOf(device: string): Promise<readonly string[]> {
  const path = `/api/v1/samples?device=${encodeURIComponent(device)}&limit=100`;
  const { samples } = await gateway.get<{
    readonly samples: readonly { readonly metric: string; readonly value: unknown; readonly unit?: string }[];
  }>(path);
  return samples
    .map(({ metric, value, unit }) => [metric, String(value), unit ?? ""].join(" ").trim())
    .toSorted();
}

async function metricNow(name: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${gateway.httpPort}/metrics`);
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(await answer.text())?.[1]);
}

test("a unit and an availability that were announced count from the next message on, even in one breath", async () => {
  await publish(
    [configTopic, config],
    ["sensorBedroom/state", '{"temperature":21.5,"humidity":44}'],
    ["sensorBedroom/availability", "online"],
  );
  await publish(["sensorBedroom/availability", "offline"]);
  expect(await samplesOf("sensorBedroom/state")).toStrictEqual([
    "humidity 44 %",
    "online false",
    "online true",
    "temperature 21.5 °C",
  ]);
  expect(await metricNow("holdfast_discovery_templates_unsupported")).toBe(1);
  expect(await metricNow("holdfast_catalogue_facts")).toBe(5);
});

test.each([
  ["in good order", async () => void (await gateway.stop())],
  ["by a kill", async () => gateway.kill()],
])(
  "after a restart, %s, it is still known, and what is said again is not written again",
  async (how, end) => {
    await end();
    await gateway.start();
    const before = await samplesOf("sensorBedroom/state");
    await publish(
      ["sensorBedroom/availability", "online"],
      ["sensorBedroom/state", `{"pressure":${how.length}}`],
      [configTopic, config],
    );
    expect(await samplesOf("sensorBedroom/state")).toStrictEqual(
      [...before, "online true", `pressure ${how.length} hPa`].toSorted(),
    );
    expect(await metricNow("holdfast_catalogue_facts")).toBe(5);
  },
);

test("a series that came before its announcement shows the unit when it is read", async () => {
  await publish(["cellar/humidity", "61"]);
  expect(await samplesOf("cellar")).toStrictEqual(["humidity 61"]);
  await publish(["homeassistant/sensor/cellar/config", '{"stat_t":"cellar/humidity","unit_of_meas":"%"}']);
  expect(await samplesOf("cellar")).toStrictEqual(["humidity 61 %"]);
  await publish(["homeassistant/sensor/cellar/config", ""]);
  expect(await samplesOf("cellar")).toStrictEqual(["humidity 61"]);
});

test("an empty payload takes back what was announced", async () => {
  await publish([configTopic, ""]);
  await publish(["sensorBedroom/availability", "offline"]);
  expect(await samplesOf("sensorBedroom")).toStrictEqual(["availability false"]);
  expect(await metricNow("holdfast_catalogue_facts")).toBe(0);
  // What became part of a series' definition stays.
  expect(await samplesOf("sensorBedroom/state")).toContain("temperature 21.5 °C");
});

test("what cannot be understood is kept as a dead letter, and the books balance", async () => {
  await publish([configTopic, "{"], ["homeassistant/status", "online"]);
  await until("the refused message is counted", async () => (await gateway.deadLetters()).length === 1);
  const { balanced, rejected } = await gateway.ledger();
  expect({ balanced, rejected }).toStrictEqual({ balanced: true, rejected: { malformed: 1 } });
  await gateway.stop();
  expect(storeFaults(await readStoreContents(gateway.dataDirectory))).toStrictEqual([]);
});
