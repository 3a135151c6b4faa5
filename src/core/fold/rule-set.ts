/**
 * The rules in force and the groups they have made.
 *
 * Every series is matched against the rules once. Rules that name their metrics are found by metric, so
 * that a new series costs what concerns it, not the number of rules.
 */
import { ruleGroupsMax } from "../limits.ts";
import { compileRule, type CompiledRule } from "../rule/compile.ts";
import type { RuleDefinition } from "../rule/definition.ts";
import { isGlob } from "../rule/glob.ts";
import type { EpochMs, SeriesDefinition } from "../sample.ts";
import type { PaneStore } from "../window/pane-store.ts";
import { Group } from "./group.ts";
import type { FoldOutput } from "./output.ts";
import type { SnapshotReader, SnapshotWriter } from "./snapshot.ts";

interface RuleEntry {
  readonly rule: CompiledRule;
  /** Position among the rules: groups of a series are called in this order. */
  readonly order: number;
  readonly groups: Map<string, Group>;
}

export class RuleSet {
  #entries: readonly RuleEntry[] = [];
  #byMetric: Map<string, RuleEntry[]> = new Map();
  #byGlob: RuleEntry[] = [];
  #groupCount = 0;
  /** Times that a series met a rule whose group there was no room for. */
  #refusedCount = 0;
  readonly #output: FoldOutput;
  readonly #panes: PaneStore;

  constructor(output: FoldOutput, panes: PaneStore) {
    this.#output = output;
    this.#panes = panes;
  }

  get groupCount(): number {
    return this.#groupCount;
  }

  get refusedCount(): number {
    return this.#refusedCount;
  }

  *groups(): Generator<Group> {
    for (const { groups } of this.#entries) yield* groups.values();
  }

  /**
   * Puts other rules in force. Every series must be matched again afterwards, and then
   * {@link RuleSet.prune} be called.
   *
   * Groups live on where a rule of the same id still groups alike; of their state, what the edit left
   * meaningful. Alerts of rules that are gone are resolved.
   */
  replace(definitions: readonly RuleDefinition[], at: EpochMs): void {
    const earlier = new Map(this.#entries.map((entry) => [entry.rule.definition.id, entry]));
    this.#groupCount = 0;
    this.#entries = definitions
      .filter(({ enabled }) => enabled)
      .map((definition, order) => {
        const rule = compileRule(definition);
        const groups = new Map<string, Group>();
        const before = earlier.get(definition.id);
        if (before !== undefined && sameGrouping(before.rule.definition, definition)) {
          earlier.delete(definition.id);
          for (const [key, group] of before.groups) {
            const heir = new Group(rule, group.key, this.#output, this.#panes);
            heir.inherit(group);
            heir.fed = false;
            groups.set(key, heir);
          }
        }
        this.#groupCount += groups.size;
        return { rule, order, groups };
      });
    for (const { groups } of earlier.values()) for (const group of groups.values()) group.retire(at);
    this.#index();
  }

  /** Lets groups go that no series feeds any more. */
  prune(at: EpochMs): void {
    for (const { groups } of this.#entries) {
      for (const [identity, group] of groups) {
        if (group.fed) continue;
        group.retire(at);
        groups.delete(identity);
        this.#groupCount -= 1;
      }
    }
  }

  /** The groups that a series feeds, in the order of the rules; made where they are new. */
  groupsOf(series: SeriesDefinition): readonly Group[] {
    const candidates = [...(this.#byMetric.get(series.metric) ?? []), ...this.#byGlob];
    const matching = candidates.filter(({ rule }) => rule.feeds(series.device, series.metric));
    matching.sort((one, other) => one.order - other.order);
    const groups: Group[] = [];
    for (const entry of matching) {
      const group = this.#groupOf(entry, series);
      if (group !== undefined) groups.push(group);
    }
    return groups;
  }

  #groupOf(entry: RuleEntry, series: SeriesDefinition): Group | undefined {
    const { groupBy } = entry.rule.definition;
    const identity = groupBy.map((name) => series[name]).join("\u0000");
    const known = entry.groups.get(identity);
    if (known !== undefined) {
      known.fed = true;
      return known;
    }
    if (this.#groupCount >= ruleGroupsMax) {
      this.#refusedCount += 1;
      return undefined;
    }
    const key = Object.fromEntries(groupBy.map((name) => [name, series[name]]));
    const group = new Group(entry.rule, key, this.#output, this.#panes);
    entry.groups.set(identity, group);
    this.#groupCount += 1;
    return group;
  }

  #index(): void {
    this.#byMetric = new Map();
    this.#byGlob = [];
    for (const entry of this.#entries) {
      const { metric } = entry.rule.definition.source;
      if (metric.some(isGlob)) {
        this.#byGlob.push(entry);
        continue;
      }
      for (const name of new Set(metric)) {
        const entries = this.#byMetric.get(name);
        if (entries === undefined) this.#byMetric.set(name, [entry]);
        else entries.push(entry);
      }
    }
  }

  write(writer: SnapshotWriter): void {
    for (const { groups, rule } of this.#entries) {
      writer.count(groups.size);
      for (const group of groups.values()) {
        for (const name of rule.definition.groupBy) writer.text(group.key[name] ?? "");
        group.write(writer);
      }
    }
  }

  /** Reads the groups of the rules in force, which {@link RuleSet.replace} has set before. */
  read(reader: SnapshotReader): void {
    for (const { groups, rule } of this.#entries) {
      const size = reader.count();
      for (let index = 0; index < size; index += 1) {
        const parts = rule.definition.groupBy.map((name) => [name, reader.text()] as const);
        const group = new Group(rule, Object.fromEntries(parts), this.#output, this.#panes);
        group.read(reader);
        groups.set(parts.map(([, value]) => value).join("\u0000"), group);
        this.#groupCount += 1;
      }
    }
  }
}

function sameGrouping(one: RuleDefinition, other: RuleDefinition): boolean {
  return one.groupBy.join() === other.groupBy.join();
}
