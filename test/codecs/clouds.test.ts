import { encode } from "cbor-x";
import { expect, test } from "vitest";
import { awsShadowPlan } from "../../src/codecs/aws-shadow.ts";
import { azureIotPlan } from "../../src/codecs/azure-iot.ts";
import { decoded, type FamilyRow } from "./family-decoding.ts";

const at = 1_762_000_000_000;
const shadow = "$aws/things/press-7/shadow/update";

const aws: readonly [
  law: string,
  topic: string,
  payload: string,
  rows: readonly FamilyRow[],
  stampAt: number,
][] = [
  [
    "what is reported, and not what is wanted",
    shadow,
    '{"state":{"desired":{"speed":9},"reported":{"speed":7,"mode":"run","drive":{"amps":4.5}}},"clientToken":"x","version":3}',
    [
      ["press-7", "speed", 7],
      ["press-7", "mode", '"run"'],
      ["press-7", "drive.amps", 4.5],
    ],
    Number.NaN,
  ],
  [
    "the time that is reported",
    shadow,
    '{"state":{"reported":{"ts":"soon","timestamp":1762000000,"speed":7}}}',
    [["press-7", "speed", 7]],
    at,
  ],
  [
    "a named shadow, under its name",
    "$aws/things/press-7/shadow/name/drive/update",
    '{"state":{"reported":{"amps":4.5}}}',
    [["press-7", "drive.amps", 4.5]],
    Number.NaN,
  ],
  ["nothing of what is only wanted", shadow, '{"state":{"desired":{"speed":9}}}', [], Number.NaN],
  ["nothing of a shadow that is cleared", shadow, '{"state":null}', [], Number.NaN],
  ["nothing of answers", `${shadow}/accepted`, '{"state":{"reported":{"speed":7}}}', [], Number.NaN],
  ["nothing of questions", "$aws/things/press-7/shadow/get", "", [], Number.NaN],
  [
    "telemetry by the usual topics",
    "dt/plant/hall4/line1/press-7/telemetry",
    '{"ts":1762000000,"speed":7}',
    [["press-7", "speed", 7]],
    at,
  ],
  [
    "telemetry through a rule",
    "$aws/rules/store/dt/plant/press-7/telemetry",
    '{"speed":7}',
    [["press-7", "speed", 7]],
    Number.NaN,
  ],
  [
    "other topics through a rule",
    "$aws/rules/store/press/7",
    '{"speed":7}',
    [["press/7", "speed", 7]],
    Number.NaN,
  ],
  ["no commands", "cmd/plant/hall4/press-7/start", '{"speed":9}', [], Number.NaN],
];

test.each(aws)("AWS style gives %s", (_, topic, payload, rows, stampAt) => {
  expect(decoded(awsShadowPlan, topic, payload)).toMatchObject({ rows, stampAt });
});

const events = "devices/press-7/messages/events/";
const json = "$.ct=application%2Fjson&$.ce=utf-8";

const azure: readonly [
  law: string,
  topic: string,
  payload: string | Buffer,
  rows: readonly FamilyRow[],
  stampAt: number,
][] = [
  ["plain JSON", events, '{"speed":7}', [["press-7", "speed", 7]], Number.NaN],
  ["JSON that says so", `${events}${json}`, '{"speed":7}', [["press-7", "speed", 7]], Number.NaN],
  [
    "JSON with a character set",
    `${events}$.ct=application%2Fjson%3B%20charset%3Dutf-8/`,
    '{"speed":7}',
    [["press-7", "speed", 7]],
    Number.NaN,
  ],
  ["CBOR", `${events}$.ct=application%2Fcbor`, encode({ speed: 7 }), [["press-7", "speed", 7]], Number.NaN],
  ["one value", `${events}$.ct=text%2Fplain&line=4`, "7.5", [["press-7", "value", 7.5]], Number.NaN],
  ["one value that is found out", events, "7.5", [["press-7", "value", 7.5]], Number.NaN],
  [
    "the time in the properties",
    `${events}${json}&$.ctime=2025-11-01T12%3A26%3A40Z`,
    '{"speed":7}',
    [["press-7", "speed", 7]],
    at,
  ],
  [
    "the same by its long name",
    `${events}iothub-creation-time-utc=2025-11-01T12%3A26%3A40Z`,
    '{"speed":7}',
    [["press-7", "speed", 7]],
    at,
  ],
  [
    "the time in the payload before that",
    `${events}$.ctime=2020-11-01T12%3A26%3A40Z`,
    '{"ts":1762000000,"speed":7}',
    [["press-7", "speed", 7]],
    at,
  ],
  [
    "the last of a property that repeats",
    `${events}$.ct=text%2Fplain&$.ct=application%2Fjson`,
    '{"speed":7}',
    [["press-7", "speed", 7]],
    Number.NaN,
  ],
  [
    "properties with broken encoding",
    `${events}%E0%A4%A=%&&=x&__proto__=1`,
    '{"speed":7}',
    [["press-7", "speed", 7]],
    Number.NaN,
  ],
  [
    "a module",
    "devices/press-7/modules/drive/messages/events/",
    '{"speed":7}',
    [["press-7/drive", "speed", 7]],
    Number.NaN,
  ],
  ["no messages to the device", "devices/press-7/messages/devicebound/x=1", '{"speed":9}', [], Number.NaN],
  ["no twins", "$iothub/twin/PATCH/properties/reported/?$rid=1", '{"speed":7}', [], Number.NaN],
];

test.each(azure)("Azure style gives %s", (_, topic, payload, rows, stampAt) => {
  expect(decoded(azureIotPlan, topic, payload)).toMatchObject({ rows, stampAt });
});

test("a time in the properties that is none is counted as unreadable", () => {
  expect(decoded(azureIotPlan, `${events}$.ctime=noon`, '{"speed":7}')).toMatchObject({
    stampAt: Number.NaN,
    unreadable: true,
  });
});

test.each([
  ["a shadow without a state", awsShadowPlan, shadow, '{"speed":7}', "unsupported"],
  ["a shadow that is cut off", awsShadowPlan, shadow, '{"state":{"rep', "malformed"],
  ["another service of AWS", awsShadowPlan, "$aws/things/press-7/jobs/get", "{}", "unsupported"],
  ["a thing without a name", awsShadowPlan, "$aws/things//shadow/update", "{}", "unsupported"],
  ["telemetry without a thing", awsShadowPlan, "dt/plant/x", "{}", "unsupported"],
  [
    "a name that is too long in a shadow",
    awsShadowPlan,
    shadow,
    `{"state":{"reported":{"${"x".repeat(129)}":1}}}`,
    "invalid-text",
  ],
  ["an encoding other than UTF-8", azureIotPlan, `${events}$.ce=utf-16`, "{}", "unsupported"],
  [
    "a content type of which nothing is known",
    azureIotPlan,
    `${events}$.ct=application%2Favro`,
    "{}",
    "unsupported",
  ],
  ["JSON that says so and is not", azureIotPlan, `${events}${json}`, "7 bar", "malformed"],
  ["what cannot be found out", azureIotPlan, events, "hello world", "undetected"],
  ["a topic of something else", azureIotPlan, "devices/press-7/telemetry", "{}", "unsupported"],
])("clouds: refused is %s", (_, make, topic, payload, cause) => {
  expect(decoded(make, topic, payload).cause).toBe(cause);
});
