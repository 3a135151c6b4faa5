/**
 * The log record: everything that the gateway's state follows from.
 *
 * Records are numbered densely from 1. Folding them in order gives the state; nothing else does.
 */
import type { GatewayCommand } from "./command.ts";
import type { RejectCause } from "./decode.ts";
import type { DeviceDescription } from "./device.ts";
import type { DeviceFact } from "./fact.ts";
import type { RuleDefinition } from "./rule/definition.ts";
import type { EpochMs, SampleColumns, SeriesDefinition } from "./sample.ts";
import type { ProfileSchema } from "./schema.ts";
import type { TimeRepair } from "./time/time-repair.ts";
import type { AlertRecord, LedgerRecord, StatusRecord, SummaryRecord } from "./streams.ts";

/** What is in force from a record on. A record carries it when it changed. */
export interface Settings {
  readonly rules: readonly RuleDefinition[];
  /** Rollup resolutions, finest first, as configured: `["1m", "15m", "1h"]`. Each divides the next. */
  readonly rollups: readonly string[];
  /** What is said about devices; of several that match one, a later one wins, key by key. */
  readonly devices: readonly DeviceDescription[];
  /** The device profiles by which payloads are decoded. */
  readonly profiles?: readonly ProfileSchema[];
}

/** Counts of one record; the ledger is their sum. */
export interface RecordCounts {
  receivedMessages: number;
  storedMessages: number;
  /** Messages of which every sample was recognised as sent before. */
  duplicateMessages: number;
  /** QoS 0 messages shed under pressure. */
  overloadMessages: number;
  rejectedMessages: Partial<Record<RejectCause, number>>;
  /** Dead letters that were decoded after all, by the cause under which an earlier record has counted each. */
  recoveredMessages: Partial<Record<RejectCause, number>>;
  decodedSamples: number;
  duplicateSamples: number;
  /** Samples within the dead band of the last one kept. */
  suppressedSamples: number;
  correctedSamples: number;
}

/** A refused payload, kept for a person to look at. */
export interface DeadLetter {
  readonly at: EpochMs;
  readonly topic: string;
  readonly clientId: string;
  readonly cause: RejectCause;
  readonly detail: string;
  /** Length of the whole payload; `bytes` may hold only its beginning. */
  readonly length: number;
  readonly bytes: Uint8Array;
}

/** A dead letter in the ring of those that are kept. */
export interface NumberedDeadLetter extends DeadLetter {
  /** From 1, in the order of arrival; never given twice. */
  readonly number: number;
}

/** One group commit. */
export interface LogRecord {
  /** Dense, from 1. */
  readonly seq: number;
  /** The gateway's wall clock when the record was sealed. */
  readonly at: EpochMs;
  /** The gateway's clock was known to be right. */
  readonly synced: boolean;
  /** Monotonic milliseconds of this boot, and which boot. */
  readonly monotonicMs: number;
  readonly boot: string;
  readonly counts: RecordCounts;
  /** Series that first appear in this record. */
  readonly definitions: readonly SeriesDefinition[];
  readonly rows: SampleColumns;
  /**
   * Digests of QoS 1 and 2 messages without a device stamp, as pairs of 32-bit halves: what a resent
   * message is recognised by. Rows of such messages are not looked up by stamp.
   */
  readonly digests: readonly number[];
  readonly settings?: Settings;
  /** What changed in the gateway's own condition. */
  readonly status?: { readonly state: string; readonly detail: string; readonly version: string };
  /** What people asked for since the last record, in order. */
  readonly commands?: readonly GatewayCommand[];
  /** The gateway's clock was found to be wrong, and has been set right. */
  readonly repair?: TimeRepair;
  /** What messages said about devices beside readings, as far as it was not known. */
  readonly facts?: readonly DeviceFact[];
}

/** What folding a record gives, beside the next state. Written in the same batch as the record. */
export interface Effects {
  readonly alerts: AlertRecord[];
  readonly summaries: SummaryRecord[];
  readonly ledger: LedgerRecord[];
  readonly status: StatusRecord[];
  /** What rules want published on the local broker, in order. Not stored: see `decisions/`. */
  readonly actions: LocalAction[];
}

/** A message that a rule's action publishes on the local broker. */
export interface LocalAction {
  readonly topic: string;
  readonly payload: string;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}
