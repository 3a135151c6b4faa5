/** Sessions outlive the process, however it ends: what was acknowledged reaches who was away. */
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { outboundInFlightMax } from "../../src/core/limits.ts";
import { seededRandom } from "../../src/cli/simulate/seeded-random.ts";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { SessionClient } from "../support/session-client.ts";
import { readStoreContents, storeFaults } from "../support/store-contents.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { until } from "../support/until.ts";
import { faultSeed, isLongRun } from "./fleet.ts";

/** Publishes numbers, a thousand at a time, and waits for all PUBACKs. */
async function publishNumbers(gateway: GatewayProcess, from: number, to: number): Promise<void> {
  using publisher = new SessionClient({
    port: gateway.mqttPort,
    clientId: "counting",
    connect: { clean: true },
  });
  await publisher.connect();
  for (let number = from; number <= to; number += 1) {
    const message = { topic: "away/n", payload: String(number), qos: 1, dup: false, retain: false } as const;
    publisher.send({ cmd: "publish", messageId: number - from + 1, ...message });
  }
  await publisher.take("puback", to - from + 1);
}

function numbers(from: number, to: number): readonly string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => String(from + index));
}

test("ten restarts, killed and stopped by turns, lose none of 10,000 messages for who is away, nor their order", {
  timeout: 120_000,
}, async () => {
  await using directory = await temporaryDirectory("sessions");
  const config = { sessions: { queueMessages: 20_000 } };
  await using gateway = await startGateway({ directory: directory.path, config });
  using away = new SessionClient({ port: gateway.mqttPort, clientId: "away" });
  await away.connect();
  await away.subscribe("away/#", 1);
  await away.leave();
  for (let round = 0; round < 10; round += 1) {
    await publishNumbers(gateway, round * 1_000 + 1, (round + 1) * 1_000);
    await (round % 2 === 0 ? gateway.kill() : gateway.stop());
    await gateway.start();
  }
  // In the midst of the delivery it is killed once more.
  await away.reconnect();
  expect(away.sessionPresent).toBe(true);
  await until("some have come", () => away.arrivals.length > 3_000);
  await gateway.kill();
  await gateway.start();
  const before = away.arrivals.length;
  await away.reconnect();
  await until("all have come", () => away.arrivals.at(-1)?.payload === "10000", { withinMs: 30_000 });
  const first = away.arrivals.slice(0, before);
  const second = away.arrivals.slice(before);
  expect(first.map(({ payload }) => payload)).toEqual(numbers(1, before));
  const resumedAt = Number(second[0]?.payload);
  const repeated = before + 1 - resumedAt;
  console.info(`${before} before the kill, ${repeated} of them again`);
  expect(repeated).toBeGreaterThanOrEqual(0);
  // What is on its way, or acknowledged in the commit that was not finished.
  expect(repeated).toBeLessThanOrEqual(4 * outboundInFlightMax);
  expect(second.map(({ payload }) => payload)).toEqual(numbers(resumedAt, 10_000));
  expect(second.slice(0, repeated).filter(({ dup }) => !dup)).toEqual([]);
  await away.leave();
  expect(await gateway.stop()).toBe(0);
  expect(storeFaults(await readStoreContents(gateway.dataDirectory))).toEqual([]);
});

const killCount = isLongRun ? 50 : 8;

test("QoS 2 from end to end delivers each message exactly once, however often the process is killed", {
  timeout: killCount * 6_000 + 60_000,
}, async () => {
  await using directory = await temporaryDirectory("exactly-once");
  await using gateway = await startGateway({ directory: directory.path });
  const random = seededRandom(faultSeed);
  const sender = new ExactlyOnceSender(gateway.mqttPort);
  using subscriber = new SessionClient({ port: gateway.mqttPort, clientId: "subscriber" });
  await subscriber.connect();
  await subscriber.subscribe("exact/#", 2);
  await sender.client.connect();
  sender.start();
  for (let kill = 0; kill < killCount; kill += 1) {
    await setTimeout(50 + random() * 500);
    await gateway.kill();
    await gateway.start();
    await Promise.all([subscriber.reconnect(), sender.comeBack()]);
  }
  await sender.finish();
  const { sent } = sender;
  await until("all have come", () => subscriber.arrivals.length >= sent, { withinMs: 20_000 });
  console.info(`seed ${faultSeed}: ${killCount} kills, ${sent} messages`);
  expect(sent).toBeGreaterThan(killCount);
  expect(subscriber.payloads.map(Number).toSorted((a, b) => a - b)).toEqual(numbers(1, sent).map(Number));
  sender.client[Symbol.dispose]();
  await subscriber.leave();
  expect(await gateway.stop()).toBe(0);
  const contents = await readStoreContents(gateway.dataDirectory);
  expect(storeFaults(contents)).toEqual([]);
  const stored = [...contents.series].flatMap(([name, { value }]) => (name.startsWith("exact") ? value : []));
  expect(stored).toEqual(numbers(1, sent).map(Number));
});

/** Sends 1, 2, 3, … at QoS 2, and after each loss of the connection goes on where each message was. */
class ExactlyOnceSender {
  readonly client: SessionClient;
  sent = 0;
  /** By identifier: the number that is on its way, and whether it is released. */
  readonly #open = new Map<number, { readonly number: number; released: boolean }>();
  #isStopped = false;

  constructor(port: number) {
    this.client = new SessionClient({ port, clientId: "exact", answers: false });
    this.client.onPacket = ({ cmd, messageId = 0 }) => {
      if (cmd === "pubrec") this.#release(messageId);
      else if (cmd === "pubcomp") {
        this.#open.delete(messageId);
        this.#fill();
      }
    };
  }

  start(): void {
    this.#fill();
  }

  async comeBack(): Promise<void> {
    await this.client.reconnect();
    for (const [messageId, { number, released }] of this.#open) {
      if (released) this.client.send({ cmd: "pubrel", messageId });
      else this.#publish(messageId, number, true);
    }
    this.#fill();
  }

  async finish(): Promise<void> {
    this.#isStopped = true;
    await until("everything is completed", () => this.#open.size === 0, { withinMs: 20_000 });
  }

  #fill(): void {
    while (!this.#isStopped && this.client.connected && this.#open.size < 20) {
      this.sent += 1;
      let messageId = 1;
      while (this.#open.has(messageId)) messageId += 1;
      this.#open.set(messageId, { number: this.sent, released: false });
      this.#publish(messageId, this.sent, false);
    }
  }

  #publish(messageId: number, number: number, dup: boolean): void {
    this.client.send({
      cmd: "publish",
      topic: "exact/n",
      payload: String(number),
      qos: 2,
      retain: false,
      dup,
      messageId,
    });
  }

  #release(messageId: number): void {
    const open = this.#open.get(messageId);
    if (open === undefined) return;
    open.released = true;
    this.client.send({ cmd: "pubrel", messageId });
  }
}
