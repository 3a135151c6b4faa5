/** What a bridge counts, and how `/metrics` sees it. */
import type { MetricFamily } from "../core/ports.ts";
import type { BridgeStatus } from "../core/read-model.ts";

/** Why a message of the far broker is acknowledged and not ingested. Closed. */
export type SkipCause = "topic" | "unwanted";

/** Totals since the start of the process. */
export class BridgeCounts {
  attempts = 0;
  connections = 0;
  received = 0;
  acknowledged = 0;
  /** `topic`: no topic that the gateway takes. `unwanted`: no filter of the configuration matches it. */
  readonly skipped: Record<SkipCause, number> = { topic: 0, unwanted: 0 };
  /** Messages that could not be stored. */
  refused = 0;
}

/** The metric families of one bridge, labelled with its name. */
export function bridgeMetrics(
  bridge: string,
  counts: BridgeCounts,
  status: () => BridgeStatus,
): readonly MetricFamily[] {
  const labels = { bridge };
  const one = (
    name: string,
    type: MetricFamily["type"],
    help: string,
    value: () => number,
  ): MetricFamily => ({
    name: `holdfast_bridge_${name}`,
    help,
    type,
    read: () => [{ labels, value: value() }],
  });
  return [
    one("connected", "gauge", "1 while the bridge is connected.", () => (status().connected ? 1 : 0)),
    one("in_flight_messages", "gauge", "Messages that wait for a commit.", () => status().inFlight),
    one("connect_attempts_total", "counter", "Attempts to connect.", () => counts.attempts),
    one("connections_total", "counter", "Attempts that gave a connection.", () => counts.connections),
    one(
      "received_messages_total",
      "counter",
      "Messages received, those sent again included.",
      () => counts.received,
    ),
    one(
      "acknowledged_messages_total",
      "counter",
      "Messages of QoS 1 and 2 acknowledged to the far broker.",
      () => counts.acknowledged,
    ),
    one(
      "refused_messages_total",
      "counter",
      "Messages that could not be stored and were not acknowledged.",
      () => counts.refused,
    ),
    {
      name: "holdfast_bridge_skipped_messages_total",
      help: "Messages acknowledged and not ingested.",
      type: "counter",
      read: () =>
        Object.entries(counts.skipped).map(([cause, value]) => ({ labels: { bridge, cause }, value })),
    },
  ];
}
