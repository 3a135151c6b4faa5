/**
 * Topics that facts name as those on which devices say whether they are there.
 *
 * What the catalogue holds counts; and beside it what was said just now, since a device that announces itself says
 * in the same breath that it is there, and the catalogue learns of a message only when it is written.
 */
import type { AvailabilityFact, DeviceFact } from "../core/fact.ts";
import { namedTopicsMax } from "../core/limits.ts";

/** What is written; `core/fold/catalogue.ts` fulfils it. */
export interface WrittenFacts {
  /** Counts up with every change. */
  readonly revision: number;
  availabilityOf(topic: string): readonly AvailabilityFact[];
}

export class NamedTopics {
  readonly #written: () => WrittenFacts | undefined;
  #notedCount = 0;
  /** What was said lately, by topic; the topic named longest ago first. */
  readonly #lately: Map<string, readonly AvailabilityFact[]> = new Map();

  /** @param written - Asked each time: it may be another object when the store was opened anew. */
  constructor(written: () => WrittenFacts | undefined) {
    this.#written = written;
  }

  /** While it stays the same, so does what is said of any topic. */
  get revision(): number {
    return (this.#written()?.revision ?? 0) + this.#notedCount;
  }

  /** What is said of a topic, what is newer behind what is older. */
  of(topic: string): readonly AvailabilityFact[] {
    const written = this.#written()?.availabilityOf(topic) ?? [];
    const lately = this.#lately.get(topic);
    return lately === undefined ? written : [...written, ...lately];
  }

  /** Takes what a message says. */
  noted(fact: DeviceFact): void {
    if (fact.kind === "withdrawn") this.#withdraw(fact.under);
    this.#notedCount += 1;
    if (fact.kind !== "availability") return;
    const { topic } = fact;
    const others = (this.#lately.get(topic) ?? []).filter(
      ({ device, under }) => device !== fact.device || under !== fact.under,
    );
    this.#lately.delete(topic);
    // What is written by now is held by the catalogue.
    this.#lately.set(topic, [...others.slice(-latelyMax), fact]);
    for (const oldest of this.#lately.keys()) {
      if (this.#lately.size <= namedTopicsMax) break;
      this.#lately.delete(oldest);
    }
  }

  /** Forgets what was said lately. */
  clear(): void {
    this.#lately.clear();
  }

  #withdraw(under: string): void {
    for (const [topic, facts] of this.#lately) {
      if (!facts.some((fact) => fact.under === under)) continue;
      const others = facts.filter((fact) => fact.under !== under);
      if (others.length === 0) this.#lately.delete(topic);
      else this.#lately.set(topic, others);
    }
  }
}

/** Facts of one topic that are remembered beside those of the catalogue. */
const latelyMax = 15;
