/**
 * The state of the gateway: what folding the log gives.
 *
 * It is changed by {@link FoldState.step} and by nothing else, has no clock and no randomness, and can be
 * written to bytes and read back at any record. The same records give the same state and the same
 * effects, wherever the log was cut by a restart.
 */
import { AlertBoard } from "../alert/board.ts";
import { InhibitionIndex } from "../alert/inhibition.ts";
import { type Device, describeDevices } from "../device.ts";
import { invariant } from "../errors.ts";
import { idleMs, windowValueMax } from "../limits.ts";
import { parseDuration } from "../time/duration.ts";
import type { Effects, LogRecord, Settings } from "../record.ts";
import { type EpochMs, RowFlag, type SampleColumns, type SeriesDefinition, ValueKind } from "../sample.ts";
import type { AlertRecord, LedgerTotals } from "../streams.ts";
import { DigestWindow, digestOf } from "./duplicates.ts";
import { PaneStore } from "../window/pane-store.ts";
import { Books } from "./ledger.ts";
import { FoldOutput, type StreamHeads } from "./output.ts";
import { type RollupPlan, SeriesRollup } from "./rollup.ts";
import { RepairTable, type TimeRepair } from "../time/time-repair.ts";
import { type Admission, admitRows, type RowOrigin } from "./admission.ts";
import type { RuleDefinition } from "../rule/definition.ts";
import type { Group } from "./group.ts";
import type { FoldTools } from "./tools.ts";
import { RuleSet } from "./rule-set.ts";
import { DeviceState, SeriesState } from "./series-state.ts";
import { SnapshotReader, SnapshotWriter } from "./snapshot.ts";

/** Order of fields in a snapshot. A snapshot of another version is not read. */
const snapshotVersion = 8;

/** How often, at most, in the gateway's running time, silent sources are looked at. */
const idleScanMs = 1_000;

/** How often the books are sent upstream while they change. */
const ledgerEveryMs = 60_000;

/** Rows that do not enter windows: retained messages are old, bad values are none. */
const notForWindows = RowFlag.retained | RowFlag.bad | RowFlag.duplicate;

export class FoldState {
  /** Sequence of the last record folded. */
  seq = 0;
  readonly #tools: FoldTools;
  #settings: Settings = { rules: [], rollups: [], devices: [] };
  #describeDevice: (name: string) => Device = describeDevices([]);
  readonly #devices: Map<string, DeviceState> = new Map();
  /** Milliseconds that the gateway has been running, over all boots. */
  #runningMs = 0;
  #boot = "";
  /** Boots so far. */
  #bootCount = 0;
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
  readonly #panes: PaneStore;
  readonly #now = { runningMs: 0, at: 0, synced: false };
  readonly #rules: RuleSet;
  readonly #series: SeriesState[] = [];
  readonly #digests: DigestWindow = new DigestWindow();
  readonly #alerts: AlertBoard = new AlertBoard();
  #rollupPlan: RollupPlan = { names: [], sizesMs: [] };
  readonly #repairs: RepairTable = new RepairTable();
  /** Commands that found no alert at their address. */
  #unmetCommandCount = 0;
  readonly #moment = { runningMs: 0, synced: false, corrected: false };

  constructor(tools: FoldTools = {}) {
    this.#tools = tools;
    this.#panes = new PaneStore(tools.sketches);
    this.#rules = new RuleSet({
      output: this.#output,
      panes: this.#panes,
      now: this.#now,
      inhibitions: new InhibitionIndex([]),
    });
  }

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
    for (const group of this.#rules.groups()) {
      for (const { window } of group.sides) count += window.overflowCount;
    }
    return count;
  }

  get seriesCount(): number {
    return this.#series.length;
  }

  /** The gateway's clock as of the last record. */
  get lastAt(): EpochMs {
    return this.#now.at;
  }

  /** By which the times of receipt in earlier records are found. */
  get repairs(): RepairTable {
    return this.#repairs;
  }

  /** Commands that found no alert at their address. */
  get unmetCommandCount(): number {
    return this.#unmetCommandCount;
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
   * Marks the rows that were sent before, and gives the others their event time.
   *
   * It comes before {@link FoldState.step} of the same record, whose `definitions` may be needed.
   *
   * @param origin - Of rows read back from the log nothing is changed: what was decided then stands.
   * @returns What was done; one object that the next call fills anew.
   */
  admit(
    record: Pick<LogRecord, "rows" | "definitions" | "at" | "synced" | "repair">,
    origin: RowOrigin,
  ): Readonly<Admission> {
    // What was learnt of other clocks was learnt by one that was wrong.
    if (record.repair?.from === "synced") {
      for (const { clock } of this.#devices.values()) clock.shift(record.repair.byMs);
    }
    this.#define(record.definitions);
    return admitRows(record, this.#series, this.#runningMs, origin);
  }

  /**
   * Folds one record.
   *
   * @param record - The next one: `seq` is one more than the last. Its rows went through
   *   {@link FoldState.admit} just before.
   * @returns What is to be written together with the record.
   */
  step(record: LogRecord): Effects {
    invariant(record.seq === this.seq + 1, `record ${record.seq} follows ${this.seq}`);
    this.seq = record.seq;
    this.#passTime(record);
    if (record.settings !== undefined) this.#apply(record.settings, record.at);
    if (record.repair !== undefined) this.#repair(record.repair, record.seq);
    for (const command of record.commands ?? []) {
      if (!this.#rules.command(command)) this.#unmetCommandCount += 1;
    }
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
    else this.#startBoot(record);
    this.#monotonicMs = record.monotonicMs;
    this.#moment.runningMs = this.#runningMs;
    this.#moment.synced = record.synced;
    this.#now.runningMs = this.#runningMs;
    this.#now.at = record.at;
    this.#now.synced = record.synced;
  }

  #startBoot({ boot, at, synced }: LogRecord): void {
    const offSince = this.#now.at;
    const known = synced && this.#now.synced && at > offSince;
    if (this.#boot !== "" && known) for (const group of this.#rules.groups()) group.wasOff(offSince, at);
    this.#boot = boot;
    this.#bootCount += 1;
  }

  /**
   * Moves what the gateway's own clock has stamped in this boot: that clock was wrong.
   *
   * Windows and alerts move. Open rollup intervals are closed where they are, marked as of a clock that was
   * not synchronised, and new ones begin at the right time: half an hour cannot be moved to another hour.
   */
  #repair(repair: TimeRepair, seq: number): void {
    this.#repairs.add(repair, seq);
    const { boot, byMs } = repair;
    if (boot !== this.#boot || byMs === 0) return;
    const groups = new Set<Group>();
    for (const series of this.#series) {
      if (series.receiptBoot !== this.#bootCount) continue;
      series.rollup?.flush();
      series.rollup = undefined;
      for (const { group } of series.sides) groups.add(group);
    }
    for (const group of groups) group.shift(byMs);
    const detail = `Times of receipt of boot ${boot} move by ${byMs} ms.`;
    this.#output.status({ at: this.#now.at, state: "time-repaired", detail, version: "", repair });
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
      if ((flags & RowFlag.stamped) === 0) series.receiptBoot = this.#bootCount;
      const { sides } = series;
      for (let index = 0; index < sides.length; index += 1) {
        if (sides[index]?.add(value, at, moment.runningMs) === true) rowIsLate = true;
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
      const series = new SeriesState(definition, this.#deviceOf(definition.device));
      series.sides = this.#rules.sidesOf(definition, series.device.description);
      this.#series.push(series);
    }
  }

  #deviceOf(name: string): DeviceState {
    const known = this.#devices.get(name);
    if (known !== undefined) return known;
    const device = new DeviceState(this.#describeDevice(name));
    this.#devices.set(name, device);
    return device;
  }

  #apply(settings: Settings, at: number): void {
    const rollupsChanged = settings.rollups.join() !== this.#settings.rollups.join();
    this.#settings = settings;
    this.#rollupPlan = planRollups(settings.rollups);
    this.#describeDevice = describeDevices(settings.devices);
    for (const [name, device] of this.#devices) device.description = this.#describeDevice(name);
    this.#rules.replace(settings.rules, at, this.#tools.expressions);
    for (const series of this.#series) {
      series.sides = this.#rules.sidesOf(series.definition, series.device.description);
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
    for (const group of this.#rules.groups()) dueAt = Math.min(dueAt, group.timeDueAt());
    for (const { rollup } of this.#series) {
      if (rollup !== undefined) dueAt = Math.min(dueAt, rollup.idleDueAt());
    }
    return dueAt;
  }

  #passSilence(): void {
    for (const { rollup } of this.#series) rollup?.advanceIdle(this.#runningMs);
    for (const group of this.#rules.groups()) group.passTime(this.#runningMs);
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
    writer.count(this.#bootCount);
    writer.number(this.#monotonicMs);
    writer.number(this.#now.at);
    writer.count(this.#now.synced ? 1 : 0);
    writer.count(this.#unmetCommandCount);
    writer.number(this.#idleCheckAt);
    writer.number(this.#ledgerAt);
    writer.count(this.#booksChanged ? 1 : 0);
    const { heads } = this.#output;
    for (const head of [heads.alerts, heads.status, heads.summaries, heads.ledger]) writer.count(head);
    this.#books.write(writer);
    this.#rules.write(writer);
    writer.count(this.#series.length);
    for (const { definition, stamps, rollup, receiptBoot } of this.#series) {
      writeDefinition(writer, definition);
      stamps.write(writer);
      writer.count(receiptBoot);
      writer.count(rollup === undefined ? 0 : 1);
      rollup?.write(writer);
    }
    for (const { clock } of this.#devices.values()) clock.write(writer);
    this.#repairs.write(writer);
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
  static restore(bytes: Uint8Array, tools: FoldTools = {}): FoldState | undefined {
    const reader = new SnapshotReader(bytes);
    if (reader.count() !== snapshotVersion) return undefined;
    const state = new FoldState(tools);
    state.#read(reader);
    invariant(reader.finished, "the snapshot has bytes left over");
    return state;
  }

  /** The rules that a snapshot holds, so that what they need can be made ready; none of one that is not read. */
  static rulesIn(bytes: Uint8Array): readonly RuleDefinition[] {
    const reader = new SnapshotReader(bytes);
    if (reader.count() !== snapshotVersion) return [];
    reader.count();
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what `snapshot` wrote, under a checksum
    return (JSON.parse(reader.text()) as Settings).rules;
  }

  #read(reader: SnapshotReader): void {
    this.seq = reader.count();
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what `snapshot` wrote, under a checksum
    this.#apply(JSON.parse(reader.text()) as Settings, 0);
    this.#runningMs = reader.number();
    this.#boot = reader.text();
    this.#bootCount = reader.count();
    this.#monotonicMs = reader.number();
    this.#now.runningMs = this.#runningMs;
    this.#now.at = reader.number();
    this.#now.synced = reader.count() === 1;
    this.#unmetCommandCount = reader.count();
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
      this.#define([readDefinition(reader, id)]);
      const series = this.#series[id]!;
      series.stamps.read(reader);
      series.receiptBoot = reader.count();
      if (reader.count() === 1) this.#openRollup(series)?.read(reader);
    }
    for (const { clock } of this.#devices.values()) clock.read(reader);
    this.#repairs.read(reader);
    this.#rules.joinInhibitions();
    this.#digests.read(reader);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what `snapshot` wrote, under a checksum
    this.#alerts.apply(JSON.parse(reader.text()) as AlertRecord[]);
  }
}

function writeDefinition(writer: SnapshotWriter, { device, metric, unit, topic }: SeriesDefinition): void {
  writer.text(device);
  writer.text(metric);
  writer.count((unit === undefined ? 0 : 1) + (topic === undefined ? 0 : 2));
  if (unit !== undefined) writer.text(unit);
  if (topic !== undefined) writer.text(topic);
}

function readDefinition(reader: SnapshotReader, id: number): SeriesDefinition {
  const device = reader.text();
  const metric = reader.text();
  const parts = reader.count();
  const unit = (parts & 1) === 0 ? undefined : reader.text();
  const topic = (parts & 2) === 0 ? undefined : reader.text();
  return {
    id,
    device,
    metric,
    ...(unit === undefined ? {} : { unit }),
    ...(topic === undefined ? {} : { topic }),
  };
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
