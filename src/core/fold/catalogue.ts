/** What is known of devices and metrics from what messages said about them. */
import { type BirthFact, type DeviceFact, factKey, underKey, type WithdrawnFact } from "../fact.ts";
import { catalogueFactsMax } from "../limits.ts";
import type { SnapshotReader, SnapshotWriter } from "./snapshot.ts";

/** A fact that is held; one that takes others back is not. */
export type HeldFact = Exclude<DeviceFact, WithdrawnFact>;

/**
 * Facts by what they are about, at most `limits.catalogueFactsMax`; beyond it the one that changed longest ago
 * leaves, counted. A birth certificate is as heavy as one fact, and one more for every two of its metrics.
 */
export class Catalogue {
  readonly #facts: Map<string, HeldFact> = new Map();
  #weight = 0;
  #evictedCount = 0;

  get size(): number {
    return this.#facts.size;
  }

  /** Facts that left because there were too many. */
  get evictedCount(): number {
    return this.#evictedCount;
  }

  /** In the order in which they changed last. */
  all(): Iterable<HeldFact> {
    return this.#facts.values();
  }

  /** The birth certificates that are held, oldest first. */
  births(): BirthFact[] {
    return [...this.#facts.values()].filter((fact) => fact.kind === "birth");
  }

  /**
   * Those of the facts that change something, one for each key: what is said again and again, as retained
   * messages are at every start, need not be written again and again.
   */
  news(facts: readonly DeviceFact[]): readonly DeviceFact[] {
    if (facts.length === 0) return facts;
    const last = new Map<string, DeviceFact>();
    for (const fact of facts) {
      const key = keyOf(fact);
      // In the order of the last word on each: a birth of a node makes those of its devices before it void.
      last.delete(key);
      last.set(key, fact);
    }
    return [...last].filter(([key, fact]) => !this.#holds(key, fact)).map(([, fact]) => fact);
  }

  apply(facts: readonly DeviceFact[]): void {
    for (const fact of facts) {
      const key = keyOf(fact);
      this.#remove(key);
      if (fact.kind === "withdrawn") continue;
      this.#facts.set(key, fact);
      this.#weight += weightOf(fact);
      this.#evict();
    }
  }

  /** Forgets what was said of a device by its name. */
  forget(device: string): void {
    for (const [key, fact] of this.#facts) {
      const isMeant =
        fact.kind === "identity"
          ? fact.device === device
          : fact.kind === "metric" && "device" in fact.of && fact.of.device === device;
      if (isMeant) this.#remove(key);
    }
  }

  #evict(): void {
    for (const oldest of this.#facts.keys()) {
      if (this.#weight <= catalogueFactsMax) return;
      this.#remove(oldest);
      this.#evictedCount += 1;
    }
  }

  #remove(key: string): void {
    const held = this.#facts.get(key);
    if (held === undefined) return;
    this.#weight -= weightOf(held);
    this.#facts.delete(key);
  }

  #holds(key: string, fact: DeviceFact): boolean {
    const held = this.#facts.get(key);
    if (fact.kind === "withdrawn") return held === undefined;
    return held !== undefined && JSON.stringify(held) === JSON.stringify(fact);
  }

  write(writer: SnapshotWriter): void {
    writer.count(this.#evictedCount);
    writer.text(JSON.stringify([...this.#facts.values()]));
  }

  read(reader: SnapshotReader): void {
    this.#evictedCount = reader.count();
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what `write` wrote, under a checksum
    this.apply(JSON.parse(reader.text()) as HeldFact[]);
  }
}

function keyOf(fact: DeviceFact): string {
  return fact.kind === "withdrawn" ? underKey(fact.under) : factKey(fact);
}

function weightOf(fact: HeldFact): number {
  return fact.kind === "birth" ? 1 + Math.ceil(fact.metrics.length / 2) : 1;
}
