/** Windows and aggregates straight from their definitions: all samples kept, filtered for each question. */
import type { AggregateDefinition } from "../../../src/core/rule/definition.ts";

export interface Sample {
  readonly at: number;
  readonly value: number;
}

/** Every aggregate whose value does not depend on how samples of one pane were ordered when they came. */
export const unordered: readonly AggregateDefinition[] = [
  { name: "count", fn: "count" },
  { name: "sum", fn: "sum" },
  { name: "mean", fn: "mean" },
  { name: "min", fn: "min" },
  { name: "max", fn: "max" },
  { name: "range", fn: "range" },
  { name: "first", fn: "first" },
  { name: "last", fn: "last" },
  { name: "stddev", fn: "stddev" },
  { name: "variance", fn: "variance" },
  { name: "delta", fn: "delta" },
  { name: "rate", fn: "rate", perMs: 1_000 },
  { name: "slope", fn: "slope", perMs: 1_000 },
  { name: "lag", fn: "lag" },
  { name: "distinct", fn: "distinct" },
];

/** All that are exact when samples come in order. */
export const exact: readonly AggregateDefinition[] = [
  ...unordered,
  { name: "warm", fn: "duration", when: { op: ">", value: 10 } },
  { name: "cold", fn: "duration", when: { op: "<=", value: -5 } },
  { name: "weighted", fn: "timeWeightedMean" },
  { name: "changed", fn: "changed" },
];

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

function varianceOf(values: readonly number[]): number {
  const mean = total(values) / values.length;
  return values.length > 1 ? total(values.map((value) => (value - mean) ** 2)) / (values.length - 1) : 0;
}

function slopeOf(samples: readonly Sample[], perMs: number): number {
  // Counted from the first one: squares of times since 1970 leave no digits for milliseconds.
  const times = samples.map(({ at }) => at - samples[0]!.at);
  const timeMean = total(times) / times.length;
  const mean = total(samples.map(({ value }) => value)) / samples.length;
  const spread = total(times.map((time) => (time - timeMean) ** 2));
  if (spread === 0) return Number.NaN;
  return (
    (total(samples.map(({ value }, index) => (times[index]! - timeMean) * (value - mean))) / spread) * perMs
  );
}

/** Each value with the time until the next one. */
function standing(samples: readonly Sample[]): readonly (readonly [value: number, forMs: number])[] {
  return samples
    .slice(1)
    .map((next, index) => [samples[index]!.value, next.at - samples[index]!.at] as const);
}

/** @param samples - In order of time; of one stamp, in order of arrival. */
export function aggregateOf(
  { fn, when, perMs = 0 }: AggregateDefinition,
  samples: readonly Sample[],
): number {
  const values = samples.map(({ value }) => value);
  const first = samples[0]!;
  const last = samples.at(-1)!;
  const span = last.at - first.at;
  switch (fn) {
    case "count":
      return values.length;
    case "sum":
      return total(values);
    case "mean":
      return total(values) / values.length;
    case "min":
      return Math.min(...values);
    case "max":
      return Math.max(...values);
    case "range":
      return Math.max(...values) - Math.min(...values);
    case "first":
      return first.value;
    case "last":
      return last.value;
    case "stddev":
      return Math.sqrt(varianceOf(values));
    case "variance":
      return varianceOf(values);
    case "delta":
      return last.value - first.value;
    case "rate":
      return span > 0 ? ((last.value - first.value) / span) * perMs : Number.NaN;
    case "slope":
      return slopeOf(samples, perMs);
    case "lag":
      return values.length > 1 ? values.at(-2)! : Number.NaN;
    case "distinct":
      return new Set(values).size;
    case "duration":
      return total(
        standing(samples)
          .filter(([value]) => (when!.op === ">" ? value > when!.value : value <= when!.value))
          .map(([, forMs]) => forMs),
      );
    case "timeWeightedMean":
      return span > 0
        ? total(standing(samples).map(([value, forMs]) => value * forMs)) / span
        : total(values) / values.length;
    case "changed":
      return standing(samples).filter(([value], index) => value !== values[index + 1]).length;
    case "coverage":
    case "mad":
    case "median":
    case "quantile":
      throw new Error(`no definition of ${fn}`);
  }
}

/** In order of time; of one stamp, as they came. */
export function inOrder(samples: readonly Sample[]): readonly Sample[] {
  return samples.toSorted((one, other) => one.at - other.at);
}

/** Equal up to the rounding of sums; NaN is NaN. */
export function close(one: number, other: number): boolean {
  if (Number.isNaN(one) || Number.isNaN(other)) return Number.isNaN(one) && Number.isNaN(other);
  return Math.abs(one - other) <= 1e-9 * Math.max(1, Math.abs(one), Math.abs(other));
}
