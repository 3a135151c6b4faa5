/**
 * What the shells ask of each other, so that none has to import another. `gateway.ts` wires them.
 */
import type { GatewayCommand } from "./command.ts";
import type { ReplayReport, ReplayRequest } from "./dead-letter-replay.ts";
import type { EpochMs } from "./sample.ts";
import type { TimelineOptions } from "./time/gateway-timeline.ts";
import type { RepairSource } from "./time/time-repair.ts";

/** Structured logging: one sentence with a full stop, values as fields, `event` from a closed list. */
export interface Logger {
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

/** The only source of time outside `core/`. */
export interface Clock {
  /** Wall clock. May jump. */
  now(): EpochMs;
  /** Milliseconds that never go back, from an arbitrary start; the only clock for durations. */
  monotonicMs(): number;
  /** Whether the wall clock is known to be right. */
  synced(): boolean;
}

/** The clock of the gateway itself: what it says is written, and what it said wrongly is repaired. */
export interface GatewayClock extends Clock, RepairSource {
  /** Begins the time of a boot, before anything is received in it. */
  begin(options: TimelineOptions): void;
}

/** Decodes kept dead letters again. */
export interface DeadLetterReplayer {
  /**
   * Resolves when everything that was recovered is durable. One request waits for the one before.
   *
   * @throws AppError `STORE_FAILED` when the store could not write it; what is not durable is still kept.
   */
  replayDeadLetters(request: ReplayRequest): Promise<ReplayReport>;
}

/** Takes what people ask of the gateway. */
export interface Commander {
  /**
   * Resolves when the command is part of the log; what comes of it shows in the read model.
   *
   * @throws AppError `STORE_FAILED` when it never will be.
   */
  command(command: GatewayCommand): Promise<void>;
}

/**
 * Whoever waits for a message to be durable: the connection on which it came.
 *
 * Exactly one of the two is called, once, for each publication that was handed over with a receipt, in
 * the order in which the publications were handed over.
 */
export interface Receipt {
  /** The message is on disk: acknowledge it. */
  committed(packetId: number): void;
  /** The message could not be stored: close the connection without acknowledging it. */
  refused(packetId: number): void;
}

/**
 * One PUBLISH as the broker or a bridge hands it on. The object and its bytes belong to them and are valid
 * only during the call, so nobody else keeps them.
 */
export interface Publication {
  readonly clientId: string;
  readonly topic: string;
  /** The payload is `bytes[start, end)`, or its beginning. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Bytes of the payload that are not there, because the whole is larger than what is read. */
  readonly missingBytes: number;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  /** The DUP flag. */
  readonly resent: boolean;
  /**
   * A broker had kept it, and gave it because a subscription began: it may be of any age. What `retain` says
   * of a publisher's message is something else.
   */
  readonly fromMemory: boolean;
  /** 0 for QoS 0. */
  readonly packetId: number;
  /** Missing for QoS 0 and wills: nobody waits. */
  readonly receipt: Receipt | undefined;
}

/** Where the broker and the bridges hand publications; `ingest/intake.ts` fulfils it. */
export interface PublicationSink {
  /** Takes one publication. Never throws, never blocks; calls are in arrival order. */
  accept(publication: Publication): void;
}

/** What the gateway itself publishes on its local broker. */
export interface LocalMessage {
  readonly topic: string;
  readonly payload: Uint8Array | string;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

/** The local broker as other parts see it. */
export interface LocalPublisher {
  publish(message: LocalMessage): void;
}

/**
 * A broker elsewhere, to which a publication can be answered.
 *
 * Publications that came from it have its `clientId`.
 */
export interface FarBroker {
  readonly clientId: string;
  /**
   * Publishes there at QoS 0, not retained; the topic as it is there, without the prefix of the bridge.
   *
   * @returns False when it cannot be sent now: not connected, the topic is none, the packet is larger than the
   *   far broker takes, or too much already waits to be sent. It is then dropped.
   */
  publish(topic: string, payload: Uint8Array): boolean;
}

/** Counters and gauges a part offers for `/metrics`: read when scraped, so counting costs nothing extra. */
export interface MetricFamily {
  /** Base units, counters end in `_total`: `holdfast_broker_connections`. */
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  read(): readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}
