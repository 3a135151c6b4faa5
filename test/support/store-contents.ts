/** What a gateway has on disk, read after it has ended: the witness of every fault test. */
import { resolve } from "node:path";

import { type Ledger, ledgerOf } from "../../src/core/read-model.ts";
import { ValueKind } from "../../src/core/sample.ts";
import { type StreamName, streamNames } from "../../src/core/streams.ts";
import { ruleTools } from "../../src/rule-tools.ts";
import { recover } from "../../src/engine/recovery.ts";
import { openStore, type OpenReport, type Store } from "../../src/store/store.ts";
import { verifyStore } from "../../src/store/verify.ts";
import { quietLogger } from "./quiet-logger.ts";

/** The samples of one series: element i of each list belongs to the same sample. */
export interface StoredSeries {
  readonly at: readonly number[];
  /** A text is given as itself, a boolean as 0 or 1, and what is no value as `NaN`. */
  readonly value: readonly (number | string)[];
}

/** Everything a store holds. */
export interface StoreContents {
  /** By `device metric`, each in the order of the log. */
  readonly series: ReadonlyMap<string, StoredSeries>;
  /** How long opening took, verification included; replay of the log is not in it. */
  readonly openedAfterMs: number;
  readonly openReport: OpenReport;
  /** Log sequences that are missing, with the cause. Empty in a sound store. */
  readonly gaps: readonly { readonly from: number; readonly to: number; readonly cause: string }[];
  /** Whatever else a verification of every byte has found, each a sentence. Empty in a sound store. */
  readonly findings: readonly string[];
  readonly heads: Readonly<Record<StreamName, number>>;
  /** The books, as a gateway that starts on this store shows them. */
  readonly ledger: Ledger;
  /** Records of which replay gives other effects than were stored. 0 unless the program has changed. */
  readonly differences: number;
}

/**
 * Reads a whole store: verifies every byte of it, then opens and replays it as a gateway does.
 *
 * @param directory - A data directory on which no gateway runs.
 * @throws AppError what opening a store throws.
 */
export async function readStoreContents(directory: string): Promise<StoreContents> {
  const startedMs = performance.now();
  const store = await openStore({ directory: resolve(directory), durability: "sync", logger: quietLogger });
  const openedAfterMs = performance.now() - startedMs;
  try {
    const { series, gaps } = await readLog(store);
    const { state, report } = await recover(store, quietLogger, ruleTools);
    const heads = {
      alerts: store.head("alerts"),
      status: store.head("status"),
      summaries: store.head("summaries"),
      ledger: store.head("ledger"),
    };
    const ledger = ledgerOf(
      state.totals(),
      streamNames.map((name) => ({ name, head: store.head(name), first: store.first(name), upstreams: [] })),
    );
    const contents = { series, openedAfterMs, openReport: store.openReport, gaps, ledger };
    const { differences } = report;
    await store.close();
    const { findings } = await verifyStore(resolve(directory));
    return { ...contents, heads, findings, differences };
  } finally {
    await store.close();
  }
}

async function readLog(store: Store): Promise<Pick<StoreContents, "series" | "gaps">> {
  const names: string[] = [];
  for await (const { id, device, metric } of store.series()) names[id] = `${device} ${metric}`;
  const found = new Map<string, { at: number[]; value: (number | string)[] }>();
  const gaps: { from: number; to: number; cause: string }[] = [];
  for await (const entry of store.records(1)) {
    if (entry.kind === "gap") {
      gaps.push({ from: entry.from, to: entry.to, cause: entry.cause });
      continue;
    }
    const { count, series, kind, at, value, texts } = entry.record.rows;
    for (let row = 0; row < count; row += 1) {
      const name = names[series[row]!] ?? `undefined series ${series[row]}`;
      const samples = found.get(name) ?? { at: [], value: [] };
      found.set(name, samples);
      samples.at.push(at[row]!);
      samples.value.push(kind[row] === ValueKind.text ? texts[value[row]!]! : value[row]!);
    }
  }
  return { series: found, gaps };
}

/**
 * What speaks against a store being sound: gaps, damage, books that do not balance, and a replay that
 * differs from what was stored.
 *
 * @returns Each in one sentence; empty for a sound store.
 */
export function storeFaults(contents: StoreContents): string[] {
  const { gaps, findings, ledger, differences, series } = contents;
  const faults = [
    ...gaps.map(({ from, to, cause }) => `records ${from} to ${to} are missing: ${cause}`),
    ...findings,
  ];
  if (differences > 0) faults.push(`${differences} records have other effects when they are replayed`);
  if (!ledger.balanced) faults.push(`the books do not balance: ${JSON.stringify(ledger)}`);
  const held = [...series.values()].reduce((sum, { at }) => sum + at.length, 0);
  if (held !== ledger.samples.stored) {
    faults.push(`the books say ${ledger.samples.stored} samples, the log holds ${held}`);
  }
  return faults;
}
