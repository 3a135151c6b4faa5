import { tmpdir } from "node:os";
import mqtt from "mqtt";
import { expect, test } from "vitest";
import type { AlertRecord } from "../../src/core/streams.ts";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { type Ended, holdfast } from "./holdfast.ts";

const rule = {
  id: "warm",
  source: { device: "*", metric: "temperature" },
  window: { type: "none" },
  when: { field: "value", op: ">", value: 8, clear: 6 },
  severity: "critical",
};

async function publish(gateway: GatewayProcess, device: string, temperature: number): Promise<void> {
  const client = await mqtt.connectAsync(gateway.url);
  await client.publishAsync(device, JSON.stringify({ temperature }), { qos: 1 });
  await client.endAsync();
}

async function shown(gateway: GatewayProcess): Promise<AlertRecord[]> {
  return (await gateway.get<{ alerts: AlertRecord[] }>("/api/v1/alerts")).alerts;
}

function alerts(gateway: GatewayProcess, words: readonly string[]): Promise<Ended> {
  return holdfast(["alerts", ...words, "--config", gateway.configFile], tmpdir());
}

test("what people say to alerts is done by the gateway, and is still so after it was killed", async () => {
  await using directory = await temporaryDirectory("alerts");
  await using gateway = await startGateway({ directory: directory.path, rules: [rule] });
  await publish(gateway, "fridge-1", 12);
  await publish(gateway, "fridge-2", 5);
  const listed = await alerts(gateway, ["list"]);
  expect(listed.out).toMatch(/^[0-9a-f]{8} {2}firing {2}critical {2}warm {2}fridge-1 .* value=12$/m);

  const id = (await shown(gateway))[0]?.id ?? "";
  expect((await alerts(gateway, ["ack", id.slice(0, 6), "--by", "ada"])).code).toBe(0);
  const planned = await fetch(`http://127.0.0.1:${gateway.httpPort}/api/v1/rules/warm/shelve`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ key: { device: "fridge-2" }, for: "2h", by: "bob" }),
  });
  expect(planned.status).toBe(200);
  await gateway.kill();
  await gateway.start();
  const kept = await alerts(gateway, ["list"]);
  expect(kept.out).toMatch(/ firing .* acknowledged by ada$/m);
  expect(kept.out).toMatch(/ ok .* fridge-2 .* shelved until .* left\)$/m);

  await publish(gateway, "fridge-1", 5);
  const late = await alerts(gateway, ["ack", id]);
  expect(late).toMatchObject({ code: 1, out: "" });
  expect(late.err).toContain("resolved: it calls for nobody now");
  const shelved = await alerts(gateway, ["shelve", id, "--for", "1h", "--json"]);
  const { id: shelvedId, shelvedUntil }: AlertRecord = JSON.parse(shelved.out);
  expect(shelvedUntil).toBeGreaterThan(0);
  expect((await alerts(gateway, ["unshelve", shelvedId])).out).toContain("not shelved");
});
