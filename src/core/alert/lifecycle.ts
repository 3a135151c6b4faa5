/**
 * The life of one alert: a condition that is judged from time to time, and what becomes of it.
 *
 * ```mermaid
 * stateDiagram-v2
 *   [*] --> ok
 *   ok --> pending: a level holds, for > 0
 *   ok --> firing: a level holds, for = 0
 *   pending --> ok: no level holds
 *   pending --> firing: a level has held for "for"
 *   firing --> firing: a higher level has held for "for", or the highest was clear for "keepFiringFor"
 *   firing --> ok: every level was clear for "keepFiringFor" (told as "resolved")
 *   ok --> no_data: unknown, or silent
 *   pending --> no_data: unknown, or silent
 *   firing --> no_data: unknown, or silent (the episode goes on)
 *   no_data --> ok: data comes, no level holds (told as "resolved" after firing)
 *   no_data --> pending: data comes, a level holds, for > 0
 *   no_data --> firing: data comes, after firing or with for = 0
 * ```
 *
 * All times are event time. A judgement is a fact at one instant. Two judgements that follow each other
 * count as one stretch of time; an unknown one between them breaks it. Nothing else is assumed, except by
 * {@link stepSilence}, which is told that the source has been silent and that time has passed.
 *
 * Each level has its own two delays: with `for` of ten minutes, a warning that holds since 12:00 fires at 12:10
 * and the critical level that holds since 12:08 at 12:18. The alert has the highest level that fires.
 *
 * What missing data does, where "kept" is an episode that fired before:
 *
 * | from \ by | unknown, or silence that means `no-data` | silence that means `firing` | silence that means `ok` |
 * | --- | --- | --- | --- |
 * | ok | no-data, an episode of its own | firing, the lowest level, a new episode | stays |
 * | pending | no-data, an episode of its own | firing, the level that held, same episode | ok |
 * | firing | no-data, kept: same episode and level | stays; the time is not clear | resolved |
 * | no-data, kept | stays | firing again, same episode and level | resolved |
 * | no-data | stays | firing, the lowest level, a new episode | ok |
 *
 * So silence never resolves an alert unless its rule says that silence is good. When data comes back, a
 * kept episode is firing again and its `keepFiringFor` begins anew, because the time between was not seen
 * to be clear; an alert that was pending begins its `for` anew, because it was not seen to hold. `noData.after`
 * is a delay of its own and takes the place of `for` and `keepFiringFor`.
 *
 * Source: `for` and `keep_firing_for` as in Prometheus' alerting rules; that bad quality is a state beside
 * normal and alarm, IEC 62682:2022 (ISA-18.2).
 */
import type { EpochMs } from "../sample.ts";
import type { AlertState } from "../streams.ts";
import type { AlertStatus } from "./status.ts";

/** How long a condition must hold before it fires, and be clear before it resolves. Milliseconds. */
export interface AlertTiming {
  readonly forMs: number;
  readonly keepFiringForMs: number;
}

/** What is to be told of an alert. */
export interface AlertChange {
  readonly state: Exclude<AlertState, "flapping">;
  /** Index of the severity level, from 0: the one that fires or holds, or at an end the one that did. */
  readonly level: number;
  /** Event time of the change. */
  readonly at: EpochMs;
  /** Event time at which the episode began that the change belongs to. */
  readonly since: EpochMs;
}

/** What the silence of a source means. */
export type SilenceMeaning = "no-data" | "firing" | "ok";

/**
 * Takes one judgement. Allocates nothing while nothing changes.
 *
 * A change of level is told as `firing`; while pending it is not told.
 *
 * @param at - Not before that of the last step.
 * @param level - Index of the highest level that holds, levels ascending; −1: none.
 * @returns What to announce, or nothing. `resolved` is the end of an episode that fired, `ok` of another.
 */
export function stepAlert(
  status: AlertStatus,
  timing: AlertTiming,
  at: EpochMs,
  level: number,
): AlertChange | undefined {
  if (level < 0 && status.state === "ok") return undefined;
  const shown = shownLevel(status);
  status.judge(level, at);
  const fires = firingLevel(status, timing, at);
  if (fires < 0) return level < 0 ? endAt(status, at, shown) : beginPending(status, at);
  if (status.state === "firing" && status.level === fires) return undefined;
  const change = fire(status, at, fires);
  // The levels that moved now agree with what is told of them.
  status.judge(level, at);
  return change;
}

/** Takes a judgement that says nothing, as for a window with too few samples: the state is `no-data`, never `ok`. */
export function stepUnknown(status: AlertStatus, at: EpochMs): AlertChange | undefined {
  status.forget();
  if (status.state === "no-data") return undefined;
  if (status.level < 0) status.since = at;
  status.state = "no-data";
  return changeOf("no-data", shownLevel(status), at, status.since);
}

/**
 * Takes the news that the source has been silent until `at`: what it said last still stands.
 *
 * A door that was opened once and says no more is a door left open. Only for rules whose samples go on being
 * true; an empty window says nothing.
 *
 * @returns The earliest change that is due, at the time when it became due, or nothing. There may be
 *   another one: call again until nothing comes.
 */
export function stepSilence(status: AlertStatus, timing: AlertTiming, at: EpochMs): AlertChange | undefined {
  const due = dueAt(status, timing);
  return at >= due ? stepAlert(status, timing, due, status.judged) : undefined;
}

/** When {@link stepSilence} will next have a change; `NaN` when time alone changes nothing. */
export function dueAt(status: AlertStatus, timing: AlertTiming): EpochMs {
  const riseAt = status.turnedAt(status.level + 1) + timing.forMs;
  return Number.isNaN(riseAt) ? status.turnedAt(status.level) + timing.keepFiringForMs : riseAt;
}

/**
 * Takes the news that the source has been silent for the rule's `noData.after`; once or as often as you like.
 *
 * What {@link stepSilence} finds due before that time comes first.
 *
 * @param at - Event time at which the silence had lasted that long.
 */
export function stepNoData(
  status: AlertStatus,
  meaning: SilenceMeaning,
  at: EpochMs,
): AlertChange | undefined {
  switch (meaning) {
    case "no-data":
      return stepUnknown(status, at);
    case "ok":
      return endAlert(status, at);
    case "firing": {
      const held = status.judged;
      status.forget();
      if (status.state === "firing") return undefined;
      return fire(status, at, Math.max(status.level, held, 0));
    }
  }
}

/** Ends whatever there is, as when the rule is no longer in force. */
export function endAlert(status: AlertStatus, at: EpochMs): AlertChange | undefined {
  return endAt(status, at, shownLevel(status));
}

/** Index of the level whose severity the alert has now; 0 where there is none. */
export function shownLevel(status: AlertStatus): number {
  return Math.max(0, status.state === "pending" ? status.judged : status.level);
}

/** The level that fires when both delays are looked at; levels are nested, so it is one boundary that moves. */
function firingLevel(status: AlertStatus, timing: AlertTiming, at: EpochMs): number {
  let level = status.level;
  while (level < status.judged && at - status.turnedAt(level + 1) >= timing.forMs) level += 1;
  while (level > status.judged && at - status.turnedAt(level) >= timing.keepFiringForMs) level -= 1;
  return level;
}

function fire(status: AlertStatus, at: EpochMs, level: number): AlertChange {
  const goesOn = status.state === "pending" || status.level >= 0;
  if (!goesOn) status.since = at;
  status.state = "firing";
  status.level = level;
  return changeOf("firing", level, at, status.since);
}

function beginPending(status: AlertStatus, at: EpochMs): AlertChange | undefined {
  if (status.state === "pending") return undefined;
  status.since = at;
  status.state = "pending";
  return changeOf("pending", status.judged, at, at);
}

function endAt(status: AlertStatus, at: EpochMs, level: number): AlertChange | undefined {
  if (status.state === "ok") return undefined;
  const change = changeOf(status.level < 0 ? "ok" : "resolved", level, at, status.since);
  status.rest();
  return change;
}

function changeOf(state: AlertChange["state"], level: number, at: EpochMs, since: EpochMs): AlertChange {
  return { state, level, at, since };
}
