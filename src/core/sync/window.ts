/**
 * The send window: which batches are on their way, how far each cursor may move, what to read next.
 *
 * Many batches of several streams are out at once, since one per round trip would move ten a second over
 * a mobile link. Acknowledgements may come in any order; a cursor is the end of the unbroken run of
 * acknowledged batches, so it never passes one that the far end might not have. A lost connection voids
 * the whole window: the next begins at the cursors.
 *
 * The window starts small and doubles with each round trip while acknowledgements come promptly, and
 * halves when they crawl (slow start and multiplicative decrease as in V. Jacobson, "Congestion Avoidance
 * and Control", SIGCOMM 1988). On a 20 kbit/s link a full window would take minutes to drain: it would
 * miss the deadline every time, and hold up the next alert.
 */
import { invariant } from "../errors.ts";
import {
  uplinkBatchBytesMax,
  uplinkBatchesInFlightMax,
  uplinkBatchesPerSecondMax,
  uplinkInFlightBytesMax,
} from "../limits.ts";
import { type StreamName, streamNames } from "../streams.ts";

/** How much may be out at once. */
export interface WindowBounds {
  /** Batches without an acknowledgement. */
  readonly batchesMax: number;
  /** Encoded bytes of one batch that are aimed at. */
  readonly batchBytesMax: number;
  /** Encoded bytes without an acknowledgement. One batch may always go, whatever its size. */
  readonly inFlightBytesMax: number;
  readonly batchesPerSecondMax: number;
}

/** What the far end asked for when the connection was made. Missing means it did not say. */
export interface FarEndLimits {
  /** Messages it takes before it has acknowledged one (MQTT 5.0, § 3.2.2.3.3, Receive Maximum). */
  readonly receiveMax?: number;
  /** Largest batch, encoded, without the headers around it (from § 3.2.2.3.6, Maximum Packet Size). */
  readonly batchBytesMax?: number;
}

/** A batch that was sent. */
export interface BatchInFlight {
  readonly id: number;
  readonly stream: StreamName;
  /** Sequence of the first and the last record (or of the gap). */
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
  /** Monotonic milliseconds. */
  readonly sentAt: number;
  /** Acknowledged, but an earlier batch of its stream is not. */
  readonly acknowledged: boolean;
}

/** Where one stream stands on this connection. */
export interface Lane {
  /** Everything up to here is acknowledged. */
  readonly cursor: number;
  /** The next sequence to send. */
  readonly nextSeq: number;
}

/** The window of one connection. A value: every operation gives a new one. */
export interface SendWindow {
  readonly bounds: WindowBounds;
  /** Highest preference first. */
  readonly streams: readonly StreamName[];
  readonly lanes: Readonly<Partial<Record<StreamName, Lane>>>;
  /** In the order they were sent, at most `bounds.batchesMax`. */
  readonly inFlight: readonly BatchInFlight[];
  /** Bytes that may be out at present; between a floor of 8 KiB and `bounds.inFlightBytesMax`. */
  readonly paceBytes: number;
  /** When the pace was last halved; batches sent before that do not halve it again. */
  readonly slowedAt: number;
  /** The last acknowledgement, or the first batch after a pause. */
  readonly progressAt: number;
  /** Batches that may be sent at `allowanceAt`; it fills up with time, to {@link burstBatches}. */
  readonly allowance: number;
  readonly allowanceAt: number;
}

/** What to do next: read and send, or ask again at an instant. Nothing when there is no data or no room. */
export type NextRead =
  | {
      readonly kind: "read";
      readonly stream: StreamName;
      readonly from: number;
      readonly bytesMax: number;
    }
  | { readonly kind: "later"; readonly at: number };

/** The gateway's own bounds. */
export const windowBounds: WindowBounds = {
  batchesMax: uplinkBatchesInFlightMax,
  batchBytesMax: uplinkBatchBytesMax,
  inFlightBytesMax: uplinkInFlightBytesMax,
  batchesPerSecondMax: uplinkBatchesPerSecondMax,
};

/** The pace a connection begins with, and the least it falls to: 8 KiB is 6.5 s at 10 kbit/s. */
const paceBytesStart = 32 * 1024;
const paceBytesMin = 8 * 1024;
/** An acknowledgement within this is prompt and lets the pace grow; one beyond the other halves it. */
const promptMs = 2_000;
const slowMs = 5_000;
/** Batches that may go at once after a pause; with them, no second sees more than 60. */
export const burstBatches = 10;
/** Places kept free for alerts and status, so that they never wait for a backlog to be acknowledged. */
const reservedBatches = 2;

/** Puts the far end's limits over ours; the smaller of each holds. */
export function boundsWithin(bounds: WindowBounds, limits: FarEndLimits): WindowBounds {
  return {
    ...bounds,
    batchesMax: Math.max(1, Math.min(bounds.batchesMax, limits.receiveMax ?? bounds.batchesMax)),
    batchBytesMax: Math.min(bounds.batchBytesMax, limits.batchBytesMax ?? bounds.batchBytesMax),
  };
}

/**
 * Opens the window of a new connection.
 *
 * @param cursors - What is acknowledged; a stream that is not named is not sent.
 */
export function openWindow(
  bounds: WindowBounds,
  cursors: Readonly<Partial<Record<StreamName, number>>>,
  now: number,
): SendWindow {
  const streams = streamNames.filter((stream) => cursors[stream] !== undefined);
  const lanes: Partial<Record<StreamName, Lane>> = {};
  for (const stream of streams) {
    const cursor = cursors[stream] ?? 0;
    lanes[stream] = { cursor, nextSeq: cursor + 1 };
  }
  return {
    bounds,
    streams,
    lanes,
    inFlight: [],
    paceBytes: Math.min(paceBytesStart, bounds.inFlightBytesMax),
    slowedAt: Number.NEGATIVE_INFINITY,
    progressAt: now,
    allowance: Math.min(burstBatches, bounds.batchesPerSecondMax),
    allowanceAt: now,
  };
}

/**
 * Chooses what to read next: of the streams that have grown past what was sent, the one preferred most
 * that has room.
 *
 * @param headOf - Newest durable sequence of a stream.
 */
export function nextRead(
  window: SendWindow,
  headOf: (stream: StreamName) => number,
  now: number,
): NextRead | undefined {
  for (const stream of window.streams) {
    const lane = laneOf(window, stream);
    if (lane.nextSeq > headOf(stream) || !hasRoom(window, stream)) continue;
    const allowance = allowanceOf(window, now);
    if (allowance < 1) {
      return { kind: "later", at: now + ((1 - allowance) * 1_000) / window.bounds.batchesPerSecondMax };
    }
    // A quarter of the pace: several batches are on the way at once, so the line is never idle.
    const paced = Math.max(paceBytesMin / 2, window.paceBytes / 4);
    const bytesMax = Math.min(window.bounds.batchBytesMax, Math.floor(paced));
    return { kind: "read", stream, from: lane.nextSeq, bytesMax };
  }
  return undefined;
}

/** Notes that a batch has been handed to the connection. It must begin where its stream's last one ended. */
export function batchSent(window: SendWindow, batch: Omit<BatchInFlight, "acknowledged">): SendWindow {
  const lane = laneOf(window, batch.stream);
  invariant(batch.from === lane.nextSeq && batch.to >= batch.from, "batches of a stream are contiguous");
  invariant(window.inFlight.length < window.bounds.batchesMax, "batches in flight stay within their bound");
  return {
    ...window,
    lanes: { ...window.lanes, [batch.stream]: { cursor: lane.cursor, nextSeq: batch.to + 1 } },
    inFlight: [...window.inFlight, { ...batch, acknowledged: false }],
    progressAt: waitsForAcknowledgement(window) ? window.progressAt : batch.sentAt,
    allowance: allowanceOf(window, batch.sentAt) - 1,
    allowanceAt: batch.sentAt,
  };
}

/**
 * Notes an acknowledgement. One that was not waited for changes nothing.
 *
 * @returns `moved` when a cursor can move: the end of the stream's unbroken run of acknowledged batches.
 */
export function batchAcknowledged(
  window: SendWindow,
  id: number,
  now: number,
): {
  readonly window: SendWindow;
  readonly moved?: { readonly stream: StreamName; readonly to: number };
} {
  const batch = window.inFlight.find((candidate) => candidate.id === id);
  if (batch === undefined || batch.acknowledged) return { window };
  const marked = window.inFlight.map((other) => (other === batch ? { ...other, acknowledged: true } : other));
  const open = marked.find((other) => other.stream === batch.stream && !other.acknowledged);
  const lane = laneOf(window, batch.stream);
  const cursor = open === undefined ? lane.nextSeq - 1 : open.from - 1;
  const next: SendWindow = {
    ...window,
    ...pacedBy(window, batch, now),
    lanes: { ...window.lanes, [batch.stream]: { ...lane, cursor } },
    inFlight: marked.filter((other) => other.stream !== batch.stream || other.to > cursor),
    progressAt: now,
  };
  return cursor > lane.cursor
    ? { window: next, moved: { stream: batch.stream, to: cursor } }
    : { window: next };
}

/**
 * The instant at which the connection must be taken for dead, unless an acknowledgement comes before.
 *
 * Any acknowledgement puts it off: a slow line that delivers is not a dead one.
 */
export function overdueAt(window: SendWindow, deadlineMs: number): number | undefined {
  return waitsForAcknowledgement(window) ? window.progressAt + deadlineMs : undefined;
}

/** Whether any batch is without its acknowledgement. */
export function waitsForAcknowledgement(window: SendWindow): boolean {
  return window.inFlight.some((batch) => !batch.acknowledged);
}

function laneOf(window: SendWindow, stream: StreamName): Lane {
  const lane = window.lanes[stream];
  invariant(lane !== undefined, `stream ${stream} is one of this window's`);
  return lane;
}

function hasRoom(window: SendWindow, stream: StreamName): boolean {
  const urgent = stream === "alerts" || stream === "status";
  const { batchesMax, inFlightBytesMax } = window.bounds;
  const reserved = urgent || batchesMax <= 2 * reservedBatches ? 0 : reservedBatches;
  if (window.inFlight.length >= batchesMax - reserved) return false;
  const bytes = unacknowledgedBytes(window);
  return bytes === 0 || bytes < (urgent ? inFlightBytesMax : window.paceBytes);
}

function unacknowledgedBytes(window: SendWindow): number {
  return window.inFlight.reduce((sum, batch) => (batch.acknowledged ? sum : sum + batch.bytes), 0);
}

function allowanceOf(window: SendWindow, now: number): number {
  const rate = window.bounds.batchesPerSecondMax;
  const gained = (Math.max(0, now - window.allowanceAt) * rate) / 1_000;
  return Math.min(burstBatches, rate, window.allowance + gained);
}

function pacedBy(
  window: SendWindow,
  batch: BatchInFlight,
  now: number,
): Pick<SendWindow, "paceBytes" | "slowedAt"> {
  const tookMs = now - batch.sentAt;
  if (tookMs > slowMs && batch.sentAt >= window.slowedAt) {
    return { paceBytes: Math.max(paceBytesMin, window.paceBytes / 2), slowedAt: now };
  }
  const gained = tookMs <= promptMs ? batch.bytes : 0;
  return {
    paceBytes: Math.min(window.bounds.inFlightBytesMax, window.paceBytes + gained),
    slowedAt: window.slowedAt,
  };
}
