/**
 * Which alerts are muted because another one fires: when the gateway of a site has no power, that each of its
 * forty sensors is silent is no news.
 *
 * An alert mutes others of the rules that name its rule, where the values of the named keys, labels or tags
 * are equal on both. It does so while it fires, also when it is itself muted, acknowledged, shelved or
 * flapping: what people know about a cause does not make its consequences news. A name that either side does
 * not have equals nothing, so that a mistyped or missing tag leaves alerts audible; Alertmanager takes two
 * missing labels for equal.
 *
 * Source: inhibition as in Prometheus Alertmanager; suppression by design, ISA-18.2 (IEC 62682).
 */
import type { InhibitDefinition, RuleDefinition } from "../rule/definition.ts";

/** An alert, as far as muting is concerned. */
export interface InhibitionParty {
  /** Unique among alerts, as rule and group key are; also the order in which alerts are told. */
  readonly identity: string;
  readonly rule: string;
  /** Group keys, labels and tags by name. They do not change while it fires. */
  readonly values: Readonly<Record<string, string>>;
}

type InhibitionRule = Pick<RuleDefinition, "id" | "inhibit">;

/** Alerts on both sides of one value of one inhibition, by identity. */
interface Bond<Party> {
  readonly inhibitors: Set<string>;
  readonly dependants: Map<string, Party>;
}

/** One inhibition of one rule, and the alerts of both rules that fire. */
interface Inhibition<Party> {
  readonly inhibitor: string;
  readonly definition: InhibitDefinition;
  readonly bonds: Map<string, Bond<Party>>;
}

/**
 * The firing alerts of the rules that mute or are muted.
 *
 * Derived: it is not in the snapshot but told of the firing alerts again, in any order, after a restart.
 * Rules that have no part in any inhibition cost one look-up.
 */
export class InhibitionIndex<Party extends InhibitionParty> {
  /** By rule: the inhibitions that it causes, and those that it suffers in the order in which they are written. */
  readonly #caused: Map<string, Inhibition<Party>[]> = new Map();
  readonly #suffered: Map<string, Inhibition<Party>[]> = new Map();
  readonly #firing: Map<string, Party> = new Map();

  constructor(rules: readonly InhibitionRule[]) {
    for (const rule of rules) {
      for (const definition of rule.inhibit) {
        const inhibition = { inhibitor: definition.rule, definition, bonds: new Map() };
        listed(this.#caused, definition.rule).push(inhibition);
        listed(this.#suffered, rule.id).push(inhibition);
      }
    }
  }

  /**
   * Takes an alert that fires; once told, it is not news.
   *
   * @returns The firing alerts that it has begun to mute, in order of identity. Whether this one is muted itself
   *   says {@link inhibitorOf}.
   */
  fire(party: Party): readonly Party[] {
    const caused = this.#caused.get(party.rule);
    const suffered = this.#suffered.get(party.rule);
    if ((caused === undefined && suffered === undefined) || this.#firing.has(party.identity)) return [];
    this.#firing.set(party.identity, party);
    for (const inhibition of suffered ?? []) {
      const value = valueOf(inhibition.definition, party.values);
      if (value !== undefined) bondAt(inhibition, value).dependants.set(party.identity, party);
    }
    const touched = new Map<string, Party>();
    for (const inhibition of caused ?? []) {
      const value = valueOf(inhibition.definition, party.values);
      if (value === undefined) continue;
      const bond = bondAt(inhibition, value);
      bond.inhibitors.add(party.identity);
      if (bond.inhibitors.size === 1) gather(bond, touched);
    }
    return inOrder(touched);
  }

  /**
   * Takes an alert that no longer fires.
   *
   * @returns The firing alerts that it has muted and that are to be looked at again, in order of identity. Another
   *   inhibition may still mute them.
   */
  rest(party: Party): readonly Party[] {
    const known = this.#firing.get(party.identity);
    if (known === undefined) return [];
    this.#firing.delete(party.identity);
    for (const inhibition of this.#suffered.get(known.rule) ?? []) {
      this.#leave(inhibition, known, (bond) => bond.dependants.delete(known.identity));
    }
    const touched = new Map<string, Party>();
    for (const inhibition of this.#caused.get(known.rule) ?? []) {
      this.#leave(inhibition, known, (bond) => {
        bond.inhibitors.delete(known.identity);
        if (bond.inhibitors.size === 0) gather(bond, touched);
      });
    }
    return inOrder(touched);
  }

  /** @returns The rule whose firing alert mutes one of `rule` with these values: the first that the rule names. */
  inhibitorOf(rule: string, values: Readonly<Record<string, string>>): string | undefined {
    for (const inhibition of this.#suffered.get(rule) ?? []) {
      const value = valueOf(inhibition.definition, values);
      if (value === undefined) continue;
      const inhibitors = inhibition.bonds.get(value)?.inhibitors.size ?? 0;
      if (inhibitors > 0) return inhibition.inhibitor;
    }
    return undefined;
  }

  #leave(inhibition: Inhibition<Party>, party: Party, leave: (bond: Bond<Party>) => void): void {
    const value = valueOf(inhibition.definition, party.values);
    const bond = value === undefined ? undefined : inhibition.bonds.get(value);
    if (value === undefined || bond === undefined) return;
    leave(bond);
    if (bond.inhibitors.size === 0 && bond.dependants.size === 0) inhibition.bonds.delete(value);
  }
}

function listed<Item>(lists: Map<string, Item[]>, name: string): Item[] {
  const list = lists.get(name) ?? [];
  lists.set(name, list);
  return list;
}

function bondAt<Party>(inhibition: Inhibition<Party>, value: string): Bond<Party> {
  const bond = inhibition.bonds.get(value) ?? { inhibitors: new Set(), dependants: new Map() };
  inhibition.bonds.set(value, bond);
  return bond;
}

/** The values that have to be equal, as one text; nothing where one is missing. */
function valueOf(
  definition: InhibitDefinition,
  values: Readonly<Record<string, string>>,
): string | undefined {
  const parts: string[] = [];
  for (const name of definition.equal) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) return undefined;
    parts.push(value);
  }
  return JSON.stringify(parts);
}

function gather<Party>(bond: Bond<Party>, into: Map<string, Party>): void {
  for (const [identity, party] of bond.dependants) into.set(identity, party);
}

/** The order must not depend on when alerts began to fire: after a restart they are told anew. */
function inOrder<Party extends InhibitionParty>(parties: Map<string, Party>): readonly Party[] {
  return [...parties.values()].toSorted((one, other) =>
    one.identity < other.identity ? -1 : Number(one.identity > other.identity),
  );
}
