/**
 * The main job on real input: three months of a machine's temperature go through a gateway that is killed
 * three times, to a far end that is away for the middle third. What arrives there must be what arrives
 * from a gateway to which none of this happened.
 */
import { expect, onTestFinished, test } from "vitest";
import type { StreamRecord } from "../../src/core/streams.ts";
import { readSeries } from "../../src/cli/simulate/csv.ts";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { mosquittoMissing, type Mosquitto, startMosquitto } from "../support/mosquitto.ts";
import { machineTemperature, seriesMissing } from "../support/recorded-series.ts";
import { replaySeries } from "../support/simulator-process.ts";
import { readStoreContents, storeFaults } from "../support/store-contents.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { until } from "../support/until.ts";
import { openUpstreamCollector, type UpstreamCollector } from "../support/upstream-collector.ts";

const device = "plant/press-7";
const metric = "temperature";

const rules = [
  {
    id: "hot-hour",
    source: { device, metric },
    window: { type: "tumbling", size: "1h" },
    aggregate: { avg: "mean", top: "max" },
    when: { field: "avg", op: ">", value: 95, clear: 90 },
    for: "2h",
    keepFiringFor: "1h",
    annotations: { summary: "{{device}} at {{avg}} °C, up to {{top}} °C" },
  },
  {
    id: "cold-spell",
    source: { device: "plant/*", metric },
    window: { type: "hopping", size: "2h", every: "15m", lateness: "10m" },
    aggregate: { avg: "mean", n: "count" },
    when: {
      all: [
        { field: "avg", op: "<", value: 70 },
        { field: "n", op: ">=", value: 6 },
      ],
    },
    severity: "critical",
  },
  {
    id: "restless",
    source: { device, metric },
    window: { type: "sliding", size: "6h", every: "30m" },
    aggregate: { spread: "stddev" },
    when: { field: "spread", op: ">", value: 8, clear: 6 },
  },
  {
    id: "limit",
    source: { device, metric },
    window: { type: "none" },
    when: { field: "value", op: "outside", value: [20, 105] },
    severity: "info",
  },
];

/** A gateway with its far end, and what has arrived there. */
interface World {
  readonly gateway: GatewayProcess;
  readonly farEnd: Mosquitto;
  readonly collector: UpstreamCollector;
}

async function openWorld(): Promise<World> {
  const directory = await temporaryDirectory("main-job");
  onTestFinished(() => directory[Symbol.asyncDispose]());
  const farEnd = await startMosquitto({ persistence: true });
  onTestFinished(() => farEnd.close());
  const collector = await openUpstreamCollector({ url: farEnd.url });
  onTestFinished(() => collector.close());
  const gateway = await startGateway({
    directory: directory.path,
    rules,
    config: {
      rollups: ["15m", "1h", "1d"],
      upstreams: [{ name: "cloud", url: farEnd.url, streams: ["alerts", "summaries", "ledger"] }],
    },
  });
  onTestFinished(() => gateway.close());
  return { gateway, farEnd, collector };
}

/** Waits until the far end has all that the gateway has to say. */
async function drained({ gateway, collector }: World): Promise<void> {
  await until(
    "everything has arrived at the far end",
    async () => {
      const { streams } = await gateway.ledger();
      return (["alerts", "summaries"] as const).every(
        (name) =>
          streams[name]?.upstreams["cloud"]?.pending === 0 &&
          collector.count("gw-test", name) === streams[name].length,
      );
    },
    { withinMs: 30_000, everyMs: 50 },
  );
}

/** Waits until the gateway has committed so many messages. Counting goes on over restarts. */
async function received(gateway: GatewayProcess, count: number): Promise<void> {
  await until(`${count} messages are committed`, async () => (await gateway.ledger()).received >= count, {
    withinMs: 60_000,
    everyMs: 5,
  });
}

function bytesOf(records: readonly StreamRecord[]): string[] {
  return records.map((record) => JSON.stringify(record));
}

test.skipIf(mosquittoMissing || seriesMissing)(
  "a gateway that is killed three times, without its far end for a third of the time, tells the cloud what an undisturbed one does",
  { timeout: 120_000 },
  async () => {
    const readings = await readSeries(machineTemperature);
    expect(readings).toHaveLength(22_695);
    const replay = { csv: machineTemperature, topic: device, metric };

    const undisturbed = await openWorld();
    const calm = await replaySeries({ ...replay, url: undisturbed.gateway.url, inFlight: 20 });
    expect(calm).toMatchObject({ acknowledged: readings.length, resent: 0 });
    await drained(undisturbed);

    const disturbed = await openWorld();
    const { gateway, farEnd, collector } = disturbed;
    const replaying = replaySeries({ ...replay, url: gateway.url, inFlight: 20 });
    const third = Math.floor(readings.length / 3);
    const restart = async (): Promise<void> => {
      await gateway.kill();
      await gateway.start();
    };
    await received(gateway, third / 2);
    await restart();
    await received(gateway, third);
    await farEnd.stop();
    await received(gateway, 1.5 * third);
    await restart();
    await received(gateway, 2 * third);
    expect((await gateway.status()).backlog["cloud"]).toBeGreaterThan(1_000);
    await farEnd.start();
    await received(gateway, 2.5 * third);
    await restart();
    const rough = await replaying;
    expect(rough.acknowledged).toBe(readings.length);
    expect(gateway.log.filter(({ event }) => event === "ready")).toHaveLength(4);
    expect(rough.resent).toBeGreaterThan(0);
    await drained(disturbed);

    expect(collector.conflicts).toEqual([]);
    expect(collector.refused).toEqual([]);
    expect(collector.gaps).toEqual([]);
    for (const stream of ["alerts", "summaries"] as const) {
      const expected = bytesOf(undisturbed.collector.records("gw-test", stream));
      expect(expected.length).toBeGreaterThan(stream === "alerts" ? 20 : 5_000);
      expect(bytesOf(collector.records("gw-test", stream))).toEqual(expected);
    }

    const ledger = await gateway.ledger();
    expect(ledger.balanced).toBe(true);
    expect(ledger.received).toBe(ledger.stored + (ledger.dropped["duplicate"] ?? 0));
    expect(await gateway.stop()).toBe(0);
    const contents = await readStoreContents(gateway.dataDirectory);
    expect(storeFaults(contents)).toEqual([]);
    const stored = contents.series.get(`${device} ${metric}`);
    const held = new Set(stored?.at.map((at, index) => `${at} ${stored.value[index]}`));
    const missing = readings.filter(({ at, value }) => !held.has(`${at} ${value}`));
    expect(missing).toEqual([]);
  },
);
