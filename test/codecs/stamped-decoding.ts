/** A target for codecs whose samples have devices and stamps of their own: shows each row in full. */
import type { DecodePlan, DecodeTarget, PlanSpec, RejectCause } from "../../src/core/decode.ts";
import { RowFlag, SampleColumns, ValueKind } from "../../src/core/sample.ts";
import { SeriesTable } from "./decoding.ts";

/** One row: `[device, metric, value]`, and what is not usual about it. Texts are in quotes. */
export interface StampedRow {
  readonly device: string;
  readonly metric: string;
  readonly value: number | boolean | string | null;
  readonly unit?: string;
  /** Its own stamp. */
  readonly at?: number;
  readonly bad?: true;
}

export interface StampedShown {
  readonly cause?: RejectCause;
  readonly detail?: string;
  readonly rows: readonly StampedRow[];
  readonly stampAt: number;
  readonly unreadable: boolean;
}

/** When every payload is received: 2025-11-01T12:26:40Z. */
export const receivedAt = 1_762_000_000_000;

/** Decodes payloads with one plan, and shows what came of each. */
export class StampedDecoding<Plan extends DecodePlan = DecodePlan> {
  readonly plan: Plan;
  readonly series: SeriesTable;
  readonly #rows = new SampleColumns(64);

  constructor(make: (spec: PlanSpec) => Plan, spec: Partial<PlanSpec> = {}, seriesMax?: number) {
    this.plan = make({ topic: "plant/press", codec: "auto", ...spec });
    this.series = new SeriesTable(seriesMax);
  }

  decode(payload: string | Uint8Array): StampedShown {
    const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
    // The payload lies in the middle of other bytes, as in a broker's buffer, and some rows are there.
    const around = Buffer.concat([Buffer.from('"1'), bytes, Buffer.from('2"}')]);
    const rows = this.#rows;
    rows.clear();
    rows.push(77, ValueKind.number, 1);
    rows.pushText(78, "kept");
    const target: DecodeTarget = {
      rows,
      series: (device, metric, unit) => this.series.resolve(device, metric, unit),
      receivedAt,
      stampAt: 12_345,
      stampUnreadable: true,
      ownStamps: false,
      note: () => undefined,
    };
    const rejection = this.plan.decode(around, 2, 2 + bytes.length, target);
    if (rejection !== undefined) {
      if (rows.count !== 2 || rows.texts.length !== 1) throw new Error("a rejection left rows behind");
      if (!rejection.detail.endsWith(".")) throw new Error("a detail that is not a sentence");
      return { ...rejection, rows: [], stampAt: Number.NaN, unreadable: false };
    }
    const shown: StampedRow[] = [];
    for (let row = 2; row < rows.count; row += 1) shown.push(this.#show(rows, row));
    if (target.ownStamps !== shown.some(({ at }) => at !== undefined)) {
      throw new Error("stamps of rows that are not announced, or announced ones that are missing");
    }
    return { rows: shown, stampAt: target.stampAt, unreadable: target.stampUnreadable };
  }

  #show(rows: SampleColumns, row: number): StampedRow {
    const { device, metric, unit } = this.series.names[rows.series[row]!]!;
    const flags = rows.flags[row]!;
    const at = rows.at[row]!;
    if (flags !== 0 && flags !== RowFlag.bad) throw new Error("a flag that is not the codec's");
    return {
      device,
      metric,
      value: valueOf(rows, row),
      ...(unit === undefined ? {} : { unit }),
      ...(Number.isNaN(at) ? {} : { at }),
      ...(flags === 0 ? {} : { bad: true }),
    };
  }
}

function valueOf(rows: SampleColumns, row: number): StampedRow["value"] {
  const value = rows.value[row]!;
  const kind = rows.kind[row];
  if (kind === ValueKind.boolean) return value === 1;
  if (kind === ValueKind.text) return JSON.stringify(rows.texts[value]);
  if (kind === ValueKind.none) return null;
  if (!Number.isFinite(value)) throw new Error("a number that is not finite");
  return value;
}
