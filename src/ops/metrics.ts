/**
 * Metrics for `/metrics`: what the parts offer as {@link MetricFamily}, and what the process costs.
 *
 * Families are read when somebody scrapes, so counting costs nothing extra; the text format is made by
 * prom-client, which is loaded by the first scrape and not by the start of the gateway.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { MetricFamily } from "../core/ports.ts";
import { version } from "./build-info.ts";

/** Everything that can be scraped. */
export interface Metrics {
  /** Adds families of a part. Names must be new. */
  add(families: readonly MetricFamily[]): void;
  /** The Prometheus text, and its content type. */
  scrape(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** Stops watching the event loop. */
  close(): void;
}

/** How often the event loop is sampled. Finer costs CPU, coarser misses short stalls. */
const loopSampleMs = 20;

/**
 * Opens the metrics registry with the process's own families in it.
 *
 * The event-loop delay is the 99th percentile since the scrape before, so that a short stall is seen once
 * and does not linger.
 */
export function openMetrics(): Metrics {
  const delay = monitorEventLoopDelay({ resolution: loopSampleMs });
  delay.enable();
  const families: MetricFamily[] = processFamilies(() => {
    // The histogram holds the time between two samples, so an idle loop shows the sampling interval.
    const seconds = delay.count === 0 ? 0 : delay.percentile(99) / 1e9 - loopSampleMs / 1000;
    delay.reset();
    return Math.max(0, seconds);
  });
  return {
    add: (added) => void families.push(...added),
    scrape: async () => textOf(families),
    close: () => void delay.disable(),
  };
}

async function textOf(
  families: readonly MetricFamily[],
): Promise<{ readonly contentType: string; readonly text: string }> {
  const { Counter, Gauge, Registry } = await import("prom-client");
  const registry = new Registry();
  for (const offered of families) {
    // Label names are only known from the rows, hence a registry for each scrape.
    const rows = offered.read();
    const labelNames = [...new Set(rows.flatMap((row) => Object.keys(row.labels)))];
    if (rows.length === 0) continue;
    const shape = { name: offered.name, help: offered.help, labelNames, registers: [registry] };
    if (offered.type === "gauge") {
      const gauge = new Gauge(shape);
      for (const { labels, value } of rows) gauge.set(labels, value);
    } else {
      const counter = new Counter(shape);
      for (const { labels, value } of rows) counter.inc(labels, value);
    }
  }
  return { contentType: registry.contentType, text: await registry.metrics() };
}

/** A family of one value without labels. */
function family(name: string, type: MetricFamily["type"], help: string, value: () => number): MetricFamily {
  return { name, type, help, read: () => [{ labels: {}, value: value() }] };
}

/** What the process costs, under the names that Prometheus clients agree on where there is one. */
function processFamilies(loopDelaySeconds: () => number): MetricFamily[] {
  return [
    family("process_resident_memory_bytes", "gauge", "Resident memory of the process.", () =>
      process.memoryUsage.rss(),
    ),
    family("process_cpu_seconds_total", "counter", "User and system CPU time of the process.", () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    }),
    family("process_uptime_seconds", "gauge", "Seconds since the process began.", () => process.uptime()),
    family(
      "holdfast_event_loop_delay_p99_seconds",
      "gauge",
      "99th percentile of the event loop's delay since the scrape before.",
      loopDelaySeconds,
    ),
    {
      name: "holdfast_build_info",
      type: "gauge",
      help: "Always 1; the labels say which build this is.",
      read: () => [{ labels: { version, node: process.versions.node }, value: 1 }],
    },
  ];
}
