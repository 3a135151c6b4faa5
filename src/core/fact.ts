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
  /** The longest silence to be expected of all its readings. */
  readonly expectedMs?: number;
  /** As of {@link MetricFact}. Several of one source are parts of a whole: what one lacks another may say. */
  readonly under?: string;
}

/** What a metric means. */
export interface MetricFact {
  readonly kind: "metric";
  readonly source: FactSource;
  /**
   * Which metric: by its name, or by the leaf of the payloads of a topic; `path` is `""` for a plain value, and
   * missing where the leaf is not known: it is then said of the topic only.
   */
  readonly of:
    | { readonly device: string; readonly metric: string }
    | { readonly topic: string; readonly path?: string };
  /**
   * What it was said under, where it can be taken back under that name: the topic of a discovery message. Many
   * facts may have been said under one name. Of one metric, several are parts of a whole.
   */
  readonly under?: string;
  readonly label?: string;
  readonly unit?: string;
  /** What is measured, in the words of the source: `temperature`, `battery`. */
  readonly class?: string;
  /** How it behaves: `measurement`, `total_increasing`. */
  readonly stateClass?: string;
  /** The longest silence to be expected. */
  readonly expectedMs?: number;
  /** How its values are written, in the words of the source: `float`, `enum`. */
  readonly datatype?: string;
  /** The device that a topic's metrics belong to, in the words of the source. */
  readonly identity?: Pick<IdentityFact, "label" | "vendor" | "model" | "firmware" | "via">;
}

/** Which topic says whether a device is there, and how. */
export interface AvailabilityFact {
  readonly kind: "availability";
  readonly source: FactSource;
  readonly topic: string;
  /** The device whose `online` it is, as the topic of its readings is decoded where no route names that. */
  readonly device: string;
  /** The topic of its readings: a route may call the device otherwise. */
  readonly readings: string;
  /** The words for being there and for not being there, to the letter. */
  readonly available: string;
  readonly unavailable: string;
  /** Path of the word in payloads that are objects; without it the payload is the word. */
  readonly path?: string;
  /** As of {@link MetricFact}. */
  readonly under?: string;
}

/** What was said under a name before is no longer so; what a message says anew comes after it. */
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

/** A fact that is held; one that takes others back is not. */
export type HeldFact = IdentityFact | MetricFact | AvailabilityFact | BirthFact;
export type DeviceFact = HeldFact | WithdrawnFact;

/** What a fact is about: a later one with the same key takes its place. */
export function factKey(fact: HeldFact): string {
  switch (fact.kind) {
    case "identity":
      return JSON.stringify(["identity", fact.under ?? "", fact.source, fact.device]);
    case "birth":
      return JSON.stringify(["birth", fact.node, fact.device ?? ""]);
    case "availability":
      return JSON.stringify(["availability", fact.under ?? "", fact.source, fact.topic, fact.device]);
    case "metric":
      return JSON.stringify(["metric", fact.under ?? "", fact.source, ...aboutMetric(fact)]);
  }
}

/** Where the leaf is not known there may be several of one topic, that only their labels tell apart. */
function aboutMetric({ of, label }: MetricFact): readonly (string | null)[] {
  if ("device" in of) return ["", of.device, of.metric];
  return of.path === undefined ? [of.topic, null, label ?? ""] : [of.topic, of.path];
}
