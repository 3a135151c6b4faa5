/**
 * The alert of one group, and everything that may stand between its life and the stream: flapping,
 * inhibition, acknowledgement, shelf, reminders.
 *
 * The parts that only some alerts need are made when they are needed: most alerts are at rest, and then
 * there is only their status.
 */
import type { AlertCommand, CommandOutcome } from "../alert/command.ts";
import { FlapFilter, type ToldChange } from "../alert/flap.ts";
import { AlertHandling, type ToldState } from "../alert/handling.ts";
import { type AlertChange, endAlert, shownLevel } from "../alert/lifecycle.ts";
import { Reminder } from "../alert/reminder.ts";
import { AlertStatus } from "../alert/status.ts";
import type { CompiledRule } from "../rule/compile.ts";
import { hashOf } from "../rule/hash.ts";
import type { TemplateValue } from "../rule/template.ts";
import type { EpochMs } from "../sample.ts";
import { type AlertReason, type AlertRecord, alertStates, severities, type Severity } from "../streams.ts";
import type { FoldContext, MutableAlert } from "./context.ts";
import type { SnapshotReader, SnapshotWriter } from "./snapshot.ts";
import { labelsWithTenant } from "../tenant.ts";

/** What an alert shows of the group that it belongs to. */
export interface AlertFace {
  readonly rule: CompiledRule;
  readonly key: Readonly<Record<string, string>>;
  /** Group keys, labels and tags by name. */
  readonly texts: Readonly<Record<string, string>>;
  readonly values: number[];
  /** Share of the expected samples that the last decision had; `NaN` when it is not known. */
  readonly coverage: number;
}

/** What a decision says now that was made before. */
export interface Revised {
  readonly at: EpochMs;
  readonly revision: number;
  /** The level that holds, or −1. */
  readonly level: number;
  readonly coverage: number;
}

/** The episode that was told last. */
interface ToldEpisode {
  /** When it began, and when it was first said to have begun: its identity. */
  since: EpochMs;
  identifiedBy: EpochMs;
  /** When it fired first; `NaN` while it has not. */
  firedAt: EpochMs;
  /** Event time of the last change that was told; a later one is not told to have been before it. */
  announcedAt: EpochMs;
}

export class GroupAlert implements MutableAlert {
  readonly status: AlertStatus = new AlertStatus();
  readonly #face: AlertFace;
  readonly #context: FoldContext;
  #flap: FlapFilter | undefined = undefined;
  #handling: AlertHandling | undefined = undefined;
  #reminder: Reminder | undefined = undefined;
  /** What was told last; nothing when nothing was told yet or the end of an episode was. */
  #told: ToldState | undefined = undefined;
  #inhibitedBy: string | undefined = undefined;
  /** Nothing while nothing was ever told. */
  #episode: ToldEpisode | undefined = undefined;

  constructor(face: AlertFace, context: FoldContext) {
    this.#face = face;
    this.#context = context;
  }

  /** Whether it is anything but at rest. */
  get active(): boolean {
    return this.status.state !== "ok";
  }

  get identity(): string {
    return `${this.rule}\u0000${Object.values(this.#face.key).join("\u0000")}`;
  }

  get rule(): string {
    return this.#face.rule.definition.id;
  }

  get values(): Readonly<Record<string, string>> {
    return this.#face.texts;
  }

  /** Of the episode that was told last, whatever clocks have been set since. */
  get id(): string {
    return this.#idOf(this.#episode?.identifiedBy ?? Number.NaN);
  }

  /** Takes what a decision has changed; `undefined` when it has changed nothing. */
  decided(at: EpochMs, change: AlertChange | undefined): void {
    const { flap } = this.#face.rule.definition;
    if (flap === undefined) {
      if (change !== undefined) this.#change(change);
      return;
    }
    if (this.#flap === undefined && change === undefined) return;
    this.#flap ??= new FlapFilter();
    const told = this.#flap.step(flap, this.status, at, change);
    if (told === undefined) this.#follow();
    else this.#change(told);
  }

  /** Takes a change that no decision has made: time has passed, or data stays away. */
  passed(change: AlertChange): void {
    this.#change(this.#flap === undefined ? change : this.#flap.silence(this.status, change));
  }

  /** Ends it, as when its rule is no longer in force. */
  end(at: EpochMs): void {
    const change = endAlert(this.status, Math.max(at, this.#announcedAt));
    const told = this.#flap === undefined ? change : this.#flap.end(at, change);
    if (told !== undefined) this.#change(told);
  }

  /** Tells what was not seen to be so when it was decided first. */
  revised({ at, revision, level, coverage }: Revised): void {
    const state = level < 0 ? "ok" : "firing";
    const told = { state, level: Math.max(0, level), at, since: at } as const;
    const record = this.#recordOf(told, "revision");
    this.#context.output.alert({
      ...record,
      at,
      id: this.#idOf(at),
      severity: this.#severityOf(told.level),
      coverage: shareOf(coverage),
      capture: this.#captureAt(level < 0 ? Number.NaN : at),
      revision,
      historical: true,
    });
  }

  /** Does what somebody commands. */
  command(command: AlertCommand): CommandOutcome {
    const handling = this.#handling ?? new AlertHandling();
    const outcome = handling.apply(command, this.#told, this.#context.now);
    if (outcome !== "applied") return outcome;
    this.#handling = handling.empty ? undefined : handling;
    this.#tellAgain(command.kind);
    return outcome;
  }

  /**
   * Goes on under an edited rule, with all alerts in their places among those that fire.
   *
   * @param at - Event time that its group has reached.
   */
  goOn(at: EpochMs): void {
    const flap = this.#flap;
    if (flap !== undefined && this.#face.rule.definition.flap === undefined) {
      this.#flap = undefined;
      if (flap.flapping) this.#change(flap.silence(this.status, calmAt(at)));
    }
    this.inhibitionChanged();
    this.#follow();
  }

  inhibitionChanged(): void {
    const inhibitor = this.#fires ? this.#inhibitor() : undefined;
    if (inhibitor === this.#inhibitedBy) return;
    this.#inhibitedBy = inhibitor;
    this.#tellAgain(inhibitor === undefined ? "uninhibited" : "inhibited");
  }

  /** Lets the gateway's time pass: shelves end, and what nobody takes care of is told again. */
  passTime(): void {
    const { now } = this.#context;
    if (this.#handling?.expire(now) === true) {
      if (this.#handling.empty) this.#handling = undefined;
      this.#tellAgain("shelf-ended");
    }
    const due = this.#reminder?.step(this.#face.rule.definition, now.runningMs);
    if (due !== undefined) this.#tellAgain(due);
  }

  /** When {@link GroupAlert.passTime} will have an effect, in running time; `Infinity` for never. */
  dueAt(): number {
    const shelfAt = this.#handling?.dueAt(this.#context.now) ?? Number.POSITIVE_INFINITY;
    const reminderAt = this.#reminder?.dueAt(this.#face.rule.definition) ?? Number.POSITIVE_INFINITY;
    return Math.min(shelfAt, reminderAt);
  }

  /** Moves every event time: the clock that they were taken from was wrong. */
  shift(byMs: number): void {
    this.status.shift(byMs);
    this.#flap?.shift(byMs);
    this.#handling?.shift(byMs);
    if (this.#told !== undefined) this.#told = { ...this.#told, since: this.#told.since + byMs };
    if (this.#episode === undefined) return;
    this.#episode.since += byMs;
    this.#episode.firedAt += byMs;
    this.#episode.announcedAt += byMs;
  }

  get #announcedAt(): EpochMs {
    return this.#episode?.announcedAt ?? Number.NEGATIVE_INFINITY;
  }

  /** Takes its place among those that fire; once after a restart, and whenever the rules have changed. */
  joinInhibitions(): void {
    if (this.#fires && !this.#face.rule.definition.shadow) this.#context.inhibitions.fire(this);
  }

  #change(change: ToldChange): void {
    this.#told = change.state === "ok" || change.state === "resolved" ? undefined : change;
    this.#handling?.follow(change);
    if (this.#handling?.empty === true) this.#handling = undefined;
    const touched = this.#enterInhibitions();
    this.#inhibitedBy = this.#fires ? this.#inhibitor() : undefined;
    this.#tell(change, "change");
    this.#follow();
    this.#reminder?.told(this.#context.now.runningMs);
    for (const other of touched) other.inhibitionChanged();
  }

  /** @returns Who else is concerned by whether it fires. */
  #enterInhibitions(): readonly MutableAlert[] {
    if (this.#face.rule.definition.shadow) return [];
    const { inhibitions } = this.#context;
    return this.#fires ? inhibitions.fire(this) : inhibitions.rest(this);
  }

  /** Brings the reminder in line: it runs while the alert calls for somebody. */
  #follow(): void {
    const { repeatMs, escalate } = this.#face.rule.definition;
    if (repeatMs === undefined && escalate === undefined) {
      this.#reminder = undefined;
      return;
    }
    // While it flaps the episode is that of the notice, whatever goes on beneath.
    if (!this.active && this.#told?.state !== "flapping") {
      this.#reminder = undefined;
      return;
    }
    if (this.status.state === "firing") this.#reminder ??= new Reminder();
    this.#reminder?.follow(this.#calls, this.#context.now.runningMs);
  }

  /** It fires as far as others are concerned: one that flaps is still the cause of what it mutes. */
  get #fires(): boolean {
    return this.status.state === "firing" || this.#told?.state === "flapping";
  }

  get #calls(): boolean {
    if (this.#told?.state === "flapping") return false;
    return this.status.state === "firing" && this.#handling === undefined && this.#inhibitedBy === undefined;
  }

  #inhibitor(): string | undefined {
    const { definition } = this.#face.rule;
    return definition.inhibit.length === 0
      ? undefined
      : this.#context.inhibitions.inhibitorOf(definition.id, this.#face.texts);
  }

  /** Tells where it stands, for another reason than that this has changed. */
  #tellAgain(reason: AlertReason): void {
    this.#follow();
    // One that was never told has no time of its own yet.
    const at = this.#episode?.announcedAt ?? this.#context.now.at;
    const since = this.#episode?.since ?? at;
    const told = this.#told ?? { state: "ok" as const, level: shownLevel(this.status), since };
    this.#tell({ ...told, at }, reason);
  }

  #tell(change: ToldChange, reason: AlertReason): void {
    const { since } = change;
    if (since !== this.#episode?.since) {
      const announcedAt = this.#announcedAt;
      this.#episode = { since, identifiedBy: since, firedAt: Number.NaN, announcedAt };
    }
    const episode = this.#episode;
    const fires = change.state === "firing" || change.state === "flapping";
    if (fires && Number.isNaN(episode.firedAt)) episode.firedAt = Math.max(change.at, episode.announcedAt);
    const record = this.#recordOf(change, reason);
    episode.announcedAt = record.at;
    const { output } = this.#context;
    output.alert(record);
    const { actions, definition } = this.#face.rule;
    const unheard = record.inhibitedBy !== null || record.shelvedUntil !== null;
    // What ends is always acted upon: the horn that sounded before the shelf must not sound on.
    const muted = definition.shadow || (unheard && record.state !== "resolved");
    if (muted || actions.length === 0 || reason === "acknowledge" || reason === "unacknowledge") return;
    const { state, severity } = record;
    const named = { ...record.annotations, ...this.#named(record.values), state, severity };
    for (const action of actions) if (action.runsOn(record.state)) output.action(action.render(named));
  }

  #named(values: AlertRecord["values"]): Record<string, TemplateValue> {
    return { ...this.#face.texts, ...values };
  }

  #recordOf(change: ToldChange, reason: AlertReason): Omit<AlertRecord, "seq"> {
    const { rule, key, values, coverage } = this.#face;
    const { definition, fields, annotations } = rule;
    const numbers = fields.map((field, index) => {
      const value = values[index]!;
      return [field, Number.isFinite(value) ? value : null] as const;
    });
    const shown = Object.fromEntries(numbers);
    const named = this.#named(shown);
    return {
      id: this.id,
      rule: definition.id,
      key,
      state: change.state,
      severity: this.#severity(change.level),
      since: change.since,
      at: Math.max(change.at, change.since, this.#announcedAt),
      reason,
      values: shown,
      labels: labelsWithTenant(definition.labels, definition.tenant),
      annotations: Object.fromEntries(annotations.map(([name, template]) => [name, template.render(named)])),
      coverage: shareOf(coverage),
      revision: 0,
      historical: false,
      acknowledged: this.#handling?.acknowledgement !== undefined,
      acknowledgedBy: this.#handling?.acknowledgement?.by ?? null,
      shelvedUntil: this.#handling?.shelf?.endAt ?? null,
      inhibitedBy: this.#inhibitedBy ?? null,
      shadow: definition.shadow,
      capture: this.#captureAt(this.#episode?.firedAt ?? Number.NaN),
    };
  }

  /** What is to be kept around a firing; nothing where there was none, or the rule wants nothing. */
  #captureAt(firedAt: EpochMs): AlertRecord["capture"] {
    const { capture } = this.#face.rule.definition;
    if (capture === undefined || Number.isNaN(firedAt)) return null;
    return { from: firedAt - capture.beforeMs, to: firedAt + capture.afterMs };
  }

  #idOf(since: EpochMs): string {
    return hashOf(`${this.identity}\u0000${since}`);
  }

  #severity(level: number): Severity {
    const { definition } = this.#face.rule;
    const severity = this.#severityOf(level);
    if (this.#reminder?.escalated !== true || definition.escalate === undefined) return severity;
    const risen = definition.escalate.severity;
    return severities.indexOf(risen) > severities.indexOf(severity) ? risen : severity;
  }

  #severityOf(level: number): Severity {
    const { levels } = this.#face.rule;
    return (levels[level] ?? levels[0]!).severity;
  }

  write(writer: SnapshotWriter): void {
    this.status.write(writer);
    const told = this.#told;
    writer.count(
      (told === undefined ? 0 : 1) +
        (this.#flap === undefined ? 0 : 2) +
        (this.#handling === undefined ? 0 : 4) +
        (this.#reminder === undefined ? 0 : 8) +
        (this.#inhibitedBy === undefined ? 0 : 16) +
        (this.#episode === undefined ? 0 : 32),
    );
    if (this.#episode !== undefined) writeEpisode(writer, this.#episode);
    if (told !== undefined) {
      writer.count(alertStates.indexOf(told.state));
      writer.count(told.level);
      writer.number(told.since);
    }
    this.#flap?.write(writer);
    this.#handling?.write(writer);
    this.#reminder?.write(writer);
    if (this.#inhibitedBy !== undefined) writer.text(this.#inhibitedBy);
  }

  read(reader: SnapshotReader): void {
    this.status.read(reader);
    const parts = reader.count();
    if ((parts & 32) !== 0) this.#episode = readEpisode(reader);
    if ((parts & 1) !== 0) {
      const state = alertStates[reader.count()]!;
      this.#told = { state, level: reader.count(), since: reader.number() };
    }
    if ((parts & 2) !== 0) (this.#flap = new FlapFilter()).read(reader);
    if ((parts & 4) !== 0) (this.#handling = new AlertHandling()).read(reader);
    if ((parts & 8) !== 0) (this.#reminder = new Reminder()).read(reader);
    if ((parts & 16) !== 0) this.#inhibitedBy = reader.text();
  }
}

function writeEpisode(writer: SnapshotWriter, episode: ToldEpisode): void {
  writer.number(episode.since);
  writer.number(episode.identifiedBy);
  writer.number(episode.firedAt);
  writer.number(episode.announcedAt);
}

function readEpisode(reader: SnapshotReader): ToldEpisode {
  return {
    since: reader.number(),
    identifiedBy: reader.number(),
    firedAt: reader.number(),
    announcedAt: reader.number(),
  };
}

function shareOf(coverage: number): number | null {
  return Number.isFinite(coverage) ? Math.min(1, coverage) : null;
}

/** That nothing goes on any more, as far as a filter of flapping is concerned. */
function calmAt(at: EpochMs): AlertChange {
  return { state: "ok", level: 0, at, since: at };
}
