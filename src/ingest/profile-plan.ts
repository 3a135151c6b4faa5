/**
 * Decoding as a device profile says: a codec finds the leaves, the profile says which of them are metrics, in
 * which unit, and what is out of range.
 *
 * Codecs keep the numbers of the series that they have asked for, so what a profile knows of a metric is kept
 * by that number too: a payload of a known shape costs one look-up a row.
 */
import type { DecodePlan, DecodeTarget, Rejection, SeriesResolver } from "../core/decode.ts";
import type { DeviceFact } from "../core/fact.ts";
import type { DeviceProfile, ProfileMetric } from "../core/profile.ts";
import { type EpochMs, RowFlag, type SampleColumns, type SeriesId, ValueKind } from "../core/sample.ts";

/** The number under which a codec may push rows that nobody wants; no series has it. */
const unwanted: SeriesId = 0xffff_fffe;

/** Makes the plan of a topic that a profile matches, from the plan of the profile's codec. */
export function profilePlan(profile: DeviceProfile, inner: DecodePlan): DecodePlan {
  return new ProfilePlan(profile, inner);
}

class ProfilePlan implements DecodePlan, DecodeTarget {
  readonly profile: string;
  readonly #inner: DecodePlan;
  readonly #others: DeviceProfile["others"];
  readonly #exact: ReadonlyMap<string, ProfileMetric>;
  readonly #patterns: readonly MetricPattern[];
  /** What is to be done to rows, by their series. */
  readonly #conversions: Map<SeriesId, Conversion> = new Map();
  /** Where the message that is being decoded goes. */
  #target!: DecodeTarget;

  constructor(profile: DeviceProfile, inner: DecodePlan) {
    this.profile = profile.id;
    this.#inner = inner;
    this.#others = profile.others;
    const exact = profile.metrics.filter(({ from }) => !from.includes("*"));
    this.#exact = new Map(exact.map((metric) => [metric.from, metric]));
    this.#patterns = profile.metrics.filter(({ from }) => from.includes("*")).map(patternOf);
  }

  get codec(): string {
    return this.#inner.codec;
  }

  decode(bytes: Uint8Array, start: number, end: number, target: DecodeTarget): Rejection | undefined {
    this.#target = target;
    const firstRow = target.rows.count;
    const rejection = this.#inner.decode(bytes, start, end, this);
    if (rejection === undefined) this.#convert(target.rows, firstRow);
    return rejection;
  }

  get rows(): SampleColumns {
    return this.#target.rows;
  }

  get receivedAt(): EpochMs {
    return this.#target.receivedAt;
  }

  get replayed(): boolean {
    return this.#target.replayed === true;
  }

  get clientId(): string {
    return this.#target.clientId ?? "";
  }

  get stampAt(): EpochMs {
    return this.#target.stampAt;
  }

  set stampAt(at: EpochMs) {
    this.#target.stampAt = at;
  }

  get stampUnreadable(): boolean {
    return this.#target.stampUnreadable;
  }

  set stampUnreadable(unreadable: boolean) {
    this.#target.stampUnreadable = unreadable;
  }

  get ownStamps(): boolean {
    return this.#target.ownStamps;
  }

  set ownStamps(own: boolean) {
    this.#target.ownStamps = own;
  }

  note(fact: DeviceFact): void {
    this.#target.note(fact);
  }

  readonly series: SeriesResolver = (device, leaf, unit) => {
    const metric = this.#exact.get(leaf) ?? matched(this.#patterns, leaf);
    if (metric === undefined) {
      return this.#others === "drop" ? unwanted : this.#target.series(device, leaf, unit);
    }
    const id = this.#target.series(device, metric.name, metric.unit);
    const conversion = conversionOf(metric);
    if (id >= 0 && conversion !== undefined) this.#conversions.set(id, conversion);
    return id;
  };

  /** Does to the rows of a message what the profile says, and lets go what nobody wants. */
  #convert(rows: SampleColumns, firstRow: number): void {
    let kept = firstRow;
    for (let row = firstRow; row < rows.count; row += 1) {
      const series = rows.series[row]!;
      if (series === unwanted) continue;
      if (kept < row) rows.copy(row, kept);
      const conversion = this.#conversions.get(series);
      if (conversion !== undefined) convertRow(rows, kept, conversion);
      kept += 1;
    }
    rows.truncate(kept);
  }
}

interface Conversion {
  /** `value × factor / divisor + offset`: a scale such as 0.001 divides, so that 2,977 mV become 2.977 V. */
  readonly factor: number;
  readonly divisor: number;
  readonly offset: number;
  readonly low: number;
  readonly high: number;
  readonly values: ReadonlyMap<string, number | boolean | string | null> | undefined;
}

/** @returns Nothing when values are taken as they come. */
function conversionOf({ scale, offset, range, values }: ProfileMetric): Conversion | undefined {
  if (scale === 1 && offset === 0 && range === undefined && values === undefined) return undefined;
  const inverse = Math.round(1 / scale);
  const divides = Math.abs(scale) < 1 && 1 / inverse === scale;
  return {
    factor: divides ? 1 : scale,
    divisor: divides ? inverse : 1,
    offset,
    low: range?.[0] ?? Number.NEGATIVE_INFINITY,
    high: range?.[1] ?? Number.POSITIVE_INFINITY,
    values: values === undefined ? undefined : new Map(Object.entries(values)),
  };
}

function convertRow(rows: SampleColumns, row: number, conversion: Conversion): void {
  if (conversion.values !== undefined) replaceWord(rows, row, conversion.values);
  if (rows.kind[row] !== ValueKind.number) return;
  const { factor, divisor, offset, low, high } = conversion;
  const value = (rows.value[row]! * factor) / divisor + offset;
  rows.value[row] = value;
  if (!(value >= low && value <= high)) rows.flags[row] = rows.flags[row]! | RowFlag.bad;
}

/** Puts what a word stands for in its place; a word that the profile does not know stays. */
function replaceWord(
  rows: SampleColumns,
  row: number,
  values: ReadonlyMap<string, number | boolean | string | null>,
): void {
  const meant = values.get(wordOf(rows, row));
  if (meant === undefined) return;
  if (typeof meant === "string") {
    rows.kind[row] = ValueKind.text;
    rows.value[row] = rows.texts.push(meant) - 1;
    return;
  }
  rows.kind[row] =
    meant === null ? ValueKind.none : typeof meant === "boolean" ? ValueKind.boolean : ValueKind.number;
  rows.value[row] = meant === null ? Number.NaN : Number(meant);
}

function wordOf(rows: SampleColumns, row: number): string {
  const value = rows.value[row]!;
  const kind = rows.kind[row];
  if (kind === ValueKind.text) return rows.texts[value]!;
  if (kind === ValueKind.boolean) return value === 1 ? "true" : "false";
  return kind === ValueKind.none ? "null" : String(value);
}

interface MetricPattern {
  readonly metric: ProfileMetric;
  readonly before: string;
  readonly after: string;
}

function patternOf(metric: ProfileMetric): MetricPattern {
  const [before = "", after = ""] = metric.from.split("*");
  return { metric, before, after };
}

/** The metric of a leaf that a pattern fits: `phase*.power` gives `power-*` its name. */
function matched(patterns: readonly MetricPattern[], leaf: string): ProfileMetric | undefined {
  for (const { metric, before, after } of patterns) {
    if (leaf.length <= before.length + after.length || !leaf.startsWith(before) || !leaf.endsWith(after))
      continue;
    const part = leaf.slice(before.length, leaf.length - after.length);
    if (!part.includes(".")) return { ...metric, name: metric.name.replace("*", part) };
  }
  return undefined;
}
