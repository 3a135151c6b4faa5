/**
 * What becomes of a row before it is folded: is it new, is it worth keeping, and what is its time?
 *
 * All of them are about what the device itself says. Rows that were read back from the log have been answered
 * already, and the answers stand; they are asked again only so that what is remembered of series and
 * devices becomes the same. So rows that are not stored must not change what is remembered.
 */
import type { PastReceipt } from "../batch.ts";
import type { ReportPolicy } from "../device.ts";
import type { LogRecord } from "../record.ts";
import { type EpochMs, RowFlag, type SampleColumns, ValueKind } from "../sample.ts";
import { pastTime, trustedTime } from "../time/device-clock.ts";
import { defaultClockPolicy } from "../time/clock-policy.ts";
import type { SeriesRegistry } from "./series-registry.ts";
import type { SeriesState } from "./series-state.ts";

/** Whether rows are admitted for the first time, or were stored and are folded again. */
export type RowOrigin = "new" | "stored";

/** What was done to the rows of a record. */
export interface Admission {
  /** Rows that were sent before. */
  duplicates: number;
  /** Rows that say what the last one kept has said. */
  suppressed: number;
  /** Rows whose stamp was not taken as it came. */
  corrected: number;
}

/** How rows are admitted. */
export interface AdmissionTerms {
  /** How long the gateway has been running. */
  readonly runningMs: number;
  readonly origin: RowOrigin;
  /** Of rows that were received long before the record: those that are marked as old, and only of new ones. */
  readonly pastReceipts: readonly PastReceipt[];
}

const admission: Admission = { duplicates: 0, suppressed: 0, corrected: 0 };

/**
 * Marks the rows of a record that were sent before or say nothing new, and gives the others their event time.
 *
 * @param series - Holds every series of the rows.
 * @returns One object that the next call fills anew.
 */
export function admitRows(
  record: Pick<LogRecord, "rows" | "at" | "synced">,
  { all: series, reportsByException }: Pick<SeriesRegistry, "all" | "reportsByException">,
  terms: AdmissionTerms,
): Readonly<Admission> {
  const { rows } = record;
  const { origin, runningMs } = terms;
  admission.duplicates = 0;
  admission.suppressed = 0;
  admission.corrected = 0;
  for (let row = 0; row < rows.count; row += 1) {
    const flags = rows.flags[row]!;
    const isStamped = (flags & RowFlag.stamped) !== 0;
    if (!isStamped && !reportsByException) continue;
    const of = series[rows.series[row]!]!;
    if (of.retired) continue;
    const sentAt = (flags & RowFlag.restamped) === 0 ? rows.at[row]! : rows.stampAt[row]!;
    // What is marked as old is kept whole: it belongs before what was kept last.
    const report = reportsByException && (flags & RowFlag.historical) === 0 ? of.report : undefined;
    if (report !== undefined && origin === "new" && isSuppressed(of, rows, row, { sentAt, report })) {
      rows.flags[row] = flags | RowFlag.suppressed;
      admission.suppressed += 1;
      continue;
    }
    if (isStamped && of.stamps.seen(sentAt, identityOf(rows, row), runningMs)) {
      rows.flags[row] = flags | RowFlag.duplicate;
      admission.duplicates += 1;
      continue;
    }
    if (report !== undefined) {
      const kind = (flags & RowFlag.bad) === 0 ? rows.kind[row]! : ValueKind.none;
      of.deadBand.keep(kind, identityOf(rows, row), sentAt, report);
    }
    if (isStamped) giveTime(record, row, of, terms);
  }
  return admission;
}

/** Whether a row says nothing new; one that was sent before is not asked. */
function isSuppressed(
  of: SeriesState,
  rows: SampleColumns,
  row: number,
  { sentAt, report }: { readonly sentAt: EpochMs; readonly report: ReportPolicy },
): boolean {
  const flags = rows.flags[row]!;
  if ((flags & RowFlag.bad) !== 0) return false;
  const identity = identityOf(rows, row);
  if (!of.deadBand.repeats(rows.kind[row]!, identity, sentAt, report)) return false;
  return (flags & RowFlag.stamped) === 0 || !of.stamps.has(sentAt, identity);
}

/** Gives a row with a stamp its event time. */
function giveTime(
  { rows, at, synced }: Pick<LogRecord, "rows" | "at" | "synced">,
  row: number,
  of: SeriesState,
  { origin, pastReceipts }: AdmissionTerms,
): void {
  const policy = of.device.description.clock ?? defaultClockPolicy;
  const isPast = (rows.flags[row]! & RowFlag.historical) !== 0;
  if (isPast && origin === "stored") return;
  const stampAt = (rows.flags[row]! & RowFlag.restamped) === 0 ? rows.at[row]! : rows.stampAt[row]!;
  let eventAt: EpochMs;
  if (isPast) {
    const receipt = pastReceipts.find(({ firstRow, endRow }) => row >= firstRow && row < endRow);
    eventAt = pastTime(stampAt, receipt?.receivedAt ?? at, policy, of.device.knownClock, synced);
  } else if (policy.mode === "trust") eventAt = trustedTime(stampAt, at, policy.aheadMs, synced);
  else eventAt = of.device.clock.eventTime(stampAt, at, policy, synced);
  if (eventAt === stampAt || origin === "stored") return;
  rows.restamp(row, eventAt);
  // Somebody who wants times of receipt has nothing corrected.
  if (policy.mode === "receipt") return;
  rows.flags[row] = rows.flags[row]! | RowFlag.corrected;
  admission.corrected += 1;
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
