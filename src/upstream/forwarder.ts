/**
 * The forwarder: sends the gateway's streams to one far end, each record at least once, in order.
 *
 * It owns no queue. The streams in the store are the queue; the cursor says how far the far end has
 * acknowledged, and moves only then. So a cut, a crash or a month without a network cost nothing but the
 * repetition of what was in flight, which a receiver recognises by `(gateway, stream, seq)`. Memory holds
 * the batches in flight and nothing else, however long the backlog is.
 *
 * When to connect and what to send next are decided by `core/sync`; this file only does what they say.
 */
import { AppError, messageOf } from "../core/errors.ts";
import type { MetricFamily } from "../core/ports.ts";
import type { EpochMs } from "../core/sample.ts";
import type { StreamName } from "../core/streams.ts";
import { backoffMs } from "../core/sync/backoff.ts";
import { type LinkEvent, type LinkState, linkDown, linkWakeAt, stepLink } from "../core/sync/link.ts";
import {
  batchAcknowledged,
  batchSent,
  boundsWithin,
  type FarEndLimits,
  nextRead,
  openWindow,
  overdueAt,
  type SendWindow,
  waitsForAcknowledgement,
  windowBounds,
} from "../core/sync/window.ts";
import type { Chunk } from "./chunk.ts";
import { ChunkReader } from "./chunk-reader.ts";
import {
  type Forwarder,
  type ForwarderOptions,
  type ForwarderReport,
  type ForwarderTiming,
  forwarderTiming,
} from "./forwarder-contract.ts";
import { ForwarderCounts, forwarderMetrics } from "./forwarder-metrics.ts";
import { withheldCause } from "./tenant-source.ts";
import type { TransportConnection } from "./transport.ts";

/** Starts a forwarder. It connects by itself and goes on until it is closed; it never throws later. */
export function openForwarder(options: ForwarderOptions): Forwarder {
  const forwarder = new StreamForwarder(options);
  forwarder.open();
  return forwarder;
}

class StreamForwarder implements Forwarder {
  readonly metrics: readonly MetricFamily[];
  readonly #options: ForwarderOptions;
  readonly #timing: ForwarderTiming;
  readonly #reader: ChunkReader;
  readonly #counts = new ForwarderCounts();
  readonly #acked = new Map<StreamName, number>();
  #link: LinkState = linkDown;
  #connection: TransportConnection | undefined;
  #window: SendWindow | undefined;
  #payloadBytesMax = Number.POSITIVE_INFINITY;
  #connectedSince: EpochMs = 0;
  #lastError: ForwarderReport["lastError"];
  #pumping = false;
  #pumpAt: number | undefined;
  #readFailures = 0;
  #nextBatchId = 1;
  #timer: NodeJS.Timeout | undefined;
  #stopListening: () => void = () => undefined;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#timing = { ...forwarderTiming, ...options.timing };
    this.#reader = new ChunkReader(options);
    this.metrics = forwarderMetrics(options.name, this.#counts, () => this.report());
  }

  open(): void {
    this.#stopListening = this.#options.source.onGrowth(() => this.#pump());
    this.#take({ kind: "opened" });
  }

  report(): ForwarderReport {
    const { name, clock, source, transport } = this.#options;
    const streams: Partial<Record<StreamName, { acked: number; pending: number }>> = {};
    for (const stream of this.#options.streams) {
      const acked = this.#cursor(stream);
      streams[stream] = { acked, pending: Math.max(0, source.head(stream) - acked) };
    }
    const link = this.#link;
    return {
      name,
      url: transport.url,
      state: link.kind,
      streams,
      ...(link.kind === "up" ? { connectedSince: this.#connectedSince } : {}),
      ...(link.kind === "waiting"
        ? { retryAt: clock.now() + Math.max(0, link.retryAt - clock.monotonicMs()) }
        : {}),
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#shut();
    return this.#closing;
  }

  async #shut(): Promise<void> {
    this.#stopListening();
    if (this.#window !== undefined && waitsForAcknowledgement(this.#window)) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#timing.closeMs);
        this.#drained = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const connection = this.#connection;
    this.#take({ kind: "closed" });
    await connection?.close();
  }

  /** Steps the link, and does what it says. */
  #take(event: LinkEvent): void {
    const before = this.#link;
    const { clock, random, onChange } = this.#options;
    const { state, effects } = stepLink(before, event, {
      now: clock.monotonicMs(),
      random: random(),
      policy: this.#timing.backoff,
      connectMs: this.#timing.connectMs,
    });
    this.#link = state;
    for (const effect of effects) {
      if (effect === "connect") this.#connect();
      else this.#disconnect();
    }
    this.#arm();
    if (this.#link.kind !== before.kind) onChange?.();
  }

  #connect(): void {
    this.#counts.attempts += 1;
    // Events of a connection that was left find that `current` is not theirs. The transport promises to
    // send none, but a cursor that moved by mistake would be lost data.
    const current = (): boolean => this.#connection === connection;
    const connection = this.#options.transport.connect({
      connected: (limits) => {
        if (current()) this.#connected(limits);
      },
      acknowledged: (batchId) => {
        if (current()) this.#acknowledged(batchId);
      },
      lost: (failure, { crowded }) => {
        if (!current()) return;
        this.#forget();
        this.#note(failure);
        this.#take({ kind: "lost", crowded });
      },
    });
    this.#connection = connection;
  }

  #disconnect(): void {
    const connection = this.#connection;
    this.#forget();
    // It never rejects, and nothing waits for a socket that is being left.
    void connection?.close();
  }

  #forget(): void {
    this.#connection = undefined;
    this.#window = undefined;
    this.#pumpAt = undefined;
    this.#drained?.();
  }

  #connected(limits: FarEndLimits): void {
    const { clock, name, logger, transport, streams } = this.#options;
    const bounds = boundsWithin({ ...windowBounds, ...this.#options.bounds }, limits);
    const cursors = Object.fromEntries(streams.map((stream) => [stream, this.#cursor(stream)]));
    this.#window = openWindow(bounds, cursors, clock.monotonicMs());
    this.#payloadBytesMax = limits.batchBytesMax ?? Number.POSITIVE_INFINITY;
    this.#connectedSince = clock.now();
    this.#counts.connections += 1;
    logger.info({ event: "upstream-connected", upstream: name, url: transport.url }, "Upstream connected.");
    this.#take({ kind: "connected" });
    this.#pump();
  }

  #acknowledged(batchId: number): void {
    if (this.#window === undefined) return;
    const { source, name, clock } = this.#options;
    const { window, moved } = batchAcknowledged(this.#window, batchId, clock.monotonicMs());
    this.#window = window;
    this.#counts.batchesAcknowledged += 1;
    if (moved !== undefined) {
      this.#acked.set(moved.stream, moved.to);
      source.moveCursor(name, moved.stream, moved.to);
    }
    if (!waitsForAcknowledgement(window)) this.#drained?.();
    this.#take({ kind: "acknowledged" });
    this.#pump();
  }

  /** What this far end is known to have; the store may not have kept the last moves over a reopening. */
  #cursor(stream: StreamName): number {
    const { source, name } = this.#options;
    return Math.max(source.cursor(name, stream), this.#acked.get(stream) ?? 0);
  }

  /** Sends while there is something to send and room for it; one run at a time. */
  #pump(): void {
    if (this.#pumping || this.#pumpAt !== undefined) return;
    this.#pumping = true;
    // It settles every failure that can happen in operation; a rejection is a bug and ends the process.
    void this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    while (this.#window !== undefined && this.#closing === undefined && this.#pumpAt === undefined) {
      const { clock, source } = this.#options;
      const plan = nextRead(this.#window, (stream) => source.head(stream), clock.monotonicMs());
      if (plan === undefined) break;
      if (plan.kind === "later") {
        this.#pumpAt = plan.at;
        break;
      }
      const connection = this.#connection;
      const chunk = await this.#read(plan.stream, plan.from, plan.bytesMax);
      // While reading, the connection may have been replaced; its window begins at the cursors again.
      if (chunk !== undefined && this.#connection === connection) this.#send(chunk);
    }
    this.#pumping = false;
    this.#arm();
  }

  /** Reads one batch. Where that fails, `#pumpAt` says when to try again. */
  async #read(stream: StreamName, from: number, aimBytes: number): Promise<Chunk | undefined> {
    try {
      const bytesMax = this.#payloadBytesMax;
      const chunk = await this.#reader.read({ stream, from, aimBytes, bytesMax });
      this.#readFailures = 0;
      return chunk;
    } catch (error) {
      const { logger, name, clock, random } = this.#options;
      this.#readFailures += 1;
      const retryMs = backoffMs(this.#timing.backoff, this.#readFailures, random());
      this.#pumpAt = clock.monotonicMs() + retryMs;
      logger.warn(
        { event: "upstream-read-failed", upstream: name, stream, error: messageOf(error), retryMs },
        "A stream could not be read.",
      );
      return undefined;
    }
  }

  #send({ payload, batch }: Chunk): void {
    if (this.#window === undefined || this.#connection === undefined) return;
    if (payload.length > this.#payloadBytesMax) {
      // Not even the notice of a gap fits.
      this.#fail("UPSTREAM_PACKET_LIMIT", `no batch fits into the ${this.#payloadBytesMax} bytes allowed`, {
        kind: "stalled",
      });
      return;
    }
    const id = this.#nextBatchId;
    this.#nextBatchId += 1;
    const { stream, from, to } = batch;
    const sentAt = this.#options.clock.monotonicMs();
    this.#window = batchSent(this.#window, { id, stream, from, to, bytes: payload.length, sentAt });
    this.#counts.batchesSent += 1;
    this.#counts.bytesSent += payload.length;
    if ("gap" in batch && batch.gap.cause !== withheldCause) {
      this.#counts.gapRecords += to - from + 1;
      const { logger, name } = this.#options;
      logger.warn(
        { event: "upstream-gap", upstream: name, stream, ...batch.gap },
        "Records are gone and cannot be sent.",
      );
    }
    this.#connection.send({ id, stream, payload });
  }

  /** Sets the one timer to whatever is due first. */
  #arm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const due = [linkWakeAt(this.#link), this.#pumpAt, this.#overdueAt()].filter((at) => at !== undefined);
    if (due.length === 0) return;
    const waitMs = Math.min(...due) - this.#options.clock.monotonicMs();
    this.#timer = setTimeout(() => this.#wake(), Math.max(0, Math.ceil(waitMs)));
  }

  #wake(): void {
    const now = this.#options.clock.monotonicMs();
    if (isDue(this.#overdueAt(), now)) {
      const silentMs = this.#timing.acknowledgeMs;
      this.#fail("UPSTREAM_STALLED", `no acknowledgement for ${silentMs} ms`, { kind: "stalled" });
    }
    if (isDue(linkWakeAt(this.#link), now)) {
      if (this.#link.kind === "connecting") {
        this.#fail("UPSTREAM_TIMEOUT", `no answer within ${this.#timing.connectMs} ms`, { kind: "woken" });
      } else this.#take({ kind: "woken" });
    }
    if (isDue(this.#pumpAt, now)) {
      this.#pumpAt = undefined;
      this.#pump();
    }
    this.#arm();
  }

  #overdueAt(): number | undefined {
    return this.#window === undefined ? undefined : overdueAt(this.#window, this.#timing.acknowledgeMs);
  }

  #fail(code: string, message: string, event: LinkEvent): void {
    this.#note(new AppError(code, "transient", message));
    this.#take(event);
  }

  /** Keeps a failure for the report, and logs it unless it only repeats the one before. */
  #note(failure: AppError): void {
    const { clock, logger, name, transport } = this.#options;
    const { code, kind, message, hint } = failure;
    const repeated = this.#link.kind !== "up" && this.#lastError?.message === message;
    this.#lastError = { code, message, at: clock.now() };
    const fields = {
      event: "upstream-lost",
      upstream: name,
      url: transport.url,
      code,
      kind,
      error: message,
      hint,
    };
    if (repeated) logger.debug(fields, "Upstream still unreachable.");
    else logger.warn(fields, "Upstream link lost.");
  }
}

function isDue(at: number | undefined, now: number): boolean {
  return at !== undefined && at <= now;
}
