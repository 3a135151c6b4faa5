/**
 * Sparkplug edge nodes at a gateway that ends twice: everything lands under the right name with the right time,
 * whatever number stood for it.
 */
import mqtt from "mqtt";
import { expect, onTestFinished, test } from "vitest";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { type ExpectedSample, SparkplugNode } from "../support/sparkplug-node.ts";
import { readStoreContents, storeFaults } from "../support/store-contents.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { until } from "../support/until.ts";

async function openWorld(): Promise<GatewayProcess> {
  const directory = await temporaryDirectory("sparkplug");
  onTestFinished(() => directory[Symbol.asyncDispose]());
  const config = { ingest: { sparkplug: { hostId: "scada" } } };
  const gateway = await startGateway({ directory: directory.path, config });
  onTestFinished(() => gateway.close());
  return gateway;
}

interface Sample {
  readonly metric: string;
  readonly at: number;
  readonly value: number | boolean;
}

/** What the gateway has of a device, by metric. */
async function samplesOf(
  gateway: GatewayProcess,
  device: string,
): Promise<ReadonlyMap<string, ExpectedSample[]>> {
  const from = Date.now() - 3_000_000;
  const path = `/api/v1/samples?device=${encodeURIComponent(device)}&from=${from}&limit=10000`;
  const { samples } = await gateway.get<{ readonly samples: readonly Sample[] }>(path);
  const found = new Map<string, ExpectedSample[]>();
  for (const { metric, at, value } of samples) {
    const list = found.get(metric) ?? [];
    found.set(metric, list);
    list.push([at, value]);
  }
  return found;
}

async function expectAll(gateway: GatewayProcess, node: SparkplugNode): Promise<void> {
  for (const device of node.devices) {
    const found = await samplesOf(gateway, device);
    for (const [key, samples] of node.expected) {
      if (!key.startsWith(`${device} `) || key.endsWith(" online")) continue;
      expect([key, found.get(key.slice(device.length + 1))]).toEqual([key, samples]);
    }
  }
}

async function isOnline(gateway: GatewayProcess, device: string): Promise<boolean> {
  const found = (await samplesOf(gateway, device)).get("online") ?? [];
  return found.at(-1)?.[1] === true;
}

async function asked(node: SparkplugNode, times: number): Promise<void> {
  await until(`${node.name} is asked for its births ${times} times`, () => node.rebirths === times);
  await node.settled();
}

test("what edge nodes send is found by name and time, over deaths, other numbers and ends of the gateway", async () => {
  const gateway = await openWorld();
  const node = new SparkplugNode("edge-1");
  onTestFinished(() => node.lose());
  await node.connect(gateway.url);
  await node.birth();
  await node.data();
  await node.data();
  expect(node.rebirths).toBe(0);

  await gateway.kill();
  node.lose();
  await gateway.start();
  await node.connect(gateway.url, "same");
  await node.data();
  await asked(node, 1);
  await node.data();
  await expectAll(gateway, node);
  expect(await isOnline(gateway, node.devices[1])).toBe(true);

  node.lose();
  for (const device of node.devices) {
    await until(`${device} is offline`, async () => !(await isOnline(gateway, device)));
  }
  await node.connect(gateway.url);
  await node.birth();
  await node.data();
  await node.history(50);
  await node.data();
  await expectAll(gateway, node);

  expect(await gateway.stop()).toBe(0);
  node.lose();
  await gateway.start();
  await node.connect(gateway.url, "same");
  await node.data();
  await asked(node, 2);
  await node.data();
  await expectAll(gateway, node);
  expect(await gateway.ledger()).toMatchObject({ rejected: {}, balanced: true });

  expect(await gateway.stop()).toBe(0);
  expect(storeFaults(await readStoreContents(gateway.dataDirectory))).toEqual([]);
});

test("what a node that was never heard of sent before it was asked for its births is decoded after them", async () => {
  const gateway = await openWorld();
  const node = new SparkplugNode("stranger");
  onTestFinished(() => node.lose());
  await node.connect(gateway.url);
  await node.data();
  await asked(node, 1);
  await until("its births are told", () => gateway.log.some(({ event }) => event === "reborn"));
  await until("nothing is kept back", async () => (await gateway.deadLetters()).length === 0);
  await expectAll(gateway, node);
  expect(gateway.log.filter(({ event }) => event === "rebirth-requested")).toMatchObject([
    { group: "plant", node: "stranger", client: "node-stranger" },
  ]);
  expect(await gateway.ledger()).toMatchObject({ balanced: true });
});

test("the host says on its topic whether it is there", async () => {
  const gateway = await openWorld();
  const client = await mqtt.connectAsync(gateway.url, { reconnectPeriod: 0 });
  onTestFinished(() => {
    client.end(true);
  });
  const states: { readonly online: boolean; readonly timestamp: number }[] = [];
  client.on("message", (_, payload) => states.push(JSON.parse(payload.toString())));
  await client.subscribeAsync("spBv1.0/STATE/scada", { qos: 1 });
  await until("it is there", () => states.length === 1);
  await gateway.stop();
  await until("it is gone", () => states.length === 2);
  expect(states.map(({ online }) => online)).toEqual([true, false]);
  expect(states[1]!.timestamp).toBeGreaterThan(states[0]!.timestamp);
});
