/** What a forwarder counts, and how `/metrics` sees it. */
import type { MetricFamily } from "../core/ports.ts";
import { streamNames } from "../core/streams.ts";
import type { ForwarderReport } from "./forwarder-contract.ts";

/** Totals since the start of the process. */
export class ForwarderCounts {
  attempts = 0;
  connections = 0;
  batchesSent = 0;
  batchesAcknowledged = 0;
  bytesSent = 0;
  /** Records announced as gone, repeats included. */
  gapRecords = 0;
}

/** The metric families of one upstream, labelled with its name. */
export function forwarderMetrics(
  upstream: string,
  counts: ForwarderCounts,
  report: () => ForwarderReport,
): readonly MetricFamily[] {
  const labels = { upstream };
  const counter = (name: string, help: string, read: () => number): MetricFamily => ({
    name: `holdfast_upstream_${name}_total`,
    help,
    type: "counter",
    read: () => [{ labels, value: read() }],
  });
  const perStream = (name: string, help: string, field: "acked" | "pending"): MetricFamily => ({
    name: `holdfast_upstream_${name}`,
    help,
    type: "gauge",
    read: () => {
      const { streams } = report();
      return streamNames.flatMap((stream) => {
        const position = streams[stream];
        return position === undefined ? [] : [{ labels: { upstream, stream }, value: position[field] }];
      });
    },
  });
  return [
    {
      name: "holdfast_upstream_connected",
      help: "1 while the upstream is connected.",
      type: "gauge",
      read: () => [{ labels, value: report().state === "up" ? 1 : 0 }],
    },
    perStream("pending_records", "Records that the upstream has not acknowledged.", "pending"),
    perStream("acknowledged_seq", "Last sequence that the upstream has acknowledged.", "acked"),
    counter("connect_attempts", "Attempts to connect.", () => counts.attempts),
    counter("connections", "Attempts that gave a connection.", () => counts.connections),
    counter("batches_sent", "Batches sent, repeats included.", () => counts.batchesSent),
    counter("batches_acknowledged", "Batches acknowledged.", () => counts.batchesAcknowledged),
    counter("bytes_sent", "Encoded bytes of the batches sent.", () => counts.bytesSent),
    counter("gap_records", "Records announced as gone.", () => counts.gapRecords),
  ];
}
