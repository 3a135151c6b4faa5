/** What a fold gives beside its state: the records of the streams, numbered as they arise. */
import type { Effects, LocalAction } from "../record.ts";
import {
  type AlertRecord,
  type LedgerRecord,
  type StatusRecord,
  type StreamName,
  type SummaryRecord,
  streamNames,
} from "../streams.ts";

/** Sequence of the newest record of each stream; 0 while it is empty. */
export type StreamHeads = Record<StreamName, number>;

/** Collects the effects of one record at a time, and gives every stream record its number. */
export class FoldOutput {
  readonly heads: StreamHeads = { alerts: 0, status: 0, summaries: 0, ledger: 0 };
  #effects: Effects = noEffects();

  alert(record: Omit<AlertRecord, "seq">): void {
    this.heads.alerts += 1;
    this.#effects.alerts.push({ seq: this.heads.alerts, ...record });
  }

  summary(record: Omit<SummaryRecord, "seq">): void {
    this.heads.summaries += 1;
    this.#effects.summaries.push({ seq: this.heads.summaries, ...record });
  }

  ledger(record: Omit<LedgerRecord, "seq">): void {
    this.heads.ledger += 1;
    this.#effects.ledger.push({ seq: this.heads.ledger, ...record });
  }

  status(record: Omit<StatusRecord, "seq">): void {
    this.heads.status += 1;
    this.#effects.status.push({ seq: this.heads.status, ...record });
  }

  action(action: LocalAction): void {
    this.#effects.actions.push(action);
  }

  /** Hands over what has been collected since the last call. */
  take(): Effects {
    const effects = this.#effects;
    this.#effects = noEffects();
    return effects;
  }

  restore(heads: StreamHeads): void {
    for (const stream of streamNames) this.heads[stream] = heads[stream];
  }
}

function noEffects(): Effects {
  return { alerts: [], summaries: [], ledger: [], status: [], actions: [] };
}
