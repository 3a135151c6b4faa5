/**
 * Runs the tests of rules: folds what a test says comes in, lets the gateway's time pass beside it, and
 * compares the alerts with what is expected.
 */
import type { FoldState } from "../fold/state.ts";
import type { LogRecord } from "../record.ts";
import type { AlertRecord, AlertState, Severity } from "../streams.ts";
import type { RuleDefinition } from "./definition.ts";
import {
  type ExpectedState,
  lastingMs,
  type RuleTest,
  type TestExpectation,
  testStartAt,
} from "./rule-test.ts";
import { TestFeed } from "./test-feed.ts";

/** How often a gateway looks whether the mere passing of time has an effect. */
const tickEveryMs = 1_000;

/** How far numbers may be from what is expected, as a share of it. */
const tolerance = 1e-6;

/** Changes that an outcome tells of; a test that makes more is looked at from its beginning. */
const transitionsMax = 1_000;

/** One change of an alert during a test. Times count from time 0. */
export interface TestTransition {
  /** When the gateway said so. */
  readonly toldMs: number;
  /** Event time of the change. */
  readonly atMs: number;
  readonly key: Readonly<Record<string, string>>;
  readonly state: AlertState;
  readonly severity: Severity;
  readonly values: AlertRecord["values"];
  /** Found too late to be told to anybody. */
  readonly historical: boolean;
}

/** What an alert was at the instant of an expectation. */
export interface TestFinding {
  readonly state: ExpectedState;
  /** Nothing when the alert has never been anything but at rest. */
  readonly severity?: Severity;
  readonly values?: AlertRecord["values"];
}

/** An expectation that was not met. */
export interface TestFailure {
  readonly expected: TestExpectation;
  readonly got: TestFinding;
  /** Why it cannot be met, where that is known. */
  readonly note?: string;
}

export interface TestOutcome {
  readonly rule: string;
  readonly test: RuleTest;
  /** In order of time; empty when the test passes. */
  readonly failures: readonly TestFailure[];
  /** Changes of the rule's alerts, in the order in which they were told; the first {@link transitionsMax}. */
  readonly transitions: readonly TestTransition[];
}

/** What a test is run with. */
export interface TestSetup {
  /** The rule that the test belongs to. */
  readonly rule: RuleDefinition;
  /** Other rules that are in force beside it. */
  readonly others?: readonly RuleDefinition[];
  /** Makes the state of a gateway that knows nothing yet. */
  readonly makeState: () => FoldState;
}

/**
 * Runs one test.
 *
 * The same rule and test give the same outcome, always: nothing but them and time goes in.
 */
export function runTest(test: RuleTest, { rule, others = [], makeState }: TestSetup): TestOutcome {
  // A test names devices as the rule does: as the tenant calls them.
  const [plain, ...rest] = [rule, ...others].map(({ tenant: _tenant, ...definition }) => definition);
  const run = new Run(test, plain!, makeState());
  return run.toEnd([plain!, ...rest]);
}

class Run {
  readonly #test: RuleTest;
  readonly #rule: RuleDefinition;
  readonly #state: FoldState;
  readonly #feed: TestFeed;
  readonly #alerts = new Map<string, SeenAlert>();
  readonly #transitions: TestTransition[] = [];
  readonly #startAt: number;

  constructor(test: RuleTest, rule: RuleDefinition, state: FoldState) {
    this.#test = test;
    this.#rule = rule;
    this.#state = state;
    this.#feed = new TestFeed(test);
    this.#startAt = test.startAt ?? testStartAt;
  }

  toEnd(rules: readonly RuleDefinition[]): TestOutcome {
    const { intervalMs, expect, input } = this.#test;
    const failures: TestFailure[] = [];
    const expectations = expect.toSorted((one, other) => one.atMs - other.atMs);
    const endMs = lastingMs(this.#test);
    const sampleCount = Math.max(0, ...input.map(({ values }) => values.length));
    let nextSample = 0;
    let nextExpectation = 0;
    let nowMs = 0;
    this.#step(this.#feed.settings(rules), 0);
    while (nowMs <= endMs) {
      if (nextSample < sampleCount && nextSample * intervalMs === nowMs) {
        const record = this.#feed.samples(nextSample);
        if (record !== undefined) this.#step(record, nowMs);
        nextSample += 1;
      }
      if (this.#state.tickDue(nowMs)) this.#step(this.#feed.tick(nowMs), nowMs);
      for (; expectations[nextExpectation]?.atMs === nowMs; nextExpectation += 1) {
        const failure = this.#compare(expectations[nextExpectation]!);
        if (failure !== undefined) failures.push(failure);
      }
      nowMs = Math.min(
        (Math.floor(nowMs / tickEveryMs) + 1) * tickEveryMs,
        nextSample < sampleCount ? nextSample * intervalMs : Number.POSITIVE_INFINITY,
        expectations[nextExpectation]?.atMs ?? Number.POSITIVE_INFINITY,
      );
    }
    return { rule: this.#rule.id, test: this.#test, failures, transitions: this.#transitions };
  }

  #step(record: LogRecord, toldMs: number): void {
    this.#state.admit(record, "new");
    for (const alert of this.#state.step(record).alerts) {
      if (alert.rule === this.#rule.id) this.#see(alert, toldMs);
    }
  }

  #see(alert: AlertRecord, toldMs: number): void {
    const identity = identityOf(alert.key);
    const before = this.#alerts.get(identity);
    const told = before?.record.state === alert.state && before.record.severity === alert.severity;
    if (!told && this.#transitions.length < transitionsMax) {
      const { key, state, severity, values, historical } = alert;
      this.#transitions.push({
        toldMs,
        atMs: alert.at - this.#startAt,
        key,
        state,
        severity,
        values,
        historical,
      });
    }
    // What is found too late says nothing about now.
    if (alert.historical) return;
    const hasFired = before?.hasFired === true || alert.state === "firing";
    this.#alerts.set(identity, { record: alert, hasFired });
  }

  #compare(expected: TestExpectation): TestFailure | undefined {
    const got = findingOf(this.#alerts.get(identityOf(expected.key)));
    const { groupBy } = this.#rule;
    const names = Object.keys(expected.key);
    if (names.length !== groupBy.length || !groupBy.every((name) => names.includes(name))) {
      const wanted = groupBy.length === 0 ? "is empty" : `has ${groupBy.join(", ")}`;
      return { expected, got, note: `The rule's key ${wanted}.` };
    }
    return meets(expected, got) ? undefined : { expected, got };
  }
}

/** An alert as it was last told. */
interface SeenAlert {
  readonly record: AlertRecord;
  readonly hasFired: boolean;
}

function findingOf(seen: SeenAlert | undefined): TestFinding {
  if (seen === undefined) return { state: "ok" };
  const { state, severity, values } = seen.record;
  const resting = state === "ok" || state === "resolved";
  return { state: resting ? (seen.hasFired ? "resolved" : "ok") : state, severity, values };
}

function meets(expected: TestExpectation, got: TestFinding): boolean {
  const { state, severity, values = {} } = expected;
  const same = state === got.state || (state === "ok" && got.state === "resolved");
  if (!same || (severity !== undefined && severity !== got.severity)) return false;
  return Object.entries(values).every(([name, value]) => isNear(value, got.values?.[name]));
}

type Value = AlertRecord["values"][string];

function isNear(expected: Value, got: Value | undefined): boolean {
  if (typeof expected !== "number" || typeof got !== "number") return expected === got;
  return Math.abs(got - expected) <= tolerance * Math.max(1, Math.abs(expected));
}

function identityOf(key: Readonly<Record<string, string>>): string {
  return Object.keys(key)
    .toSorted()
    .map((name) => `${name}\u0000${key[name]!}`)
    .join("\u0001");
}
