/** A Sparkplug payload as it was read, in objects that are used again for the next one. */
import { type EpochMs, ValueKind } from "../core/sample.ts";

/** By which member of its `oneof` a metric's value came: the field numbers of `Metric`. */
export const ValueField = {
  none: 0,
  int: 10,
  long: 11,
  float: 12,
  double: 13,
  boolean: 14,
  string: 15,
  bytes: 16,
  dataSet: 17,
  template: 18,
  extension: 19,
} as const;

/** A metric, or a member of one that is a template or a data set. */
export class SparkplugMetric {
  /** As it stands in the payload; nothing where an alias stands for it. */
  name: string | undefined = undefined;
  /** -1 where there is none. */
  alias = -1;
  /** When it was taken, or `NaN`. */
  at: EpochMs = Number.NaN;
  /** 0 where the payload does not say. */
  datatype = 0;
  historical = false;
  isNull = false;
  /** One of {@link ValueField}. */
  field = 0;
  /** The value of a number or boolean; of integers as signed, and not exact beyond 2^53. */
  number: number = Number.NaN;
  /** Where the value stands in the payload's bytes: of texts and bytes all of it, of numbers where it begins. */
  from = 0;
  to = 0;
  /** Index of the metric of which this is a member, or -1. */
  within = -1;
  /** Members that follow it. */
  memberCount = 0;
  /** Property `Quality`, or -1. */
  quality = -1;
  unit: string | undefined = undefined;
  label: string | undefined = undefined;

  /** The name of its series, where it is a reading. */
  seriesName: string | undefined = undefined;
  /** The value as a row has it: see `SampleColumns`. */
  kind: ValueKind = ValueKind.none;
  value: number = Number.NaN;
  text = "";
  bad = false;
  series = -1;

  clear(within: number): void {
    this.name = undefined;
    this.alias = -1;
    this.at = Number.NaN;
    this.datatype = 0;
    this.historical = false;
    this.isNull = false;
    this.field = ValueField.none;
    this.number = Number.NaN;
    this.from = 0;
    this.to = 0;
    this.within = within;
    this.memberCount = 0;
    this.quality = -1;
    this.unit = undefined;
    this.label = undefined;
    this.seriesName = undefined;
  }
}

/** What a payload holds. */
export class SparkplugPayload {
  /** What the positions of its metrics count in: the bytes that came, or what they were inflated to. */
  bytes: Uint8Array = new Uint8Array();
  /** When it was sent, or `NaN`. */
  at: EpochMs = Number.NaN;
  /** 0…255, or nothing. */
  seq: number | undefined = undefined;
  /** Of `metrics` those that belong to this payload. */
  count = 0;
  readonly metrics: SparkplugMetric[] = [];

  clear(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.at = Number.NaN;
    this.seq = undefined;
    this.count = 0;
  }

  add(within: number): SparkplugMetric {
    let metric = this.metrics[this.count];
    if (metric === undefined) {
      metric = new SparkplugMetric();
      this.metrics.push(metric);
    }
    this.count += 1;
    metric.clear(within);
    return metric;
  }

  /** The metric of a name that is no member of another. */
  named(name: string): SparkplugMetric | undefined {
    for (let index = 0; index < this.count; index += 1) {
      const metric = this.metrics[index]!;
      if (metric.name === name && metric.within < 0) return metric;
    }
    return undefined;
  }
}
