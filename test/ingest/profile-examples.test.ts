import { expect, test } from "vitest";
import { decoders } from "../../src/codec-makers.ts";
import type { DeviceProfile, ProfileExample } from "../../src/core/profile.ts";
import { exampleProblems, failingExamples } from "../../src/ingest/profile-examples.ts";

const profile: DeviceProfile = {
  id: "acme/t1",
  vendor: "Acme",
  model: "T1",
  version: 1,
  source: "Acme T1 manual",
  match: ["acme/+"],
  codec: "json",
  device: "{1}",
  metrics: [
    { name: "temperature", from: "t", unit: "°C", scale: 5 / 9, offset: -160 / 9, range: [-40, 85] },
    { name: "state", from: "s", scale: 1, offset: 0 },
  ],
  others: "drop",
  tags: {},
  good: [],
  bad: [],
};

function example(payload: string, parts: Partial<ProfileExample>): ProfileExample {
  return { topic: "acme/a", bytes: Buffer.from(payload), ...parts };
}

function problemsOf(payload: string, parts: Partial<ProfileExample>): string[] {
  return exampleProblems(profile, example(payload, parts), decoders());
}

const reading = '{"t":75.2,"s":"open","x":1,"ts":1762000000}';

test("an example that gives what it expects has no problems, also where conversion rounds", () => {
  const unit = { temperature: "°C" };
  const expected = { expect: { temperature: 24, state: "open" }, unit, at: 1_762_000_000_000 };
  expect(problemsOf(reading, expected)).toEqual([]);
});

test("a bad example that is refused for its cause has no problems", () => {
  expect(problemsOf("{", { cause: "malformed" })).toEqual([]);
});

test.each<readonly [string, string, Partial<ProfileExample>, string]>([
  ["another value", reading, { expect: { temperature: 25, state: "open" } }, "should be 25."],
  ["a value of another type", reading, { expect: { temperature: 24, state: true } }, "should be true."],
  [
    "a sample too few",
    reading,
    { expect: { temperature: 24, state: "open", co2: 1 } },
    "There is no sample of co2.",
  ],
  [
    "a sample too many",
    reading,
    { expect: { temperature: 24 } },
    'A sample of state is not expected: "open".',
  ],
  [
    "another unit",
    reading,
    { expect: { temperature: 24, state: "open" }, unit: { temperature: "°F" } },
    "temperature is in °C, and should be in °F.",
  ],
  [
    "another time",
    '{"s":"open","ts":1762000001}',
    { expect: { state: "open" }, at: 1_762_000_000_000 },
    "should have",
  ],
  ["no time", '{"s":"open"}', { expect: { state: "open" }, at: 1_762_000_000_000 }, "state has no time"],
  [
    "a value out of its range",
    '{"t":500}',
    { expect: { temperature: 260 } },
    "temperature is out of its range: 260.",
  ],
  ["a refusal", "{", { expect: { state: "open" } }, "It is refused as malformed: "],
  [
    "no refusal",
    reading,
    { cause: "malformed" },
    "It is accepted, with 2 samples, and should be refused as malformed.",
  ],
  ["a refusal for another cause", "", { cause: "malformed" }, "and should be as malformed"],
  ["another topic", reading, { topic: "bolt/a", expect: {} }, "is not matched by the profile."],
])("%s is told", (_name, payload, parts, told) => {
  const problems = problemsOf(payload, parts);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(told);
});

test("examples that fail are found by their pointer", () => {
  const good = [example('{"t":32}', { expect: { temperature: 0 } }), example("{", { expect: {} })];
  const bad = [example("{}", { cause: "malformed" }), example("{", { cause: "malformed" })];
  const failing = failingExamples({ ...profile, good, bad }, decoders());
  expect(failing.map(({ pointer }) => pointer)).toEqual(["/examples/good/1", "/examples/bad/0"]);
});

const asking: DeviceProfile = {
  ...profile,
  clients: ["acme-*"],
  fingerprint: [{ path: "model", values: ["T1"] }],
  good: [example('{"model":"T1","t":32}', { expect: { temperature: 0 } })],
};

test.each<readonly [string, string, Partial<ProfileExample>, string[]]>([
  ["that carries it", '{"model":"T1","t":32}', { expect: { temperature: 0 } }, []],
  [
    "without it",
    '{"t":32}',
    { expect: { temperature: 0 } },
    ["The payload does not carry the fingerprint of the profile."],
  ],
  [
    "of another client",
    '{"model":"T1","t":32}',
    { client: "bolt-1", expect: { temperature: 0 } },
    ["The client bolt-1 is none of the profile."],
  ],
  ["that is refused once the device is known", "{", { cause: "malformed" }, []],
  ["of another model", '{"model":"T2","t":32}', { cause: "unclaimed" }, []],
  ["of another client, which is let go", '{"model":"T1"}', { client: "bolt-1", cause: "unclaimed" }, []],
  [
    "that says nothing, once the device is known",
    '{"t":32}',
    { cause: "unclaimed" },
    ["It is taken for this model, and should go to the next route."],
  ],
])(
  "an example %s, of a profile with a fingerprint and clients, is judged",
  (_name, payload, parts, problems) => {
    expect(exampleProblems(asking, example(payload, parts), decoders())).toEqual(problems);
  },
);
