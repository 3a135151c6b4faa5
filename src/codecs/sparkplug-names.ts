/** What the numbers in Sparkplug data stand for: the names and types that a birth certificate has given. */
import type { BornMetric } from "../core/fact.ts";
import type { EpochMs } from "../core/sample.ts";
import { nameProblem } from "./naming.ts";

/** A metric in a birth certificate, as data messages refer to it. */
export interface KnownMetric {
  /** `""` where it cannot be the name of a metric. */
  readonly name: string;
  readonly datatype: number;
}

/** The metrics of an edge node or device. */
export class NameTable {
  /** Time stamp of the birth certificate. */
  readonly at: EpochMs;
  readonly size: number;
  readonly #byName: Map<string, KnownMetric> = new Map();
  readonly #byAlias: Map<number, KnownMetric> = new Map();

  constructor(at: EpochMs, metrics: readonly BornMetric[]) {
    this.at = at;
    this.size = metrics.length;
    for (const { name, alias, datatype } of metrics) {
      const metric = { name, datatype };
      if (name !== "") this.#byName.set(name, metric);
      if (alias !== undefined) this.#byAlias.set(alias, metric);
    }
  }

  byName(name: string): KnownMetric | undefined {
    return this.#byName.get(name);
  }

  byAlias(alias: number): KnownMetric | undefined {
    return this.#byAlias.get(alias);
  }
}

/** A name as series have it, or `""` where it cannot be one. */
export function metricName(written: string): string {
  const name = written.normalize("NFC");
  return nameProblem("metric", name) === undefined && name.isWellFormed() ? name : "";
}

/** Whether a metric tells about a device, and not about the protocol. Source: Sparkplug 3.0.0, § 6.4.19, § 6.4.25. */
export function isReading(name: string): boolean {
  return name !== "bdSeq" && !name.startsWith("Node Control/") && !name.startsWith("Device Control/");
}
