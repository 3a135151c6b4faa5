/** What is known of devices and metrics from what messages said about them. */
import { type BirthFact, type DeviceFact, factKey, underKey, type WithdrawnFact } from "../fact.ts";
import { catalogueFactsMax } from "../limits.ts";
import type { SnapshotReader, SnapshotWriter } from "./snapshot.ts";

/** A fact that is held; one that takes others back is not. */
export type HeldFact = Exclude<DeviceFact, WithdrawnFact>;

/**
 * Facts by what they are about, at most `limits.catalogueFactsMax`; beyond it the one that changed longest ago
 * leaves, counted.
 */
export class Catalogue {
  readonly #facts: Map<string, HeldFact> = new Map();
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
    const last = new Map(facts.map((fact) => [keyOf(fact), fact]));
    return [...last].filter(([key, fact]) => !this.#holds(key, fact)).map(([, fact]) => fact);
  }

  apply(facts: readonly DeviceFact[]): void {
    for (const fact of facts) {
      const key = keyOf(fact);
      this.#facts.delete(key);
      if (fact.kind === "withdrawn") continue;
      this.#facts.set(key, fact);
      if (this.#facts.size <= catalogueFactsMax) continue;
      for (const oldest of this.#facts.keys()) {
        this.#facts.delete(oldest);
        this.#evictedCount += 1;
        break;
      }
    }
  }

  /** Forgets what was said of a device by its name. */
  forget(device: string): void {
    for (const [key, fact] of this.#facts) {
      const isMeant =
        fact.kind === "identity"
          ? fact.device === device
          : fact.kind === "metric" && "device" in fact.of && fact.of.device === device;
      if (isMeant) this.#facts.delete(key);
    }
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
