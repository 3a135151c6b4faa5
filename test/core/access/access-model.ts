/** Access as slowly and plainly as possible: topics are enumerated, patterns are regular expressions. */
import type { RoleDefinition } from "../../../src/core/access/definition.ts";

/** Levels of topics: two that patterns name, an empty one, one that nobody names, and one of the broker's. */
const alphabet = ["a", "b", "", "z", "press-1"] as const;

/** Every topic of up to four levels, and some that begin with `$`. */
export const allTopics: readonly string[] = topicsOf(4).concat(
  topicsOf(4).map((topic) => `$SYS/${topic}`),
  ["$SYS", "$SYS/", "$share/g/a"],
);

function topicsOf(levelsMax: number): string[] {
  let longest: string[] = alphabet.map(String);
  const all = [...longest];
  for (let levels = 2; levels <= levelsMax; levels += 1) {
    longest = longest.flatMap((topic) => alphabet.map((level) => `${topic}/${level}`));
    all.push(...longest);
  }
  // The empty topic cannot be published to; with it, `/#` also matches what is above its first level.
  return all;
}

const expressions = new Map<string, RegExp>();

/** Whether an MQTT filter matches a topic, by a regular expression over the whole name. */
export function modelMatches(filter: string, topic: string): boolean {
  if (topic.startsWith("$") && /^[#+]/.test(filter)) return false;
  let expression = expressions.get(filter);
  if (expression === undefined) {
    const escaped = filter.replaceAll(/[.*?^${}()|[\]\\]/g, "\\$&").replaceAll("+", "[^/]*");
    const body = escaped === "#" ? ".*" : escaped.replace(/\/#$/, "(?:/.*)?");
    expression = new RegExp(`^${body}$`, "s");
    expressions.set(filter, expression);
  }
  return expression.test(topic);
}

export interface Subject {
  readonly user: string;
  readonly clientId: string;
}

/** The filter that a pattern is for a subject, level by level; nothing where it must never match. */
function modelFilter(pattern: string, { user, clientId }: Subject): string | undefined {
  const values: string[] = [];
  const filter = pattern
    .split("%u")
    .map((part, index) => {
      if (index > 0) values.push(user);
      return part
        .split("%c")
        .map((piece, at) => {
          if (at > 0) values.push(clientId);
          return piece;
        })
        .join(clientId);
    })
    .join(user);
  const isForged = values.some((value) => value === "" || /[/+#]/.test(value));
  return isForged || (filter.startsWith("$") && !pattern.startsWith("$")) ? undefined : filter;
}

/** Whether any pattern allows a topic. */
export function modelAllows(patterns: readonly string[], subject: Subject, topic: string): boolean {
  return patterns.some((pattern) => {
    const filter = modelFilter(pattern, subject);
    return filter !== undefined && modelMatches(filter, topic);
  });
}

/** Whether one pattern allows every topic that a filter matches: all of them are looked at. */
export function modelCovers(patterns: readonly string[], subject: Subject, filter: string): boolean {
  const wanted = allTopics.filter((topic) => modelMatches(filter, topic));
  return patterns.some((pattern) => wanted.every((topic) => modelAllows([pattern], subject, topic)));
}

/** Numbers from `[0, 1)` that a seed repeats. Source: Mulberry32. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Draws everything that a case consists of. */
export class CaseSource {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)]!;
  }

  #levels(last: readonly string[], others: readonly string[]): string {
    const levels = Array.from({ length: Math.floor(this.#random() * 3) }, () => this.pick(others));
    return [...levels, this.pick(last)].join("/");
  }

  filter(): string {
    const filter = this.#levels(["#", "#", "+", "a", "b", "", "press-1"], ["a", "b", "+", "", "press-1"]);
    if (this.#random() < 0.05) return `$SYS/${filter}`;
    return filter === "" ? "a" : filter;
  }

  pattern(): string {
    const named = ["a", "b", "+", "", "%u", "%c", "press-%c", "%u%c"];
    const pattern = this.#levels(["#", "+", "a", "%u", "%c", "press-%u"], named);
    if (this.#random() < 0.05) return `$SYS/${pattern}`;
    return pattern === "" ? "b" : pattern;
  }

  patterns(): readonly string[] {
    return Array.from({ length: Math.floor(this.#random() * 4) }, () => this.pattern());
  }

  role(): RoleDefinition {
    const role = { name: "role", publish: this.patterns(), subscribe: this.patterns(), limits: {} };
    return this.#random() < 0.5 ? role : { ...role, receive: this.patterns() };
  }

  /** A user or client id, some of them chosen to reach what they should not. */
  name(): string {
    return this.pick(["a", "b", "1", "press-1", "+", "#", "a/b", "$SYS", "", "z", "a+", "%c", "$"]);
  }

  topic(): string {
    return this.pick(allTopics);
  }

  /** A filter that goes to the edge of what a role grants, and where it can beyond it. */
  filterAt(role: RoleDefinition, subject: Subject): string {
    if (role.subscribe.length === 0 || this.#random() < 0.3) return this.filter();
    const pattern = this.pick(role.subscribe);
    const filter = pattern.replaceAll("%u", () => subject.user).replaceAll("%c", () => subject.clientId);
    const wider = this.#random() < 0.3 ? filter.replace(/[^/]*$/, "#") : filter;
    const levels = wider.split("/");
    // Of levels that no topic of the model has, the model cannot tell what is covered.
    const known = ["+", ...alphabet] as readonly string[];
    const isFilter = levels.every(
      (level, index) => known.includes(level) || (level === "#" && index === levels.length - 1),
    );
    return isFilter && wider !== "" && levels.length <= 3 ? wider : this.filter();
  }

  /** A topic, mostly one that the filter matches. */
  topicIn(filter: string): string {
    const matching = this.#random() < 0.8 ? allTopics.filter((topic) => modelMatches(filter, topic)) : [];
    return this.pick(matching.length === 0 ? allTopics : matching) || "a";
  }
}
