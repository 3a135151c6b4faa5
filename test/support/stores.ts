/** Real stores in temporary directories, and commits to put into them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Logger } from "../../src/core/ports.ts";
import type { Effects, LogRecord } from "../../src/core/record.ts";
import { RowFlag, SampleColumns, type SeriesDefinition, ValueKind } from "../../src/core/sample.ts";
import type { AlertRecord, LedgerRecord, SummaryRecord } from "../../src/core/streams.ts";
import type { Commit } from "../../src/core/log-store.ts";
import { openStore, type Store, type StoreOptions } from "../../src/store/store.ts";
import { recordOf } from "./records.ts";

/** A log that keeps its lines. */
export function keptLog(): Logger & { readonly lines: { level: string; fields: Record<string, unknown> }[] } {
  const lines: { level: string; fields: Record<string, unknown> }[] = [];
  const at =
    (level: string) =>
    (fields: Record<string, unknown>): void => {
      lines.push({ level, fields });
    };
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** A directory that is gone after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-store-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Opens a store that is closed after the test. */
export async function openTestStore(directory: string, options: Partial<StoreOptions> = {}): Promise<Store> {
  const store = await openStore({ directory, durability: "sync", logger: keptLog(), ...options });
  onTestFinished(() => store.close());
  return store;
}

export const noEffects: Effects = { alerts: [], summaries: [], ledger: [], status: [], actions: [] };

/** A record with this many samples, two to a message; the first record defines their series. */
export function sampleRecord(seq: number, samples = 8): LogRecord {
  const rows = new SampleColumns(samples);
  const definitions: SeriesDefinition[] = [];
  for (let index = 0; index < samples; index += 1) {
    rows.push(index, ValueKind.number, ((seq * 37 + index * 11) % 5000) / 100);
    rows.stamp(index, 1_762_000_000_000 + seq * 1000 + Math.floor(index / 2), RowFlag.stamped);
    if (seq === 1)
      definitions.push({ id: index, device: `d${index >> 1}`, metric: `m${index & 1}`, unit: "°C" });
  }
  return recordOf({ seq, rows, definitions });
}

export function alertOf(seq: number, part: Partial<AlertRecord> = {}): AlertRecord {
  return {
    seq,
    id: "00112233aabbccdd",
    rule: "warm",
    key: { device: "d1" },
    state: "firing",
    severity: "warning",
    since: 1_762_000_000_000,
    at: 1_762_000_000_000 + seq,
    values: { mean: 8.25 + seq },
    labels: {},
    annotations: { summary: `d1 at ${seq}` },
    coverage: null,
    revision: 0,
    historical: false,
    acknowledged: false,
    shelvedUntil: null,
    inhibitedBy: null,
    shadow: false,
    capture: null,
    acknowledgedBy: null,
    reason: "change",
    ...part,
  };
}

export function summaryOf(seq: number): SummaryRecord {
  return {
    seq,
    device: "d1",
    metric: "m1",
    start: 1_762_000_000_000 + seq * 60_000,
    end: 1_762_000_060_000 + seq * 60_000,
    resolution: "1m",
    revision: 0,
    count: 60,
    expected: null,
    sum: 1230.5,
    min: 20.1,
    max: 21.3,
    first: 20.5,
    last: 20.6,
    m2: 12.25,
    late: 0,
    corrected: 0,
    clock: "synced",
  };
}

/** What the ledger says after records of {@link sampleRecord} up to `logSeq`. */
export function ledgerOf(seq: number, logSeq: number, samples = 8): LedgerRecord {
  const total = logSeq * samples;
  return {
    seq,
    at: 1_762_000_000_000 + logSeq,
    logSeq,
    messages: { received: total, stored: total, rejected: {}, dropped: {} },
    samples: { decoded: total, stored: total, duplicate: 0, late: 0, corrected: 0 },
  };
}

/** The commit that continues a store: two summaries each, an alert and a ledger entry now and then. */
export function nextCommit(store: Store, samples = 8): Commit {
  const seq = store.lastSeq + 1;
  const summaries = store.head("summaries");
  return {
    record: sampleRecord(seq, samples),
    effects: {
      ...noEffects,
      summaries: [summaryOf(summaries + 1), summaryOf(summaries + 2)],
      alerts: seq % 3 === 0 ? [alertOf(store.head("alerts") + 1)] : [],
      ledger: seq % 10 === 0 ? [ledgerOf(store.head("ledger") + 1, seq, samples)] : [],
    },
    deadLetters: [],
  };
}

/** Commits this many records. */
export async function fill(store: Store, count: number, samples = 8): Promise<void> {
  for (let index = 0; index < count; index += 1) await store.commit(nextCommit(store, samples));
}

/** What the log holds, as sequences of records and gaps. */
export async function logOf(
  store: Store,
  from = 1,
): Promise<{ readonly present: number[]; readonly gaps: [from: number, to: number][] }> {
  const present: number[] = [];
  const gaps: [number, number][] = [];
  for await (const item of store.records(from)) {
    if (item.kind === "record") present.push(item.record.seq);
    else gaps.push([item.from, item.to]);
  }
  return { present, gaps };
}

/** The numbers from one to another, both included. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}
