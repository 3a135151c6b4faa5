import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import mqtt from "mqtt";
import { expect, test } from "vitest";
import { holdfast } from "../cli/holdfast.ts";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { until } from "../support/until.ts";

const library = fileURLToPath(new URL("../../devices", import.meta.url));

async function publish(gateway: GatewayProcess, messages: readonly (readonly [string, unknown])[]) {
  const client = await mqtt.connectAsync(gateway.url);
  for (const [topic, payload] of messages) {
    await client.publishAsync(topic, JSON.stringify(payload), { qos: 1 });
  }
  await client.endAsync();
}

function tell(gateway: GatewayProcess, path: string, body: unknown): Promise<Response> {
  return fetch(`http://127.0.0.1:${gateway.httpPort}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** A library of one profile, which tests edit. */
async function libraryIn(directory: string): Promise<string> {
  const path = join(directory, "devices", "ruuvi");
  await mkdir(path, { recursive: true });
  await cp(join(library, "ruuvi", "ruuvitag.json"), join(path, "ruuvitag.json"));
  return join(directory, "devices");
}

async function edit(path: string, change: (text: string) => string): Promise<void> {
  await writeFile(path, change(await readFile(path, "utf8")));
}

const advertisement = { rssi: -70, data: "0201061BFF99040512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F" };

test("devices appear by themselves, can be named and tagged, survive a kill, and can be removed", async () => {
  await using directory = await temporaryDirectory("registry");
  const devicesDirs = [await libraryIn(directory.path)];
  await using gateway = await startGateway({
    directory: directory.path,
    config: { ingest: { devicesDirs } },
  });
  await publish(gateway, [
    ["ruuvi/c8:25:2d:8e:9c:2c/cb:b8:33:4c:88:4f", advertisement],
    ["cellar/one", { temperature: 12.5, battery: 80 }],
  ]);
  const { devices } = await gateway.get<any>("/api/v1/devices");
  expect(devices.map(({ device }: any) => device)).toHaveLength(2);
  expect(devices[0]).toMatchObject({ vendor: "Ruuvi", model: "RuuviTag", profile: "ruuvi/ruuvitag" });
  expect(devices[1]).toMatchObject({ device: "cellar/one", label: "cellar/one", battery: 80 });

  const url = `http://127.0.0.1:${gateway.httpPort}`;
  const renamed = await holdfast(["devices", "rename", "cellar/one", "Wine", "--url", url], directory.path);
  expect([renamed.code, renamed.out]).toEqual([0, expect.stringContaining("Wine")]);
  const tagged = await holdfast(
    ["devices", "tag", "cellar/one", "site=south", "--url", url, "--json"],
    directory.path,
  );
  expect(JSON.parse(tagged.out)).toMatchObject({ label: "Wine", tags: { site: "south" } });
  await gateway.kill();
  await gateway.start();
  const listed = await holdfast(["devices", "list", "--url", url], directory.path);
  expect(listed.out).toMatch(/Wine \(cellar\/one\) .* 80 % .*temperature battery/);

  expect((await tell(gateway, "/api/v1/devices/remove", { device: "cellar/one" })).status).toBe(200);
  expect((await tell(gateway, "/api/v1/devices/remove", { device: "cellar/one" })).status).toBe(404);
  const samples = await gateway.get<any>("/api/v1/samples?device=cellar/one");
  expect(samples.samples).toHaveLength(2);
  await publish(gateway, [["cellar/one", { temperature: 13 }]]);
  const again = await gateway.get<any>("/api/v1/devices?device=cellar/one");
  expect(again.devices[0]).toMatchObject({ label: "cellar/one", tags: {} });
  expect(again.devices[0].metrics).toHaveLength(1);
  const topics = await gateway.get<any>("/api/v1/topics?topic=cellar/one");
  expect(topics.topics).toEqual([{ topic: "cellar/one", codec: "json" }]);
  expect((await gateway.get<any>("/api/v1/ledger")).balanced).toBe(true);
}, 60_000);

test("an edit that gives a stored metric another unit is refused, at reload and at start, unless forced", async () => {
  await using directory = await temporaryDirectory("schemas");
  const devicesDirs = [await libraryIn(directory.path)];
  const file = join(devicesDirs[0]!, "ruuvi", "ruuvitag.json");
  await using gateway = await startGateway({
    directory: directory.path,
    config: { ingest: { devicesDirs } },
  });
  await publish(gateway, [["ruuvi/c8:25:2d:8e:9c:2c/cb:b8:33:4c:88:4f", advertisement]]);
  const device = (await gateway.get<any>("/api/v1/devices")).devices[0].device;
  const shown = (): Promise<any> =>
    gateway.get<any>(`/api/v1/samples?device=${encodeURIComponent(device)}&metric=temperature`);
  expect((await shown()).samples).toMatchObject([{ value: 24.3, unit: "°C", profile: "ruuvi/ruuvitag@1" }]);

  // A compatible edit comes into force, and what was stored keeps the version that decoded it.
  await edit(file, (text) =>
    text.replace('"version": 1', '"version": 2').replace('"source": "', '"source": "x '),
  );
  await until(
    "the edit is in force",
    async () => (await gateway.get<any>("/api/v1/profiles")).profiles.length === 2,
  );
  await publish(gateway, [["ruuvi/c8:25:2d:8e:9c:2c/cb:b8:33:4c:88:4f", { ...advertisement, rssi: -71 }]]);
  expect((await shown()).samples.map(({ profile }: any) => profile)).toEqual([
    "ruuvi/ruuvitag@1",
    "ruuvi/ruuvitag@2",
  ]);

  await edit(file, (text) =>
    text.replace('"version": 2', '"version": 3').replace('"rssi": "rssi"', '"rssi": { "unit": "mV" }'),
  );
  await until("the edit is refused", () => gateway.log.some(({ event }) => event === "reload-refused"));
  expect((await gateway.get<any>("/api/v1/profiles")).profiles).toHaveLength(2);
  await gateway.stop();
  const refused = await holdfast(["run", "--config", gateway.configFile], directory.path);
  expect(refused.code).toBe(3);
  expect(refused.err).toMatch(/ruuvi\/ruuvitag: the unit of "rssi" changes from "dBm" to "mV"/);
  expect(refused.err).toMatch(/--force/);
  await using forced = await startGateway({
    directory: directory.path,
    config: { ingest: { devicesDirs } },
    arguments: ["--force"],
  });
  await publish(forced, [["ruuvi/c8:25:2d:8e:9c:2c/cb:b8:33:4c:88:4f", { ...advertisement, rssi: -72 }]]);
  const rssi = await forced.get<any>(`/api/v1/samples?device=${encodeURIComponent(device)}&metric=rssi`);
  expect(rssi.samples.map(({ value, unit }: any) => [value, unit])).toEqual([
    [-70, "dBm"],
    [-71, "dBm"],
    [-72, "mV"],
  ]);
}, 60_000);
