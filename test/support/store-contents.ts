/** What a gateway has on disk, read after it has ended: the witness of every fault test. */
import { resolve } from "node:path";

import type { Logger } from "../../src/core/ports.ts";
import { type Ledger, ledgerOf } from "../../src/core/read-model.ts";
import { ValueKind } from "../../src/core/sample.ts";
import { type StreamName, streamNames } from "../../src/core/streams.ts";
import { recover } from "../../src/engine/recovery.ts";
import { openStore, type OpenReport } from "../../src/store/store.ts";
import { verifyStore } from "../../src/store/verify.ts";

/** One stored sample. A text is given as itself, a boolean as 0 or 1, and what is no value as `NaN`. */
export interface StoredSample {
  readonly at: number;
  readonly value: number | string;
}

/** Everything a store holds. */
export interface StoreContents {
  /** Samples by `device metric`, in the order of the log. */
  readonly samples: ReadonlyMap<string, readonly StoredSample[]>;
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

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/**
 * Reads a whole store: verifies every byte of it, then opens and replays it as a gateway does.
 *
 * @param directory - A data directory on which no gateway runs.
 * @throws AppError what opening a store throws.
 */
export async function readStoreContents(directory: string): Promise<StoreContents> {
  const startedMs = performance.now();
  const store = await openStore({ directory: resolve(directory), durability: "sync", logger: silent });
  const openedAfterMs = performance.now() - startedMs;
  try {
    const samples = new Map<string, StoredSample[]>();
    const names: string[] = [];
    for await (const { id, device, metric } of store.series()) names[id] = `${device} ${metric}`;
    const gaps: { from: number; to: number; cause: string }[] = [];
    for await (const entry of store.records(1)) {
      if (entry.kind === "gap") {
        gaps.push({ from: entry.from, to: entry.to, cause: entry.cause });
        continue;
      }
      const { count, series, kind, at, value, texts } = entry.record.rows;
      for (let row = 0; row < count; row += 1) {
        const name = names[series[row]!] ?? `undefined series ${series[row]}`;
        let known = samples.get(name);
        if (known === undefined) samples.set(name, (known = []));
        const text = kind[row] === ValueKind.text ? texts[value[row]!] : undefined;
        known.push({ at: at[row]!, value: text ?? value[row]! });
      }
    }
    const { state, report } = await recover(store, silent);
    const heads = Object.fromEntries(streamNames.map((name) => [name, store.head(name)]));
    const ledger = ledgerOf(
      state.totals(),
      streamNames.map((name) => ({ name, head: store.head(name), first: store.first(name), upstreams: [] })),
    );
    const contents = { samples, openedAfterMs, openReport: store.openReport, gaps, ledger };
    const { differences } = report;
    await store.close();
    const { findings } = await verifyStore(resolve(directory));
    return { ...contents, heads: heads as Record<StreamName, number>, findings, differences };
  } finally {
    await store.close();
  }
}
