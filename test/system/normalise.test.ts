import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import mqtt from "mqtt";
import { expect, test } from "vitest";
import { describeDevices } from "../../src/core/device.ts";
import type { Sample } from "../../src/core/read-model.ts";
import { recover } from "../../src/engine/recovery.ts";
import { ruleTools } from "../../src/rule-tools.ts";
import { openStore } from "../../src/store/store.ts";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { quietLogger } from "../support/quiet-logger.ts";
import { readStoreContents } from "../support/store-contents.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { until } from "../support/until.ts";

const profile = {
  vendor: "Acme",
  model: "T1",
  version: 1,
  source: "https://example.org/t1",
  match: ["acme/+"],
  codec: "json",
  device: "{1}",
  metrics: { temperature: { from: "/t", scale: 0.1, range: [-40, 85], deadband: 0.5 } },
  tags: { area: "of the profile", model: "t1", site: "of the profile" },
  examples: {
    good: [{ topic: "acme/a", json: { t: 215 }, expect: { temperature: 21.5 } }],
    bad: [{ topic: "acme/a", text: "{", cause: "malformed" }],
  },
};

/** A gateway with a profile; `b` is calibrated, and has no dead band. */
async function started(directory: string): Promise<GatewayProcess> {
  await mkdir(join(directory, "devices", "acme"), { recursive: true });
  await writeFile(join(directory, "devices", "acme", "t1.json"), JSON.stringify(profile));
  const devices = [
    { match: "*", tags: { site: "of the device" } },
    {
      match: "b",
      calibration: { "temp*": { scale: 2, offset: -1 } },
      report: { temperature: { deadband: 0 } },
    },
  ];
  const config = {
    gateway: { tags: { site: "of the gateway", area: "of the gateway", plant: "of the gateway" } },
    ingest: { devicesDirs: [join(directory, "devices")], devices },
  };
  return await startGateway({ directory, config });
}

async function publish(gateway: GatewayProcess, device: string, values: readonly number[]): Promise<void> {
  const client = await mqtt.connectAsync(gateway.url);
  for (const t of values) await client.publishAsync(`acme/${device}`, JSON.stringify({ t }), { qos: 1 });
  await client.endAsync();
}

async function samplesOf(gateway: GatewayProcess, device: string): Promise<readonly Sample[]> {
  return (await gateway.get<{ samples: Sample[] }>(`/api/v1/samples?device=${device}`)).samples;
}

test("values are calibrated, checked and thinned by device, and the books say so, after a kill too", async () => {
  await using directory = await temporaryDirectory("normalise");
  await using gateway = await started(directory.path);
  await publish(gateway, "a", [215, 216, 217, 999, 216, 222]);
  await publish(gateway, "b", [215, 216]);
  await gateway.kill();
  await gateway.start();
  await publish(gateway, "a", [223, 215]);
  expect((await samplesOf(gateway, "a")).map(({ value, quality }) => [value, quality])).toEqual([
    [21.5, undefined],
    [99.9, "bad"],
    [21.6, undefined],
    [22.2, undefined],
    [21.5, undefined],
  ]);
  expect((await samplesOf(gateway, "b")).map(({ value }) => value)).toEqual([42, 42.2]);
  expect(await gateway.ledger()).toMatchObject({
    received: 10,
    stored: 10,
    samples: { decoded: 10, stored: 7, duplicate: 0, suppressed: 3 },
    balanced: true,
  });

  const config = await readFile(gateway.configFile, "utf8");
  await writeFile(gateway.configFile, config.replace(/"scale": ?2/, '"scale": 3'));
  gateway.signal("SIGHUP");
  await until("the calibration is another", () => gateway.log.some(({ event }) => event === "reloaded"));
  await publish(gateway, "b", [215]);
  expect((await samplesOf(gateway, "b")).at(-1)?.value).toBe(63.5);
  await gateway.stop();
  const contents = await readStoreContents(gateway.dataDirectory);
  expect(contents).toMatchObject({ findings: [], gaps: [], differences: 0 });
});

test("tags of a device stand above those of its profile, and these above those of the gateway", async () => {
  await using directory = await temporaryDirectory("normalise");
  await using gateway = await started(directory.path);
  await gateway.stop();
  const store = await openStore({
    directory: gateway.dataDirectory,
    durability: "sync",
    logger: quietLogger,
  });
  const { state } = await recover(store, quietLogger, ruleTools);
  await store.close();
  const describe = describeDevices(state.settings.devices);
  expect(describe("a", "acme/t1").tags).toEqual({
    site: "of the device",
    area: "of the profile",
    model: "t1",
    plant: "of the gateway",
  });
  expect(describe("other").tags).toEqual({
    site: "of the device",
    area: "of the gateway",
    plant: "of the gateway",
  });
});
