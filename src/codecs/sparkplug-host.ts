/**
 * What a gateway holds as the host of Sparkplug edge nodes: one for all the topics of all nodes.
 *
 * It asks nodes for their birth certificates, and tells when they have come.
 */
import type { MetricFamily } from "../core/ports.ts";
import type { EpochMs } from "../core/sample.ts";
import type { EdgeNode } from "./sparkplug-nodes.ts";
import { SparkplugNodes } from "./sparkplug-nodes.ts";
import type { SkipCause } from "./sparkplug-values.ts";

/** A node is to send its birth certificates again. */
export interface RebirthRequest {
  readonly group: string;
  readonly node: string;
  /** `spBv1.0/<group>/NCMD/<node>`, below whatever its own topics lie below. */
  readonly topic: string;
  /** The client by which its message came: the node, or a bridge to the broker where the node is. */
  readonly clientId: string;
}

/** A node, or a device of it, has come with the names that were asked for, and no death lies between. */
export interface Reborn {
  readonly group: string;
  readonly node: string;
  readonly device: string | undefined;
  /** The topic of its data. */
  readonly dataTopic: string;
  /** Data that came from then on, without names, is of the session that is there. */
  readonly since: EpochMs;
}

export interface SparkplugHostOptions {
  /** Milliseconds that never go back. */
  readonly monotonicMs: () => number;
  /** Called while a message is decoded, at most once a minute for each node. */
  readonly requestRebirth: (request: RebirthRequest) => void;
  /**
   * Called while the birth is decoded: it is not durable yet. Data of the node, or of the device, that was refused
   * with cause `awaiting-birth` can be decoded from then on.
   */
  readonly onReborn: (reborn: Reborn) => void;
}

/** Nobody is asked, and nobody is told: for payloads that are only tried. */
const alone: SparkplugHostOptions = {
  monotonicMs: () => 0,
  requestRebirth: () => undefined,
  onReborn: () => undefined,
};

export class SparkplugHost {
  readonly nodes: SparkplugNodes = new SparkplugNodes();
  /** Requests for a birth that were sent, and those that were not since the last one was too recent. */
  requestedCount = 0;
  heldBackCount = 0;
  /** Messages with a sequence number that is not the next. */
  gapCount = 0;
  /** Deaths of sessions that were over, or never known. */
  ignoredDeathCount = 0;
  readonly #skipped: Map<SkipCause, number> = new Map();
  readonly #options: SparkplugHostOptions;

  constructor(options: SparkplugHostOptions = alone) {
    this.#options = options;
  }

  /** Asks a node for its birth certificates, unless it was asked within the last minute. */
  ask(node: EdgeNode, request: RebirthRequest, receivedAt: EpochMs): void {
    if (node.takeRequest(this.#options.monotonicMs(), receivedAt)) {
      this.requestedCount += 1;
      this.#options.requestRebirth(request);
    } else this.heldBackCount += 1;
  }

  reborn(reborn: Reborn): void {
    this.#options.onReborn(reborn);
  }

  /** Counts a metric that gave no row. */
  skipped(cause: SkipCause): void {
    this.#skipped.set(cause, (this.#skipped.get(cause) ?? 0) + 1);
  }

  /** How many metrics gave no row, by why. */
  get skips(): ReadonlyMap<SkipCause, number> {
    return this.#skipped;
  }

  get metrics(): readonly MetricFamily[] {
    return [
      {
        name: "holdfast_sparkplug_nodes",
        help: "Sparkplug edge nodes by where they stand.",
        type: "gauge",
        read: () =>
          Object.entries(this.nodes.standings()).map(([standing, value]) => ({
            labels: { standing },
            value,
          })),
      },
      {
        name: "holdfast_sparkplug_rebirths_requested_total",
        help: "Times that a Sparkplug edge node was to be asked for its birth certificates.",
        type: "counter",
        read: () => [
          { labels: { outcome: "sent" }, value: this.requestedCount },
          { labels: { outcome: "held-back" }, value: this.heldBackCount },
        ],
      },
      counter(
        "holdfast_sparkplug_gaps_total",
        "Sparkplug messages after a missing one.",
        () => this.gapCount,
      ),
      counter(
        "holdfast_sparkplug_deaths_ignored_total",
        "Sparkplug death certificates of no session that is there.",
        () => this.ignoredDeathCount,
      ),
      counter(
        "holdfast_sparkplug_nodes_evicted_total",
        "Sparkplug edge nodes that were forgotten because there were too many.",
        () => this.nodes.evictedCount,
      ),
      {
        name: "holdfast_sparkplug_metrics_skipped_total",
        help: "Metrics in Sparkplug payloads that gave no sample, by why.",
        type: "counter",
        read: () => Array.from(this.#skipped, ([cause, value]) => ({ labels: { cause }, value })),
      },
    ];
  }
}

function counter(name: string, help: string, read: () => number): MetricFamily {
  return { name, help, type: "counter", read: () => [{ labels: {}, value: read() }] };
}
