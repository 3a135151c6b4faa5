/** What the codec tests share: a target that shows its rows as plain values. */
import type { DecodePlan, DecodeTarget, PlanSpec, RejectCause } from "../../src/core/decode.ts";
import { RowFlag, SampleColumns, ValueKind } from "../../src/core/sample.ts";

/** One row: `[metric, value]`, with `"bad"` behind it where it is flagged so. Texts are in quotes. */
export type ShownRow = readonly [
  metric: string,
  value: number | boolean | string | null,
  flag?: "bad" | undefined,
];

/** What became of one payload. */
export interface Shown {
  readonly cause?: RejectCause;
  readonly rows: readonly ShownRow[];
  readonly stampAt: number;
  readonly unreadable: boolean;
}

/** Series as a gateway numbers them, with a count of how often it was asked. */
export class SeriesTable {
  readonly names: { device: string; metric: string; unit: string | undefined }[] = [];
  readonly #ids = new Map<string, number>();
  readonly #seriesMax: number;
  asked = 0;

  constructor(seriesMax = 20_000) {
    this.#seriesMax = seriesMax;
  }

  resolve(device: string, metric: string, unit?: string): number {
    this.asked += 1;
    const key = `${device}\u0000${metric}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    if (this.names.length === this.#seriesMax) return -1;
    this.#ids.set(key, this.names.length);
    this.names.push({ device, metric, unit });
    return this.names.length - 1;
  }
}

/** Decodes payloads with one plan, and shows what came of each. */
export class Decoding {
  readonly plan: DecodePlan;
  readonly series: SeriesTable;

  constructor(make: (spec: PlanSpec) => DecodePlan, spec: Partial<PlanSpec> = {}, seriesMax?: number) {
    this.plan = make({ topic: "plant/press", codec: "auto", ...spec });
    this.series = new SeriesTable(seriesMax);
  }

  decode(payload: string | Uint8Array): Shown {
    const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
    // The payload lies in the middle of other bytes, as in a broker's buffer, and some rows are there.
    const around = Buffer.concat([Buffer.from('"1'), bytes, Buffer.from('2"}')]);
    const rows = new SampleColumns(4);
    rows.push(77, ValueKind.number, 1);
    rows.pushText(78, "kept");
    const target: DecodeTarget = {
      rows,
      series: (device, metric, unit) => this.series.resolve(device, metric, unit),
      receivedAt: Number.NaN,
      stampAt: 12_345,
      stampUnreadable: true,
      ownStamps: false,
      note: () => undefined,
    };
    const rejection = this.plan.decode(around, 2, 2 + bytes.length, target);
    if (rows.series[0] !== 77 || rows.texts[0] !== "kept") throw new Error("a row before was touched");
    if (rejection !== undefined) {
      if (rows.count !== 2 || rows.texts.length !== 1) throw new Error("a rejection left rows behind");
      if (!rejection.detail.endsWith(".")) throw new Error("a detail that is not a sentence");
      return { cause: rejection.cause, rows: [], stampAt: Number.NaN, unreadable: false };
    }
    const shown: ShownRow[] = [];
    for (let row = 2; row < rows.count; row += 1) shown.push(this.#show(rows, row));
    return { rows: shown, stampAt: target.stampAt, unreadable: target.stampUnreadable };
  }

  #show(rows: SampleColumns, row: number): ShownRow {
    const metric = this.series.names[rows.series[row]!]!.metric;
    const kind = rows.kind[row];
    const value = rows.value[row]!;
    const flag: readonly ["bad"?] = rows.flags[row] === RowFlag.bad ? ["bad"] : [];
    if (rows.flags[row] !== 0 && flag.length === 0) throw new Error("a flag that is not the codec's");
    if (kind === ValueKind.number) return [metric, value, ...flag];
    if (kind === ValueKind.boolean) return [metric, value === 1, ...flag];
    if (kind === ValueKind.text) return [metric, JSON.stringify(rows.texts[value]), ...flag];
    if (!Number.isNaN(value)) throw new Error("a none that has a value");
    return [metric, null, ...flag];
  }
}
