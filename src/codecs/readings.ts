/**
 * The readings of one payload, collected before any of them becomes a row: a payload that turns out to be
 * unusable must leave neither rows nor new series behind.
 *
 * For codecs that name and measure each value themselves. Codecs whose names follow from the payload alone
 * use `leaves.ts`.
 */
import type { DecodeTarget, Rejection } from "../core/decode.ts";
import { type EpochMs, RowFlag, ValueKind } from "../core/sample.ts";
import { type Leaf, stampOfToken } from "./leaves.ts";
import { nameProblem } from "./naming.ts";
import { rejected } from "./rejection.ts";
import { stampOfText } from "./stamp.ts";

interface Reading {
  metric: string;
  unit: string | undefined;
  kind: ValueKind;
  /** The number, or 0 or 1; `NaN` for texts and none. */
  value: number;
  text: string;
  bad: boolean;
  /** A stamp of its own, or `NaN`. */
  at: EpochMs;
  series: number;
}

/** Readings in the order in which they were added. One object is reused for payload after payload. */
export class Readings {
  /** Set by {@link begin}; a codec that finds the name in the payload puts it here. */
  device = "";
  /** Event time of the payload, or `NaN`. */
  stampAt: EpochMs = Number.NaN;
  /** There was a stamp, and it is not a time. */
  stampUnreadable = false;
  readonly #readings: Reading[] = [];
  #count = 0;
  #unit: string | undefined;

  /**
   * Forgets the last payload.
   *
   * @param unit - The unit that the route gives to every number, whatever the codec says.
   */
  begin(device: string, unit: string | undefined): void {
    this.device = device;
    this.stampAt = Number.NaN;
    this.stampUnreadable = false;
    this.#count = 0;
    this.#unit = unit;
  }

  /** Adds a number; one that is not finite is none, and bad. */
  number(metric: string, value: number, unit?: string): void {
    const finite = Number.isFinite(value);
    const reading = this.#add(metric, finite ? ValueKind.number : ValueKind.none, this.#unit ?? unit);
    reading.value = finite ? value : Number.NaN;
    reading.bad = !finite;
  }

  boolean(metric: string, value: boolean): void {
    this.#add(metric, ValueKind.boolean, undefined).value = value ? 1 : 0;
  }

  text(metric: string, text: string): void {
    this.#add(metric, ValueKind.text, undefined).text = text;
  }

  /** Adds that there is no value: not available, not known. */
  none(metric: string, unit?: string): void {
    this.#add(metric, ValueKind.none, this.#unit ?? unit);
  }

  /**
   * Adds what a leaf holds.
   *
   * @param at - A stamp of its own; where missing, that of the payload stands for it.
   */
  leaf(metric: string, leaf: Leaf, unit?: string, at: EpochMs = Number.NaN): void {
    const measured = leaf.kind === ValueKind.number || leaf.kind === ValueKind.none;
    const reading = this.#add(metric, leaf.kind, measured ? (this.#unit ?? unit) : undefined);
    reading.value = leaf.value;
    reading.text = leaf.text;
    reading.bad = leaf.bad;
    reading.at = at;
  }

  /** Adds what a leaf holds, with `ON` and `OFF` in any case as booleans. */
  switchLeaf(metric: string, leaf: Leaf, unit?: string): void {
    const word = leaf.kind === ValueKind.text && leaf.text.length <= 3 ? leaf.text.toLowerCase() : "";
    if (word === "on" || word === "off") this.boolean(metric, word === "on");
    else this.leaf(metric, leaf, unit);
  }

  /** Tells whether a metric has been added. For the few names that a codec adds to those of a payload. */
  has(metric: string): boolean {
    for (let index = 0; index < this.#count; index += 1) {
      if (this.#readings[index]!.metric === metric) return true;
    }
    return false;
  }

  /** Takes the leaf as event time. A missing one and `null` say nothing. */
  stamp(leaf: Leaf | undefined, bytes: Uint8Array): void {
    if (leaf === undefined || (leaf.kind === ValueKind.none && !leaf.bad)) return;
    this.stampAt = stampOfLeaf(leaf, bytes);
    this.stampUnreadable = Number.isNaN(this.stampAt);
  }

  /**
   * Turns the readings into rows. All names are looked at before the first series is made.
   *
   * @returns A rejection, `invalid-text` or `series-limit`; no row is left behind.
   */
  emit(target: DecodeTarget): Rejection | undefined {
    const refusal = this.#resolve(target);
    if (refusal !== undefined) return refusal;
    const { rows } = target;
    let ownStamps = false;
    for (let index = 0; index < this.#count; index += 1) {
      const { kind, series, text, value, bad, at } = this.#readings[index]!;
      const row = rows.count;
      if (kind === ValueKind.text) rows.pushText(series, text);
      else rows.push(series, kind, value);
      if (bad) rows.flags[row] = RowFlag.bad;
      if (Number.isNaN(at)) continue;
      rows.at[row] = at;
      ownStamps = true;
    }
    target.stampAt = this.stampAt;
    target.stampUnreadable = this.stampUnreadable;
    target.ownStamps = ownStamps;
    return undefined;
  }

  #add(metric: string, kind: ValueKind, unit: string | undefined): Reading {
    let reading = this.#readings[this.#count];
    if (reading === undefined) {
      reading = { metric, unit, kind, value: 0, text: "", bad: false, at: 0, series: -1 };
      this.#readings.push(reading);
    }
    this.#count += 1;
    reading.metric = metric.normalize("NFC");
    reading.unit = unit;
    reading.kind = kind;
    reading.value = Number.NaN;
    reading.text = "";
    reading.bad = false;
    reading.at = Number.NaN;
    reading.series = -1;
    return reading;
  }

  #resolve(target: DecodeTarget): Rejection | undefined {
    if (this.#count === 0) return undefined;
    const device = this.device.normalize("NFC");
    const deviceProblem = nameProblem("device", device);
    if (deviceProblem !== undefined) return deviceProblem;
    for (let index = 0; index < this.#count; index += 1) {
      const problem = nameProblem("metric", this.#readings[index]!.metric);
      if (problem !== undefined) return problem;
    }
    for (let index = 0; index < this.#count; index += 1) {
      const reading = this.#readings[index]!;
      reading.series = target.series(device, reading.metric, reading.unit);
      if (reading.series < 0) return rejected("series-limit", "The gateway holds as many series as it may.");
    }
    return undefined;
  }
}

/** The time that a leaf stands for, or `NaN`. */
export function stampOfLeaf(leaf: Leaf, bytes: Uint8Array): EpochMs {
  if (leaf.kind === ValueKind.number) return stampOfToken(bytes, leaf.from, leaf.to, leaf.value);
  if (leaf.kind !== ValueKind.text) return Number.NaN;
  const text = Buffer.from(leaf.text);
  return stampOfText(text, 0, text.length);
}
