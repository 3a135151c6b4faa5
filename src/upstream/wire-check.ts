/** Checks a decoded message against what a batch must hold. */
import { failed, ok, type Problem, type Result } from "../core/errors.ts";
import { nameCharactersMax } from "../core/limits.ts";
import { type StreamName, streamNames } from "../core/streams.ts";
import { type WireBatch, wireVersion } from "./batch.ts";

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const problemsMax = 20;

const text: Check = (value) => typeof value === "string";
const number: Check = (value) => typeof value === "number" && Number.isFinite(value);
const count: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const flag: Check = (value) => typeof value === "boolean";
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const oneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    typeof value === "string" && words.includes(value);
const mapOf =
  (check: Check): Check =>
  (value) =>
    isFields(value) && Object.values(value).every(check);
const shape =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isFields(value) && Object.entries(checks).every(([name, check]) => check(value[name]));
const scalar: Check = (value) => value === null || text(value) || number(value) || flag(value);

/** The fields of each kind of record that must be there. `seq` is checked with the envelope. */
const recordChecks: Readonly<Record<StreamName, Readonly<Record<string, Check>>>> = {
  alerts: {
    id: text,
    rule: text,
    key: mapOf(text),
    state: oneOf("ok", "pending", "firing", "resolved", "no-data"),
    severity: oneOf("info", "warning", "critical"),
    since: number,
    at: number,
    values: mapOf(scalar),
    labels: mapOf(text),
    annotations: mapOf(text),
    coverage: orNull(number),
    revision: count,
    historical: flag,
    acknowledged: flag,
    shelvedUntil: orNull(number),
  },
  status: { at: number, state: text, detail: text, version: text },
  summaries: {
    device: text,
    metric: text,
    start: number,
    end: number,
    resolution: text,
    revision: count,
    count,
    expected: orNull(count),
    sum: number,
    min: number,
    max: number,
    first: number,
    last: number,
    m2: number,
    late: count,
    corrected: count,
    clock: oneOf("synced", "unsynced"),
  },
  ledger: {
    at: number,
    logSeq: count,
    messages: shape({ received: count, stored: count, rejected: mapOf(count), dropped: mapOf(count) }),
    samples: shape({ decoded: count, stored: count, duplicate: count, late: count, corrected: count }),
  },
};

/**
 * Checks a message, every problem at once up to 20.
 *
 * @returns The same object, typed; unknown fields are left in it.
 */
export function checkBatch(message: unknown): Result<WireBatch> {
  if (!isFields(message)) return failed([invalid("", "a batch is an object")]);
  const version = message["v"];
  if (version !== wireVersion) {
    return failed([
      {
        code: "WIRE_VERSION",
        message: `version ${JSON.stringify(version) ?? "missing"} is not known`,
        pointer: "/v",
        hint: `this program reads version ${wireVersion}`,
      },
    ]);
  }
  const problems = problemsOf(message);
  if (problems.length > 0) return failed(problems.slice(0, problemsMax));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every field has just been checked.
  return ok(message as unknown as WireBatch);
}

function problemsOf(message: Fields): Problem[] {
  const problems: Problem[] = [];
  const { gateway, stream, from, to, sentAt } = message;
  if (typeof gateway !== "string" || gateway.length === 0 || gateway.length > nameCharactersMax) {
    problems.push(invalid("/gateway", `a gateway's name has 1 to ${nameCharactersMax} characters`));
  }
  if (!isStreamName(stream))
    problems.push(invalid("/stream", `a stream is one of ${streamNames.join(", ")}`));
  if (!isSeq(from)) problems.push(invalid("/from", "a sequence is a whole number from 1 on"));
  if (!isSeq(to)) problems.push(invalid("/to", "a sequence is a whole number from 1 on"));
  if (!number(sentAt)) problems.push(invalid("/sentAt", "a time is a number of milliseconds"));
  const hasGap = Object.hasOwn(message, "gap");
  if (hasGap === Object.hasOwn(message, "records")) {
    problems.push(invalid("", "a batch holds either records or a gap"));
  }
  if (problems.length > 0 || !isStreamName(stream) || !isSeq(from) || !isSeq(to)) return problems;
  if (from > to) return [invalid("/to", "`to` is not before `from`")];
  if (!hasGap) return recordProblems(message["records"], stream, from, to);
  const gap = message["gap"];
  const sound = isFields(gap) && gap["from"] === from && gap["to"] === to && text(gap["cause"]);
  return sound ? [] : [invalid("/gap", "a gap has the batch's `from` and `to`, and a cause")];
}

function recordProblems(records: unknown, stream: StreamName, from: number, to: number): Problem[] {
  if (!Array.isArray(records) || records.length !== to - from + 1) {
    return [invalid("/records", `expected the ${to - from + 1} records from ${from} to ${to}`)];
  }
  const problems: Problem[] = [];
  const checks = Object.entries(recordChecks[stream]);
  records.forEach((record: unknown, index) => {
    if (problems.length >= problemsMax) return;
    if (!isFields(record) || record["seq"] !== from + index) {
      problems.push(invalid(`/records/${index}/seq`, `expected record ${from + index}`));
      return;
    }
    for (const [name, check] of checks) {
      if (!Object.hasOwn(record, name) || !check(record[name])) {
        problems.push(invalid(`/records/${index}/${name}`, `${name} is missing or not of its kind`));
      }
    }
  });
  return problems;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isStreamName(value: unknown): value is StreamName {
  return streamNames.some((name) => name === value);
}

function isSeq(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}

function invalid(pointer: string, message: string): Problem {
  return { code: "WIRE_INVALID", message, pointer };
}
