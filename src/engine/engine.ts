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
import type { TenantBounds } from "../core/access/tenant-quotas.ts";
import { Batch, type BatchSource } from "../core/batch.ts";
import type { GatewayCommand } from "../core/command.ts";
import { AlertBoard } from "../core/alert/board.ts";
import { AppError, messageOf } from "../core/errors.ts";
import { describeSeries } from "../core/fold/described.ts";
import type { FoldState } from "../core/fold/state.ts";
import type { ToolLoader } from "../core/fold/tools.ts";
import { inFlightBytesMax } from "../core/limits.ts";
import type { LogStore } from "../core/log-store.ts";
import type { GatewayClock, Logger, MetricFamily } from "../core/ports.ts";
import type { DeadLetter, Effects, LogRecord, Settings } from "../core/record.ts";
import type { SeriesId } from "../core/sample.ts";
import { type SeriesOrigin, SeriesTable } from "../core/series.ts";
import { joinedRepair, moveReceipts, type TimeRepair } from "../core/time/time-repair.ts";
import type { LedgerTotals } from "../core/streams.ts";
import { digestOf } from "../core/fold/duplicates.ts";
import { CheckpointSchedule } from "./checkpoint-schedule.ts";
import { engineMetrics } from "./engine-metrics.ts";
import { SessionChanges } from "./session-changes.ts";
import { recover, type RecoveryReport } from "./recovery.ts";

export interface EngineOptions {
  /** How many series tenants may have. */
  readonly tenants?: TenantBounds | undefined;
  readonly store: LogStore;
  readonly clock: GatewayClock;
  readonly logger: Logger;
  /** Another one for each start of the process. */
  readonly boot: string;
  readonly version: string;
  readonly settings: Settings;
  readonly tools: ToolLoader;
  /** Least time from one commit to the next, for batches that are not full; 0 writes as soon as the disk is free. */
  readonly commitDelayMs: number;
  /** Called after each commit, in order, with what became durable. */
  readonly onCommitted: (effects: Effects, deadLetters: readonly DeadLetter[]) => void;
  /**
   * Called when the state was made from the store, at the start and after a failure: series may have other numbers
   * than before, and sessions are as they are stored. Nothing is accepted before it resolves.
   */
  readonly onRebuilt: () => void | Promise<void>;
  /** Called when changes of sessions are given up: until {@link onRebuilt} what is remembered is not what is stored. */
  readonly onRefused?: () => void;
  /** Looks at the recovered state before anything is written; throws where the settings do not go with it. */
  readonly accept: (state: FoldState) => void;
  /** Called when some names have other numbers from now on, or will have. */
  readonly onRetired: () => void;
}

/** A change that becomes part of the next record. */
interface Change {
  readonly settings?: Settings;
  readonly status?: NonNullable<LogRecord["status"]>;
  readonly command?: GatewayCommand;
  /** The batch that it is to be written with, where that matters. */
  readonly from?: Batch;
  /** Called once: without an error when it is durable, with one when it never will be. */
  readonly settled: (error?: unknown) => void;
}

/** How often it is looked whether a silent source wants a tick. */
const tickEveryMs = 1_000;

/** Waits between attempts to open a broken store. */
const reopenAfterMs = [100, 250, 500, 1_000, 2_000] as const;

/**
 * Opens the engine on a store: recovers the state, and writes the first record of this boot.
 *
 * @returns When that record is durable.
 * @throws AppError what the store threw when it could not write it.
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const engine = new Engine(options);
  await engine.start();
  return engine;
}

export class Engine implements BatchSource {
  batch: Batch = new Batch();
  accepting = false;
  /** The process is short of memory. */
  memoryIsTight = false;
  /** Takes what the broker remembers of its sessions. */
  readonly journal: SessionChanges = new SessionChanges(this);
  /** Recovery at the start, or the last one after a failure. */
  report: RecoveryReport | undefined;
  readonly #options: EngineOptions;
  readonly #free: Batch[] = [];
  /** Full batches that wait for the disk, oldest first. */
  readonly #waiting: Batch[] = [];
  #waitingBytes = 0;
  /** Digests of messages that wait, for recognising one that is sent again meanwhile. */
  readonly #waitingDigests: Set<number> = new Set();
  /** Messages that nobody waited for and that were lost with a broken store; the next record counts them. */
  #unheardMessages = 0;
  readonly #changes: Change[] = [];
  #state!: FoldState;
  #table: SeriesTable = new SeriesTable();
  #board: AlertBoard = new AlertBoard();
  #books!: LedgerTotals;
  #checkpoints: CheckpointSchedule = new CheckpointSchedule();
  /** A commit is under way, or the next one has been scheduled. */
  #busy = false;
  #started = false;
  #closing = false;
  /** The store will not be tried again. */
  #broken = false;
  /** Ends the wait for company, or for the next attempt to open the store. */
  #hurry: (() => void) | undefined;
  #lastCommitMs = Number.NEGATIVE_INFINITY;
  readonly #commits = { count: 0, msTotal: 0, failures: 0 };
  /** What the clock was wrong by, until that is written. */
  #repair: TimeRepair | undefined;
  /** Attempts to write or to open since the last commit that succeeded. */
  #failuresInRow = 0;
  #ticker: NodeJS.Timeout | undefined;
  /** Whoever waits for everything to be written. */
  readonly #onIdle: (() => void)[] = [];

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#rebuild();
    const { settings, version, clock, boot, tools, accept } = this.#options;
    accept(this.#state);
    await tools.prepare(settings.rules);
    clock.begin({ boot, lastWallAt: this.#state.lastAt, lastSynced: this.#state.lastSynced });
    const unchanged = JSON.stringify(settings) === JSON.stringify(this.#state.settings);
    await this.#change({
      ...(unchanged ? {} : { settings }),
      status: { state: "started", detail: "", version },
    });
    this.#started = true;
    this.accepting = true;
    this.#ticker = setInterval(() => this.#tick(), tickEveryMs);
    this.#ticker.unref();
  }

  /**
   * Puts other settings in force; resolves when they are part of the log.
   *
   * @param takeIntoUse - Called once they are next: what is taken in from then on is in the record that holds the
   *   settings, or behind it, and what was taken in before is before it.
   * @throws AppError when the engine is closed before that.
   */
  async apply(settings: Settings, takeIntoUse: () => void = () => undefined): Promise<void> {
    await this.#options.tools.prepare(settings.rules);
    // What was decoded so far was decoded under the settings so far.
    if (!this.batch.empty) this.#setAside();
    takeIntoUse();
    await this.#change({ settings, from: this.batch });
  }

  /**
   * Hands a command on; resolves when it is part of the log.
   *
   * @throws AppError when the engine is closed before that.
   */
  async command(command: GatewayCommand): Promise<void> {
    await this.#change({ command });
  }

  /**
   * Resolves when all that was taken in before the call is durable, with its dead letters and effects, or refused.
   *
   * @throws AppError `STORE_FAILED` when the store cannot write any more.
   */
  async caughtUp(): Promise<void> {
    if (this.#busy) await this.#change({ from: this.batch });
  }

  /**
   * Takes nothing more, writes what it holds, and a last record with a checkpoint.
   *
   * Ends soon with a broken store too: what it cannot write is refused.
   */
  async close(): Promise<void> {
    clearInterval(this.#ticker);
    this.#closing = true;
    this.accepting = false;
    this.#hurry?.();
    await this.#idle();
    if (!this.#broken && this.#started) {
      const status = { state: "stopped", detail: "", version: this.#options.version };
      // When it cannot be written, it is not: the log says so by what it lacks.
      await this.#change({ status }).catch(() => undefined);
      await this.#idle();
    }
  }

  get pendingBytes(): number {
    return this.batch.bytes + this.#waitingBytes;
  }

  /** Whether so much waits, or memory is so short, that messages nobody waits for are better dropped. */
  get overloaded(): boolean {
    return this.memoryIsTight || this.pendingBytes > inFlightBytesMax / 2;
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

  /** What the log has made the state. Only to be read, and at once: the next record changes it. */
  get state(): FoldState {
    return this.#state;
  }

  get settings(): Settings {
    return this.#state.settings;
  }

  /** By how much the times of receipt in a record are to move, in milliseconds; see `RepairTable.movedMs`. */
  repairedBy(boot: string, seq: number): number {
    return this.#state.repairs.movedMs(boot, seq);
  }

  /** Gives the number of a series; see `SeriesResolver` for the -1. */
  readonly resolveSeries = (
    device: string,
    metric: string,
    unit: string | undefined,
    origin: SeriesOrigin,
  ): SeriesId => this.#table.resolve(device, metric, unit, origin);

  knowsDigest(high: number, low: number): boolean {
    return this.#waitingDigests.has(digestOf(high, low)) || this.#state.knowsDigest(high, low);
  }

  rememberDigest(high: number, low: number): void {
    this.batch.digests.push(high, low);
    this.#waitingDigests.add(digestOf(high, low));
  }

  unheard(): void {
    this.#unheardMessages += 1;
  }

  appended(): void {
    if (this.batch.full) this.#setAside();
    if (!this.#busy) this.#schedule();
  }

  /** Has the batch that collects written even if no message comes. */
  due(): void {
    this.batch.changesDue = true;
    if (!this.#busy) this.#schedule();
  }

  get #hasWork(): boolean {
    const { empty, changesDue } = this.batch;
    return this.#waiting.length > 0 || !empty || changesDue || this.#changes.length > 0;
  }

  /** Puts the batch in line for the disk and opens another. */
  #setAside(): void {
    this.batch.complete();
    this.#waiting.push(this.batch);
    this.#waitingBytes += this.batch.bytes;
    this.batch = this.#free.pop() ?? new Batch();
  }

  /**
   * Starts a commit in the next turn of the event loop, so that what one turn reads is written at once; or,
   * with `commitDelayMs`, that long after the one before. A full batch needs no more company.
   */
  #schedule(): void {
    this.#busy = true;
    const { commitDelayMs, clock } = this.#options;
    const waitMs = this.#lastCommitMs + commitDelayMs - clock.monotonicMs();
    if (waitMs > 0 && commitDelayMs > 0 && this.#waiting.length === 0 && !this.#closing) {
      void this.#pause(waitMs).then(() => this.#run());
    } else {
      setImmediate(() => void this.#run());
    }
  }

  /** Commits until nothing is left to be written, or the next batch is to wait for company. */
  async #run(): Promise<void> {
    while (this.#hasWork && !this.#broken) {
      if (this.#waiting.length === 0) this.#setAside();
      const batch = this.#waiting.shift()!;
      this.#waitingBytes -= batch.bytes;
      await this.#commit(batch, this.#takeChanges(batch));
      batch.clear();
      this.#free.push(batch);
      if (this.#options.commitDelayMs > 0 && this.#waiting.length === 0) break;
    }
    this.#busy = false;
    if (this.#broken) this.#settleAll();
    else if (this.#hasWork) {
      this.#schedule();
      return;
    }
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  /** The changes that go with a batch: all up to one that waits for a later batch. */
  #takeChanges(batch: Batch): readonly Change[] {
    const held = this.#changes.findIndex(({ from }) => from !== undefined && this.#isBehind(from, batch));
    return this.#changes.splice(0, held < 0 ? this.#changes.length : held);
  }

  /** Whether a batch comes after the one that is taken; one that was refused meanwhile is nowhere. */
  #isBehind(other: Batch, taken: Batch): boolean {
    return other !== taken && (other === this.batch || this.#waiting.includes(other));
  }

  /** Only the store may fail in here; anything else is a bug, and ends the process. */
  async #commit(batch: Batch, changes: readonly Change[]): Promise<void> {
    const { store, clock, onCommitted } = this.#options;
    const startedMs = clock.monotonicMs();
    const record = this.#seal(batch, changes, startedMs);
    const effects = this.#state.step(record);
    this.#retireSeries();
    for (let index = 0; index < batch.digests.length; index += 2) {
      this.#waitingDigests.delete(digestOf(batch.digests[index]!, batch.digests[index + 1]!));
    }
    const checkpoint = this.#checkpoint(record, startedMs);
    const books = this.#state.totals();
    const { deadLetters } = batch;
    try {
      await store.commit({
        record,
        effects,
        deadLetters,
        ...(batch.recovered.length === 0 ? {} : { recovered: batch.recovered }),
        ...(checkpoint === undefined ? {} : { checkpoint }),
        ...(batch.changes.length === 0 ? {} : { changes: batch.changes }),
      });
    } catch (error) {
      await this.#fail(error, batch, changes, record.seq);
      return;
    }
    this.#failuresInRow = 0;
    this.#repair = undefined;
    this.#lastCommitMs = clock.monotonicMs();
    this.#commits.count += 1;
    this.#commits.msTotal += this.#lastCommitMs - startedMs;
    this.#books = books;
    this.#board.apply(effects.alerts);
    this.journal.committed(batch.changesPosition);
    batch.committed();
    for (const { settled } of changes) settled();
    onCommitted(effects, deadLetters);
  }

  /** Makes the next record of a batch. */
  #seal(batch: Batch, changes: readonly Change[], monotonicMs: number): LogRecord {
    const { clock, boot } = this.#options;
    const { rows, counts, digests } = batch;
    const { catalogue } = this.#state;
    const facts = catalogue.news(batch.facts);
    const definitions = describeSeries(this.#table.takeNew(), catalogue, facts);
    this.#takeRepair(batch);
    const repair = this.#repair;
    const sealed = {
      rows,
      definitions,
      at: clock.now(),
      synced: clock.synced(),
      ...(repair === undefined ? {} : { repair }),
    };
    const { duplicates, suppressed, corrected } = this.#state.admit(sealed, "new", batch.pastReceipts);
    batch.countMarked(duplicates, suppressed);
    counts.correctedSamples += corrected;
    batch.counts.receivedMessages += this.#unheardMessages;
    batch.counts.overloadMessages += this.#unheardMessages;
    this.#unheardMessages = 0;
    const settings = changes.findLast((change) => change.settings !== undefined)?.settings;
    const status = changes.findLast((change) => change.status !== undefined)?.status;
    const commands = changes.flatMap(({ command }) => (command === undefined ? [] : [command]));
    return {
      ...sealed,
      seq: this.#state.seq + 1,
      monotonicMs,
      boot,
      counts,
      digests,
      ...(settings === undefined ? {} : { settings }),
      ...(status === undefined ? {} : { status }),
      ...(commands.length === 0 ? {} : { commands }),
      ...(facts.length === 0 ? {} : { facts }),
    };
  }

  /**
   * Takes a repair of the clock, which is for everything received before it: what is not written yet is moved
   * here. It goes into the next record that is really written.
   */
  #takeRepair(...sealing: readonly Batch[]): void {
    const { clock } = this.#options;
    const nowAt = clock.now();
    const repair = clock.takeRepair();
    if (repair === undefined) return;
    for (const { rows } of [...sealing, ...this.#waiting, this.batch]) moveReceipts(rows, nowAt, repair.byMs);
    this.#repair = this.#repair === undefined ? repair : joinedRepair(this.#repair, repair);
  }

  /** Forgets the numbers of series that the fold has retired. */
  #retireSeries(): void {
    const retired = this.#state.takeRetired();
    if (retired.length === 0) return;
    for (const { device, metric } of retired) this.#table.retire(device, metric);
    this.#options.onRetired();
  }

  #checkpoint(record: LogRecord, startedMs: number): Uint8Array | undefined {
    const { clock } = this.#options;
    const foldedMs = clock.monotonicMs();
    this.#checkpoints.folded(record.rows.count, foldedMs - startedMs);
    if (record.status?.state !== "stopped" && !this.#checkpoints.due) return undefined;
    const snapshot = this.#state.snapshot();
    this.#checkpoints.taken(clock.monotonicMs() - foldedMs);
    return snapshot;
  }

  /**
   * Refuses what waits, and comes back when the store is sound: opened anew, with the state made anew from
   * what is really there. Gives the store up when the engine is opening or closing.
   */
  async #fail(error: unknown, batch: Batch, changes: readonly Change[], seq: number): Promise<void> {
    const { logger } = this.#options;
    this.#commits.failures += 1;
    this.accepting = false;
    logger.error(
      { event: "commit-failed", error: messageOf(error) },
      "The store could not write; nothing is acknowledged until it can.",
    );
    this.#refuse(batch);
    if (!this.#started || this.#closing || !(await this.#reopen())) {
      this.#broken = true;
      for (const { settled } of changes) settled(error);
      return;
    }
    // What failed may have been written all the same, and then it is part of the state already.
    if (this.#state.seq >= seq) {
      this.#repair = undefined;
      for (const { settled } of changes) settled();
    } else {
      this.#changes.unshift(...changes);
    }
    this.accepting = !this.#closing;
    logger.info({ event: "store-recovered", logSeq: this.#state.seq }, "The store is sound again.");
  }

  /** @returns false when the engine was closed before the store could be opened. */
  async #reopen(): Promise<boolean> {
    const { logger, store } = this.#options;
    while (!this.#closing) {
      // A full disk opens and then refuses the next commit: that must not become a busy loop either.
      const attempt = this.#failuresInRow;
      this.#failuresInRow += 1;
      if (attempt > 0) await this.#pause(reopenAfterMs[Math.min(attempt, reopenAfterMs.length) - 1]!);
      if (this.#closing) break;
      try {
        await store.reopen();
        await this.#rebuild();
        return true;
      } catch (error) {
        logger.warn(
          { event: "reopen-failed", attempt, error: messageOf(error) },
          "The store cannot be opened yet.",
        );
      }
    }
    return false;
  }

  #refuse(failed: Batch): void {
    for (const batch of [failed, ...this.#waiting.splice(0), this.batch]) {
      this.#unheardMessages += batch.unheardMessages;
      batch.refused();
      if (batch === failed) continue;
      batch.clear();
      if (batch !== this.batch) this.#free.push(batch);
    }
    this.#waitingBytes = 0;
    this.#waitingDigests.clear();
    this.journal.refused();
    this.#options.onRefused?.();
  }

  async #rebuild(): Promise<void> {
    const { store, clock, logger, tools, onRebuilt, tenants } = this.#options;
    const startedMs = clock.monotonicMs();
    const { state, report } = await recover(store, logger, tools);
    this.#state = state;
    this.#table = new SeriesTable(
      Array.from(state.series(), ({ definition }) => definition),
      state.nextSeries,
      tenants,
    );
    this.#board = new AlertBoard();
    this.#board.apply(state.alerts.records());
    this.#books = state.totals();
    this.#checkpoints = new CheckpointSchedule();
    this.#checkpoints.replayed(report, clock.monotonicMs() - startedMs);
    this.report = report;
    await onRebuilt();
  }

  async #change(change: Omit<Change, "settled">): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const settled = (error?: unknown): void => {
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#changes.push({ ...change, settled });
      if (!this.#busy) this.#schedule();
    });
  }

  #settleAll(): void {
    const error = new AppError("STORE_FAILED", "transient", "the store cannot write any more");
    for (const { settled } of this.#changes.splice(0)) settled(error);
  }

  /** Waits, unless {@link Engine.close} is in a hurry. */
  async #pause(durationMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, durationMs);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#closing) this.#hurry();
    });
    this.#hurry = undefined;
  }

  async #idle(): Promise<void> {
    if (this.#busy) await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  #tick(): void {
    if (this.#busy || !this.accepting) return;
    if (this.batch.changes.length > 0) {
      this.due();
      return;
    }
    this.#takeRepair();
    if (this.#repair === undefined && !this.#state.tickDue(this.#options.clock.monotonicMs())) return;
    // It is only lost with the store, and then the next one comes soon enough.
    void this.#change({}).catch(() => undefined);
  }

  get metrics(): readonly MetricFamily[] {
    return engineMetrics({
      commits: () => this.#commits,
      pendingBytes: () => this.pendingBytes,
      state: () => this.#state,
      books: () => this.#books,
    });
  }
}
