/** Decodes a payload outside of a gateway, to see what would become of it. */
import type { DecodePlan, DecodeTarget, Rejection } from "../core/decode.ts";
import { type EpochMs, RowFlag, SampleColumns, ValueKind } from "../core/sample.ts";

/** One sample that came of a payload. */
export interface TrialSample {
  readonly device: string;
  readonly metric: string;
  readonly value: number | boolean | string | null;
  readonly unit?: string;
  /** The device's own stamp; nothing where the time of receipt counts. */
  readonly at?: EpochMs;
  /** Out of its range, or no number where one belongs. */
  readonly bad: boolean;
}

/** What becomes of a payload. */
export type Trial =
  | {
      readonly rejection: undefined;
      readonly samples: readonly TrialSample[];
      /** There was a stamp, and it is not a time. */
      readonly stampUnreadable: boolean;
    }
  | { readonly rejection: Rejection };

/**
 * Decodes one payload by a plan that has no series yet.
 *
 * @param receivedAt - What times relative to now are counted from.
 */
export function tryPayload(plan: DecodePlan, bytes: Uint8Array, receivedAt: EpochMs): Trial {
  const series: SeriesNames[] = [];
  const rows = new SampleColumns(64);
  const target: DecodeTarget = {
    rows,
    receivedAt,
    stampAt: Number.NaN,
    stampUnreadable: false,
    ownStamps: false,
    note: () => undefined,
    series(device, metric, unit) {
      const known = series.findIndex((one) => one.device === device && one.metric === metric);
      return known < 0 ? series.push({ device, metric, ...(unit === undefined ? {} : { unit }) }) - 1 : known;
    },
  };
  const rejection = plan.decode(bytes, 0, bytes.length, target);
  if (rejection !== undefined) return { rejection };
  rows.stamp(0, target.stampAt, 0);
  const samples = Array.from({ length: rows.count }, (_, row): TrialSample => {
    const at = rows.at[row]!;
    return {
      ...series[rows.series[row]!]!,
      value: valueOf(rows, row),
      ...(Number.isNaN(at) ? {} : { at }),
      bad: (rows.flags[row]! & RowFlag.bad) !== 0,
    };
  });
  return { rejection: undefined, samples, stampUnreadable: target.stampUnreadable };
}

interface SeriesNames {
  readonly device: string;
  readonly metric: string;
  readonly unit?: string;
}

function valueOf(rows: SampleColumns, row: number): TrialSample["value"] {
  const value = rows.value[row]!;
  const kind = rows.kind[row];
  if (kind === ValueKind.text) return rows.texts[value]!;
  if (kind === ValueKind.boolean) return value === 1;
  return kind === ValueKind.none ? null : value;
}
