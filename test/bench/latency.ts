/** Latencies and memory at a steady 5,000 messages a second from 1,000 devices. */
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "mqtt";
import type { Socket } from "node:net";
import { median, record } from "./history.ts";
import { runLoad, tenRules } from "./load.ts";
import { processorMs, residentBytes, startHoldfast } from "./peers.ts";

/** Fires with each change of the probe between 0 and 1. */
const probeRule = {
  id: "probe",
  source: { device: "probe", metric: "level" },
  window: { type: "none" },
  when: { field: "value", op: ">", value: 0.5 },
};

/** Publishes to a value that fires or resolves, and takes the time until the alert comes back. */
async function alertLatencies(port: number, forMs: number): Promise<number[]> {
  const client = connect({ host: "127.0.0.1", port, protocolVersion: 4, clientId: "probe" });
  // Without it the probe's own kernel holds a PUBLISH back until the PUBACK before it is acknowledged (Nagle).
  client.on("connect", () => void (client.stream as Socket).setNoDelay(true));
  const latencies: number[] = [];
  let sentMs = 0;
  let received: (() => void) | undefined;
  client.on("message", () => {
    if (sentMs === 0) return;
    latencies.push(performance.now() - sentMs);
    sentMs = 0;
    received?.();
  });
  await client.subscribeAsync("holdfast/alerts/probe/#", { qos: 1 });
  const untilMs = performance.now() + forMs;
  for (let level = 1; performance.now() < untilMs; level = 1 - level) {
    const answer = new Promise<void>((resolve) => {
      received = resolve;
    });
    sentMs = performance.now();
    await client.publishAsync("probe", JSON.stringify({ ts: Date.now(), level }), { qos: 1 });
    await Promise.race([answer, sleep(5_000)]);
    await sleep(20);
  }
  await client.endAsync();
  return latencies;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export async function measureLatency(options: {
  readonly program: string;
  readonly seconds: number;
}): Promise<void> {
  const { program, seconds } = options;
  const peer = await startHoldfast({ program, rules: [...tenRules, probeRule] });
  const resident: number[] = [];
  const sampler = setInterval(() => {
    void residentBytes(peer.pid).then((bytes) => resident.push(bytes / 1e6));
  }, 1_000);
  const beforeMs = await processorMs(peer.pid);
  const probing = sleep(1_500).then(() => alertLatencies(peer.port, (seconds - 1) * 1_000));
  const load = await runLoad({ port: peer.port, clients: 1000, inFlight: 20, seconds, rate: 5_000 });
  const alerts = await probing;
  clearInterval(sampler);
  const busyShare = ((await processorMs(peer.pid)) - beforeMs) / (load.elapsedMs + 1_000);
  await peer.stop();
  const detail = { perSecond: load.pubackPerSecond, seconds, processorShare: Number(busyShare.toFixed(3)) };
  await record({
    metric: "puback-ms-p99-at-5000",
    value: load.latencyMsP99,
    target: "<= 10",
    detail: { ...detail, p50: load.latencyMsP50 },
  });
  await record({
    metric: "alert-ms-p99-at-5000",
    value: percentile(alerts, 0.99),
    target: "<= 15",
    detail: { ...detail, p50: median(alerts), count: alerts.length },
  });
  const third = Math.ceil(resident.length / 3);
  await record({
    metric: "resident-mb-at-5000",
    value: Math.max(...resident),
    target: "<= 120 and flat",
    detail: {
      ...detail,
      secondThirdMedian: median(resident.slice(third, 2 * third)),
      lastThirdMedian: median(resident.slice(-third)),
    },
  });
}
