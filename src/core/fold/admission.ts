/**
 * What becomes of a row before it is folded: is it new, and what is its time?
 *
 * Both questions are about the device's own stamp. Rows that were read back from the log have been answered
 * already, and the answers stand; they are asked again only so that what is remembered of series and
 * devices becomes the same.
 */
import type { LogRecord } from "../record.ts";
import { RowFlag, type SampleColumns, ValueKind } from "../sample.ts";
import { trustedTime } from "../time/device-clock.ts";
import { defaultClockPolicy } from "../time/clock-policy.ts";
import type { SeriesState } from "./series-state.ts";

/** Whether rows are admitted for the first time, or were stored and are folded again. */
export type RowOrigin = "new" | "stored";

/** What was done to the rows of a record. */
export interface Admission {
  /** Rows that were sent before. */
  duplicates: number;
  /** Rows whose stamp was not taken as it came. */
  corrected: number;
}

const admission: Admission = { duplicates: 0, corrected: 0 };

/**
 * Marks the rows of a record that were sent before, and gives the others their event time.
 *
 * @param series - By number; holds every series of the rows.
 * @param runningMs - How long the gateway has been running.
 * @returns One object that the next call fills anew.
 */
export function admitRows(
  record: Pick<LogRecord, "rows" | "at" | "synced">,
  series: readonly SeriesState[],
  runningMs: number,
  origin: RowOrigin,
): Readonly<Admission> {
  const { rows, at, synced } = record;
  admission.duplicates = 0;
  admission.corrected = 0;
  for (let row = 0; row < rows.count; row += 1) {
    const flags = rows.flags[row]!;
    if ((flags & RowFlag.stamped) === 0) continue;
    const of = series[rows.series[row]!]!;
    if (of.retired) continue;
    const stampAt = (flags & RowFlag.restamped) === 0 ? rows.at[row]! : rows.stampAt[row]!;
    if (of.stamps.seen(stampAt, identityOf(rows, row), runningMs)) {
      rows.flags[row] = flags | RowFlag.duplicate;
      admission.duplicates += 1;
      continue;
    }
    const policy = of.device.description.clock ?? defaultClockPolicy;
    const eventAt =
      policy.mode === "trust"
        ? trustedTime(stampAt, at, policy.aheadMs, synced)
        : of.device.clock.eventTime(stampAt, at, policy, synced);
    if (eventAt === stampAt || origin === "stored") continue;
    rows.restamp(row, eventAt);
    // Somebody who wants times of receipt has nothing corrected.
    if (policy.mode === "receipt") continue;
    rows.flags[row] = rows.flags[row]! | RowFlag.corrected;
    admission.corrected += 1;
  }
  return admission;
}

/** What tells two values of one stamp apart. Texts by a hash: one in four billion pairs is taken for equal. */
function identityOf(rows: SampleColumns, row: number): number {
  const value = rows.value[row]!;
  const kind = rows.kind[row]!;
  if (kind === ValueKind.none) return 0;
  if (kind !== ValueKind.text) return value;
  let hash = 0x811c9dc5;
  const text = rows.texts[value]!;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
