/** What is known of devices and metrics from what messages said about them. */
import {
  type AvailabilityFact,
  type BirthFact,
  type DeviceFact,
  factKey,
  factSources,
  type HeldFact,
} from "../fact.ts";
import { availabilityDevicesMax, catalogueCharactersMax, catalogueFactsMax } from "../limits.ts";
import type { SeriesDefinition } from "../sample.ts";
import { unitSymbol } from "../unit.ts";
import { KeyIndex } from "./key-index.ts";
import type { SnapshotReader, SnapshotWriter } from "./snapshot.ts";

interface Held {
  readonly fact: HeldFact;
  /** Of the fact as JSON. */
  readonly characters: number;
}

const pathless = "pathless";

/** Facts of one name that are looked at. */
const lookedAtMax: number = availabilityDevicesMax;

/**
 * Facts by what they are about, at most `limits.catalogueFactsMax` of at most `limits.catalogueCharactersMax` in
 * all; beyond it the one that changed longest ago leaves, counted.
 */
export class Catalogue {
  readonly #facts: Map<string, Held> = new Map();
  readonly #index: KeyIndex = new KeyIndex();
  #characters = 0;
  #evictedCount = 0;
  #revision = 0;

  /** Counts up with every change, from the start of the process. */
  get revision(): number {
    return this.#revision;
  }

  get size(): number {
    return this.#facts.size;
  }

  /** Facts that left because there were too many. */
  get evictedCount(): number {
    return this.#evictedCount;
  }

  /** Facts about metrics of which only the topic is known: their template says more than a path. */
  get pathlessCount(): number {
    return this.#index.keys(pathless).size;
  }

  /** In the order in which they changed last. */
  *all(): Generator<HeldFact> {
    for (const { fact } of this.#facts.values()) yield fact;
  }

  /** The birth certificates that are held, oldest first. */
  births(): BirthFact[] {
    return [...this.all()].filter((fact) => fact.kind === "birth");
  }

  /** What is said about the availability of devices on a topic, in the order in which it was said. */
  availabilityOf(topic: string): readonly AvailabilityFact[] {
    return this.#named(`availability ${topic}`).filter((fact) => fact.kind === "availability");
  }

  /**
   * The unit of a series by what is said about it: of the most believed source, and of one source by what it
   * said last; in the spelling of `core/unit.ts` where it is known there.
   */
  unitOf({
    device,
    metric,
    topic,
  }: Pick<SeriesDefinition, "device" | "metric" | "topic">): string | undefined {
    let unit: string | undefined;
    let rank: number = factSources.length;
    const said = [
      ...this.#named(metricName(device, metric)),
      ...(topic === undefined ? [] : this.#named(leafName(topic, ""))),
      ...(topic === undefined ? [] : this.#named(leafName(topic, metric))),
    ];
    for (const fact of said) {
      if (fact.kind !== "metric" || fact.unit === undefined) continue;
      if (factSources.indexOf(fact.source) > rank) continue;
      unit = fact.unit;
      rank = factSources.indexOf(fact.source);
    }
    return unit === undefined ? undefined : unitSymbol(unit);
  }

  /**
   * Those of the facts that change something, one for each key: what is said again and again, as retained
   * messages are at every start, need not be written again and again.
   *
   * Where something was taken back and not all of it said again to the letter, that comes first.
   */
  news(facts: readonly DeviceFact[]): readonly DeviceFact[] {
    if (facts.length === 0) return facts;
    const said = new Map<string, HeldFact>();
    const saidUnder = new KeyIndex();
    const withdrawn = new Set<string>();
    for (const fact of facts) {
      if (fact.kind === "withdrawn") {
        withdrawn.add(fact.under);
        for (const key of saidUnder.keys(fact.under)) said.delete(key);
        continue;
      }
      const key = factKey(fact);
      said.delete(key);
      said.set(key, fact);
      const under = underOf(fact);
      if (under !== undefined) saidUnder.add(under, key);
    }
    const changed = new Set([...withdrawn].filter((under) => !this.#isSaidAgain(under, said)));
    const news = [...said].filter(
      ([key, fact]) => changed.has(underOf(fact) ?? "") || !this.#holds(key, fact),
    );
    return [
      ...[...changed].map((under) => ({ kind: "withdrawn", under }) as const),
      ...news.map(([, fact]) => fact),
    ];
  }

  apply(facts: readonly DeviceFact[]): void {
    for (const fact of facts) {
      if (fact.kind === "withdrawn") {
        for (const key of this.#index.keys(`under ${fact.under}`)) this.#remove(key);
      } else {
        this.#put(fact);
      }
    }
  }

  /** Forgets what was said of a device by its name. */
  forget(device: string): void {
    for (const [key, { fact }] of this.#facts) {
      const named = fact.kind === "metric" && "device" in fact.of ? fact.of.device : undefined;
      if ((fact.kind === "identity" ? fact.device : named) === device) this.#remove(key);
    }
  }

  #put(fact: HeldFact): void {
    const key = factKey(fact);
    this.#remove(key);
    this.#revision += 1;
    const { length } = JSON.stringify(fact);
    this.#facts.set(key, { fact, characters: length });
    this.#characters += length;
    for (const name of namesOf(fact)) this.#index.add(name, key);
    for (const oldest of this.#facts.keys()) {
      if (this.#facts.size <= catalogueFactsMax && this.#characters <= catalogueCharactersMax) break;
      this.#remove(oldest);
      this.#evictedCount += 1;
    }
  }

  #remove(key: string): void {
    const held = this.#facts.get(key);
    if (held === undefined) return;
    this.#revision += 1;
    this.#facts.delete(key);
    this.#characters -= held.characters;
    for (const name of namesOf(held.fact)) this.#index.remove(name, key);
  }

  /** At most {@link lookedAtMax}, those that were said first: somebody may say the same a thousand times. */
  #named(name: string): HeldFact[] {
    const facts: HeldFact[] = [];
    for (const key of this.#index.keys(name)) {
      if (facts.length >= lookedAtMax) break;
      facts.push(this.#facts.get(key)!.fact);
    }
    return facts;
  }

  #isSaidAgain(under: string, said: ReadonlyMap<string, HeldFact>): boolean {
    for (const key of this.#index.keys(`under ${under}`)) {
      const fact = said.get(key);
      if (fact === undefined || !this.#holds(key, fact)) return false;
    }
    return true;
  }

  #holds(key: string, fact: HeldFact): boolean {
    const held = this.#facts.get(key);
    return held !== undefined && JSON.stringify(held.fact) === JSON.stringify(fact);
  }

  write(writer: SnapshotWriter): void {
    writer.count(this.#evictedCount);
    writer.text(JSON.stringify([...this.all()]));
  }

  read(reader: SnapshotReader): void {
    this.#evictedCount = reader.count();
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what `write` wrote, under a checksum
    this.apply(JSON.parse(reader.text()) as HeldFact[]);
  }
}

function metricName(device: string, metric: string): string {
  return `metric ${device}\u0000${metric}`;
}

function leafName(topic: string, path: string): string {
  return `leaf ${topic}\u0000${path}`;
}

function underOf(fact: HeldFact): string | undefined {
  return fact.kind === "birth" ? undefined : fact.under;
}

/** What a fact is looked up by. */
function* namesOf(fact: HeldFact): Generator<string> {
  const under = underOf(fact);
  if (under !== undefined) yield `under ${under}`;
  if (fact.kind === "availability") yield `availability ${fact.topic}`;
  if (fact.kind !== "metric") return;
  const { of } = fact;
  if ("device" in of) yield metricName(of.device, of.metric);
  else yield of.path === undefined ? pathless : leafName(of.topic, of.path);
}
