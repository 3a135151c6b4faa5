/** Runs the examples of a device profile: what is written beside a payload has to come of it. */
import type { DecodePlan } from "../core/decode.ts";
import { invariant } from "../core/errors.ts";
import type { DeviceProfile, ProfileExample } from "../core/profile.ts";
import { compileGlobs } from "../core/rule/glob.ts";
import type { EpochMs } from "../core/sample.ts";
import { filterMatches } from "../core/topic.ts";
import { type Decoders, DecodePlans } from "./decode-plans.ts";
import { type Trial, type TrialSample, tryPayload } from "./profile-trial.ts";
import { parseRoutes } from "./routes.ts";

/** When examples are received: 2025-11-01T12:26:40Z. Times relative to now are counted from it. */
const exampleReceivedAt: EpochMs = 1_762_000_000_000;

/** Share by which a number may differ from the one expected: conversions round. */
const tolerance = 1e-9;

/** An example that does not do what it says. */
export interface ExampleFailure {
  /** JSON pointer to the example in its profile. */
  readonly pointer: string;
  /** Each a sentence. */
  readonly messages: readonly string[];
}

/** The examples of a profile that fail; none where all is well. */
export function failingExamples(profile: DeviceProfile, decoders: Decoders): ExampleFailure[] {
  const run = (kind: "good" | "bad"): ExampleFailure[] =>
    profile[kind].map((example, index) => ({
      pointer: `/examples/${kind}/${index}`,
      messages: exampleProblems(profile, example, decoders),
    }));
  return [...run("good"), ...run("bad")].filter(({ messages }) => messages.length > 0);
}

/**
 * Runs one example, on a topic that nothing came on before; a bad one of a profile with a fingerprint after the first
 * good payload of the same client, so that it is known what the device is.
 *
 * A good one has to give exactly the samples that it expects, in their range; a bad one has to be refused for its
 * cause, or to go to the next route. Where no client is named it is the first one that the profile takes, with
 * nothing for stars.
 *
 * @returns What is wrong, each a sentence; empty where all is well.
 */
export function exampleProblems(
  profile: DeviceProfile,
  example: ProfileExample,
  decoders: Decoders,
): string[] {
  const routes = parseRoutes([], { profiles: [profile] });
  invariant(routes.ok, "a profile that was loaded makes routes");
  const plans = new DecodePlans(routes.value, decoders);
  const clientId = example.client ?? clientOf(profile);
  const planOf = (bytes: Uint8Array): DecodePlan =>
    plans.planOf({ topic: example.topic, clientId, bytes, start: 0, end: bytes.length });
  const [first] = profile.good;
  if (example.expect === undefined && profile.fingerprint !== undefined && first !== undefined) {
    planOf(first.bytes);
  }
  const plan = planOf(example.bytes);
  if (example.cause === "unclaimed") {
    return plan.profile === undefined ? [] : ["It is taken for this model, and should go to the next route."];
  }
  if (plan.profile === undefined) return [unclaimedBecause(profile, example.topic, clientId)];
  const trial = tryPayload(plan, example.bytes, exampleReceivedAt);
  return example.expect === undefined ? refusalProblems(example, trial) : sampleProblems(example, trial);
}

/** A client that the profile takes. */
function clientOf({ clients: [glob = ""] = [] }: DeviceProfile): string {
  return glob.replaceAll("*", "").replaceAll("?", "x");
}

function unclaimedBecause({ match, clients }: DeviceProfile, topic: string, clientId: string): string {
  if (!match.some((filter) => filterMatches(filter, topic))) {
    return `The topic ${topic} is not matched by the profile.`;
  }
  if (clients !== undefined && !compileGlobs(clients)(clientId)) {
    return `The client ${clientId} is none of the profile.`;
  }
  return "The payload does not carry the fingerprint of the profile.";
}

function refusalProblems({ cause }: ProfileExample, trial: Trial): string[] {
  if (trial.rejection === undefined) {
    return [`It is accepted, with ${countOf(trial.samples.length)}, and should be refused as ${cause}.`];
  }
  const { cause: actual, detail } = trial.rejection;
  return actual === cause ? [] : [`It is refused as ${actual}, and should be as ${cause}: ${detail}`];
}

function sampleProblems({ expect = {}, unit = {}, at }: ProfileExample, trial: Trial): string[] {
  if (trial.rejection !== undefined) {
    return [`It is refused as ${trial.rejection.cause}: ${trial.rejection.detail}`];
  }
  const { samples } = trial;
  const expected = new Map(Object.entries(expect));
  const units = new Map(Object.entries(unit));
  const came = new Set(samples.map(({ metric }) => metric));
  const missing = [...expected.keys(), ...units.keys()].filter((metric) => !came.has(metric));
  return [
    ...[...new Set(missing)].map((metric) => `There is no sample of ${metric}.`),
    ...samples.flatMap((sample) => {
      const value = expected.get(sample.metric);
      if (value === undefined)
        return [`A sample of ${sample.metric} is not expected: ${written(sample.value)}.`];
      return differences(sample, value, units.get(sample.metric), at);
    }),
  ];
}

function differences(
  sample: TrialSample,
  value: TrialSample["value"],
  unit: string | undefined,
  at: EpochMs | undefined,
): string[] {
  const { metric } = sample;
  const found: string[] = [];
  if (!isSame(sample.value, value)) {
    found.push(`${metric} is ${written(sample.value)}, and should be ${written(value)}.`);
  } else if (sample.bad && value !== null) {
    found.push(`${metric} is out of its range: ${written(sample.value)}.`);
  }
  if (unit !== undefined && sample.unit !== unit) {
    found.push(`${metric} is in ${sample.unit ?? "no unit"}, and should be in ${unit}.`);
  }
  if (at !== undefined && sample.at !== at) {
    found.push(
      `${metric} has ${sample.at === undefined ? "no time" : `the time ${sample.at}`}, and should have ${at}.`,
    );
  }
  return found;
}

function isSame(actual: TrialSample["value"], expected: TrialSample["value"]): boolean {
  if (typeof actual !== "number" || typeof expected !== "number") return actual === expected;
  return Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected));
}

function written(value: TrialSample["value"]): string {
  return JSON.stringify(value);
}

function countOf(count: number): string {
  return count === 1 ? "1 sample" : `${count} samples`;
}
