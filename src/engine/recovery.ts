/** From a store to the state it holds: the newest checkpoint, and every record after it folded again. */
import type { LogStore } from "../core/log-store.ts";
import { FoldState } from "../core/fold/state.ts";
import type { ToolLoader } from "../core/fold/tools.ts";
import type { Logger } from "../core/ports.ts";
import type { LogRecord } from "../core/record.ts";

/** What was found on the way. */
export interface RecoveryReport {
  readonly checkpointSeq: number;
  readonly replayedRecords: number;
  readonly replayedRows: number;
  /** Stretches of records that are missing: their events are lost, and are told of, not passed over. */
  readonly gaps: readonly { readonly from: number; readonly to: number; readonly cause: string }[];
  /** Records before the first gap whose effects came out otherwise than they were stored: the program has changed. */
  readonly differences: number;
}

/**
 * Makes the state that the log describes.
 *
 * What was stored is what has been told to the world, so where replay derives something else the stored
 * streams stand, and their numbering is taken up where they end.
 */
export async function recover(
  store: LogStore,
  logger: Logger,
  loader: ToolLoader,
): Promise<{ readonly state: FoldState; readonly report: RecoveryReport }> {
  const checkpoint = await store.checkpoint();
  const { tools } = loader;
  if (checkpoint !== undefined) await loader.prepare(FoldState.rulesIn(checkpoint.state));
  const restored = checkpoint === undefined ? undefined : FoldState.restore(checkpoint.state, tools);
  const state = restored ?? new FoldState(tools);
  const checkpointSeq = state.seq;
  const gaps: { from: number; to: number; cause: string }[] = [];
  let replayedRecords = 0;
  let replayedRows = 0;
  let differences = 0;
  for await (const entry of store.records(checkpointSeq + 1)) {
    if (entry.kind === "gap") {
      gaps.push({ from: entry.from, to: entry.to, cause: entry.cause });
      for await (const definition of store.series()) state.knowSeries(definition);
      state.skipTo(entry.to);
      continue;
    }
    if (entry.record.settings !== undefined) await loader.prepare(entry.record.settings.rules);
    const same = refold(state, store, entry.record, entry.effectsDigest);
    // Behind a gap the numbers of the streams are others, which says nothing about the program.
    if (!same && gaps.length === 0) differences += 1;
    replayedRecords += 1;
    replayedRows += entry.record.rows.count;
  }
  if (differences > 0 || gaps.length > 0) {
    state.continueStreams({
      alerts: store.head("alerts"),
      status: store.head("status"),
      summaries: store.head("summaries"),
      ledger: store.head("ledger"),
    });
    logger.warn(
      { event: "recovery-differs", differences, gaps },
      "Replay of the log does not give what was stored; the stored streams stand.",
    );
  }
  return { state, report: { checkpointSeq, replayedRecords, replayedRows, gaps, differences } };
}

/** @returns Whether the record gave the effects that were stored with it. */
function refold(state: FoldState, store: LogStore, record: LogRecord, effectsDigest: number): boolean {
  state.admit(record, "stored");
  return store.effectsDigest(state.step(record)) === effectsDigest;
}
