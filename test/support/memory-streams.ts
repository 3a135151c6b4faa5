/** Streams in memory, for tests of whatever reads streams. Records are made when they are read, so a long backlog costs nothing. */
import type {
  AlertRecord,
  LedgerRecord,
  StatusRecord,
  StreamName,
  StreamRecord,
  StreamSlice,
  StreamSource,
  SummaryRecord,
} from "../../src/core/streams.ts";
import { streamNames } from "../../src/core/streams.ts";

/** Makes the record of a sequence; must give the same record each time. */
export type RecordMaker = (seq: number) => StreamRecord;

/** A {@link StreamSource} whose growth, eviction and failures a test decides. */
export class MemoryStreams implements StreamSource {
  /** Every move of a cursor, in order. */
  readonly moves: { readonly upstream: string; readonly stream: StreamName; readonly to: number }[] = [];
  /** When set, the next reads fail with it. */
  readFailure: Error | undefined;
  /** When set, reads wait for it before they look. */
  readGate: Promise<void> | undefined;
  reads = 0;
  /** About how many encoded bytes a record is taken for when a read is bounded. */
  readonly recordBytes: number;
  readonly #heads = new Map<StreamName, number>();
  readonly #firsts = new Map<StreamName, number>();
  readonly #cursors = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  readonly #makers: Readonly<Record<StreamName, RecordMaker>>;

  constructor(
    options: {
      readonly recordBytes?: number;
      readonly makers?: Partial<Record<StreamName, RecordMaker>>;
    } = {},
  ) {
    this.recordBytes = options.recordBytes ?? 300;
    this.#makers = { ...recordMakers, ...options.makers };
  }

  /** Appends records and tells the listeners, as a commit does. */
  grow(growth: Partial<Record<StreamName, number>>): void {
    for (const stream of streamNames) {
      this.#heads.set(stream, this.head(stream) + (growth[stream] ?? 0));
    }
    for (const listener of this.#listeners) listener();
  }

  /** Forgets records up to and including `to`. */
  evict(stream: StreamName, to: number): void {
    this.#firsts.set(stream, to + 1);
  }

  /** The record as every reader gets it. */
  record(stream: StreamName, seq: number): StreamRecord {
    return this.#makers[stream](seq);
  }

  head(stream: StreamName): number {
    return this.#heads.get(stream) ?? 0;
  }

  first(stream: StreamName): number {
    return this.#firsts.get(stream) ?? 1;
  }

  async read(stream: StreamName, from: number, bytesMax: number): Promise<StreamSlice | undefined> {
    this.reads += 1;
    await (this.readGate ?? Promise.resolve());
    if (this.readFailure !== undefined) throw this.readFailure;
    const head = this.head(stream);
    const start = Math.max(from, this.first(stream));
    if (start > head) return undefined;
    const count = Math.min(head - start + 1, Math.max(1, Math.floor(bytesMax / this.recordBytes)));
    const records = Array.from({ length: count }, (_, index) => this.record(stream, start + index));
    return { stream, from: start, to: start + count - 1, records };
  }

  cursor(upstream: string, stream: StreamName): number {
    return this.#cursors.get(`${upstream}/${stream}`) ?? 0;
  }

  moveCursor(upstream: string, stream: StreamName, to: number): void {
    if (to <= this.cursor(upstream, stream)) throw new Error(`cursor of ${stream} does not go back to ${to}`);
    if (to > this.head(stream)) throw new Error(`cursor of ${stream} does not pass the head with ${to}`);
    this.moves.push({ upstream, stream, to });
    this.#cursors.set(`${upstream}/${stream}`, to);
  }

  onGrowth(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** How many wait for growth. */
  get listeners(): number {
    return this.#listeners.size;
  }
}

const startAt = 1_760_000_000_000;

function alert(seq: number): AlertRecord {
  return {
    seq,
    id: seq.toString(16).padStart(16, "0"),
    rule: "too-hot",
    key: { device: `press-${seq % 7}` },
    state: seq % 2 === 1 ? "firing" : "resolved",
    severity: "warning",
    since: startAt + seq * 1_000,
    at: startAt + seq * 1_000 + 500,
    values: { mean: 80 + (seq % 11) / 4, count: 12 },
    labels: { site: "north" },
    annotations: { summary: "Temperature is high" },
    coverage: null,
    revision: 0,
    historical: false,
    acknowledged: false,
    shelvedUntil: null,
    inhibitedBy: null,
    shadow: false,
    capture: null,
    acknowledgedBy: null,
    reason: "change",
  };
}

function summary(seq: number): SummaryRecord {
  const start = startAt + seq * 60_000;
  return {
    seq,
    device: `press-${seq % 50}`,
    metric: "temperature",
    start,
    end: start + 60_000,
    resolution: "1m",
    revision: 0,
    count: 60,
    expected: null,
    sum: 4_800 + seq / 8,
    min: 79.5,
    max: 81.25,
    first: 80,
    last: 80.5,
    m2: 7.25,
    late: 0,
    corrected: 0,
    clock: "synced",
  };
}

function ledger(seq: number): LedgerRecord {
  return {
    seq,
    at: startAt + seq * 60_000,
    logSeq: seq * 10,
    messages: { received: seq * 100, stored: seq * 99, rejected: { malformed: seq }, dropped: {} },
    samples: { decoded: seq * 200, stored: seq * 200, duplicate: 0, late: 0, corrected: 0 },
  };
}

function status(seq: number): StatusRecord {
  return { seq, at: startAt + seq * 60_000, state: "ready", detail: "", version: "0.1.0" };
}

/** One plausible record of each stream. */
export const recordMakers: Readonly<Record<StreamName, RecordMaker>> = {
  alerts: alert,
  status,
  summaries: summary,
  ledger,
};
