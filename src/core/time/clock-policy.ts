/**
 * How far the stamps of a device are believed, as data.
 */
import { stampAheadMsMax } from "../limits.ts";

/**
 * - `trust`: the device's stamp, unless it is too far ahead.
 * - `clamp`: the same, and a stamp that is too old is moved to the oldest that is allowed.
 * - `correct`: the device's stamp plus the offset that was learned for that device's clock.
 * - `receipt`: always the time of receipt.
 */
export const clockModes = ["trust", "clamp", "correct", "receipt"] as const;
export type ClockMode = (typeof clockModes)[number];

export interface ClockPolicy {
  readonly mode: ClockMode;
  /** A stamp further ahead of the gateway's clock is replaced by the time of receipt. Milliseconds. */
  readonly aheadMs: number;
  /**
   * The oldest that event time may be, before receipt, in milliseconds. Of `clamp`, and of `correct` while the
   * offset is not known, {@link behindMsDefault} when it is missing; of `correct` with a known offset, no bound.
   */
  readonly behindMs?: number;
}

/** A week: what devices that buffer hold, and far from what a clock that lost its battery says. */
export const behindMsDefault: number = 7 * 24 * 3_600_000;

/** What holds for a device of which nothing else is said. */
export const defaultClockPolicy: ClockPolicy = { mode: "trust", aheadMs: stampAheadMsMax };
