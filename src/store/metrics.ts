/** The store's counters and gauges. */
import type { MetricFamily } from "../core/ports.ts";
import { streamNames } from "../core/streams.ts";
import type { Contents } from "./contents.ts";

/** Where the metrics read from, when they are scraped. */
export interface MetricSources {
  commits(): number;
  commitBytes(): number;
  failures(): number;
  failed(): boolean;
  /** Nothing while the store is not open. */
  contents(): Contents | undefined;
}

/** The families of the store. */
export function storeMetrics(sources: MetricSources): readonly MetricFamily[] {
  return [
    {
      name: "holdfast_store_commits_total",
      help: "Group commits written.",
      type: "counter",
      read: () => single(sources.commits()),
    },
    {
      name: "holdfast_store_commit_bytes_total",
      help: "Bytes of keys and values handed to LevelDB.",
      type: "counter",
      read: () => single(sources.commitBytes()),
    },
    {
      name: "holdfast_store_write_failures_total",
      help: "Writes that the disk refused.",
      type: "counter",
      read: () => single(sources.failures()),
    },
    {
      name: "holdfast_store_writable",
      help: "1 while commits are possible.",
      type: "gauge",
      read: () => single(sources.failed() ? 0 : 1),
    },
    {
      name: "holdfast_store_log_seq",
      help: "Sequence of the newest durable log record.",
      type: "gauge",
      read: () => single(sources.contents()?.heads.log ?? 0),
    },
    {
      name: "holdfast_store_lost_records",
      help: "Sequences known to be lost, by log or stream.",
      type: "gauge",
      read: () => lostBySubject(sources.contents()),
    },
    {
      name: "holdfast_stream_head",
      help: "Sequence of the newest durable record of a stream.",
      type: "gauge",
      read: () =>
        streamNames.map((stream) => ({
          labels: { stream },
          value: sources.contents()?.heads[stream] ?? 0,
        })),
    },
  ];
}

type Readings = ReturnType<MetricFamily["read"]>;

function single(value: number): Readings {
  return [{ labels: {}, value }];
}

function lostBySubject(contents: Contents | undefined): Readings {
  const lost = new Map<string, number>();
  for (const gap of contents?.gaps ?? []) {
    lost.set(gap.what, (lost.get(gap.what) ?? 0) + gap.to - gap.from + 1);
  }
  return [...lost].map(([subject, value]) => ({ labels: { subject }, value }));
}
