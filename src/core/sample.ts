/**
 * Samples, as the columns that every part of the write path works on.
 *
 * One group commit holds hundreds of samples. As columns they cost no object each, are folded in a tight
 * loop and are written as one value.
 */

/** Milliseconds since the Unix epoch. */
export type EpochMs = number;

/** Dense number of a series (one metric of one device), from 0, given in the order of first appearance. */
export type SeriesId = number;

/** What a series is. Written in the first record that holds one of its samples. */
export interface SeriesDefinition {
  readonly id: SeriesId;
  readonly device: string;
  readonly metric: string;
  readonly unit?: string;
  /** The topic on which it first came. */
  readonly topic?: string;
  /** Id of the device profile by which it was decoded first. */
  readonly profile?: string;
}

/** What kind of value a row holds. */
export const ValueKind = { number: 0, boolean: 1, text: 2, none: 3 } as const;
export type ValueKind = (typeof ValueKind)[keyof typeof ValueKind];

/** Flags of a row, or-ed. */
export const RowFlag = {
  /** `at` is the device's own stamp, not the time of receipt. */
  stamped: 1,
  /** The device's stamp was refused (not a time, or too far ahead) and replaced by the time of receipt. */
  corrected: 2,
  /** Old data, as a subscription to another broker gets it when it begins; kept out of windows. Bridges set it. */
  retained: 4,
  /** The device sent something that is not a finite number where a number belongs. */
  bad: 8,
  /** Recognised as sent before. Set by the fold; such rows are not stored. */
  duplicate: 16,
  /** `at` is not the stamp that the device gave: that one stands in `stampAt`. Set by the fold. */
  restamped: 32,
  /**
   * The sender, or a replay, marks it as old: it is stored and summarised where there is still room for it, and
   * kept out of the windows of rules, so that nobody is called for the past.
   */
  historical: 64,
  /** So near the last one that nobody wants it; see `core/fold/dead-band.ts`. Set by the fold; such rows are not stored. */
  suppressed: 128,
} as const;

/** Rows with any of these do not go into the log, and nothing is made of them. */
export const notStored: number = RowFlag.duplicate | RowFlag.suppressed;

/** Growable columns of samples; row i of each column belongs to the same sample. */
export class SampleColumns {
  count = 0;
  series: Uint32Array;
  /** Event time. `NaN` until the message it came in is finished. */
  at: Float64Array;
  /** The device's own stamp, of rows that are flagged `restamped`; of others it means nothing. */
  stampAt: Float64Array;
  /** The number; 0 or 1 for a boolean; an index into `texts` for a text; `NaN` for none. */
  value: Float64Array;
  kind: Uint8Array;
  flags: Uint8Array;
  texts: string[] = [];

  constructor(capacity = 1024) {
    this.series = new Uint32Array(capacity);
    this.at = new Float64Array(capacity);
    this.stampAt = new Float64Array(capacity);
    this.value = new Float64Array(capacity);
    this.kind = new Uint8Array(capacity);
    this.flags = new Uint8Array(capacity);
  }

  /** Appends a row whose event time is set later by {@link stamp}. */
  push(series: SeriesId, kind: ValueKind, value: number): void {
    const row = this.count;
    if (row === this.series.length) this.#grow();
    this.series[row] = series;
    this.at[row] = Number.NaN;
    this.value[row] = value;
    this.kind[row] = kind;
    this.flags[row] = 0;
    this.count = row + 1;
  }

  pushText(series: SeriesId, text: string): void {
    this.push(series, ValueKind.text, this.texts.length);
    this.texts.push(text);
  }

  /** Gives those of the rows `[firstRow, count)` that have no event time yet one, and adds flags to them. */
  stamp(firstRow: number, at: EpochMs, flags: number): void {
    for (let row = firstRow; row < this.count; row += 1) {
      if (!Number.isNaN(this.at[row]!)) continue;
      this.at[row] = at;
      this.flags[row] = this.flags[row]! | flags;
    }
  }

  /** Gives a row another event time than the device's stamp, and keeps the stamp. */
  restamp(row: number, at: EpochMs): void {
    this.stampAt[row] = this.at[row]!;
    this.at[row] = at;
    this.flags[row] = this.flags[row]! | RowFlag.restamped;
  }

  /** Puts a row in the place of another. */
  copy(from: number, to: number): void {
    this.series[to] = this.series[from]!;
    this.at[to] = this.at[from]!;
    this.stampAt[to] = this.stampAt[from]!;
    this.value[to] = this.value[from]!;
    this.kind[to] = this.kind[from]!;
    this.flags[to] = this.flags[from]!;
  }

  /** Takes back every row from `firstRow` on: the message they came in was refused. */
  truncate(firstRow: number): void {
    this.count = firstRow;
  }

  clear(): void {
    this.count = 0;
    this.texts.length = 0;
  }

  #grow(): void {
    const capacity = this.series.length * 2;
    this.series = grown(this.series, new Uint32Array(capacity));
    this.at = grown(this.at, new Float64Array(capacity));
    this.stampAt = grown(this.stampAt, new Float64Array(capacity));
    this.value = grown(this.value, new Float64Array(capacity));
    this.kind = grown(this.kind, new Uint8Array(capacity));
    this.flags = grown(this.flags, new Uint8Array(capacity));
  }
}

function grown<T extends Uint8Array | Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
