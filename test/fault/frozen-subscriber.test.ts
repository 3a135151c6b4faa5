/** A subscriber takes everything and reads nothing: it is cut, and nobody else feels it. */
import { connect as openSocket, type Socket } from "node:net";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { connect as connectMqtt } from "mqtt";
import { expect, test } from "vitest";
import { connectPacket, subscribePacket } from "../../src/cli/simulate/packets.ts";
import { drainMs } from "../../src/core/limits.ts";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { SequencePublisher } from "../support/sequence-publisher.ts";
import { readStoreContents, storeFaults } from "../support/store-contents.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { until } from "../support/until.ts";
import { acknowledgedNow, compare, isLongRun } from "./fleet.ts";

const roundCount = isLongRun ? 10 : 1;
const baselineMs = 2_000;
/** Share of the rate without it that ingest must keep. In CI other work runs on the same two cores. */
const shareMin = isLongRun ? 0.9 : 0.5;
/** 8 × 250 a second of a kilobyte each: what a frozen subscriber is sent fills its buffers in a second or two. */
const publisherCount = 8;
const ratePerSecond = 250;
const paddingBytes = 1_000;

test("a subscriber that never reads is cut, slows no publisher and delays no other subscriber", {
  timeout: 60_000 + roundCount * 10_000,
}, async () => {
  await using directory = await temporaryDirectory("subscriber");
  await using gateway = await startGateway({ directory: directory.path });
  const healthy = await openHealthy(gateway.url);
  const fleet = Array.from(
    { length: publisherCount },
    (_, index) =>
      new SequencePublisher({
        port: gateway.mqttPort,
        name: `busy-${index}`,
        inFlightMax: 64,
        ratePerSecond,
        paddingBytes,
      }),
  );
  const total = (): number => fleet.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  // Messages and seconds, without a frozen subscriber and beside one.
  const without = { messages: 0, seconds: 0 };
  const beside = { messages: 0, seconds: 0 };
  const measure = async (
    into: { messages: number; seconds: number },
    end: Promise<unknown>,
  ): Promise<void> => {
    const [before, startedMs] = [total(), performance.now()];
    await end;
    into.messages += total() - before;
    into.seconds += (performance.now() - startedMs) / 1_000;
  };
  try {
    await until("the load runs", () => fleet.every(({ acknowledged }) => acknowledged > 100));
    for (let round = 0; round < roundCount; round += 1) {
      await measure(without, setTimeout(baselineMs));
      const frozen = await openFrozen(gateway.mqttPort, `frozen-${round}`);
      const isCut = async (): Promise<boolean> => {
        const acknowledged = total();
        await until("the healthy subscriber keeps up", () => healthy.received.size >= acknowledged, {
          withinMs: 1_000,
        });
        return (await slowCount(gateway)) > round;
      };
      await measure(
        beside,
        until("the frozen subscriber is cut", isCut, { withinMs: drainMs + 10_000, everyMs: 50 }),
      );
      frozen.destroy();
    }
    await Promise.all(fleet.map((publisher) => publisher.drain()));
    await until("the healthy subscriber has everything", () => healthy.received.size === total());
  } finally {
    for (const publisher of fleet) publisher.close();
    await healthy.close();
  }
  const rate = ({ messages, seconds }: typeof beside): number => Math.round(messages / seconds);
  const cutAfter = (beside.seconds / roundCount).toFixed(1);
  console.info(
    `${roundCount} frozen subscribers, cut after ${cutAfter} s: ${rate(beside)} messages a second beside one, ` +
      `${rate(without)} without`,
  );
  expect(rate(beside)).toBeGreaterThanOrEqual(rate(without) * shareMin);
  expect(healthy.connects).toBe(1);
  expect(fleet.map(({ connections }) => connections)).toEqual(fleet.map(() => 1));
  expect(fleet.flatMap(({ faults }) => faults)).toEqual([]);
  expect(await gateway.stop()).toBe(0);
  const contents = await readStoreContents(gateway.dataDirectory);
  expect(compare(contents, acknowledgedNow(fleet)).faults).toEqual([]);
  expect(storeFaults(contents)).toEqual([]);
});

/** A subscriber that does its part, at QoS 1. */
interface Healthy {
  /** `topic n` of each message. */
  readonly received: ReadonlySet<string>;
  readonly connects: number;
  close(): Promise<void>;
}

async function openHealthy(url: string): Promise<Healthy> {
  const client = connectMqtt(url, { clientId: "healthy", protocolVersion: 4 });
  const received = new Set<string>();
  let connects = 0;
  client.on("connect", () => {
    connects += 1;
  });
  client.on("message", (topic, payload) => {
    const message: { readonly n: number } = JSON.parse(payload.toString());
    received.add(`${topic} ${message.n}`);
  });
  await client.subscribeAsync("fault/#", { qos: 1 });
  return {
    received,
    get connects() {
      return connects;
    },
    close: () => client.endAsync(true),
  };
}

/** Subscribes to everything, and never reads its socket again. */
async function openFrozen(port: number, clientId: string): Promise<Socket> {
  const socket = openSocket({ host: "127.0.0.1", port });
  socket.on("error", () => socket.destroy());
  socket.write(connectPacket({ clientId, cleanSession: true, keepAliveSeconds: 600 }));
  await once(socket, "data");
  socket.pause();
  socket.write(subscribePacket("#", 1, 0));
  return socket;
}

/** How many subscribers have been cut because they did not read. */
async function slowCount({ httpPort }: GatewayProcess): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
  const value = /^holdfast_broker_connections_closed_total\{cause="slow-subscriber"\} (\d+)$/m.exec(
    text,
  )?.[1];
  if (value === undefined) throw new Error("the gateway does not tell whom it has cut");
  return Number(value);
}
