/** What the tests of device families share: one payload on one topic, and everything that comes of it. */
import type { DecodePlan, DecodeTarget, PlanSpec, RejectCause } from "../../src/core/decode.ts";
import { RowFlag, SampleColumns, ValueKind } from "../../src/core/sample.ts";

/** One row: device, metric, value (`"bad"` for a none that is flagged so; texts in quotes), and the unit if any. */
export type FamilyRow = readonly [
  device: string,
  metric: string,
  value: number | boolean | string | null,
  unit?: string,
];

/** What became of the payload. */
export interface FamilyOutcome {
  readonly cause?: RejectCause;
  readonly detail?: string;
  readonly rows: readonly FamilyRow[];
  readonly stampAt: number;
  readonly unreadable: boolean;
  /** Stamps of the rows themselves, where there are any. */
  readonly ownStamps?: readonly number[];
}

interface Series {
  readonly device: string;
  readonly metric: string;
  readonly unit: string | undefined;
}

/** Decodes a payload with a new plan. */
export function decoded(
  make: (spec: PlanSpec) => DecodePlan,
  topic: string,
  payload: string | Uint8Array,
  more: Partial<PlanSpec> = {},
  seriesMax = 20_000,
): FamilyOutcome {
  return new FamilyDecoding(make({ topic, codec: "auto", ...more }), seriesMax).decode(payload);
}

/** Decodes payloads with one plan, whose series numbers stay. */
export class FamilyDecoding {
  readonly #plan: DecodePlan;
  readonly #seriesMax: number;
  readonly #series: Series[] = [];
  readonly #ids = new Map<string, number>();

  constructor(plan: DecodePlan, seriesMax = 20_000) {
    this.#plan = plan;
    this.#seriesMax = seriesMax;
  }

  /** The payload lies in the middle of other bytes, and some rows are there. */
  decode(payload: string | Uint8Array): FamilyOutcome {
    const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
    const around = Buffer.concat([Buffer.from('"1'), bytes, Buffer.from('2"}')]);
    const rows = new SampleColumns(4);
    rows.push(77, ValueKind.number, 1);
    rows.pushText(78, "kept");
    const target: DecodeTarget = {
      rows,
      series: (device, metric, unit) => this.#resolve(device, metric, unit),
      receivedAt: 1_762_000_060_000,
      stampAt: 12_345,
      stampUnreadable: true,
      ownStamps: false,
      note: () => undefined,
    };
    const rejection = this.#plan.decode(around, 2, 2 + bytes.length, target);
    if (rows.series[0] !== 77 || rows.texts[0] !== "kept") throw new Error("a row before was touched");
    if (rejection !== undefined) {
      if (rows.count !== 2 || rows.texts.length !== 1) throw new Error("a rejection left rows behind");
      if (!rejection.detail.endsWith(".")) throw new Error("a detail that is not a sentence");
      return { ...rejection, rows: [], stampAt: Number.NaN, unreadable: false };
    }
    const indexes = Array.from({ length: rows.count - 2 }, (_, index) => index + 2);
    const outcome = {
      rows: indexes.map((row) => shown(rows, row, this.#series[rows.series[row]!]!)),
      stampAt: target.stampAt,
      unreadable: target.stampUnreadable,
    };
    return target.ownStamps ? { ...outcome, ownStamps: indexes.map((row) => rows.at[row]!) } : outcome;
  }

  #resolve(device: string, metric: string, unit: string | undefined): number {
    const key = `${device}\u0000${metric}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    if (this.#series.length === this.#seriesMax) return -1;
    this.#ids.set(key, this.#series.length);
    return this.#series.push({ device, metric, unit }) - 1;
  }
}

function shown(rows: SampleColumns, row: number, { device, metric, unit }: Series): FamilyRow {
  const value = shownValue(rows, row);
  return unit === undefined ? [device, metric, value] : [device, metric, value, unit];
}

function shownValue(rows: SampleColumns, row: number): number | boolean | string | null {
  const value = rows.value[row]!;
  if (rows.flags[row] === RowFlag.bad) return "bad";
  if (rows.flags[row] !== 0) throw new Error("a flag that is not the codec's");
  if (rows.kind[row] === ValueKind.number) return value;
  if (rows.kind[row] === ValueKind.boolean) return value === 1;
  return rows.kind[row] === ValueKind.text ? JSON.stringify(rows.texts[value]) : null;
}
