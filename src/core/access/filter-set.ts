/**
 * A few topic filters that are asked about every message.
 *
 * Asking allocates nothing: on the fast lane, and for each delivery, that is all that access control costs.
 */

const dollar = 36;

function beginsWithWildcard(levels: readonly string[]): boolean {
  return levels[0] === "#" || levels[0] === "+";
}

/** Source: MQTT 3.1.1 and 5.0, § 4.7; the same as `filterMatches`, without making lists of levels. */
function matches(levels: readonly string[], topic: string): boolean {
  if (topic.charCodeAt(0) === dollar && beginsWithWildcard(levels)) return false;
  const { length } = topic;
  let start = 0;
  for (const level of levels) {
    if (level === "#") return true;
    if (start > length) return false;
    const slash = topic.indexOf("/", start);
    const end = slash === -1 ? length : slash;
    if (level !== "+" && (end - start !== level.length || !topic.startsWith(level, start))) return false;
    start = end + 1;
  }
  return start > length;
}

/**
 * Tells whether every topic that `filter` matches is one that `grant` matches.
 *
 * Exact for one grant; that two of them cover a filter together is not looked for.
 */
function covers(grant: readonly string[], filter: readonly string[]): boolean {
  if (filter[0]?.startsWith("$") === true && beginsWithWildcard(grant)) return false;
  // A topic has at least one level, so at the beginning these two say the same.
  if (grant.length === 2 && grant[0] === "+" && grant[1] === "#") return true;
  for (const [index, level] of grant.entries()) {
    if (level === "#") return true;
    const wanted = filter[index];
    if (wanted === undefined || wanted === "#") return false;
    if (level !== "+" && level !== wanted) return false;
  }
  return grant.length === filter.length;
}

export class FilterSet {
  readonly #filters: readonly (readonly string[])[];

  constructor(filters: readonly string[]) {
    this.#filters = filters.map((filter) => filter.split("/"));
  }

  /** Tells whether any of the filters matches a topic name. Neither wildcard matches a first level with `$`. */
  matches(topic: string): boolean {
    const filters = this.#filters;
    for (let index = 0; index < filters.length; index += 1) {
      if (matches(filters[index]!, topic)) return true;
    }
    return false;
  }

  /** Tells whether one of the filters matches everything that another filter matches. */
  covers(filter: string): boolean {
    const levels = filter.split("/");
    return this.#filters.some((grant) => covers(grant, levels));
  }
}
