/**
 * The life of one alert: a condition that is judged from time to time, and what becomes of it.
 *
 * ```mermaid
 * stateDiagram-v2
 *   [*] --> ok
 *   ok --> pending: holds, for > 0
 *   ok --> firing: holds, for = 0
 *   pending --> ok: no longer holds
 *   pending --> firing: held for long enough
 *   firing --> ok: clear for keepFiringFor (told as "resolved")
 * ```
 *
 * All times are event time. A judgement is a fact at one instant; between two of them nothing is assumed,
 * except by {@link stepSilence}, which is told that the source has been silent and that time has passed.
 */
import type { EpochMs } from "../sample.ts";
import type { AlertState } from "../streams.ts";

/** Where one alert stands. Mutable: there is one for each group, and it is looked at for every decision. */
export interface AlertStatus {
  state: "ok" | "pending" | "firing";
  /** When the episode began: the first judgement that held. */
  since: EpochMs;
  /** Since when a firing alert's condition has been clear; `NaN` while it holds. */
  clearSince: EpochMs;
}

/** How long a condition must hold before it fires, and be clear before it resolves. Milliseconds. */
export interface AlertTiming {
  readonly forMs: number;
  readonly keepFiringForMs: number;
}

/** The status of an alert that nothing is known of. */
export function restingAlert(): AlertStatus {
  return { state: "ok", since: Number.NaN, clearSince: Number.NaN };
}

/**
 * Takes one judgement.
 *
 * @returns The state to announce, or nothing when it did not change. `resolved` is announced when the
 *   status goes back to `ok` from `firing`; `ok` when it goes back from `pending`.
 */
export function stepAlert(
  status: AlertStatus,
  timing: AlertTiming,
  judgement: { readonly at: EpochMs; readonly holds: boolean },
): AlertState | undefined {
  const { at, holds } = judgement;
  switch (status.state) {
    case "ok":
      if (!holds) return undefined;
      status.since = at;
      status.clearSince = Number.NaN;
      status.state = timing.forMs === 0 ? "firing" : "pending";
      return status.state;
    case "pending":
      if (!holds) {
        status.state = "ok";
        return "ok";
      }
      if (at - status.since < timing.forMs) return undefined;
      status.state = "firing";
      return "firing";
    case "firing":
      if (holds) {
        status.clearSince = Number.NaN;
        return undefined;
      }
      if (Number.isNaN(status.clearSince)) status.clearSince = at;
      if (at - status.clearSince < timing.keepFiringForMs) return undefined;
      status.state = "ok";
      return "resolved";
  }
}

/**
 * Takes the news that the source has been silent until `at`: what it said last still stands.
 *
 * A door that was opened once and says no more is a door left open.
 *
 * @returns As {@link stepAlert}; `at` of the change is when it became due, see {@link dueAt}.
 */
export function stepSilence(status: AlertStatus, timing: AlertTiming, at: EpochMs): AlertState | undefined {
  if (!(at >= dueAt(status, timing))) return undefined;
  if (status.state === "pending") {
    status.state = "firing";
    return "firing";
  }
  status.state = "ok";
  return "resolved";
}

/** When the mere passing of time will change the status; `NaN` when it will not. */
export function dueAt(status: AlertStatus, timing: AlertTiming): EpochMs {
  if (status.state === "pending") return status.since + timing.forMs;
  if (status.state === "firing") return status.clearSince + timing.keepFiringForMs;
  return Number.NaN;
}
