/** What alerts did over a stretch of time, added up; and how two rule sets differ in it. */
import type { EpochMs } from "../sample.ts";
import type { AlertRecord } from "../streams.ts";

/** How one alert fired. Times are event time. */
export interface Firing {
  readonly rule: string;
  readonly key: Readonly<Record<string, string>>;
  /** Times that it began to fire. */
  readonly fired: number;
  /** Milliseconds that it was firing: in all, and the longest time. */
  readonly totalMs: number;
  readonly longestMs: number;
  /** When it began to fire for the first and for the last time. */
  readonly firstAt: EpochMs;
  readonly lastAt: EpochMs;
  /** It was firing at the end. */
  readonly stillFiring: boolean;
}

/** One alert in the books. */
interface Entry {
  readonly rule: string;
  readonly key: Readonly<Record<string, string>>;
  fired: number;
  totalMs: number;
  longestMs: number;
  firstAt: EpochMs;
  lastAt: EpochMs;
  firing: boolean;
}

/** Adds up transitions in the order in which they were told. Memory grows with alerts, not with transitions. */
export class FiringBooks {
  readonly #entries: Map<string, Entry> = new Map();
  /** Firings that were found too late to be told to anybody. They are in no other figure. */
  historicalCount = 0;
  /** Times that an alert's data had gone missing. */
  noDataCount = 0;

  add(alert: AlertRecord): void {
    const { rule, key, state, at } = alert;
    if (alert.historical) {
      if (state === "firing") this.historicalCount += 1;
      return;
    }
    const entry = this.#entries.get(identityOf(rule, key));
    if (state === "no-data") this.noDataCount += 1;
    // Of an alert that flaps, one notice replaces the changes: it goes on as it was.
    if (state === "flapping") return;
    if (state !== "firing") {
      if (entry?.firing === true) endFiring(entry, at);
      return;
    }
    if (entry === undefined) {
      const firing = { rule, key, fired: 1, totalMs: 0, longestMs: 0, firstAt: at, lastAt: at, firing: true };
      this.#entries.set(identityOf(rule, key), firing);
      return;
    }
    // A firing alert is told again when it becomes more severe, or as a reminder.
    if (entry.firing) return;
    entry.firing = true;
    entry.fired += 1;
    entry.lastAt = at;
  }

  /**
   * What fired so far, by rule and then by key.
   *
   * @param endAt - Until when alerts that are firing count as firing.
   */
  firings(endAt: EpochMs): readonly Firing[] {
    const sorted = [...this.#entries.entries()].toSorted(([one], [other]) => (one < other ? -1 : 1));
    return sorted.map(([, { firing, ...entry }]) => {
      const closed: Entry = { ...entry, firing };
      if (firing) endFiring(closed, endAt);
      const { firing: _ended, ...figures } = closed;
      return { ...figures, stillFiring: firing };
    });
  }
}

function endFiring(entry: Entry, at: EpochMs): void {
  const durationMs = Math.max(0, at - entry.lastAt);
  entry.firing = false;
  entry.totalMs += durationMs;
  entry.longestMs = Math.max(entry.longestMs, durationMs);
}

/** How an alert fires under one rule set, against another. */
export type FiringVerdict = "added" | "gone" | "more" | "fewer" | "longer" | "shorter" | "same";

/** One alert under two rule sets; at least one of them made it fire. */
export interface FiringDifference {
  readonly rule: string;
  readonly key: Readonly<Record<string, string>>;
  readonly verdict: FiringVerdict;
  readonly now: Firing | undefined;
  readonly before: Firing | undefined;
}

/**
 * Compares what fires now with what fired before, alert by alert, ordered by rule and key.
 *
 * `more` and `fewer` count firings; where the number is the same, `longer` and `shorter` compare their time.
 */
export function compareFirings(
  now: readonly Firing[],
  before: readonly Firing[],
): readonly FiringDifference[] {
  const pairs = new Map<string, { now?: Firing; before?: Firing }>();
  for (const firing of now) pairs.set(identityOf(firing.rule, firing.key), { now: firing });
  for (const firing of before) {
    const identity = identityOf(firing.rule, firing.key);
    pairs.set(identity, { ...pairs.get(identity), before: firing });
  }
  const sorted = [...pairs.entries()].toSorted(([one], [other]) => (one < other ? -1 : 1));
  return sorted.flatMap(([, pair]) => {
    const firing = pair.now ?? pair.before;
    if (firing === undefined) return [];
    const { rule, key } = firing;
    return [{ rule, key, verdict: verdictOf(pair.now, pair.before), now: pair.now, before: pair.before }];
  });
}

function verdictOf(now: Firing | undefined, before: Firing | undefined): FiringVerdict {
  if (before === undefined) return "added";
  if (now === undefined) return "gone";
  if (now.fired !== before.fired) return now.fired > before.fired ? "more" : "fewer";
  if (now.totalMs === before.totalMs) return "same";
  return now.totalMs > before.totalMs ? "longer" : "shorter";
}

function identityOf(rule: string, key: Readonly<Record<string, string>>): string {
  return [rule, ...Object.values(key)].join("\u0000");
}
