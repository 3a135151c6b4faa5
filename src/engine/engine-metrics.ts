/** What the engine and the state behind it count, as metric families. */
import type { FoldState } from "../core/fold/state.ts";
import type { MetricFamily } from "../core/ports.ts";
import type { LedgerTotals } from "../core/streams.ts";

/** Commits since the start of the process. */
export interface CommitCounts {
  readonly count: number;
  /** Time spent in them. */
  readonly msTotal: number;
  /** Those that the store refused. */
  readonly failures: number;
}

/** Where the figures are read from, at the moment of a scrape. */
export interface EngineFacts {
  readonly commits: () => CommitCounts;
  readonly pendingBytes: () => number;
  readonly state: () => FoldState;
  readonly books: () => LedgerTotals;
}

export function engineMetrics(facts: EngineFacts): readonly MetricFamily[] {
  const { commits, pendingBytes, state, books } = facts;
  return [
    single("holdfast_commits_total", "Group commits made durable.", () => commits().count),
    single("holdfast_commit_seconds_total", "Time spent in commits.", () => commits().msTotal / 1000),
    single("holdfast_commit_failures_total", "Commits that the store refused.", () => commits().failures),
    single("holdfast_pending_bytes", "Estimated bytes of memory that wait for a commit.", pendingBytes),
    single("holdfast_series", "Series known.", () => state().seriesCount),
    single("holdfast_devices", "Devices in the registry.", () => state().deviceCount),
    single("holdfast_facts", "Facts about devices that are kept.", () => state().catalogue.size),
    single(
      "holdfast_facts_evicted_total",
      "Facts about devices that left because there were too many.",
      () => state().catalogue.evictedCount,
    ),
    single("holdfast_rule_groups", "Groups that hold window state.", () => state().groupCount),
    single("holdfast_window_panes", "Panes that windows and rollups hold.", () => state().paneCount),
    single(
      "holdfast_rule_groups_refused_total",
      "Times that there was no room for the group of a series.",
      () => state().refusedGroupCount,
    ),
    single(
      "holdfast_window_overflow_total",
      "Samples that left a sliding window early because it held too many.",
      () => state().overflowCount,
    ),
    single(
      "holdfast_commands_unmet_total",
      "Commands that found no alert or device at their address.",
      () => state().unmetCommandCount,
    ),
    single("holdfast_catalogue_facts", "Facts about devices and metrics that are kept.", () => {
      return state().catalogue.size;
    }),
    single(
      "holdfast_catalogue_evicted_total",
      "Facts about devices and metrics that left because there were too many.",
      () => state().catalogue.evictedCount,
    ),
    single(
      "holdfast_discovery_templates_unsupported",
      "Metrics in discovery whose template says more than where the value stands.",
      () => state().catalogue.pathlessCount,
    ),
    single(
      "holdfast_samples_corrected_total",
      "Samples whose stamp was not taken as it came.",
      () => books().samples.corrected,
    ),
    single(
      "holdfast_samples_late_total",
      "Samples too late for a window of at least one rule.",
      () => books().samples.late,
    ),
    {
      name: "holdfast_messages_total",
      help: "Messages by where they ended; those recovered were counted as rejected before.",
      type: "counter",
      read: () => {
        const { stored, rejected, dropped, recovered = {} } = books().messages;
        return [
          { labels: { outcome: "stored", cause: "" }, value: stored },
          // A counter does not fall: what was rejected once stays counted.
          ...byCause("rejected", added(rejected, recovered)),
          ...byCause("recovered", recovered),
          ...byCause("dropped", dropped),
        ];
      },
    },
  ];
}

function added(
  counts: Readonly<Record<string, number>>,
  more: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counts).map(([cause, count]) => [cause, count + (more[cause] ?? 0)]),
  );
}

/** A family of one value. */
function single(name: string, help: string, read: () => number): MetricFamily {
  const type = name.endsWith("_total") ? "counter" : "gauge";
  return { name, help, type, read: () => [{ labels: {}, value: read() }] };
}

function byCause(
  outcome: string,
  causes: Readonly<Record<string, number>>,
): { labels: Record<string, string>; value: number }[] {
  return Object.entries(causes).map(([cause, value]) => ({ labels: { outcome, cause }, value }));
}
