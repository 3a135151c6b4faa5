/**
 * The state of the gateway: what folding the log gives.
 *
 * It is changed by {@link FoldState.step} and by nothing else, has no clock and no randomness, and can be
 * written to bytes and read back at any record. The same records give the same state and the same
 * effects, wherever the log was cut by a restart.
 */
import { type GatewayCommand, isDeviceCommand } from "../command.ts";
import { AlertBoard } from "../alert/board.ts";
import type { PastReceipt } from "../batch.ts";
import { InhibitionIndex } from "../alert/inhibition.ts";
import { invariant } from "../errors.ts";
import { windowValueMax } from "../limits.ts";
import { parseDuration } from "../time/duration.ts";
import type { Effects, LogRecord, Settings } from "../record.ts";
import {
  type EpochMs,
  notStored,
  RowFlag,
  type SeriesDefinition,
  type SeriesId,
  ValueKind,
} from "../sample.ts";
import type { AlertRecord, LedgerTotals } from "../streams.ts";
import { DigestWindow, digestOf } from "./duplicates.ts";
import { PaneStore } from "../window/pane-store.ts";
import { Catalogue } from "./catalogue.ts";
import { Books } from "./ledger.ts";
import { earliestDue, passDue, type Timed } from "./due-order.ts";
import { FoldOutput, type StreamHeads } from "./output.ts";
import { type RollupPlan, SeriesRollup } from "./rollup.ts";
import { RepairTable, type TimeRepair } from "../time/time-repair.ts";
import { type Admission, admitRows, type RowOrigin } from "./admission.ts";
import type { RuleDefinition } from "../rule/definition.ts";
import { compileGlobs } from "../rule/glob.ts";
import { Role } from "./presence.ts";
import type { Group } from "./group.ts";
import type { GroupSide } from "./group-side.ts";
import type { FoldTools } from "./tools.ts";
import { RuleSet } from "./rule-set.ts";
import { FoldTime } from "./fold-time.ts";
import { schemaBreaks } from "../schema.ts";
import { SchemaHistory } from "./schema-history.ts";
import { SeriesRegistry } from "./series-registry.ts";
import type { SeriesState } from "./series-state.ts";
import { SnapshotReader, SnapshotWriter } from "./snapshot.ts";

/** Order of fields in a snapshot. A snapshot of another version is not read. */
const snapshotVersion = 13;

/** How often, at most, in the gateway's running time, silent sources are looked at. */
const idleScanMs = 1_000;

/** What is due within this, in running time, is due now: sums of times are not exact. */
const leastMs = 0.001;

/** How often the books are sent upstream while they change. */
const ledgerEveryMs = 60_000;

/** Rows of which nothing is made: retained messages are old, bad values are none. */
const notForWindows = RowFlag.retained | RowFlag.bad | notStored;

/** Rows of which this is set enter summaries and no rule. */
const notForRules = RowFlag.historical;

/** Rows that say nothing of how their device is now. */
const noSignOfLife = RowFlag.retained | RowFlag.historical | notStored;

const noSides: readonly GroupSide[] = [];

/** Rows of which only the first is set have the stamp of the device for their time. */
const stampTaken = RowFlag.stamped | RowFlag.restamped;

export class FoldState {
  /** Sequence of the last record folded. */
  seq = 0;
  readonly #tools: FoldTools;
  #settings: Settings = { rules: [], rollups: [], devices: [] };
  readonly #time: FoldTime = new FoldTime();
  /** No silent source can want anything before this, in running time. */
  #idleCheckAt = 0;
  /** The same, as far as {@link FoldState.tickDue} has looked since the last record. */
  #quietUntil = 0;
  /** What the last snapshot took. */
  #snapshotBytes = 0;
  #ledgerAt = 0;
  #booksChanged = false;
  readonly #output: FoldOutput = new FoldOutput();
  readonly #books: Books = new Books();
  readonly #panes: PaneStore;
  readonly #rules: RuleSet;
  readonly #series: SeriesRegistry = new SeriesRegistry();
  readonly #digests: DigestWindow = new DigestWindow();
  readonly #alerts: AlertBoard = new AlertBoard();
  #rollupPlan: RollupPlan = { names: [], sizesMs: [] };
  /** What messages said about devices. */
  readonly catalogue: Catalogue = new Catalogue();
  /** Which version of which device profile was in force when. */
  readonly schemas: SchemaHistory = new SchemaHistory();
  #retired: SeriesDefinition[] = [];
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
      now: this.#time,
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
    return this.#rules.overflowCount;
  }

  /** Series that are not retired. */
  get seriesCount(): number {
    return this.#series.count;
  }

  get deviceCount(): number {
    return this.#series.deviceCount;
  }

  /** The first number that no series was ever given. */
  get nextSeries(): SeriesId {
    return this.#series.all.length;
  }

  /** Series that are not retired, in the order of their numbers. */
  series(): Iterable<SeriesState> {
    return this.#series.live();
  }

  /** How long the gateway had been running at a moment of the boot of the last record, in milliseconds. */
  runningMsAt(monotonicMs: number): number {
    return this.#time.runningMsAt(monotonicMs);
  }

  /** The gateway's clock as of the last record. */
  get lastAt(): EpochMs {
    return this.#time.at;
  }

  /** Whether that was known to be right. */
  get lastSynced(): boolean {
    return this.#time.synced;
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

  /** Series whose names mean nothing any more since the last call: the next sample of each makes a new one. */
  takeRetired(): readonly SeriesDefinition[] {
    const retired = this.#retired;
    this.#retired = [];
    return retired;
  }

  /** Alerts that are not at rest, and the last ones that came to rest. */
  get alerts(): AlertBoard {
    return this.#alerts;
  }

  /** Takes a series from outside the records: the one that defined it is missing. */
  knowSeries(definition: SeriesDefinition): void {
    this.#define([definition]);
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
   * Marks the rows that were sent before or say nothing new, and gives the others their event time.
   *
   * It comes before {@link FoldState.step} of the same record, whose `definitions` may be needed.
   *
   * @param origin - Of rows read back from the log nothing is changed: what was decided then stands.
   * @param pastReceipts - Of new rows that were received long before.
   * @returns What was done; one object that the next call fills anew.
   */
  admit(
    record: Pick<LogRecord, "rows" | "definitions" | "at" | "synced" | "repair">,
    origin: RowOrigin,
    pastReceipts: readonly PastReceipt[] = [],
  ): Readonly<Admission> {
    // What was learnt of other clocks was learnt by one that was wrong.
    if (record.repair?.from === "synced") this.#series.shiftClocks(record.repair.byMs);
    this.#define(record.definitions);
    return admitRows(record, this.#series, { runningMs: this.#time.runningMs, origin, pastReceipts });
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
    this.#rules.beginWaiting();
    // What was due before the record came is first, whenever somebody has looked last; a sample that comes just
    // when it is awaited is in time.
    if (this.#time.runningMs >= this.#idleCheckAt) this.#passSilence(0);
    if (record.settings !== undefined) {
      this.#apply(record.settings, record.at);
      this.#takeProfiles(record.settings, record);
    }
    if (record.repair !== undefined) this.#repair(record.repair, record.seq);
    if (record.commands !== undefined) this.#obey(record.commands, record.at);
    if (record.facts !== undefined) this.catalogue.apply(record.facts);
    this.#foldRows(record);
    for (let index = 0; index + 1 < record.digests.length; index += 2) {
      this.#digests.add(digestOf(record.digests[index]!, record.digests[index + 1]!));
    }
    this.#books.add(record.counts);
    if (record.counts.receivedMessages > 0 || record.counts.storedMessages > 0) this.#booksChanged = true;
    if (record.status !== undefined) this.#output.status({ at: record.at, ...record.status });
    this.#quietUntil = 0;
    if (this.#time.runningMs >= this.#idleCheckAt) this.#passSilence(leastMs);
    this.#sendBooks(record);
    const effects = this.#output.take();
    this.#alerts.apply(effects.alerts);
    return effects;
  }

  #obey(commands: readonly GatewayCommand[], at: EpochMs): void {
    for (const command of commands) {
      if (!this.#obeyOne(command, at)) this.#unmetCommandCount += 1;
    }
    // A shelf may end sooner than anything that was expected.
    this.#idleCheckAt = 0;
  }

  /** @returns false when there is nothing at the command's address. */
  #obeyOne(command: GatewayCommand, at: EpochMs): boolean {
    if (!isDeviceCommand(command)) return this.#rules.command(command);
    if (command.kind === "remove-device") {
      const { device } = command;
      const { size } = this.catalogue;
      this.catalogue.forget(device);
      return this.#retire((series) => series.device === device, at) || this.catalogue.size < size;
    }
    if (!this.#series.say(command)) return false;
    // Its tags may have made it another group's.
    if (command.tags !== undefined) this.#regroup(at);
    return true;
  }

  /** @returns Whether there was any. */
  #retire(isMeant: (definition: SeriesDefinition) => boolean, at: EpochMs): boolean {
    const gone = this.#series.retire(isMeant);
    for (const { rollup, definition } of gone) {
      rollup?.flush();
      this.#retired.push(definition);
    }
    if (gone.length > 0) this.#regroup(at);
    return gone.length > 0;
  }

  #passTime(record: LogRecord): void {
    const off = this.#time.passTo(record);
    if (off !== undefined) for (const group of this.#rules.groups()) group.wasOff(off);
    this.#moment.runningMs = this.#time.runningMs;
    this.#moment.synced = record.synced;
  }

  /**
   * Moves what the gateway's own clock has stamped in this boot: that clock was wrong.
   *
   * Windows and alerts move. Intervals of rollups stay where they are, those that hold samples of a clock that
   * was not synchronised are marked so, and what comes goes into those of the right time: half an hour cannot
   * be moved to another hour.
   */
  #repair(repair: TimeRepair, seq: number): void {
    this.#repairs.add(repair, seq);
    const { boot, byMs } = repair;
    if (boot !== this.#time.boot || byMs === 0) return;
    const groups = new Set<Group>();
    for (const series of this.#series.all) {
      if (series.receiptBoot !== this.#time.bootCount) continue;
      series.rollup?.clockMoved(byMs);
      for (const { group } of series.sides) groups.add(group);
    }
    for (const group of groups) group.shift(byMs);
    this.#series.movePresence(byMs, this.#time.bootCount);
    const detail = `Times of receipt of boot ${boot} move by ${byMs} ms.`;
    this.#output.status({ at: this.#time.at, state: "time-repaired", detail, version: "", repair });
  }

  #foldRows({ rows, at: receivedAt, seq }: Pick<LogRecord, "rows" | "at" | "seq">): void {
    const moment = this.#moment;
    const { bootCount, runningMs } = this.#time;
    const seenAt = { seq, at: receivedAt, runningMs, bootCount };
    const series = this.#series.all;
    let late = 0;
    for (let row = 0; row < rows.count; row += 1) {
      const of = series[rows.series[row]!]!;
      if (of.retired) continue;
      const flags = rows.flags[row]!;
      const kind = rows.kind[row]!;
      const value = rows.value[row]!;
      if ((flags & noSignOfLife) === 0) {
        const { presence } = of.device;
        if (presence.seq !== seq) presence.seen(seenAt);
        if (of.role !== Role.none && (flags & RowFlag.bad) === 0) presence.tell(of.role, kind, value);
      }
      if ((flags & notForWindows) !== 0 || kind > ValueKind.boolean) continue;
      if (!(Math.abs(value) <= windowValueMax)) continue;
      const at = rows.at[row]!;
      let rowIsLate = false;
      if (kind === ValueKind.number) {
        moment.corrected = (flags & RowFlag.corrected) !== 0;
        const rollup = of.rollup ?? this.#openRollup(of);
        if (rollup?.add(value, at, moment) === true) rowIsLate = true;
      }
      if ((flags & RowFlag.historical) !== 0) {
        if (rowIsLate) late += 1;
        continue;
      }
      // Its time is that of the gateway's own clock: the device has none, or it is not wanted, or not believed.
      if ((flags & stampTaken) !== RowFlag.stamped && (at === receivedAt || (flags & RowFlag.stamped) === 0))
        of.receiptBoot = bootCount;
      const sides = (flags & notForRules) === 0 ? of.sides : noSides;
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
    for (const series of this.#series.define(definitions)) {
      series.sides = this.#rules.sidesOf(series.definition, series.device.description);
    }
  }

  #apply(settings: Settings, at: number): void {
    const rollupsChanged = settings.rollups.join() !== this.#settings.rollups.join();
    this.#settings = settings;
    this.#rollupPlan = planRollups(settings.rollups);
    this.#series.describe(settings.devices);
    this.#regroup(at);
    if (rollupsChanged) for (const series of this.#series.live()) this.#replan(series);
  }

  /** Finds the groups of every series again, and lets go those that none feeds. */
  #regroup(at: EpochMs): void {
    this.#rules.replace(this.#settings.rules, at, this.#tools.expressions);
    for (const { definition, device } of this.#series.live()) {
      this.#rules.feed(definition, device.description);
    }
    this.#rules.prune(at);
    for (const series of this.#series.live()) {
      series.sides = this.#rules.sidesOf(series.definition, series.device.description);
    }
    this.#rules.beginWaiting();
    this.#rules.goOn();
    this.#idleCheckAt = 0;
  }

  /** Takes the profiles that are in force, and retires series that mean something else under them. */
  #takeProfiles({ profiles = [] }: Settings, { seq, at }: Pick<LogRecord, "seq" | "at">): void {
    const broken = new Map(
      profiles.flatMap((schema) => {
        const before = this.schemas.latest(schema.id);
        const breaks = before === undefined ? [] : schemaBreaks(before, schema);
        return breaks.length === 0 ? [] : [[schema.id, compileGlobs(breaks.map(({ metric }) => metric))]];
      }),
    );
    this.schemas.replace(profiles, seq, at);
    if (broken.size === 0) return;
    this.#retire(
      ({ profile, metric }) => profile !== undefined && broken.get(profile)?.(metric) === true,
      at,
    );
  }

  #replan(series: SeriesState): void {
    const { rollup } = series;
    if (rollup === undefined) return;
    if (this.#rollupPlan.names.length === 0) rollup.flush();
    else if (rollup.replan(this.#rollupPlan)) return;
    series.rollup = undefined;
  }

  /**
   * Whether a record without messages would have an effect at a moment of the boot of the last record: a
   * source has been silent for long enough, or the books are due.
   */
  tickDue(monotonicMs: number): boolean {
    const runningMs = this.#time.runningMsAt(monotonicMs);
    if (this.#booksChanged && runningMs - this.#ledgerAt >= ledgerEveryMs) return true;
    if (runningMs < Math.max(this.#idleCheckAt, this.#quietUntil)) return false;
    this.#quietUntil = this.#nextIdleCheck(runningMs);
    return this.#quietUntil <= runningMs;
  }

  /**
   * Earliest running time at which time alone can have an effect. What a sample that comes later leads to
   * is put off by the shortest delay of any rule, so it is not later than that from now.
   */
  #nextIdleCheck(runningMs: number): number {
    return Math.min(runningMs + this.#rules.leastDelayMs, earliestDue(this.#timed()));
  }

  /** @param withinMs - What is due so soon is due: 0 for what was due before this moment. */
  #passSilence(withinMs: number): void {
    const { runningMs } = this.#time;
    const passedAt = passDue(this.#timed(), runningMs + withinMs);
    const dueAt = Math.min(runningMs + this.#rules.leastDelayMs, passedAt);
    // What is due at this very moment is looked at behind the samples of the record.
    const isDueNow = withinMs === 0 && passedAt <= runningMs;
    this.#idleCheckAt = isDueNow ? runningMs : Math.max(runningMs + idleScanMs, dueAt);
  }

  /** Everything that time alone may change. */
  *#timed(): Generator<Timed> {
    for (const { rollup } of this.#series.all) if (rollup !== undefined) yield rollup;
    yield* this.#rules.groups();
  }

  #sendBooks(record: LogRecord): void {
    if (!this.#booksChanged) return;
    if (this.#time.runningMs - this.#ledgerAt < ledgerEveryMs && record.status === undefined) return;
    this.#ledgerAt = this.#time.runningMs;
    this.#booksChanged = false;
    this.#output.ledger({ at: record.at, logSeq: record.seq, ...this.#books.totals() });
  }

  /** The whole state as bytes; the same state gives the same bytes. */
  snapshot(): Uint8Array {
    const writer = new SnapshotWriter(this.#snapshotBytesExpected);
    writer.count(snapshotVersion);
    writer.count(this.seq);
    writer.text(JSON.stringify(this.#settings));
    this.#time.write(writer);
    writer.count(this.#unmetCommandCount);
    writer.number(this.#idleCheckAt);
    writer.number(this.#ledgerAt);
    writer.count(this.#booksChanged ? 1 : 0);
    const { heads } = this.#output;
    for (const head of [heads.alerts, heads.status, heads.summaries, heads.ledger]) writer.count(head);
    this.#books.write(writer);
    this.#rules.write(writer);
    this.#series.write(writer);
    for (const { rollup } of this.#series.live()) {
      writer.count(rollup === undefined ? 0 : 1);
      rollup?.write(writer);
    }
    this.catalogue.write(writer);
    this.schemas.write(writer);
    this.#repairs.write(writer);
    this.#rules.writeCounts(writer);
    this.#digests.write(writer);
    writer.text(JSON.stringify(this.#alerts.records()));
    const bytes = writer.finish();
    this.#snapshotBytes = bytes.length;
    return bytes;
  }

  /** A little too much, so that the writer need not grow: a larger buffer, and a copy, for each doubling. */
  get #snapshotBytesExpected(): number {
    if (this.#snapshotBytes > 0) return Math.ceil(this.#snapshotBytes * 1.1) + 1_024;
    return 65_536 + 300 * this.seriesCount + 80 * this.groupCount + 100 * this.paneCount;
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
    this.#time.read(reader);
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
    this.#series.read(reader);
    for (const series of this.#series.live()) {
      series.sides = this.#rules.sidesOf(series.definition, series.device.description);
      if (reader.count() === 1) this.#openRollup(series)?.read(reader);
    }
    this.catalogue.read(reader);
    this.schemas.read(reader);
    this.#repairs.read(reader);
    this.#rules.joinInhibitions();
    this.#rules.readCounts(reader);
    this.#digests.read(reader);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what `snapshot` wrote, under a checksum
    this.#alerts.apply(JSON.parse(reader.text()) as AlertRecord[]);
  }
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
