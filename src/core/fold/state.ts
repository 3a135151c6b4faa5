/**
 * The state of the gateway: what folding the log gives.
 *
 * It is changed by {@link FoldState.step} and by nothing else, has no clock and no randomness, and can be
 * written to bytes and read back at any record. The same records give the same state and the same
 * effects, wherever the log was cut by a restart.
 */
import { AlertBoard } from "../alert/board.ts";
import { invariant } from "../errors.ts";
import { idleMs, windowValueMax } from "../limits.ts";
import { parseDuration } from "../time/duration.ts";
import type { Effects, LogRecord, Settings } from "../record.ts";
import { RowFlag, type SampleColumns, type SeriesDefinition, ValueKind } from "../sample.ts";
import type { AlertRecord, LedgerTotals } from "../streams.ts";
import { DigestWindow, digestOf } from "./duplicates.ts";
import { PaneStore } from "../window/pane-store.ts";
import { Books } from "./ledger.ts";
import { FoldOutput, type StreamHeads } from "./output.ts";
import { type RollupPlan, SeriesRollup } from "./rollup.ts";
import { RuleSet } from "./rule-set.ts";
import { SeriesState } from "./series-state.ts";
import { SnapshotReader, SnapshotWriter } from "./snapshot.ts";

/** Order of fields in a snapshot. A snapshot of another version is not read. */
const snapshotVersion = 6;

/** How often, at most, in the gateway's running time, silent sources are looked at. */
const idleScanMs = 1_000;

/** How often the books are sent upstream while they change. */
const ledgerEveryMs = 60_000;

/** Rows that do not enter windows: retained messages are old, bad values are none. */
const notForWindows = RowFlag.retained | RowFlag.bad | RowFlag.duplicate;

export class FoldState {
  /** Sequence of the last record folded. */
  seq = 0;
  #settings: Settings = { rules: [], rollups: [] };
  /** Milliseconds that the gateway has been running, over all boots. */
  #runningMs = 0;
  #boot = "";
  #monotonicMs = 0;
  /** No silent source can want anything before this, in running time. */
  #idleCheckAt = 0;
  /** The same, as far as {@link FoldState.tickDue} has looked since the last record. */
  #quietUntil = 0;
  /** What the next snapshot will take, judged by the last. */
  #snapshotBytes = 65_536;
  #ledgerAt = 0;
  #booksChanged = false;
  readonly #output: FoldOutput = new FoldOutput();
  readonly #books: Books = new Books();
  readonly #panes: PaneStore = new PaneStore();
  readonly #rules: RuleSet = new RuleSet(this.#output, this.#panes);
  readonly #series: SeriesState[] = [];
  readonly #digests: DigestWindow = new DigestWindow();
  readonly #alerts: AlertBoard = new AlertBoard();
  #rollupPlan: RollupPlan = { names: [], sizesMs: [] };
  readonly #moment = { runningMs: 0, synced: false, corrected: false };

  get settings(): Settings {
    return this.#settings;
  }

  get heads(): Readonly<StreamHeads> {
    return this.#output.heads;
  }

  get groupCount(): number {
    return this.#rules.groupCount;
  }

  /** Panes that windows and rollups hold. */
  get paneCount(): number {
    return this.#panes.size;
  }

  /** Times that a series met a rule whose group there was no room for. */
  get refusedGroupCount(): number {
    return this.#rules.refusedCount;
  }

  /** Samples that left a window early because it held too many. */
  get overflowCount(): number {
    let count = 0;
    for (const group of this.#rules.groups()) count += group.overflowCount;
    return count;
  }

  get seriesCount(): number {
    return this.#series.length;
  }

  totals(): LedgerTotals {
    return this.#books.totals();
  }

  /** Every series, in the order of its number. */
  definitions(): readonly SeriesDefinition[] {
    return this.#series.map(({ definition }) => definition);
  }

  /** Alerts that are not at rest, and the last ones that came to rest. */
  get alerts(): AlertBoard {
    return this.#alerts;
  }

  /** Takes a series from outside the records: the one that defined it is missing. */
  knowSeries(definition: SeriesDefinition): void {
    if (definition.id >= this.#series.length) this.#define([definition]);
  }

  /** Goes on behind records that are missing. */
  skipTo(seq: number): void {
    this.seq = seq;
  }

  /** Goes on behind the records that the streams already hold. */
  continueStreams(heads: Readonly<StreamHeads>): void {
    this.#output.restore(heads);
  }

  /** Whether a message without a stamp was taken before; asked only when its DUP flag is set. */
  knowsDigest(high: number, low: number): boolean {
    return this.#digests.has(digestOf(high, low));
  }

  /**
   * Marks the rows that were sent before, and remembers the others.
   *
   * It comes before {@link FoldState.step} of the same record, whose `definitions` may be needed. Rows
   * read back from the log were told apart when they were written, so none of them is marked.
   *
   * @returns How many rows were marked.
   */
  recognise(rows: SampleColumns, definitions: readonly SeriesDefinition[]): number {
    this.#define(definitions);
    let duplicates = 0;
    for (let row = 0; row < rows.count; row += 1) {
      const flags = rows.flags[row]!;
      if ((flags & RowFlag.stamped) === 0) continue;
      const series = this.#series[rows.series[row]!]!;
      if (series.stamps.seen(rows.at[row]!, identityOf(rows, row), this.#runningMs)) {
        rows.flags[row] = flags | RowFlag.duplicate;
        duplicates += 1;
      }
    }
    return duplicates;
  }

  /**
   * Folds one record.
   *
   * @param record - The next one: `seq` is one more than the last. Its rows went through
   *   {@link FoldState.recognise} just before.
   * @returns What is to be written together with the record.
   */
  step(record: LogRecord): Effects {
    invariant(record.seq === this.seq + 1, `record ${record.seq} follows ${this.seq}`);
    this.seq = record.seq;
    this.#passTime(record);
    if (record.settings !== undefined) this.#apply(record.settings, record.at);
    this.#foldRows(record.rows);
    for (let index = 0; index + 1 < record.digests.length; index += 2) {
      this.#digests.add(digestOf(record.digests[index]!, record.digests[index + 1]!));
    }
    this.#books.add(record.counts);
    if (record.counts.receivedMessages > 0) this.#booksChanged = true;
    if (record.status !== undefined) this.#output.status({ at: record.at, ...record.status });
    this.#quietUntil = 0;
    if (this.#runningMs >= this.#idleCheckAt) this.#passSilence();
    this.#sendBooks(record);
    const effects = this.#output.take();
    this.#alerts.apply(effects.alerts);
    return effects;
  }

  #passTime(record: LogRecord): void {
    // Between two boots an unknown time has passed; as for the windows it did not.
    if (record.boot === this.#boot) this.#runningMs += Math.max(0, record.monotonicMs - this.#monotonicMs);
    this.#boot = record.boot;
    this.#monotonicMs = record.monotonicMs;
    this.#moment.runningMs = this.#runningMs;
    this.#moment.synced = record.synced;
  }

  #foldRows(rows: SampleColumns): void {
    const moment = this.#moment;
    let late = 0;
    for (let row = 0; row < rows.count; row += 1) {
      const flags = rows.flags[row]!;
      const kind = rows.kind[row]!;
      if ((flags & notForWindows) !== 0 || kind > ValueKind.boolean) continue;
      const series = this.#series[rows.series[row]!]!;
      const value = rows.value[row]!;
      if (!(Math.abs(value) <= windowValueMax)) continue;
      const at = rows.at[row]!;
      let rowIsLate = false;
      if (kind === ValueKind.number) {
        moment.corrected = (flags & RowFlag.corrected) !== 0;
        const rollup = series.rollup ?? this.#openRollup(series);
        if (rollup?.add(value, at, moment) === true) rowIsLate = true;
      }
      const { groups } = series;
      for (let index = 0; index < groups.length; index += 1) {
        if (groups[index]?.add(value, at, moment.runningMs) === true) rowIsLate = true;
      }
      if (rowIsLate) late += 1;
    }
    if (late > 0) this.#books.addLate(late);
  }

  #openRollup(series: SeriesState): SeriesRollup | undefined {
    if (this.#rollupPlan.names.length === 0) return undefined;
    series.rollup = new SeriesRollup(series.definition, this.#rollupPlan, this.#output, this.#panes);
    return series.rollup;
  }

  #define(definitions: readonly SeriesDefinition[]): void {
    for (const definition of definitions) {
      if (definition.id < this.#series.length) continue;
      invariant(definition.id === this.#series.length, `series ${definition.id} is out of order`);
      const series = new SeriesState(definition);
      series.groups = this.#rules.groupsOf(definition);
      this.#series.push(series);
    }
  }

  #apply(settings: Settings, at: number): void {
    const rollupsChanged = settings.rollups.join() !== this.#settings.rollups.join();
    this.#settings = settings;
    this.#rollupPlan = planRollups(settings.rollups);
    this.#rules.replace(settings.rules, at);
    for (const series of this.#series) {
      series.groups = this.#rules.groupsOf(series.definition);
      if (!rollupsChanged) continue;
      series.rollup?.flush();
      series.rollup = undefined;
    }
    this.#rules.prune(at);
    this.#idleCheckAt = 0;
  }

  /**
   * Whether a record without messages would have an effect at a moment of the boot of the last record: a
   * source has been silent for long enough, or the books are due.
   */
  tickDue(monotonicMs: number): boolean {
    const runningMs = this.#runningMs + Math.max(0, monotonicMs - this.#monotonicMs);
    if (this.#booksChanged && runningMs - this.#ledgerAt >= ledgerEveryMs) return true;
    if (runningMs < Math.max(this.#idleCheckAt, this.#quietUntil)) return false;
    this.#quietUntil = this.#nextIdleCheck(runningMs);
    return this.#quietUntil <= runningMs;
  }

  /**
   * Earliest running time at which silence can have an effect. A sample that comes later puts its own
   * effect off by `limits.idleMs`, so it is not later than that from now.
   */
  #nextIdleCheck(runningMs: number): number {
    let dueAt = runningMs + idleMs;
    for (const group of this.#rules.groups()) dueAt = Math.min(dueAt, group.idleDueAt());
    for (const { rollup } of this.#series) {
      if (rollup !== undefined) dueAt = Math.min(dueAt, rollup.idleDueAt());
    }
    return dueAt;
  }

  #passSilence(): void {
    for (const { rollup } of this.#series) rollup?.advanceIdle(this.#runningMs);
    for (const group of this.#rules.groups()) group.advanceIdle(this.#runningMs);
    this.#idleCheckAt = Math.max(this.#runningMs + idleScanMs, this.#nextIdleCheck(this.#runningMs));
  }

  #sendBooks(record: LogRecord): void {
    if (!this.#booksChanged) return;
    if (this.#runningMs - this.#ledgerAt < ledgerEveryMs && record.status === undefined) return;
    this.#ledgerAt = this.#runningMs;
    this.#booksChanged = false;
    this.#output.ledger({ at: record.at, logSeq: record.seq, ...this.#books.totals() });
  }

  /** The whole state as bytes; the same state gives the same bytes. */
  snapshot(): Uint8Array {
    const writer = new SnapshotWriter(this.#snapshotBytes);
    writer.count(snapshotVersion);
    writer.count(this.seq);
    writer.text(JSON.stringify(this.#settings));
    writer.number(this.#runningMs);
    writer.text(this.#boot);
    writer.number(this.#monotonicMs);
    writer.number(this.#idleCheckAt);
    writer.number(this.#ledgerAt);
    writer.count(this.#booksChanged ? 1 : 0);
    const { heads } = this.#output;
    for (const head of [heads.alerts, heads.status, heads.summaries, heads.ledger]) writer.count(head);
    this.#books.write(writer);
    this.#rules.write(writer);
    writer.count(this.#series.length);
    for (const { definition, stamps, rollup } of this.#series) {
      writer.text(definition.device);
      writer.text(definition.metric);
      writer.count(definition.unit === undefined ? 0 : 1);
      if (definition.unit !== undefined) writer.text(definition.unit);
      stamps.write(writer);
      writer.count(rollup === undefined ? 0 : 1);
      rollup?.write(writer);
    }
    this.#digests.write(writer);
    writer.text(JSON.stringify(this.#alerts.records()));
    const bytes = writer.finish();
    this.#snapshotBytes = Math.ceil(bytes.length * 1.1) + 1_024;
    return bytes;
  }

  /**
   * Reads a snapshot back.
   *
   * @returns Nothing when it is of another version: replay the log instead.
   */
  static restore(bytes: Uint8Array): FoldState | undefined {
    const reader = new SnapshotReader(bytes);
    if (reader.count() !== snapshotVersion) return undefined;
    const state = new FoldState();
    state.#read(reader);
    invariant(reader.finished, "the snapshot has bytes left over");
    return state;
  }

  #read(reader: SnapshotReader): void {
    this.seq = reader.count();
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what `snapshot` wrote, under a checksum
    this.#apply(JSON.parse(reader.text()) as Settings, 0);
    this.#runningMs = reader.number();
    this.#boot = reader.text();
    this.#monotonicMs = reader.number();
    this.#idleCheckAt = reader.number();
    this.#ledgerAt = reader.number();
    this.#booksChanged = reader.count() === 1;
    this.#output.restore({
      alerts: reader.count(),
      status: reader.count(),
      summaries: reader.count(),
      ledger: reader.count(),
    });
    this.#books.read(reader);
    this.#rules.read(reader);
    const seriesCount = reader.count();
    for (let id = 0; id < seriesCount; id += 1) {
      const device = reader.text();
      const metric = reader.text();
      const unit = reader.count() === 1 ? reader.text() : undefined;
      this.#define([{ id, device, metric, ...(unit === undefined ? {} : { unit }) }]);
      const series = this.#series[id]!;
      series.stamps.read(reader);
      if (reader.count() === 1) this.#openRollup(series)?.read(reader);
    }
    this.#digests.read(reader);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what `snapshot` wrote, under a checksum
    this.#alerts.apply(JSON.parse(reader.text()) as AlertRecord[]);
  }
}

/** What tells two values of one stamp apart. Texts by a hash: one in four billion pairs is taken for equal. */
function identityOf(rows: SampleColumns, row: number): number {
  const value = rows.value[row]!;
  const kind = rows.kind[row]!;
  if (kind === ValueKind.none) return 0;
  if (kind !== ValueKind.text) return value;
  let hash = 0x811c9dc5;
  const text = rows.texts[value]!;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

function planRollups(names: readonly string[]): RollupPlan {
  return {
    names,
    sizesMs: names.map((name) => {
      const sizeMs = parseDuration(name);
      invariant(typeof sizeMs === "number", `rollup ${name} is not a duration`);
      return sizeMs;
    }),
  };
}
