/** What time alone does, in the order in which it becomes due, however seldom somebody looks. */

/** Something that the gateway's own time changes, without a sample. All times are running time, in milliseconds. */
export interface Timed {
  /** When time alone will have an effect; `Infinity` when it will not. */
  timeDueAt(): number;
  /** Lets time pass up to a moment. */
  passTime(runningMs: number): void;
}

interface Due {
  readonly at: number;
  /** Place among those that were given. */
  readonly order: number;
  readonly party: Timed;
}

/** The earliest moment at which one of them is due. */
export function earliestDue(parties: Iterable<Timed>): number {
  let earliest = Number.POSITIVE_INFINITY;
  for (const party of parties) earliest = Math.min(earliest, party.timeDueAt());
  return earliest;
}

/**
 * Lets each have the effects that are due before a moment, one after the other as they would have come if
 * somebody had looked all the time; of those due at the same moment, in the order given.
 *
 * @returns The earliest moment at which one of them is due after that.
 */
export function passDue(parties: Iterable<Timed>, beforeMs: number): number {
  let earliest = Number.POSITIVE_INFINITY;
  const found: Due[] = [];
  let order = 0;
  for (const party of parties) {
    const at = party.timeDueAt();
    if (at < beforeMs) found.push({ at, order, party });
    else if (at < earliest) earliest = at;
    order += 1;
  }
  if (found.length === 0) return earliest;
  // The next one stands last.
  const due = found.toSorted((one, other) => other.at - one.at || other.order - one.order);
  for (let next = due.pop(); next !== undefined; next = due.pop()) {
    next.party.passTime(next.at);
    const again = next.party.timeDueAt();
    if (again > next.at && again < beforeMs) insert(due, { ...next, at: again });
    else if (again < earliest) earliest = again;
  }
  return earliest;
}

function insert(due: Due[], one: Due): void {
  let index = due.length;
  while (index > 0 && isBefore(due[index - 1]!, one)) index -= 1;
  due.splice(index, 0, one);
}

function isBefore(one: Due, other: Due): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
