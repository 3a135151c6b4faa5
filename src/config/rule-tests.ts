/** The `tests` of a rule as they are written: their schema, and what their parts must be to each other. */
import * as z from "zod/mini";
import { nameCharactersMax } from "../core/limits.ts";
import {
  expectedStates,
  lastingMs,
  type RuleTest,
  testMsMax,
  testSamplesMax,
} from "../core/rule/rule-test.ts";
import { parseTestSeries, testSeriesPattern, type TestValue } from "../core/rule/test-series.ts";
import type { EpochMs } from "../core/sample.ts";
import { formatDuration } from "../core/time/duration.ts";
import { explainIssues, valueAt } from "./issues.ts";
import { pointerOf } from "./pointer.ts";
import { quoted } from "./problems.ts";
import { choice, described, duration, expecting, listOf, object, parsed, recordOf, text } from "./shape.ts";
import type { RuleReport } from "./window-checks.ts";

// oxlint-disable-next-line no-control-regex -- control characters are what is kept out.
const namePattern = new RegExp(`^[^\\u0000-\\u001f\\u007f]{1,${nameCharactersMax}}$`);
const seriesName = text(
  {
    code: "NAME",
    expected: `A name of at most ${nameCharactersMax} characters`,
    hint: (value) => (Array.isArray(value) ? "give each series its own { … } in the list" : undefined),
  },
  namePattern,
);
const keyName = text(
  { code: "NAME", expected: "The name of a group key", hint: () => 'for example "device"' },
  namePattern,
);

const values = parsed<readonly TestValue[]>(
  {
    code: "SERIES",
    expected: "A text of terms with blanks between them",
    hint: (value) =>
      typeof value === "number" || typeof value === "boolean"
        ? `write "${value}"`
        : 'for example "4x5 12x20": five samples of 4, twenty of 12',
  },
  (written) => {
    const read = parseTestSeries(written);
    return read.ok ? read.values : undefined;
  },
  { pattern: testSeriesPattern, examples: ["4x5 12x20 5x10", "0+2x10 _x3", "7 true stale"] },
);

const start = parsed<EpochMs>(
  {
    code: "INSTANT",
    expected: "A day or an instant as in RFC 3339",
    hint: () => 'for example "2026-03-29" or "2026-03-29T02:30:00+01:00"',
  },
  instantOf,
  { examples: ["2026-03-29", "2026-03-29T00:30:00Z"] },
);

const expectedValue = expecting(z.union([z.number(), z.string(), z.boolean(), z.null()]), {
  code: "VALUE",
  expected: "A number, a text, true, false or null",
});

const expectation = object({
  at: duration(0, testMsMax),
  key: z.prefault(recordOf(keyName, seriesName), {}),
  state: choice(expectedStates),
  severity: z.exactOptional(choice(["info", "warning", "critical"])),
  values: z.exactOptional(recordOf(keyName, expectedValue)),
});

const input = object({
  device: seriesName,
  metric: seriesName,
  profile: z.exactOptional(seriesName),
  tags: z.exactOptional(recordOf(keyName, seriesName)),
  parameters: z.exactOptional(
    recordOf(keyName, expecting(z.number(), { code: "NUMBER", expected: "A number" })),
  ),
  values,
});

const shape = listOf(
  object({
    name: text({ code: "TEXT", expected: "A text of 1 to 256 characters" }, /^[\s\S]{1,256}$/),
    interval: duration(1, testMsMax),
    start: z.exactOptional(start),
    input: listOf(input, 0, 256),
    expect: listOf(expectation, 1, 1_024),
  }),
  0,
  64,
);

/** The JSON Schema (draft 7) of `tests`, to be shown where the rule's schema takes any value. */
export function ruleTestsSchema(): Record<string, unknown> {
  described(values, { description: "Terms: 7, 4x5, 0+2x10, _x3, true, stale." });
  const { $schema: _version, ...schema } = z.toJSONSchema(shape, { target: "draft-7", io: "input" });
  return { description: "What the rule is to do; it is refused where it does otherwise.", ...schema };
}

/**
 * Reads the tests of one rule, and reports everything that is wrong with them.
 *
 * Codes are as for the rest of a rule (`KEY_UNKNOWN`, `KEY_MISSING`, `DURATION`, `CHOICE`, `LIST`, `OBJECT`,
 * `NAME`, `TEXT`, `VALUE`) and `SERIES`, `INSTANT`, `TEST_TWICE`, `TEST_SERIES_TWICE`, `TEST_KEY_TWICE`,
 * `TEST_LARGE`, `TEST_LONG`.
 *
 * @param written - The value of `tests`, or nothing where the rule has none.
 * @param pointer - Where it stands; problems are reported below it.
 * @returns The tests; none when anything is wrong.
 */
export function parseRuleTests(written: unknown, pointer: string, report: RuleReport): readonly RuleTest[] {
  if (written === undefined) return [];
  const read = z.safeParse(shape, written);
  if (!read.success) {
    reportIssues(read.error.issues, written, pointer, report);
    return [];
  }
  const tests = read.data.map(testOf);
  let right = true;
  const refuse: RuleReport = (...problem) => {
    right = false;
    report(...problem);
  };
  const names = new Set<string>();
  for (const [index, test] of tests.entries()) {
    const place = `${pointer}/${index}`;
    if (names.has(test.name)) {
      refuse(
        `${place}/name`,
        "TEST_TWICE",
        `Two tests are called ${quoted(test.name)}.`,
        "rename one of them",
      );
    }
    names.add(test.name);
    checkTest(test, place, refuse);
  }
  return right ? tests : [];
}

type WrittenTest = z.infer<typeof shape>[number];

function testOf({ name, interval, start: startAt, input: series, expect }: WrittenTest): RuleTest {
  return {
    name,
    intervalMs: interval,
    ...(startAt === undefined ? {} : { startAt }),
    input: series,
    expect: expect.map(({ at, ...rest }) => ({ atMs: at, ...rest })),
  };
}

function reportIssues(
  issues: readonly z.core.$ZodIssue[],
  written: unknown,
  root: string,
  report: RuleReport,
): void {
  const area = "RULE";
  const about = {
    area,
    schema: shape,
    root,
    value: written,
    placeOf: () => ({}),
    unsupportedKey: () => false,
    isSecret: () => false,
  };
  for (const issue of issues) {
    const bad = valueAt(written, pointerOf(issue.path));
    if (typeof bad === "string" && isSeries(issue.path)) {
      reportSeries(bad, root + pointerOf(issue.path), report);
      continue;
    }
    for (const { pointer, code, message, hint } of explainIssues([issue], about)) {
      report(pointer, code.slice(area.length + 1), message, hint ?? "");
    }
  }
}

/** Whether a path is that of the values of a series: `0/input/1/values`. */
function isSeries(path: readonly PropertyKey[]): boolean {
  return path.length === 4 && path[1] === "input" && path[3] === "values";
}

function reportSeries(written: string, pointer: string, report: RuleReport): void {
  const read = parseTestSeries(written);
  for (const { offset, message, hint } of read.ok ? [] : read.problems) {
    report(pointer, "SERIES", message, hint, offset);
  }
}

function checkTest(test: RuleTest, pointer: string, report: RuleReport): void {
  const series = new Set<string>();
  let samples = 0;
  for (const [index, { device, metric, values: given }] of test.input.entries()) {
    samples += given.length;
    const identity = JSON.stringify([device, metric]);
    if (series.has(identity)) {
      const message = `The series ${quoted(metric)} of ${quoted(device)} stands twice.`;
      report(`${pointer}/input/${index}`, "TEST_SERIES_TWICE", message, "join the values of the two");
    }
    series.add(identity);
  }
  if (samples > testSamplesMax) {
    const message = `The test has ${samples} samples; at most ${testSamplesMax} are possible.`;
    report(`${pointer}/input`, "TEST_LARGE", message, "use a longer interval");
  }
  if (lastingMs(test) > testMsMax) {
    const message = `The test lasts longer than ${formatDuration(testMsMax)}.`;
    report(`${pointer}/interval`, "TEST_LONG", message, "use a shorter interval");
  }
  checkExpectations(test, pointer, report);
}

function checkExpectations(test: RuleTest, pointer: string, report: RuleReport): void {
  const known = new Set<string>();
  for (const [index, { atMs, key }] of test.expect.entries()) {
    const sorted = Object.entries(key).toSorted(([one], [other]) => (one < other ? -1 : 1));
    const identity = JSON.stringify([atMs, sorted]);
    if (known.has(identity)) {
      const message = `Two expectations are about this key at ${formatDuration(atMs)}.`;
      report(`${pointer}/expect/${index}`, "TEST_KEY_TWICE", message, "remove one of them");
    }
    known.add(identity);
  }
}

const instantPattern = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** The instant that a text names; nothing when it names none, or a day that does not exist. */
function instantOf(written: string): EpochMs | undefined {
  const day = instantPattern.exec(written)?.[1];
  if (day === undefined) return undefined;
  const midnight = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(day)) return undefined;
  const at = Date.parse(written);
  return Number.isNaN(at) ? undefined : at;
}
