/**
 * What the read side may see of the gateway, and how the books are laid out and balanced.
 *
 * The api shows these shapes as they are. `gateway.ts` fulfils {@link ReadModel} from the store, the
 * engine, the broker and the upstreams; nothing here can change the gateway.
 */
import type { MemoryPressure } from "./memory-pressure.ts";
import type { DeviceView } from "./device-view.ts";
import type { SchemaPeriod } from "./fold/schema-history.ts";
import type { NumberedDeadLetter } from "./record.ts";
import type { RuleDefinition } from "./rule/definition.ts";
import type { EpochMs } from "./sample.ts";
import type { AlertRecord, LedgerTotals, StreamName } from "./streams.ts";

/** Whether one part of the gateway does its work, and why not. */
export interface PartCondition {
  readonly ready: boolean;
  /** One sentence for a person; empty when there is nothing to say. */
  readonly detail: string;
}

/** The parts without which the gateway is not ready. */
export interface Readiness {
  readonly broker: PartCondition;
  readonly store: PartCondition;
  readonly rules: PartCondition;
}

/** Where clients reach the gateway. */
export interface ListenerAddress {
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
}

/** The gateway's own condition. */
export interface GatewayStatus {
  readonly gateway: string;
  readonly version: string;
  /** `running`, or `degraded` while a part is not ready or publishers are not read for want of memory. */
  readonly state: string;
  /** How short memory is: see `core/memory-pressure.ts`. */
  readonly memory: MemoryPressure;
  readonly startedAt: EpochMs;
  readonly uptimeMs: number;
  /** Whether the gateway's clock is known to be right. */
  readonly clock: "synced" | "unsynced";
  readonly listeners: readonly ListenerAddress[];
  readonly connections: number;
  readonly series: number;
  readonly rules: number;
  /** Alerts now firing. */
  readonly firing: number;
  /** Sequence of the newest durable log record; 0 when the log is empty. */
  readonly logSeq: number;
  /** Records not yet acknowledged, summed over streams, by upstream. */
  readonly backlog: Readonly<Record<string, number>>;
}

/** One stream as one upstream has it. `stream length = acked + pending + evicted`. */
export interface UpstreamPosition {
  readonly acked: number;
  readonly pending: number;
  /** Records that were no longer held when their turn came; the far end was told of the gap. */
  readonly evicted: number;
}

/** One stream in the books. */
export interface StreamBooks {
  /** Records ever appended. */
  readonly length: number;
  /** Records no longer held that at least one upstream has not acknowledged. */
  readonly evicted: number;
  readonly upstreams: Readonly<Record<string, UpstreamPosition>>;
}

/** The books: every message and every stream record in exactly one place. */
export interface Ledger {
  readonly received: number;
  readonly stored: number;
  /** Those that were recovered since are not among them. */
  readonly rejected: Readonly<Record<string, number>>;
  readonly dropped: Readonly<Record<string, number>>;
  /** Messages that had been rejected, by cause, and were decoded later. */
  readonly recovered: Readonly<Record<string, number>>;
  readonly samples: Required<LedgerTotals["samples"]>;
  readonly streams: Readonly<Record<string, StreamBooks>>;
  readonly balanced: boolean;
}

/** The link to one upstream. */
export interface UpstreamStatus {
  readonly name: string;
  /** Without user name, password or query. */
  readonly url: string;
  readonly connected: boolean;
  /** A word users know: `connected`, `connecting`, `waiting`, `stopped`. */
  readonly state: string;
  /** The last failure, one sentence; empty when there was none since the link was last up. */
  readonly detail: string;
  readonly streams: Readonly<Record<string, UpstreamPosition>>;
}

/** What a bridge subscribes to. */
export interface BridgeFilter {
  /** As the far broker is asked for it. */
  readonly filter: string;
  /** The highest at which messages are wanted. */
  readonly qos: 0 | 1 | 2;
}

/** What became of a subscription. */
export interface BridgeFilterStatus extends BridgeFilter {
  /** The QoS that the far broker granted; `null` before it has answered, and when it refuses. */
  readonly granted: number | null;
  readonly refused: boolean;
  /** Why it is refused; empty when it is not. */
  readonly detail: string;
}

/** The link to one broker from which messages are taken. */
export interface BridgeStatus {
  readonly name: string;
  /** Without user name and password. */
  readonly url: string;
  readonly connected: boolean;
  /** `connected`, `connecting`, `waiting` (for the next attempt) or `stopped`. */
  readonly state: string;
  /** What is wrong, one sentence; empty when nothing is. */
  readonly detail: string;
  /** What it is called among the clients of its messages, in dead letters for instance. */
  readonly clientId: string;
  /** Of the connection there is; `null` while there is none. */
  readonly protocol: "3.1.1" | "5" | null;
  /** Messages since the start of the gateway, those sent again included. */
  readonly received: number;
  /** Messages that wait for a commit. */
  readonly inFlight: number;
  readonly subscriptions: readonly BridgeFilterStatus[];
}

/** Samples of one answer at most: 10,000 × about 100 bytes of JSON = 1 MB. */
export const samplesMax = 10_000;

/**
 * Log records that are read for one answer: as many as a gateway writes in half a day at five commits a second.
 * 200,000 × about 15 µs = 3 s, in slices between which everything else goes on.
 */
export const sampleRecordsMax = 200_000;

/** Which raw samples are asked for. */
export interface SampleQuery {
  readonly device: string;
  /** Without it, every metric of the device. */
  readonly metric?: string;
  /** Event times `[from, to)`; without `to` until now, without `from` the hour before that. */
  readonly from?: EpochMs;
  readonly to?: EpochMs;
  /** 1 to {@link samplesMax}; the earliest are given. */
  readonly limit: number;
}

/** One sample as it is in the log. */
export interface Sample {
  readonly device: string;
  readonly metric: string;
  /** Event time; a time of receipt as it was repaired since. */
  readonly at: EpochMs;
  /** `null` where the device sent nothing that is a value. */
  readonly value: number | boolean | string | null;
  readonly unit?: string;
  /** `corrected`: the device's stamp was not taken as it came. `bad`: no finite number where one belongs. */
  readonly quality?: "corrected" | "bad";
  /** The device profile that decoded it, with its version then: `ruuvi/ruuvitag@2`. */
  readonly profile?: string;
  /** The device's own stamp, where `at` is another one. */
  readonly stampAt?: EpochMs;
  /** The sender or a replay marks it as old: rules have not seen it. */
  readonly historical?: true;
}

/** How the payloads of one topic are decoded. */
export interface TopicView {
  readonly topic: string;
  /** `auto` until detection has settled. */
  readonly codec: string;
  /** Id of the device profile. */
  readonly profile?: string;
}

/** Samples in the order of event time, or which name is not known. */
export type SampleAnswer =
  | {
      readonly samples: readonly Sample[];
      /** There are more, or there may be: not everything was read. */
      readonly truncated: boolean;
    }
  | { readonly unknown: "device" | "metric" };

/**
 * The gateway as the read side sees it.
 *
 * Each method answers from one moment, and never waits for a commit. Lists are snapshots: they do not
 * change after they were handed out.
 */
export interface ReadModel {
  readiness(): Readiness;
  status(): GatewayStatus;
  ledger(): Ledger;
  /** The newest transition of each alert that is known, by rule and key. */
  alerts(): readonly AlertRecord[];
  rules(): readonly RuleDefinition[];
  /**
   * Every device that has sent something and was not removed, in the order in which it first came.
   *
   * @param only - Just the device of this name.
   */
  devices(only?: string): readonly DeviceView[];
  /** Topics in use, and how each is decoded. */
  topics(): readonly TopicView[];
  /** Device profiles that are, or were, in force. */
  schemas(): readonly SchemaPeriod[];
  /** The newest `limit` refused payloads, newest first. */
  deadLetters(limit: number): Promise<readonly NumberedDeadLetter[]>;
  /** Raw samples out of the log. What arrived more than an hour after its event time may be missing. */
  samples(query: SampleQuery): Promise<SampleAnswer>;
  upstreams(): readonly UpstreamStatus[];
  bridges(): readonly BridgeStatus[];
}

/** What is known of one stream, from its source and cursors. */
export interface StreamFacts {
  readonly name: StreamName;
  /** Sequence of the newest record; 0 when none was ever appended. */
  readonly head: number;
  /** Sequence of the oldest record still held; `head + 1` when none is. */
  readonly first: number;
  readonly upstreams: readonly {
    readonly name: string;
    /** The last sequence acknowledged, gaps included. */
    readonly cursor: number;
    /** Records up to the cursor that were never sent because they were evicted. */
    readonly skipped: number;
  }[];
}

/** Where an upstream stands in a stream. */
export function positionOf(
  stream: Pick<StreamFacts, "head" | "first">,
  upstream: { readonly cursor: number; readonly skipped: number },
): UpstreamPosition {
  const lostAhead = Math.max(0, stream.first - 1 - upstream.cursor);
  return {
    acked: upstream.cursor - upstream.skipped,
    pending: stream.head - upstream.cursor - lostAhead,
    evicted: upstream.skipped + lostAhead,
  };
}

/**
 * Lays out the books and says whether they balance.
 *
 * They do when no count is negative, `received = stored + sum(rejected) + sum(dropped)`, for samples
 * `decoded = stored + duplicate + suppressed`, and for each stream and upstream `length = acked + pending + evicted`.
 */
export function ledgerOf(totals: LedgerTotals, streams: readonly StreamFacts[]): Ledger {
  const books: Record<string, StreamBooks> = {};
  for (const stream of streams) {
    const upstreams: Record<string, UpstreamPosition> = {};
    let evicted = 0;
    for (const upstream of stream.upstreams) {
      const position = positionOf(stream, upstream);
      upstreams[upstream.name] = position;
      evicted = Math.max(evicted, position.evicted);
    }
    books[stream.name] = { length: stream.head, evicted, upstreams };
  }
  const { received, stored, rejected, dropped, recovered = {} } = totals.messages;
  const samples = { ...totals.samples, suppressed: totals.samples.suppressed ?? 0 };
  const entries = { received, stored, rejected, dropped, recovered, samples, streams: books };
  return { ...entries, balanced: isBalanced(entries) };
}

/** Checks the laws of the books on the numbers as they are shown. */
export function isBalanced(ledger: Omit<Ledger, "balanced">): boolean {
  const counts = [
    ledger.received,
    ledger.stored,
    ...Object.values(ledger.rejected),
    ...Object.values(ledger.dropped),
  ];
  if (counts.some((count) => count < 0)) return false;
  if (ledger.received !== ledger.stored + sumOf(ledger.rejected) + sumOf(ledger.dropped)) return false;
  const { decoded, stored, duplicate, suppressed } = ledger.samples;
  if (stored < 0 || decoded !== stored + duplicate + suppressed) return false;
  return Object.values(ledger.streams).every((stream) =>
    Object.values(stream.upstreams).every(
      ({ acked, pending, evicted }) =>
        acked >= 0 && pending >= 0 && evicted >= 0 && acked + pending + evicted === stream.length,
    ),
  );
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
