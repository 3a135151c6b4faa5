/** What a device profile promises about its metrics, and whether an edit of it keeps the promise. */
import type { DeviceProfile, ProfileMetric } from "./profile.ts";
import { hashOf } from "./rule/hash.ts";

/** A metric as whoever reads its samples relies on it. */
export interface MetricSchema {
  /** With the `*` of its profile, where it has one. */
  readonly name: string;
  readonly unit?: string;
  /** `number` of what has a unit, a scale or a range, else what its words stand for; nothing where the codec decides. */
  readonly type?: string;
}

/** What is in force of a profile. */
export interface ProfileSchema {
  /** `<vendor>/<model>`. */
  readonly id: string;
  readonly version: number;
  /** Of everything in the profile by which payloads are decoded. */
  readonly digest: string;
  readonly metrics: readonly MetricSchema[];
}

/** The schema of a profile. */
export function schemaOf(profile: DeviceProfile): ProfileSchema {
  const { id, version, match, codec, device, time, metrics, others } = profile;
  return {
    id,
    version,
    digest: hashOf(JSON.stringify([match, codec, device, time, metrics, others])),
    metrics: metrics.map(metricSchema),
  };
}

function metricSchema(metric: ProfileMetric): MetricSchema {
  const { name, unit } = metric;
  const type = typeOf(metric);
  return { name, ...(unit === undefined ? {} : { unit }), ...(type === undefined ? {} : { type }) };
}

function typeOf({ unit, scale, offset, range, values }: ProfileMetric): string | undefined {
  if (values !== undefined) {
    const types = Object.values(values).filter((value) => value !== null);
    return [...new Set(types.map((value) => typeof value))].toSorted().join("|");
  }
  const measured = unit !== undefined || range !== undefined || scale !== 1 || offset !== 0;
  return measured ? "number" : undefined;
}

/** One thing that an edit breaks. */
export interface SchemaBreak {
  readonly metric: string;
  readonly what: "unit" | "type";
  /** Empty where there was none, or is none. */
  readonly before: string;
  readonly after: string;
}

/**
 * What an edit of a profile breaks: metrics that stay and change their unit or type. Samples that are stored
 * already would mean something else than those that come. A metric that is gone, or is new, breaks nothing.
 */
export function schemaBreaks(before: ProfileSchema, after: ProfileSchema): readonly SchemaBreak[] {
  const earlier = new Map(before.metrics.map((metric) => [metric.name, metric]));
  return after.metrics.flatMap((metric) => {
    const known = earlier.get(metric.name);
    if (known === undefined) return [];
    return (["unit", "type"] as const).flatMap((what): SchemaBreak[] => {
      // A type that the codec decides cannot be compared with one that the profile does.
      if (what === "type" && (known.type === undefined || metric.type === undefined)) return [];
      const [was = "", is = ""] = [known[what], metric[what]];
      return was === is ? [] : [{ metric: metric.name, what, before: was, after: is }];
    });
  });
}
