/** A gateway that takes messages from a mosquitto, from outside. */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import type { BridgeStatus } from "../../src/core/read-model.ts";
import { RowFlag } from "../../src/core/sample.ts";
import { openStore } from "../../src/store/store.ts";
import { makeCertificates } from "../support/certificates.ts";
import { FarPublisher } from "../support/far-publisher.ts";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { lastingPort } from "../support/lasting-port.ts";
import {
  type Mosquitto,
  mosquittoMissing,
  type MosquittoOptions,
  startMosquitto,
} from "../support/mosquitto.ts";
import { quietLogger } from "../support/quiet-logger.ts";
import { readStoreContents, storeFaults } from "../support/store-contents.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { until } from "../support/until.ts";

async function far(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const mosquitto = await startMosquitto({ port: await lastingPort(), ...options });
  onTestFinished(() => mosquitto.close());
  return mosquitto;
}

async function directoryOf(name: string): Promise<string> {
  const directory = await temporaryDirectory(name);
  onTestFinished(() => directory[Symbol.asyncDispose]());
  return directory.path;
}

/** Starts a gateway with one bridge; it is closed with the test. */
async function bridged(directory: string, bridge: Record<string, unknown>): Promise<GatewayProcess> {
  const bridges = [{ name: "far", topics: ["plant/#"], ...bridge }];
  const gateway = await startGateway({ directory, config: { ingest: { bridges } } });
  onTestFinished(() => gateway.close());
  return gateway;
}

async function statusOf(gateway: GatewayProcess): Promise<BridgeStatus> {
  const { bridges } = await gateway.get<{ readonly bridges: readonly BridgeStatus[] }>("/api/v1/bridges");
  const [bridge] = bridges;
  if (bridge === undefined) throw new Error("the gateway has a bridge");
  return bridge;
}

async function subscribed(gateway: GatewayProcess): Promise<void> {
  await until("the bridge is subscribed", async () => {
    const { connected, subscriptions } = await statusOf(gateway);
    return connected && subscriptions.every(({ granted }) => granted !== null);
  });
}

async function stored(gateway: GatewayProcess, count: number): Promise<void> {
  await until(`${count} samples are stored`, async () => (await gateway.ledger()).samples.stored >= count, {
    withinMs: 20_000,
  });
}

/** Ends the gateway, and expects the numbers from 0 on, each once, in a sound store. */
async function expectNumbers(gateway: GatewayProcess, series: string, count: number): Promise<void> {
  expect(await gateway.stop()).toBe(0);
  const contents = await readStoreContents(gateway.dataDirectory);
  expect(storeFaults(contents)).toEqual([]);
  const values = contents.series.get(series)?.value ?? [];
  expect(values.map(Number).toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => n));
}

describe.skipIf(mosquittoMissing)("a bridge to mosquitto", () => {
  test.each(["5", "3.1.1"])(
    "over MQTT %s takes what comes at each QoS, also while it or mosquitto is away",
    { timeout: 60_000 },
    async (protocol) => {
      // With a bound, mosquitto 2.0.11 at times keeps the last messages of a burst of QoS 1 and 2, from its own
      // client too.
      const mosquitto = await far({ persistence: true, lines: ["max_inflight_messages 0"] });
      const topics = [{ filter: "plant/#", qos: 2 }];
      const gateway = await bridged(await directoryOf("bridge"), { url: mosquitto.url, protocol, topics });
      await subscribed(gateway);
      expect(await statusOf(gateway)).toMatchObject({ protocol, url: mosquitto.url, state: "connected" });
      const local = await FarPublisher.open(gateway.url);
      onTestFinished(() => local[Symbol.asyncDispose]());
      const heard = await local.subscribed("#");
      await using publisher = await FarPublisher.open(mosquitto.url);
      await publisher.readings("plant/a", 0, 500);
      await publisher.readings("plant/a", 500, 500, 2);
      await stored(gateway, 1_000);
      await mosquitto.stop();
      await until("it says so", async () => !(await statusOf(gateway)).connected);
      await mosquitto.start();
      await publisher.readings("plant/a", 1_000, 500);
      await stored(gateway, 1_500);
      await gateway.stop();
      await publisher.readings("plant/a", 1_500, 500, 2);
      await gateway.start();
      await stored(gateway, 2_000);
      await publisher.publish("plant/a", '{"n":2000}', { qos: 0 });
      await stored(gateway, 2_001);
      expect((await gateway.ledger()).balanced).toBe(true);
      expect(
        heard.filter((topic) => topic.startsWith("plant/")),
        "not published on its own broker",
      ).toEqual([]);
      await expectNumbers(gateway, "plant/a n", 2_001);
    },
  );

  test.each(["5", "3.1.1"])(
    "over MQTT %s many messages of a backlog share a commit, so that it drains at 2,000 a second and more",
    { timeout: 60_000 },
    async (protocol) => {
      const count = 20_000;
      const mosquitto = await far();
      const gateway = await bridged(await directoryOf("bridge-backlog"), { url: mosquitto.url, protocol });
      await subscribed(gateway);
      await gateway.stop();
      await using publisher = await FarPublisher.open(mosquitto.url);
      await publisher.readings("plant/a", 0, count);
      const startedMs = performance.now();
      await gateway.start();
      await stored(gateway, count);
      const drainedMs = performance.now() - startedMs - gateway.readyAfterMs;
      const { logSeq } = await gateway.status();
      console.info(
        `${count} messages in ${logSeq} records, ${Math.round(drainedMs)} ms after the gateway was ready`,
      );
      expect(logSeq).toBeLessThan(count / 20);
      expect(drainedMs).toBeLessThan(count / 2);
      await expectNumbers(gateway, "plant/a n", count);
    },
  );

  test("over TLS it checks the server against the authority, and says what is wrong with certificate and password", {
    timeout: 60_000,
  }, async () => {
    const directory = await directoryOf("bridge-tls");
    await makeCertificates(directory);
    const passwords = join(directory, "passwords");
    await promisify(execFile)("mosquitto_passwd", ["-b", "-c", passwords, "gateway", "hush"]);
    const mosquitto = await far({
      lines: [
        `certfile ${join(directory, "server.crt")}`,
        `keyfile ${join(directory, "server.key")}`,
        "allow_anonymous false",
        `password_file ${passwords}`,
      ],
    });
    const url = `mqtts://localhost:${mosquitto.port}`;
    const ca = join(directory, "ca.crt");
    const login = (password: string): Record<string, string> => ({
      username: "gateway",
      password: `\${file:${join(directory, password)}}`,
    });
    await writeFile(join(directory, "right"), "hush\n");
    await writeFile(join(directory, "wrong"), "loud\n");
    const right = await bridged(join(directory, "a"), { url, ca, ...login("right") });
    await subscribed(right);
    await using publisher = await FarPublisher.open(url, {
      username: "gateway",
      password: "hush",
      ca: await readFile(ca),
    });
    await publisher.readings("plant/a", 0, 10);
    await stored(right, 10);
    expect(JSON.stringify(await statusOf(right))).not.toContain("hush");

    const stranger = await bridged(join(directory, "b"), { url, clientId: "b", ...login("right") });
    await until("refused", async () => (await statusOf(stranger)).detail !== "");
    expect((await statusOf(stranger)).detail).toMatch(
      /certificate is not accepted.*name its authority in "ca"/,
    );

    const liar = await bridged(join(directory, "c"), { url, ca, clientId: "c", ...login("wrong") });
    await until("refused", async () => (await statusOf(liar)).detail !== "");
    expect((await statusOf(liar)).detail).toMatch(/not authorized.*check the user name, password/);
    await until("it has tried again", async () => (await attemptsOf(liar)) >= 2);
    expect(liar.log.filter(({ event }) => event === "bridge-lost")).toHaveLength(1);
  });

  test.each(["5", "3.1.1"])(
    "over MQTT %s what mosquitto had kept is flagged, once for a session, and what comes new is not",
    { timeout: 60_000 },
    async (protocol) => {
      const mosquitto = await far({ persistence: true });
      await using publisher = await FarPublisher.open(mosquitto.url);
      await publisher.publish("plant/a", '{"n":1}', { retain: true });
      const directory = await directoryOf("bridge-retained");
      const gateway = await bridged(directory, { url: mosquitto.url, protocol });
      await stored(gateway, 1);
      await publisher.publish("plant/a", '{"n":2}', { retain: true });
      await stored(gateway, 2);
      await mosquitto.stop();
      await until("it says so", async () => !(await statusOf(gateway)).connected);
      await mosquitto.start();
      await subscribed(gateway);
      await publisher.publish("plant/a", '{"n":3}');
      await stored(gateway, 3);
      expect(await gateway.stop()).toBe(0);
      expect(await flagsOf(gateway.dataDirectory)).toEqual([
        [1, RowFlag.retained],
        [2, 0],
        [3, 0],
      ]);
    },
  );

  test("a bridge changes only with a restart: a reload is refused and says which part it is", async () => {
    const mosquitto = await far();
    const gateway = await bridged(await directoryOf("bridge-reload"), { url: mosquitto.url });
    await subscribed(gateway);
    const written = await readFile(gateway.configFile, "utf8");
    await writeFile(gateway.configFile, written.replace("plant/#", "plant/+"));
    gateway.signal("SIGHUP");
    await until("refused", () => gateway.log.some(({ event }) => event === "reload-refused"));
    const line = gateway.log.find(({ event }) => event === "reload-refused");
    expect(line?.["problems"]).toMatchObject([{ code: "RELOAD_NEEDS_RESTART", pointer: "/ingest/bridges" }]);
  });

  test("a bridge that leads back to its own gateway is refused before it starts", async () => {
    const directory = await directoryOf("bridge-loop");
    const port = await lastingPort();
    const started = startGateway({
      directory,
      config: {
        listeners: [{ protocol: "mqtt", host: "127.0.0.1", port }],
        ingest: { bridges: [{ name: "far", url: `mqtt://localhost:${port}`, topics: ["#"] }] },
      },
    });
    await expect(started).rejects.toThrow("leads back to this gateway");
  });
});

async function attemptsOf({ httpPort }: GatewayProcess): Promise<number> {
  const metrics = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
  return Number(/^holdfast_bridge_connect_attempts_total\{bridge="far"\} (\d+)$/m.exec(metrics)?.[1]);
}

/** Every value in the log with its flags, in order. */
async function flagsOf(directory: string): Promise<[value: number, flags: number][]> {
  const store = await openStore({ directory, durability: "sync", logger: quietLogger });
  const found: [number, number][] = [];
  for await (const entry of store.records(1)) {
    if (entry.kind === "gap") continue;
    const { count, value, flags } = entry.record.rows;
    for (let row = 0; row < count; row += 1) found.push([value[row]!, flags[row]!]);
  }
  await store.close();
  return found;
}
