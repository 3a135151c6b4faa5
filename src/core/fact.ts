/**
 * What messages say about devices beside readings: who a device is, what its metrics mean, by which numbers it
 * calls them. Birth certificates, discovery messages and attributes of conventions are all of this kind.
 *
 * Facts are part of the log, like readings: a restart does not blind the gateway to what was said before it.
 */
import type { EpochMs } from "./sample.ts";

/** Who says it, the most believed first; what the operator says stands above all. */
export const factSources = ["birth", "homie", "discovery", "inventory", "payload"] as const;
export type FactSource = (typeof factSources)[number];

/** Who a device is. */
export interface IdentityFact {
  readonly kind: "identity";
  readonly source: FactSource;
  readonly device: string;
  /** What people call it. */
  readonly label?: string;
  readonly vendor?: string;
  readonly model?: string;
  readonly firmware?: string;
  /** The device through which it is reached: a bridge, a gateway, an edge node. */
  readonly via?: string;
}

/** What a metric means. */
export interface MetricFact {
  readonly kind: "metric";
  readonly source: FactSource;
  /** Which metric: by its name, or by the leaf of the payloads of a topic; `path` is `""` for a plain value. */
  readonly of:
    | { readonly device: string; readonly metric: string }
    | { readonly topic: string; readonly path: string };
  /** What it was said under, where it can be taken back under that name: the topic of a discovery message. */
  readonly under?: string;
  readonly label?: string;
  readonly unit?: string;
  /** What is measured, in the words of the source: `temperature`, `battery`. */
  readonly class?: string;
  /** How it behaves: `measurement`, `total_increasing`. */
  readonly stateClass?: string;
  /** The longest silence to be expected. */
  readonly expectedMs?: number;
  /** The device that a topic's metrics belong to, in the words of the source. */
  readonly identity?: Omit<IdentityFact, "kind" | "source" | "device">;
}

/** What was said under a name is no longer so. */
export interface WithdrawnFact {
  readonly kind: "withdrawn";
  readonly under: string;
}

/** A metric in a birth certificate. */
export interface BornMetric {
  readonly name: string;
  /** The number that stands for the name from then on. */
  readonly alias?: number;
  /** As the protocol numbers its types. */
  readonly datatype: number;
}

/**
 * A Sparkplug birth certificate: without it data that carry numbers in place of names cannot be read.
 *
 * Source: Sparkplug 3.0.0, § 6.4.19 (NBIRTH) and § 6.4.22 (DBIRTH).
 */
export interface BirthFact {
  readonly kind: "birth";
  /** `<group>/<edge node>`. */
  readonly node: string;
  /** Nothing for the node itself. */
  readonly device?: string;
  /** Pairs a birth with the death that belongs to it; of nodes. */
  readonly bdSeq?: number;
  /** The payload's time stamp. */
  readonly at: EpochMs;
  readonly metrics: readonly BornMetric[];
}

export type DeviceFact = IdentityFact | MetricFact | WithdrawnFact | BirthFact;

/** What a fact is about: a later one with the same key takes its place. */
export function factKey(fact: Exclude<DeviceFact, WithdrawnFact>): string {
  switch (fact.kind) {
    case "identity":
      return JSON.stringify(["identity", fact.source, fact.device]);
    case "birth":
      return JSON.stringify(["birth", fact.node, fact.device ?? ""]);
    case "metric":
      if (fact.under !== undefined) return underKey(fact.under);
      return JSON.stringify(["metric", fact.source, ...Object.values(fact.of)]);
  }
}

/** The key of what was said under a name. */
export function underKey(name: string): string {
  return JSON.stringify(["under", name]);
}
