/**
 * The append-only streams that go upstream, and what their records hold.
 *
 * Records of a stream are numbered densely from 1. Field names are those of the public contract: what is
 * written here is what the far end reads.
 */
import type { EpochMs } from "./sample.ts";
import type { TimeRepair } from "./time/time-repair.ts";

/** The streams, in the order in which the uplink prefers them. */
export const streamNames = ["alerts", "status", "summaries", "ledger"] as const;
export type StreamName = (typeof streamNames)[number];

/** Streams whose records are each about one device or rule, and so about one tenant or none. */
export const tenantStreams: readonly StreamName[] = ["alerts", "summaries"];

/** `flapping` is told in place of the changes of an alert that keeps changing. */
export const alertStates = ["ok", "pending", "firing", "resolved", "no-data", "flapping"] as const;
export type AlertState = (typeof alertStates)[number];

/** In ascending order. */
export const severities = ["info", "warning", "critical"] as const;
export type Severity = (typeof severities)[number];

/** Why a record of an alert was written: its state changed, or something about it that people are to know. */
export type AlertReason =
  | "change"
  | "repeat"
  | "escalate"
  | "acknowledge"
  | "unacknowledge"
  | "shelve"
  | "unshelve"
  | "shelf-ended"
  | "inhibited"
  | "uninhibited"
  | "revision";

/** One transition of one alert. */
export interface AlertRecord {
  readonly seq: number;
  /** Stable for one episode: from pending (or firing) to resolved. 16 hexadecimal digits. */
  readonly id: string;
  readonly rule: string;
  /** The group: values of the rule's `groupBy`. */
  readonly key: Readonly<Record<string, string>>;
  readonly state: AlertState;
  readonly severity: Severity;
  /** Event time at which the episode began. */
  readonly since: EpochMs;
  /** Event time of this transition. */
  readonly at: EpochMs;
  readonly reason: AlertReason;
  /** Aggregates (or the sample's value) that the decision was made on. */
  readonly values: Readonly<Record<string, number | string | boolean | null>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Share of the expected samples that the decision had. */
  readonly coverage: number | null;
  readonly revision: number;
  /** Found by a revision of a decision in the past: it is recorded, and pages nobody. */
  readonly historical: boolean;
  readonly acknowledged: boolean;
  /** Who has acknowledged it. */
  readonly acknowledgedBy: string | null;
  /** By the wall clock; provisional while that is not synchronised. */
  readonly shelvedUntil: EpochMs | null;
  /** The rule whose firing alert mutes this one. */
  readonly inhibitedBy: string | null;
  /** The rule is on trial: it decides, and nothing acts on it. */
  readonly shadow: boolean;
  /** Event time of the raw samples around the episode's first firing that its rule wants kept together. */
  readonly capture: { readonly from: EpochMs; readonly to: EpochMs } | null;
}

/** One series over one interval `[start, end)`. */
export interface SummaryRecord {
  readonly seq: number;
  readonly device: string;
  readonly metric: string;
  readonly start: EpochMs;
  readonly end: EpochMs;
  /** `"1m"`, as configured. */
  readonly resolution: string;
  readonly revision: number;
  readonly count: number;
  /** Samples that were to be expected, where the interval of the device is known. */
  readonly expected: number | null;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly first: number;
  readonly last: number;
  /** Sum of squared distances from the mean; with count and sum it merges exactly. */
  readonly m2: number;
  readonly unit?: string;
  /** Samples of this series that came too late for an earlier interval, since the previous summary. */
  readonly late: number;
  /** Samples in this interval whose stamp was replaced. */
  readonly corrected: number;
  readonly clock: "synced" | "unsynced";
}

/** Totals since the store was created, messages and samples. */
export interface LedgerTotals {
  readonly messages: {
    readonly received: number;
    readonly stored: number;
    readonly rejected: Readonly<Record<string, number>>;
    readonly dropped: Readonly<Record<string, number>>;
    /** Messages that were counted as rejected, by cause, and are not any more; nothing while there are none. */
    readonly recovered?: Readonly<Record<string, number>>;
  };
  readonly samples: {
    readonly decoded: number;
    readonly stored: number;
    readonly duplicate: number;
    /** Within the dead band of the last one kept; nothing while there are none. */
    readonly suppressed?: number;
    /** Stored, but too late for the windows of at least one rule. */
    readonly late: number;
    readonly corrected: number;
  };
}

/** The books, sent upstream as a stream of their own. */
export interface LedgerRecord extends LedgerTotals {
  readonly seq: number;
  readonly at: EpochMs;
  /** Last log record that is counted in. */
  readonly logSeq: number;
}

/** A change of the gateway's own condition. */
export interface StatusRecord {
  readonly seq: number;
  readonly at: EpochMs;
  readonly state: string;
  readonly detail: string;
  readonly version: string;
  /** Of `time-repaired`: times of receipt that were written in this boot before are to be moved. */
  readonly repair?: TimeRepair;
}

export type StreamRecord = AlertRecord | SummaryRecord | LedgerRecord | StatusRecord;

/** A run of consecutive records of one stream, as stored and as read. */
export interface StreamSlice {
  readonly stream: StreamName;
  /** Sequence of the first and the last record. */
  readonly from: number;
  readonly to: number;
  readonly records: readonly StreamRecord[];
  /**
   * Records before `from` that were asked for and are no longer held, both ends included. With nothing left
   * after them `records` is empty and `from` is one past the head.
   */
  readonly gap?: { readonly from: number; readonly to: number; readonly cause: string };
}

/**
 * Streams as the upstream reads them, and the cursors that it moves. `store/` fulfils it.
 */
export interface StreamSource {
  /** Sequence of the newest record of the stream that is durable; 0 when it is empty. */
  head(stream: StreamName): number;
  /** Sequence of the oldest record still held; `head + 1` when none is. */
  first(stream: StreamName): number;
  /**
   * Reads records from `from` on, up to about `bytesMax` encoded bytes and at least one.
   *
   * @returns Nothing when `from` is past the head.
   */
  read(stream: StreamName, from: number, bytesMax: number): Promise<StreamSlice | undefined>;
  /** The last sequence that the upstream has acknowledged; 0 at first. */
  cursor(upstream: string, stream: StreamName): number;
  /**
   * Moves a cursor forward. It is durable with the next commit, within a fifth of a second at most: a
   * crash before that only makes the upstream send records again, which it does under the same numbers.
   */
  moveCursor(upstream: string, stream: StreamName, to: number): void;
  /** Calls back, after commits, when any stream has grown. Returns the way to stop that. */
  onGrowth(listener: () => void): () => void;
}
