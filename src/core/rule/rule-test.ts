/**
 * The tests that stand in rule files: what a gateway is fed, and which alerts it is to have at which instants.
 */
import type { EpochMs } from "../sample.ts";
import { alertStates, type Severity } from "../streams.ts";
import type { TestValue } from "./test-series.ts";

/** States that an expectation can name. */
export const expectedStates: typeof alertStates = alertStates;
/**
 * `ok`: at rest, whatever was before. `resolved`: at rest, after having fired at least once.
 */
export type ExpectedState = (typeof expectedStates)[number];

/** Samples of all series of one test. */
export const testSamplesMax = 1_000_000;

/** How long a test may last: a leap year, so that seasons and calendars can be tested. Milliseconds. */
export const testMsMax: number = 366 * 86_400_000;

/** Time 0 of tests that do not give another: 2026-01-05T00:00:00Z, a Monday. */
export const testStartAt: EpochMs = 1_767_571_200_000;

/** One series of a test. Its first value comes at time 0, each next one an interval later. */
export interface TestInput {
  readonly device: string;
  readonly metric: string;
  /** Id of the device profile by which it is decoded. */
  readonly profile?: string;
  /** Of the device. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Of the device: what `{ "param": … }` names. */
  readonly parameters?: Readonly<Record<string, number>>;
  readonly values: readonly TestValue[];
}

/** One alert at one instant. */
export interface TestExpectation {
  /** Since time 0. Everything up to and including this instant has happened. */
  readonly atMs: number;
  /** The alert's identity: a value for each name in the rule's `groupBy`. */
  readonly key: Readonly<Record<string, string>>;
  readonly state: ExpectedState;
  readonly severity?: Severity;
  /** What the alert's last change was decided on; numbers within a millionth. */
  readonly values?: Readonly<Record<string, number | string | boolean | null>>;
}

export interface RuleTest {
  readonly name: string;
  readonly intervalMs: number;
  /** The instant of time 0; {@link testStartAt} where it is missing. */
  readonly startAt?: EpochMs;
  readonly input: readonly TestInput[];
  readonly expect: readonly TestExpectation[];
}

/** Until when a test lasts: its last sample or its last expectation, whatever comes later. Milliseconds. */
export function lastingMs(test: RuleTest): number {
  let lastMs = 0;
  for (const { values } of test.input) {
    lastMs = Math.max(lastMs, (values.length - 1) * test.intervalMs);
  }
  for (const { atMs } of test.expect) lastMs = Math.max(lastMs, atMs);
  return lastMs;
}
