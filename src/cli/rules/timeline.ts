/** Why a test of a rule fails, for people: what was expected, what was there, and what had happened. */
import { formatDuration } from "../../core/time/duration.ts";
import type { TestFailure, TestFinding, TestOutcome, TestTransition } from "../../core/rule/test-run.ts";
import type { Output } from "../context.ts";
import { printable, type Style, styled } from "../style.ts";
import { keyText } from "./key-text.ts";

/** Changes shown for one alert: those before the first failure matter most. */
const shownMax = 20;

const styles: Readonly<Record<string, Style>> = {
  pending: "yellow",
  firing: "red",
  resolved: "green",
  ok: "green",
  "no-data": "dim",
};

/** The lines below the name of a test; none when it passes. */
export function failureLines(out: Output, { failures, transitions }: TestOutcome): string[] {
  const lines = failures.map((failure) => describe(failure));
  const keys = new Map(failures.map(({ expected }) => [keyText(expected.key), expected.key]));
  for (const name of keys.keys()) {
    const own = transitions.filter(({ key }) => keyText(key) === name);
    lines.push(...timeline(out, name, own));
    if (own.length > 0) continue;
    const others = new Set(transitions.map(({ key }) => keyText(key)));
    if (others.size > 0) lines.push(`  there were alerts of ${[...others].slice(0, 5).join("; ")}`);
  }
  return lines;
}

function describe({ expected, got, note }: TestFailure): string {
  const at = `at ${formatDuration(expected.atMs)}`;
  const wanted = findingText(expected, expected);
  const was = findingText(got, expected);
  const why = note === undefined ? "" : ` ${note}`;
  return `${at} ${keyText(expected.key)}: expected ${wanted}, got ${was}.${why}`;
}

/** A state with as much beside it as the expectation names. */
function findingText(
  finding: Pick<TestFinding, "state" | "severity" | "values">,
  expected: TestFailure["expected"],
): string {
  const parts: string[] = [finding.state];
  if (expected.severity !== undefined) parts.push(finding.severity ?? "without severity");
  const values = Object.keys(expected.values ?? {}).map(
    (name) => `${name} ${JSON.stringify(finding.values?.[name] ?? null)}`,
  );
  if (values.length > 0) parts.push(`with ${values.join(", ")}`);
  return printable(parts.join(" "));
}

function timeline(out: Output, name: string, transitions: readonly TestTransition[]): string[] {
  if (transitions.length === 0) return [styled(out, "dim", `${name} was at rest all the time`)];
  const lines = transitions.slice(0, shownMax).map((transition) => {
    const { toldMs, atMs, state, severity, historical } = transition;
    const values = Object.entries(transition.values).map(([field, value]) => `${field} ${shortValue(value)}`);
    const when = atMs === toldMs ? "" : `  (as of ${instantText(atMs)}${historical ? ", historical" : ""})`;
    const told = formatDuration(toldMs).padStart(10);
    const label = styled(out, styles[state] ?? "dim", state.padEnd(8));
    return `${told}  ${label}  ${severity}  ${printable(values.join(", "))}${styled(out, "dim", when)}`;
  });
  const rest = transitions.length - lines.length;
  return [
    `what ${name} did:`,
    ...lines,
    ...(rest > 0 ? [`${"".padStart(10)}  and ${rest} more changes`] : []),
  ];
}

/** Event time can lie before time 0: what a window or a wrong stamp begins with. */
function instantText(atMs: number): string {
  return atMs < 0 ? `-${formatDuration(-atMs)}` : formatDuration(atMs);
}

function shortValue(value: TestTransition["values"][string]): string {
  return typeof value === "number" ? String(Number(value.toPrecision(6))) : JSON.stringify(value);
}
