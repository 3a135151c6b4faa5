import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { type StreamName, streamNames } from "../../src/core/streams.ts";
import { makeCertificates } from "../support/certificates.ts";
import { MemoryStreams } from "../support/memory-streams.ts";
import {
  type Mosquitto,
  mosquittoMissing,
  type MosquittoOptions,
  startMosquitto,
} from "../support/mosquitto.ts";
import { seededRandom } from "../../src/cli/simulate/seeded-random.ts";
import { openTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { openTestForwarder } from "../support/test-forwarder.ts";
import { until } from "../support/until.ts";
import { openUpstreamCollector, type UpstreamCollector } from "../support/upstream-collector.ts";

const run = promisify(execFile);
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function setUp(
  options?: MosquittoOptions,
): Promise<{ mosquitto: Mosquitto; proxy: TcpProxy; collector: UpstreamCollector; streams: MemoryStreams }> {
  const mosquitto = await startMosquitto(options);
  closers.push(() => mosquitto.close());
  const proxy = await openTcpProxy({ targetPort: mosquitto.port });
  closers.push(() => proxy.close());
  const collector = await openUpstreamCollector({ url: mosquitto.url });
  closers.push(() => collector.close());
  return { mosquitto, proxy, collector, streams: new MemoryStreams() };
}

function forward(
  port: number,
  streams: MemoryStreams,
  options?: Parameters<typeof openTestForwarder>[2],
): void {
  const { forwarder } = openTestForwarder(port, streams, options);
  closers.push(() => forwarder.close());
}

/** Waits until every record is acknowledged and has arrived. */
async function delivered(streams: MemoryStreams, collector: UpstreamCollector): Promise<void> {
  await until(
    "every record is acknowledged and has arrived",
    () =>
      streamNames.every(
        (stream) =>
          streams.cursor("cloud", stream) === streams.head(stream) &&
          collector.count("gw-7", stream) === streams.head(stream),
      ),
    { withinMs: 20_000, everyMs: 20 },
  );
}

/** Nothing is missing, nothing differs, and new batches came in the order of their sequences. */
function expectExact(streams: MemoryStreams, collector: UpstreamCollector): void {
  expect(collector.refused).toEqual([]);
  expect(collector.conflicts).toEqual([]);
  expect(collector.gaps).toEqual([]);
  for (const stream of streamNames) {
    expect(collector.missing("gw-7", stream)).toEqual([]);
    const sent = Array.from({ length: streams.head(stream) }, (_, index) =>
      streams.record(stream, index + 1),
    );
    expect(collector.records("gw-7", stream)).toEqual(sent);
    expectInOrder(stream, collector);
  }
}

/** A record is never seen before one of a lower sequence: what comes is the next, or a repeat. */
function expectInOrder(stream: StreamName, collector: UpstreamCollector): void {
  let reached = 0;
  for (const { stream: name, from, to } of collector.arrivals) {
    if (name !== stream) continue;
    expect(from).toBeLessThanOrEqual(reached + 1);
    reached = Math.max(reached, to);
  }
}

describe.skipIf(mosquittoMissing)("with a real mosquitto", () => {
  test.each(["cbor", "json"] as const)("every record arrives once and in order, as %s", async (format) => {
    const { mosquitto, collector, streams } = await setUp();
    streams.grow({ alerts: 300, status: 5, summaries: 2_000, ledger: 100 });
    forward(mosquitto.port, streams, { format });
    await delivered(streams, collector);
    streams.grow({ alerts: 1, ledger: 1 });
    await delivered(streams, collector);
    expectExact(streams, collector);
    expect(collector.repeated).toBe(0);
  });

  test("a broker that is stopped with a backlog pending, and started again, gets everything", async () => {
    const { mosquitto, proxy, collector, streams } = await setUp({ persistence: true });
    proxy.delayMs = 10;
    streams.grow({ alerts: 200, summaries: 20_000, ledger: 50 });
    forward(proxy.port, streams);
    for (const reached of [1_000, 5_000, 10_000]) {
      await until("it is under way", () => streams.cursor("cloud", "summaries") >= reached);
      await mosquitto.stop();
      streams.grow({ alerts: 10 });
      await until("the link is noticed to be down", () => proxy.connections === 0);
      await mosquitto.start();
    }
    await delivered(streams, collector);
    expectExact(streams, collector);
    expect(mosquitto.running).toBe(true);
  });

  test.each([1, 2, 3])("a line that is cut at random instants loses nothing (seed %i)", async (seed) => {
    const { proxy, collector, streams } = await setUp();
    const random = seededRandom(seed);
    proxy.delayMs = 5;
    streams.grow({ alerts: 100, status: 3, summaries: 8_000, ledger: 100 });
    forward(proxy.port, streams, { random });
    for (let cut = 0; cut < 15; cut += 1) {
      const bytes = proxy.bytesForward + Math.floor(random() * 60_000);
      const before = proxy.accepted;
      await until("some bytes have passed, or all", () => proxy.bytesForward >= bytes || settled(streams));
      proxy.cut();
      if (random() < 0.3) proxy.mode = "refuse";
      streams.grow({ alerts: 1, summaries: 200 });
      await until("it has tried again", () => proxy.accepted > before);
      proxy.mode = "pass";
    }
    await delivered(streams, collector);
    expectExact(streams, collector);
    expect(proxy.accepted).toBeGreaterThan(15);
  });

  test("mqtts checks the server against the authority, and the server the gateway's certificate", async () => {
    const directory = await mkdtemp(join(tmpdir(), "holdfast-tls-"));
    closers.push(() => rm(directory, { recursive: true, force: true }));
    await makeCertificates(directory);
    const path = (name: string): string => join(directory, name);
    const mosquitto = await startMosquitto({
      lines: [
        `cafile ${path("ca.crt")}`,
        `certfile ${path("server.crt")}`,
        `keyfile ${path("server.key")}`,
        "require_certificate true",
      ],
    });
    closers.push(() => mosquitto.close());
    const [ca, cert, key] = await Promise.all(
      ["ca.crt", "client.crt", "client.key"].map((name) => readFile(path(name))),
    );
    const url = `mqtts://localhost:${mosquitto.port}`;
    const stranger = openTestForwarder(0, new MemoryStreams(), { transportOptions: { url } });
    closers.push(() => stranger.forwarder.close());
    await until(
      "the unknown authority is refused",
      () => stranger.forwarder.report().lastError !== undefined,
    );
    const streams = new MemoryStreams();
    streams.grow({ alerts: 2 });
    if (ca === undefined || cert === undefined || key === undefined)
      throw new Error("certificates were made");
    forward(0, streams, { transportOptions: { url, tls: { ca, cert, key } } });
    await until("sent", () => streams.cursor("cloud", "alerts") === 2);
    expect(stranger.forwarder.report().state).not.toBe("up");
  });

  test("100,000 waiting records drain at 2,000 a second and more over 100 ms, in flat memory", async () => {
    const { proxy, collector } = await setUp();
    proxy.delayMs = 50;
    const { stdout } = await run(process.execPath, [
      "--expose-gc",
      "test/support/drain.ts",
      String(proxy.port),
      "100000",
    ]);
    const [seconds = 0, heldMbMax = Number.NaN] = stdout.trim().split(" ").map(Number);
    console.info(
      `drained ${Math.round(100_000 / seconds)} records/s, ${heldMbMax.toFixed(1)} MB held at most`,
    );
    await until("all have arrived", () => collector.count("gw-7", "summaries") === 100_000);
    expect(100_000 / seconds).toBeGreaterThan(2_000);
    expect(heldMbMax).toBeLessThan(10);
  });
});

function settled(streams: MemoryStreams): boolean {
  return streamNames.every((stream) => streams.cursor("cloud", stream) === streams.head(stream));
}
