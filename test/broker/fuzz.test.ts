/**
 * Damaged packets to the real broker over real sockets. `HOLDFAST_FUZZ=1` sends a million instead of 8,000;
 * `HOLDFAST_FUZZ_SEED` repeats a run as far as the system lets it be repeated.
 */
import { connect as connectSocket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { memoryBytes } from "../bench/memory.ts";
import { attackOf, makeRandom, type Random } from "./damaged-packets.ts";
import { openTestBroker, publishPacket, RawClient, type TestBroker, until } from "./harness.ts";

const isLong = process.env["HOLDFAST_FUZZ"] === "1";
const packetsWanted = isLong ? 1_000_000 : 8_000;
const seed = Number(process.env["HOLDFAST_FUZZ_SEED"] ?? 20_261_120);

/** What the broker may hold at most of what attackers left: sessions, retained messages, topics (`core/limits.ts`). */
const leftBytesMax = 48 * 1024 * 1024;

/** One connection's bytes, cut anywhere. @returns How many packets they were. */
async function attack(broker: TestBroker, random: Random): Promise<number> {
  const parts = attackOf(random);
  const bytes = Buffer.concat(parts);
  const cut = random(bytes.length + 1);
  const socket = connectSocket({ port: broker.port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => undefined);
  socket.resume();
  socket.write(bytes.subarray(0, cut));
  await setImmediate();
  socket.write(bytes.subarray(cut));
  if (random(2) === 0) socket.end();
  // Some are cut off, some end by themselves or are ended.
  for (let turn = random(20); turn > 0 && !socket.destroyed; turn -= 1) await setImmediate();
  socket.destroy();
  return parts.length;
}

/** Publishes and hears itself through the broker, again and again, beside the attackers. */
class Honest {
  slowestMs = 0;
  sent = 0;
  readonly #client: RawClient;

  constructor(client: RawClient) {
    this.#client = client;
  }

  static async join(broker: TestBroker): Promise<Honest> {
    const client = await RawClient.connected(broker.port, { clientId: "honest" });
    client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "honest/+", qos: 0 }] });
    await client.take("suback");
    client.packets.length = 0;
    return new Honest(client);
  }

  async exchange(): Promise<void> {
    const client = this.#client;
    this.sent += 1;
    const messageId = (this.sent % 65_535) + 1;
    const startedMs = performance.now();
    client.send(publishPacket("honest/value", `${this.sent}`, { qos: 1, messageId }));
    const [puback] = await client.take("puback");
    const [message] = await client.take("publish");
    const isIts = puback?.messageId === messageId && message?.payload.toString() === `${this.sent}`;
    if (!isIts) throw new Error(`exchange ${this.sent} was answered with another's`);
    this.slowestMs = Math.max(this.slowestMs, performance.now() - startedMs);
    client.packets.length = 0;
    client.bytes = Buffer.alloc(0);
  }

  leave(): void {
    this.#client.socket.destroy();
  }
}

test("whatever bytes come, nothing escapes, an honest client is served, memory is bounded, and the books balance", {
  timeout: isLong ? 3_600_000 : 120_000,
}, async () => {
  const random = makeRandom(seed);
  const escaped: unknown[] = [];
  const onEscape = (error: unknown): void => void escaped.push(error);
  process.on("unhandledRejection", onEscape);
  process.on("uncaughtException", onEscape);
  const everyRate = { burst: Infinity, ofOneBurst: Infinity };
  await using broker = await openTestBroker({
    timings: { authenticationMs: 500 },
    connectBounds: everyRate,
  });
  const honest = await Honest.join(broker);
  const startedMs = performance.now();
  const marks: number[] = [];
  let packets = 0;
  while (packets < packetsWanted && escaped.length === 0) {
    const attacks = Array.from({ length: 10 }, () => attack(broker, random));
    const sent = await Promise.all(attacks);
    packets += sent.reduce((sum, count) => sum + count, 0);
    await honest.exchange();
    broker.sink.received.length = 0;
    // After a quarter caches are full and code is compiled.
    if (packets > ((marks.length + 1) * packetsWanted) / 4) marks.push(memoryBytes());
  }
  process.off("unhandledRejection", onEscape);
  process.off("uncaughtException", onEscape);
  expect(escaped, `replay with HOLDFAST_FUZZ_SEED=${seed}`).toEqual([]);
  expect(broker.errors).toEqual([]);
  expect((marks.at(-1) ?? 0) - (marks[0] ?? 0)).toBeLessThan(leftBytesMax);
  await until(() => broker.metric("connections") === 1, "the attackers are gone");
  expect(broker.metric("connections_total")).toBe(broker.metric("connections_closed_total") + 1);
  for (const gauge of ["in_flight_bytes", "held_bytes"]) {
    await until(() => broker.metric(gauge) === 0, `no ${gauge}`);
  }
  expect(broker.sink.waiting).toEqual([]);
  honest.leave();
  await until(() => broker.metric("connections") === 0, "nobody is left");
  if (isLong) {
    const megabytes = marks.map((bytes) => (bytes / 1e6).toFixed(1)).join(", ");
    const seconds = (performance.now() - startedMs) / 1_000;
    process.stdout.write(
      `${packets} packets on ${broker.metric("connections_total")} connections in ${seconds.toFixed(0)} s, ` +
        `${honest.sent} honest exchanges, slowest ${honest.slowestMs.toFixed(1)} ms, ` +
        `memory at each quarter ${megabytes} MB, left ${JSON.stringify(leftIn(broker))}, ` +
        `closed ${JSON.stringify(closedBy(broker))}\n`,
    );
  }
});

function leftIn(broker: TestBroker): Record<string, number> {
  const gauges = ["sessions", "session_queue_bytes", "retained_messages", "retained_bytes"];
  return Object.fromEntries(gauges.map((gauge) => [gauge, broker.metric(gauge)]));
}

function closedBy(broker: TestBroker): Record<string, number> {
  const family = broker.broker.metrics.find(
    ({ name }) => name === "holdfast_broker_connections_closed_total",
  );
  const values = family?.read() ?? [];
  return Object.fromEntries(values.map(({ labels, value }) => [labels["cause"] ?? "", value]));
}
