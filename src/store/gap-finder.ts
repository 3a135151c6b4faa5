/** Gaps as they are found: neighbours joined, and what is known already left out. */
import { type Subject, subjects } from "./keys.ts";
import { type Gap, GapCollector, type SubjectGap } from "./scan.ts";

/** Orders gaps by subject and sequence. */
export function sortedGaps(gaps: readonly SubjectGap[]): SubjectGap[] {
  return gaps.toSorted((a, b) => subjects.indexOf(a.what) - subjects.indexOf(b.what) || a.from - b.from);
}

/** Collects gaps, joins neighbours, and leaves out what is known already. */
export class GapFinder {
  readonly #known: readonly SubjectGap[];
  readonly #collectors = new Map<Subject, GapCollector>();
  readonly #found: SubjectGap[] = [];

  constructor(known: readonly SubjectGap[]) {
    this.#known = known;
  }

  /** Adds a gap; within a subject they come in order. */
  add(what: Subject, gap: Gap): void {
    const collector = this.#collectors.get(what) ?? new GapCollector();
    this.#collectors.set(what, collector);
    let { from } = gap;
    for (const known of this.#known) {
      if (known.what !== what || known.to < from || known.from > gap.to) continue;
      if (known.from > from) this.#keep(what, collector, { ...gap, from, to: known.from - 1 });
      from = known.to + 1;
    }
    if (from <= gap.to) this.#keep(what, collector, { ...gap, from });
  }

  #keep(what: Subject, collector: GapCollector, gap: Gap): void {
    const closed = collector.add({ from: gap.from, to: gap.to, cause: gap.cause });
    if (closed !== undefined) this.#found.push({ what, ...closed });
  }

  finish(): SubjectGap[] {
    for (const [what, collector] of this.#collectors) {
      const closed = collector.flush();
      if (closed !== undefined) this.#found.push({ what, ...closed });
    }
    return this.#found;
  }
}
