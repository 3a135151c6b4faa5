/** Simulated devices of several models against a gateway: what each side counts is the same. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { holdfast } from "../cli/holdfast.ts";
import { startGateway } from "../support/gateway-process.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const devices = fileURLToPath(new URL("../../devices/", import.meta.url));

interface Counts {
  readonly sent: number;
  readonly acknowledged: number;
  readonly devices: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly malformed: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly withheld: number;
}

interface Found {
  readonly samples: readonly { readonly metric: string; readonly value: unknown }[];
}

test("the books of a gateway say what simulated devices have sent, faults and all", async () => {
  await using directory = await temporaryDirectory("simulated");
  await using gateway = await startGateway({
    directory: directory.path,
    config: { ingest: { devicesDirs: [devices] } },
  });
  const words = [
    "simulate",
    "--url",
    gateway.url,
    "--count",
    "20",
    "--rate",
    "400",
    "--seconds",
    "3",
    "--json",
  ];
  const profiles = ["--profile", "ruuvi/ruuvitag,acurite/tower", "--profile", "elsys/ers,shelly/ht-g3"];
  const faults = ["stuck:0.2", "drifting", "spiking", "silent:0.1", "clock-ahead", "malformed:0.5"];
  const run = await holdfast(
    [...words, ...profiles, ...faults.flatMap((fault) => ["--fault", fault])],
    directory.path,
  );
  expect(run.err).toBe("");
  expect(run.code).toBe(0);
  const counts: Counts = JSON.parse(run.out);
  expect(counts.devices).toBe(80);
  expect(counts.faults).toEqual({
    stuck: 16,
    drifting: 8,
    spiking: 8,
    silent: 8,
    // One model of the four writes no stamps.
    "clock-ahead": 6,
    malformed: 40,
  });
  expect(counts.acknowledged).toBe(counts.sent);
  expect(counts.malformed).toBeGreaterThan(20);
  expect(counts.withheld).toBeGreaterThan(0);
  const ledger = await gateway.ledger();
  expect(ledger).toMatchObject({
    received: counts.acknowledged,
    rejected: counts.rejected,
    dropped: {},
    balanced: true,
  });
  expect(ledger.stored).toBe(counts.acknowledged - counts.malformed);
  const metricsOf = async (device: string): Promise<string[]> => {
    const query = new URLSearchParams({ device, from: "2020-01-01T00:00:00Z", to: "2100-01-01T00:00:00Z" });
    const { samples } = await gateway.get<Found>(`/api/v1/samples?${query.toString()}`);
    return [...new Set(samples.map(({ metric }) => metric))].toSorted();
  };
  expect(await metricsOf("cb:b8:33:4c:88:50")).toContain("battery-voltage");
  expect(await metricsOf("Acurite-Tower/A/10348")).toEqual(["battery-low", "humidity", "temperature"]);
  expect(await metricsOf("field-42")).toContain("co2");
  expect(await metricsOf("shelly-ht-g3/kitchen-62")).toContain("humidity");
});
