/**
 * The rules in force and the groups they have made.
 *
 * Every series is matched against the rules once. Rules that name their metrics are found by metric, so
 * that a new series costs what concerns it, not the number of rules.
 */
import { type AlertCommand, isAddressed } from "../alert/command.ts";
import { InhibitionIndex } from "../alert/inhibition.ts";
import type { Device } from "../device.ts";
import { idleMs, ruleGroupsMax } from "../limits.ts";
import { compileRule, type CompiledRule, profileOf } from "../rule/compile.ts";
import type { RuleDefinition } from "../rule/definition.ts";
import type { ExpressionCompiler } from "../rule/expression.ts";
import { isGlob } from "../rule/glob.ts";
import type { EpochMs, SeriesDefinition } from "../sample.ts";
import type { FoldContext } from "./context.ts";
import { Group } from "./group.ts";
import type { GroupSide } from "./group-side.ts";
import type { SnapshotReader, SnapshotWriter } from "./snapshot.ts";
import { withinTenant } from "../tenant.ts";

interface RuleEntry {
  readonly rule: CompiledRule;
  /** Position among the rules: groups of a series are called in this order. */
  readonly order: number;
  readonly groups: Map<string, Group>;
}

/** One side of one rule, as series look for it. */
interface Candidate {
  readonly entry: RuleEntry;
  readonly side: number;
}

export class RuleSet {
  #entries: readonly RuleEntry[] = [];
  #byMetric: Map<string, Candidate[]> = new Map();
  #byGlob: Candidate[] = [];
  #groupCount = 0;
  #leastDelayMs = idleMs;
  /** Times that a series met a rule whose group there was no room for. */
  #refusedCount = 0;
  /** Samples that left windows early, of windows that are no more or were so long since. */
  #earlierOverflowCount = 0;
  /** Made since {@link RuleSet.beginWaiting} was called last. */
  #newGroups: Group[] = [];
  readonly #context: FoldContext;

  constructor(context: FoldContext) {
    this.#context = context;
  }

  get groupCount(): number {
    return this.#groupCount;
  }

  get refusedCount(): number {
    return this.#refusedCount;
  }

  /** Samples that left a window early because it held too many, ever. */
  get overflowCount(): number {
    let count = this.#earlierOverflowCount;
    for (const group of this.groups()) count += group.overflowCount;
    return count;
  }

  /** No sample leads to anything by time alone sooner than after this, in milliseconds of running time. */
  get leastDelayMs(): number {
    return this.#leastDelayMs;
  }

  *groups(): Generator<Group> {
    for (const { groups } of this.#entries) yield* groups.values();
  }

  /**
   * Puts other rules in force. Afterwards every series is to {@link RuleSet.feed} them, those groups that none
   * feeds to {@link RuleSet.prune}, every series to be given its {@link RuleSet.sidesOf} again, and then all
   * alerts to {@link RuleSet.goOn}.
   *
   * Groups live on where a rule of the same id still groups alike; of their state, what the edit left
   * meaningful. Alerts of rules that are gone are resolved.
   */
  replace(definitions: readonly RuleDefinition[], at: EpochMs, expressions?: ExpressionCompiler): void {
    const earlier = new Map(this.#entries.map((entry) => [entry.rule.definition.id, entry]));
    const enabled = definitions.filter((definition) => definition.enabled);
    const kept = new Set<string>();
    const { overflowCount } = this;
    this.#entries = enabled.map((definition, order) => {
      const before = earlier.get(definition.id);
      const goesOn = before !== undefined && sameGrouping(before.rule.definition, definition);
      if (goesOn) kept.add(definition.id);
      const groups = goesOn ? before.groups : new Map<string, Group>();
      return { rule: compileRule(definition, expressions), order, groups };
    });
    // Nobody is in it until all is in place: what ends meanwhile changes for nobody whether he is muted.
    this.#context.inhibitions = new InhibitionIndex(enabled);
    for (const [id, { groups }] of earlier) {
      if (!kept.has(id)) for (const group of groups.values()) group.retire(at);
    }
    for (const { rule, groups } of this.#entries) for (const group of groups.values()) group.edit(rule);
    this.#earlierOverflowCount += overflowCount - this.overflowCount;
    this.#leastDelayMs = Math.min(idleMs, ...this.#entries.map(({ rule }) => rule.leastDelayMs));
    this.#groupCount = this.#entries.reduce((sum, { groups }) => sum + groups.size, 0);
    this.#index();
  }

  /** Takes that a series is there: the groups that it feeds, as far as there are such, live on. */
  feed(series: SeriesDefinition, device: Device): void {
    for (const { entry } of this.#matching(series, device)) {
      const key = keyOf(entry.rule.definition, series, device);
      const group = key === undefined ? undefined : entry.groups.get(identityOf(key));
      if (group !== undefined) group.fed = true;
    }
  }

  /** Lets the groups that are new wait for samples from now on: a series is known before its record's time is. */
  beginWaiting(): void {
    if (this.#newGroups.length === 0) return;
    for (const group of this.#newGroups) group.waitFrom(this.#context.now.runningMs);
    this.#newGroups = [];
  }

  /** Lets groups go that no series feeds any more. */
  prune(at: EpochMs): void {
    for (const { groups } of this.#entries) {
      for (const [identity, group] of groups) {
        if (group.fed) continue;
        this.#earlierOverflowCount += group.overflowCount;
        group.retire(at);
        groups.delete(identity);
        this.#groupCount -= 1;
      }
    }
  }

  /** Lets alerts go on under the rules in force, once all that is said about their devices is known. */
  goOn(): void {
    this.joinInhibitions();
    for (const group of this.groups()) group.goOn();
  }

  /** The sides of groups that a series feeds, in the order of the rules; made where they are new. */
  sidesOf(series: SeriesDefinition, device: Device): readonly GroupSide[] {
    const sides: GroupSide[] = [];
    for (const { entry, side } of this.#matching(series, device)) {
      const group = this.#groupOf(entry, series, device);
      if (group === undefined) continue;
      const found = group.sides[side]!;
      group.describe(device, found);
      sides.push(found);
    }
    return sides;
  }

  /** Does what somebody commands to an alert. @returns false when there is none at this address. */
  command(command: AlertCommand): boolean {
    const { target } = command;
    for (const { rule, groups } of this.#entries) {
      const { id } = rule.definition;
      if ("rule" in target && target.rule !== id) continue;
      for (const group of groups.values()) {
        if (!isAddressed(target, { id: group.alert.id, rule: id, key: group.key })) continue;
        group.alert.command(command);
        return true;
      }
    }
    return false;
  }

  #groupOf(entry: RuleEntry, series: SeriesDefinition, device: Device): Group | undefined {
    const key = keyOf(entry.rule.definition, series, device);
    // A device without the tag is in no group.
    if (key === undefined) return undefined;
    const identity = identityOf(key);
    const known = entry.groups.get(identity);
    if (known !== undefined) return known;
    if (this.#groupCount >= ruleGroupsMax) {
      this.#refusedCount += 1;
      return undefined;
    }
    const group = new Group(entry.rule, Object.fromEntries(key), this.#context);
    entry.groups.set(identity, group);
    this.#newGroups.push(group);
    this.#groupCount += 1;
    return group;
  }

  /** What a series feeds, in the order of the rules. */
  #matching(series: SeriesDefinition, device: Device): readonly Candidate[] {
    const candidates = [...(this.#byMetric.get(series.metric) ?? []), ...this.#byGlob];
    const matching = candidates.filter(({ entry, side }) => entry.rule.sources[side]!.feeds(series, device));
    return matching.toSorted((one, other) => one.entry.order - other.entry.order || one.side - other.side);
  }

  #index(): void {
    this.#byMetric = new Map();
    this.#byGlob = [];
    for (const entry of this.#entries) {
      for (const [side, { metrics }] of entry.rule.sources.entries()) {
        if (metrics.some(isGlob)) {
          this.#byGlob.push({ entry, side });
          continue;
        }
        for (const name of new Set(metrics)) {
          const candidates = this.#byMetric.get(name);
          if (candidates === undefined) this.#byMetric.set(name, [{ entry, side }]);
          else candidates.push({ entry, side });
        }
      }
    }
  }

  write(writer: SnapshotWriter): void {
    for (const { groups, rule } of this.#entries) {
      writer.count(groups.size);
      for (const group of groups.values()) {
        for (const name of rule.definition.groupBy) writer.text(group.key[name]!);
        group.write(writer);
      }
    }
  }

  /** Reads the groups of the rules in force, which {@link RuleSet.replace} has set before. */
  read(reader: SnapshotReader): void {
    for (const { groups, rule } of this.#entries) {
      const size = reader.count();
      for (let index = 0; index < size; index += 1) {
        const key = rule.definition.groupBy.map((name) => [name, reader.text()] as const);
        const group = new Group(rule, Object.fromEntries(key), this.#context);
        group.read(reader);
        groups.set(identityOf(key), group);
        this.#groupCount += 1;
      }
    }
  }

  writeCounts(writer: SnapshotWriter): void {
    writer.count(this.#refusedCount);
    writer.count(this.overflowCount);
  }

  /** After every series has been given its sides, which counts again what has no room. */
  readCounts(reader: SnapshotReader): void {
    this.#refusedCount = reader.count();
    this.#earlierOverflowCount = reader.count();
  }

  /** After everything was read, and the series have described their devices. */
  joinInhibitions(): void {
    for (const group of this.groups()) group.alert.joinInhibitions();
  }
}

/** Values of a group's keys, by name. */
type GroupKeyParts = readonly (readonly [name: string, value: string])[];

/** The group of a series; nothing where it has no value for one of the keys. */
function keyOf(
  { groupBy, tenant }: Pick<RuleDefinition, "groupBy" | "tenant">,
  series: SeriesDefinition,
  device: Device,
): GroupKeyParts | undefined {
  const parts: [string, string][] = [];
  for (const name of groupBy) {
    const value = keyValueOf(name, series, device);
    if (value === undefined) return undefined;
    // All that a tenant's rule sees is of that tenant: its alerts call devices as the tenant does.
    parts.push([name, name === "device" && tenant !== undefined ? withinTenant(value) : value]);
  }
  return parts;
}

function identityOf(key: GroupKeyParts): string {
  return key.map(([, value]) => value).join("\u0000");
}

function keyValueOf(name: string, series: SeriesDefinition, device: Device): string | undefined {
  if (name === "device" || name === "metric") return series[name];
  if (name === "profile") return profileOf(series, device);
  return Object.hasOwn(device.tags, name) ? device.tags[name] : undefined;
}

function sameGrouping(one: RuleDefinition, other: RuleDefinition): boolean {
  return one.tenant === other.tenant && JSON.stringify(one.groupBy) === JSON.stringify(other.groupBy);
}
