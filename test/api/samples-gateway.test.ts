import mqtt from "mqtt";
import { expect, test } from "vitest";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

async function publish(gateway: GatewayProcess, device: string, payload: unknown): Promise<void> {
  const client = await mqtt.connectAsync(gateway.url);
  await client.publishAsync(device, JSON.stringify(payload), { qos: 1 });
  await client.endAsync();
}

function statusOf(gateway: GatewayProcess, query: string): Promise<number> {
  const url = `http://127.0.0.1:${gateway.httpPort}/api/v1/samples?${query}`;
  return fetch(url).then(({ status }) => status);
}

test("what was acknowledged is among the samples, also after the gateway was killed", async () => {
  await using directory = await temporaryDirectory("samples");
  await using gateway = await startGateway({ directory: directory.path });
  const begin = Date.now() - 2_000;
  const at = begin - 1_800_000;
  await publish(gateway, "fridge-1", { temperature: 4.5, door: true, mode: "eco" });
  await publish(gateway, "fridge-1", { ts: at, temperature: 5.25 });
  await publish(gateway, "fridge-2", { temperature: 6 });
  const before = await gateway.get<any>("/api/v1/samples?device=fridge-1");
  expect(before.truncated).toBe(false);
  expect(before.samples).toHaveLength(4);
  expect(before.samples[0]).toMatchObject({ device: "fridge-1", metric: "temperature", at, value: 5.25 });
  const values = before.samples.slice(1).map(({ metric, value }: any) => [metric, value]);
  expect(Object.fromEntries(values)).toEqual({ temperature: 4.5, door: true, mode: "eco" });
  expect(before.samples[1].at).toBeGreaterThanOrEqual(begin);

  await gateway.kill();
  await gateway.start();
  expect(await gateway.get("/api/v1/samples?device=fridge-1")).toEqual(before);
  const doors = await gateway.get<any>("/api/v1/samples?device=fridge-1&metric=door");
  expect(doors.samples).toEqual([before.samples.find(({ metric }: any) => metric === "door")]);
  const early = await gateway.get<any>(`/api/v1/samples?device=fridge-1&from=${at}&to=${at + 1}&limit=1`);
  expect(early).toEqual({ samples: before.samples.slice(0, 1), truncated: false });
  expect(await statusOf(gateway, "device=fridge-3")).toBe(404);
  expect(await statusOf(gateway, "device=fridge-2&metric=door")).toBe(404);
});
