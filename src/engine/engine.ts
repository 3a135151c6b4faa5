/**
 * The engine: collects messages into batches, folds each batch, and makes record and effects durable at
 * once. Everything that changes the state goes through here, one record after the other.
 *
 * While one batch is being written the next one collects: that is the whole of group commit. A message is
 * acknowledged when its batch is on disk, together with every alert and summary that follows from it.
 *
 * When the store fails, what waits is refused (the broker closes those connections, the senders will send
 * again), the store is opened anew and the state is made anew from what is really there.
 */
import { Batch, type BatchSource } from "../core/batch.ts";
import { AlertBoard } from "../core/alert/board.ts";
import { messageOf } from "../core/errors.ts";
import type { FoldState } from "../core/fold/state.ts";
import { inFlightBytesMax } from "../core/limits.ts";
import type { LogStore } from "../core/log-store.ts";
import type { Clock, Logger, MetricFamily } from "../core/ports.ts";
import type { DeadLetter, Effects, LogRecord, Settings } from "../core/record.ts";
import type { SeriesId } from "../core/sample.ts";
import { SeriesTable } from "../core/series.ts";
import type { LedgerTotals } from "../core/streams.ts";
import { digestOf } from "../core/fold/duplicates.ts";
import { CheckpointSchedule } from "./checkpoint-schedule.ts";
import { recover, type RecoveryReport } from "./recovery.ts";

export interface EngineOptions {
  readonly store: LogStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Another one for each start of the process. */
  readonly boot: string;
  readonly version: string;
  readonly settings: Settings;
  /** How long a batch waits for company before it is written; 0 writes as soon as the disk is free. */
  readonly commitDelayMs: number;
  /** Called after each commit, in order, with what became durable. */
  readonly onCommitted: (effects: Effects, deadLetters: readonly DeadLetter[]) => void;
  /** Called when series have other numbers than before: whoever keeps numbers must forget them. */
  readonly onRebuilt: () => void;
}

/** A change that becomes part of the next record. */
interface Change {
  readonly settings?: Settings;
  readonly status?: NonNullable<LogRecord["status"]>;
  readonly done: () => void;
}

/** How often it is looked whether a silent source wants a tick. */
const tickEveryMs = 1_000;

/** Waits between attempts to open a broken store. */
const reopenAfterMs = [100, 250, 500, 1_000, 2_000] as const;

/**
 * Opens the engine on a store: recovers the state, and writes the first record of this boot.
 *
 * @returns When that record is durable.
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const engine = new Engine(options);
  await engine.start();
  return engine;
}

export class Engine implements BatchSource {
  batch: Batch = new Batch();
  accepting = false;
  /** Recovery at the start, or the last one after a failure. */
  report: RecoveryReport | undefined;
  readonly #options: EngineOptions;
  readonly #free: Batch[] = [];
  /** Full batches that wait for the disk, oldest first. */
  readonly #waiting: Batch[] = [];
  #waitingBytes = 0;
  readonly #changes: Change[] = [];
  #state!: FoldState;
  #table: SeriesTable = new SeriesTable();
  #board: AlertBoard = new AlertBoard();
  #books!: LedgerTotals;
  #checkpoints: CheckpointSchedule = new CheckpointSchedule();
  /** A commit is under way, or the next one has been scheduled. */
  #busy = false;
  #closing = false;
  #lastCommitMs = 0;
  #commitCount = 0;
  #commitMsTotal = 0;
  #failureCount = 0;
  #ticker: NodeJS.Timeout | undefined;
  /** Resolves whoever waits for everything to be written. */
  #idle: (() => void)[] = [];

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#rebuild();
    const { settings, version } = this.#options;
    this.accepting = true;
    const unchanged = JSON.stringify(settings) === JSON.stringify(this.#state.settings);
    await this.#change({
      ...(unchanged ? {} : { settings }),
      status: { state: "started", detail: "", version },
    });
    this.#ticker = setInterval(() => this.#tick(), tickEveryMs);
    this.#ticker.unref();
  }

  /** Puts other settings in force; resolves when they are part of the log. */
  async apply(settings: Settings): Promise<void> {
    await this.#change({ settings });
  }

  /**
   * Writes what it holds, a last record and a checkpoint, and takes nothing more.
   *
   * The broker has stopped handing over messages before.
   */
  async close(): Promise<void> {
    clearInterval(this.#ticker);
    if (this.accepting) {
      this.#closing = true;
      await this.#change({ status: { state: "stopped", detail: "", version: this.#options.version } });
    }
    this.accepting = false;
    if (this.#busy) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  get pendingBytes(): number {
    return this.batch.bytes + this.#waitingBytes;
  }

  /** Whether so much waits that messages nobody waits for are better dropped. */
  get overloaded(): boolean {
    return this.pendingBytes > inFlightBytesMax / 2;
  }

  /** Alerts as of the last commit. */
  get alerts(): AlertBoard {
    return this.#board;
  }

  /** The books as of the last commit. */
  get books(): LedgerTotals {
    return this.#books;
  }

  get seriesCount(): number {
    return this.#table.count;
  }

  get settings(): Settings {
    return this.#state.settings;
  }

  /** Fulfils `SeriesResolver`. */
  readonly resolveSeries = (device: string, metric: string, unit?: string): SeriesId =>
    this.#table.resolve(device, metric, unit);

  knowsDigest(high: number, low: number): boolean {
    if (this.#state.knowsDigest(high, low)) return true;
    const wanted = digestOf(high, low);
    return [...this.#waiting, this.batch].some(({ digests }) =>
      digests.some((half, index) => index % 2 === 0 && digestOf(half, digests[index + 1]!) === wanted),
    );
  }

  appended(): void {
    if (this.batch.full) this.#setAside();
    if (!this.#busy) this.#schedule();
  }

  /** Puts the full batch in line for the disk and opens another. */
  #setAside(): void {
    this.#waiting.push(this.batch);
    this.#waitingBytes += this.batch.bytes;
    this.batch = this.#free.pop() ?? new Batch();
  }

  /** Starts a commit in the next turn of the event loop, so that what one turn reads is written at once. */
  #schedule(): void {
    this.#busy = true;
    const { commitDelayMs, clock } = this.#options;
    const waitMs = this.#lastCommitMs + commitDelayMs - clock.monotonicMs();
    if (commitDelayMs > 0 && waitMs > 0 && !this.#closing) setTimeout(() => void this.#run(), waitMs);
    else setImmediate(() => void this.#run());
  }

  /** Commits until nothing is left to be written. */
  async #run(): Promise<void> {
    while (this.accepting && (this.#waiting.length > 0 || !this.batch.empty || this.#changes.length > 0)) {
      if (this.#waiting.length === 0) this.#setAside();
      const batch = this.#waiting.shift()!;
      this.#waitingBytes -= batch.bytes;
      const changes = this.#changes.splice(0);
      try {
        await this.#commit(batch, changes);
      } catch (error) {
        await this.#fail(error, batch, changes);
      }
      batch.clear();
      this.#free.push(batch);
      if (this.#options.commitDelayMs > 0 && !this.#closing) break;
    }
    this.#busy = false;
    if (this.accepting && (!this.batch.empty || this.#changes.length > 0)) {
      this.#schedule();
      return;
    }
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #commit(batch: Batch, changes: readonly Change[]): Promise<void> {
    const { store, clock, onCommitted } = this.#options;
    const startedMs = clock.monotonicMs();
    const record = this.#seal(batch, changes, startedMs);
    const effects = this.#state.step(record);
    const checkpoint = this.#checkpoint(batch.rows.count, startedMs);
    const books = this.#state.totals();
    await store.commit({
      record,
      effects,
      deadLetters: batch.deadLetters,
      ...(checkpoint === undefined ? {} : { checkpoint }),
    });
    this.#lastCommitMs = clock.monotonicMs();
    this.#commitCount += 1;
    this.#commitMsTotal += this.#lastCommitMs - startedMs;
    this.#books = books;
    this.#board.apply(effects.alerts);
    batch.committed();
    for (const { done } of changes) done();
    onCommitted(effects, batch.deadLetters);
  }

  /** Makes the next record of a batch. */
  #seal(batch: Batch, changes: readonly Change[], monotonicMs: number): LogRecord {
    const definitions = this.#table.takeNew();
    batch.countDuplicates(this.#state.recognise(batch.rows, definitions));
    const settings = changes.findLast((change) => change.settings !== undefined)?.settings;
    const status = changes.findLast((change) => change.status !== undefined)?.status;
    return {
      seq: this.#state.seq + 1,
      at: this.#options.clock.now(),
      synced: true,
      monotonicMs,
      boot: this.#options.boot,
      counts: batch.counts,
      definitions,
      rows: batch.rows,
      digests: batch.digests,
      ...(settings === undefined ? {} : { settings }),
      ...(status === undefined ? {} : { status }),
    };
  }

  #checkpoint(rows: number, startedMs: number): Uint8Array | undefined {
    const { clock } = this.#options;
    const foldedMs = clock.monotonicMs();
    this.#checkpoints.folded(rows, foldedMs - startedMs);
    if (!this.#closing && !this.#checkpoints.due) return undefined;
    const snapshot = this.#state.snapshot();
    this.#checkpoints.taken(clock.monotonicMs() - foldedMs);
    return snapshot;
  }

  /** Refuses what waits, and does not come back before the store is sound. */
  async #fail(error: unknown, batch: Batch, changes: readonly Change[]): Promise<void> {
    const { logger, store } = this.#options;
    this.#failureCount += 1;
    this.accepting = false;
    logger.error(
      { event: "commit-failed", error: messageOf(error) },
      "The store could not write; nothing is acknowledged until it can.",
    );
    this.#refuse(batch);
    for (let attempt = 0; ; attempt += 1) {
      try {
        await store.reopen();
        await this.#rebuild();
        break;
      } catch (reopenError) {
        if (this.#closing) return;
        logger.warn(
          { event: "reopen-failed", attempt, error: messageOf(reopenError) },
          "The store cannot be opened yet.",
        );
        await pause(reopenAfterMs[Math.min(attempt, reopenAfterMs.length - 1)]!);
      }
    }
    this.#changes.unshift(...changes);
    this.accepting = true;
    logger.info({ event: "store-recovered", logSeq: this.#state.seq }, "The store is sound again.");
  }

  #refuse(failed: Batch): void {
    failed.refused();
    for (const batch of this.#waiting.splice(0)) {
      batch.refused();
      batch.clear();
      this.#free.push(batch);
    }
    this.#waitingBytes = 0;
    this.batch.refused();
    this.batch.clear();
  }

  async #rebuild(): Promise<void> {
    const { store, logger, onRebuilt } = this.#options;
    const { state, report } = await recover(store, logger);
    this.#state = state;
    this.#table = new SeriesTable(state.definitions());
    this.#board = new AlertBoard();
    this.#board.apply(state.alerts.records());
    this.#books = state.totals();
    this.#checkpoints = new CheckpointSchedule();
    this.report = report;
    onRebuilt();
  }

  async #change(change: Omit<Change, "done">): Promise<void> {
    await new Promise<void>((done) => {
      this.#changes.push({ ...change, done });
      if (!this.#busy) this.#schedule();
    });
  }

  #tick(): void {
    if (this.#busy || !this.accepting) return;
    if (this.#state.tickDue(this.#options.clock.monotonicMs())) void this.#change({});
  }

  get metrics(): readonly MetricFamily[] {
    return [
      gauge("holdfast_commits_total", "Group commits made durable.", () => this.#commitCount),
      gauge("holdfast_commit_seconds_total", "Time spent in commits.", () => this.#commitMsTotal / 1000),
      gauge("holdfast_commit_failures_total", "Commits that the store refused.", () => this.#failureCount),
      gauge("holdfast_pending_bytes", "Payload bytes that wait for a commit.", () => this.pendingBytes),
      gauge("holdfast_series", "Series known.", () => this.#table.count),
      gauge("holdfast_rule_groups", "Groups that hold window state.", () => this.#state.groupCount),
      {
        name: "holdfast_messages_total",
        help: "Messages by where they ended.",
        type: "counter",
        read: () => {
          const { stored, rejected, dropped } = this.#books.messages;
          return [
            { labels: { outcome: "stored", cause: "" }, value: stored },
            ...byCause("rejected", rejected),
            ...byCause("dropped", dropped),
          ];
        },
      },
    ];
  }
}

/** A family of one value. */
function gauge(name: string, help: string, read: () => number): MetricFamily {
  const type = name.endsWith("_total") ? "counter" : "gauge";
  return { name, help, type, read: () => [{ labels: {}, value: read() }] };
}

function byCause(
  outcome: string,
  causes: Readonly<Record<string, number>>,
): { labels: Record<string, string>; value: number }[] {
  return Object.entries(causes).map(([cause, value]) => ({ labels: { outcome, cause }, value }));
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });
}
