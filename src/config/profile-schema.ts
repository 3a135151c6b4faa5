/** The schema of a device profile: every key, its default, and what is said about a wrong value. */
import * as z from "zod/mini";
import { codecNames, rejectCauses } from "../core/decode.ts";
import { nameCharactersMax } from "../core/limits.ts";
import { clockModes, defaultClockPolicy } from "../core/time/clock-policy.ts";
import { formatDuration } from "../core/time/duration.ts";
import { isTopicFilter } from "./forms.ts";
import { metricPresetNames, metricPresetOf } from "./metric-presets.ts";
import { quoted } from "./problems.ts";
import { profileRulesMax } from "./profile-rules.ts";
import type { WrittenProfile } from "./profile-written.ts";
import { rulesSchema } from "./rule-schema.ts";
import { key, nameText, numberWithin, shortText } from "./rule-words.ts";
import {
  bounded,
  choice,
  described,
  duration,
  expecting,
  integer,
  listOf,
  object,
  parsed,
  recordOf,
  type Schema,
  text,
} from "./shape.ts";
import { nearest } from "./suggest.ts";

const examplesMax = 32;

/** Values of which any may stand at one place of a payload. */
const fingerprintValuesMax = 64;

function optional<S extends Schema>(schema: S, description: string): z.ZodMiniExactOptional<S> {
  // The description goes to the key: keys share schemas.
  return key(z.exactOptional(schema), description);
}

function line(most: number, example: string): ReturnType<typeof text> {
  return text(
    { code: "TEXT", expected: `A text of 1 to ${most} characters`, hint: () => `for example "${example}"` },
    // oxlint-disable-next-line no-control-regex -- control characters are what is kept out.
    new RegExp(`^[^\\u0000-\\u001f\\u007f]{1,${most}}$`),
  );
}

function anyNumber(example: string): z.ZodMiniNumber {
  return numberWithin(-1e15, 1e15, { hint: `for example ${example}` });
}

const topicFilter = parsed(
  {
    code: "TOPIC",
    expected: "A topic filter",
    hint: () => '+ and # each stand alone between slashes, and # only at the end: "ruuvi/+/+"',
  },
  (written) => (isTopicFilter(written) ? written : undefined),
);

const metricName = text(
  {
    code: "NAME",
    expected: "A metric name that begins with a letter, of letters, digits and _ . -, with at most one *,",
    hint: () => 'for example "temperature"',
  },
  new RegExp(`^(?=.{1,${nameCharactersMax}}$)[A-Za-z][A-Za-z0-9_.-]*\\*?[A-Za-z0-9_.-]*$`),
);

const presetName = parsed(
  {
    code: "PRESET",
    expected: "The name of a preset",
    hint: (value) => {
      const meant = typeof value === "string" ? nearest(value, metricPresetNames) : undefined;
      return meant === undefined
        ? `presets are ${metricPresetNames.join(", ")}`
        : `did you mean ${quoted(meant)}?`;
    },
  },
  (written) => (metricPresetOf(written) === undefined ? undefined : written),
  { enum: [...metricPresetNames] },
);

const value = expecting(z.union([z.number(), z.boolean(), z.string(), z.null()]), {
  code: "VALUE",
  expected: "A number, a text, true, false or null",
  hint: () => 'for example "values": { "open": true, "closed": false }',
});

const metric = expecting(
  object({
    preset: optional(
      presetName,
      "What it is: gives unit, range and resolution. A text in place of the object says the same.",
    ),
    from: optional(
      line(256, "/sensor/temperature"),
      "Where the codec finds it: a JSON pointer, or the path with dots; a * stands for any part. Default: the same name.",
    ),
    unit: optional(
      line(16, "°C"),
      "The unit in which the sensor reports, after scale and offset. Where the preset has another one, values are converted to that.",
    ),
    scale: optional(anyNumber("0.001"), "The value is what the sensor reports × scale + offset. Default: 1."),
    offset: optional(anyNumber("-40"), "Default: 0."),
    range: optional(
      listOf(anyNumber("[-40, 85]"), 2, 2),
      "The least and greatest value the sensor can measure, in the unit that is stored. Default: that of the preset.",
    ),
    resolution: optional(
      numberWithin(0, 1e15, { aboveLow: true, hint: "for example 0.1" }),
      "The step in which the sensor reports, in the unit that is stored. Default: that of the preset.",
    ),
    deadband: optional(
      numberWithin(0, 1e15, { hint: "for example 0.1; 0 keeps every sample" }),
      "A number that differs by less from the last one kept is not stored, in the unit that is stored.",
    ),
    values: optional(
      recordOf(shortText(64), value),
      'Words that stand for values: { "open": true, "closed": false }.',
    ),
  }),
  {
    code: "METRIC",
    expected: "The name of a preset, or an object { … },",
    hint: () => '"temperature", or { "preset": "temperature", "from": "/env/t" }',
  },
);

const clientGlob = text(
  {
    code: "CLIENT",
    expected: `An MQTT client id or a glob of 1 to ${nameCharactersMax} characters`,
    hint: () => '* stands for any characters and ? for one: "shellyplusht-*"',
  },
  // oxlint-disable-next-line no-control-regex -- control characters are what is kept out.
  new RegExp(`^[^\\u0000-\\u001f\\u007f]{1,${nameCharactersMax}}$`),
);

const constant = z.union([z.number(), z.boolean(), z.string(), z.null()]);

const fingerprint = expecting(
  z.union([
    constant,
    bounded(z.array(constant), 1, fingerprintValuesMax),
    z.strictObject({ present: key(z.literal(true), "Anything may stand there, but something has to.") }),
  ]),
  {
    code: "FINGERPRINT",
    expected: `A value, a list of 1 to ${fingerprintValuesMax} values, or { "present": true }`,
    hint: () => 'for example "/model": "WH65", "/channel": [1, 2], "/battery": { "present": true }',
  },
);

const clock = object({
  policy: key(
    z.prefault(choice(clockModes), "trust"),
    "trust: the device's stamp; clamp: not older than `behind` either; correct: by the learned offset; receipt: when it arrived.",
  ),
  ahead: key(
    z.prefault(duration(0, 86_400_000), formatDuration(defaultClockPolicy.aheadMs)),
    "How far ahead of the gateway a stamp may be.",
  ),
  behind: optional(duration(1), "How far behind the gateway a stamp may be."),
});

function payload() {
  return {
    topic: key(
      line(1_024, "ruuvi/aa/bb"),
      "The topic on which the payload comes; one that the profile matches.",
    ),
    client: optional(
      line(nameCharactersMax, "shellyplusht-08b61fd141e8"),
      "The MQTT client that publishes it. Default: the first that the profile takes, without what stars stand for.",
    ),
    json: optional(z.unknown(), "The payload as JSON."),
    text: optional(shortText(4_096), "The payload as a text."),
    hex: optional(
      shortText(8_192),
      "The payload as bytes: hexadecimal digits, blanks between them as you like.",
    ),
  };
}

const goodExample = object({
  ...payload(),
  expect: key(
    recordOf(line(nameCharactersMax, "temperature"), value),
    "Every sample that comes of it, by metric.",
  ),
  unit: optional(
    recordOf(line(nameCharactersMax, "temperature"), line(16, "°C")),
    "Units of samples, where the codec gives them.",
  ),
  at: optional(integer(0, 8.64e15), "Event time in epoch milliseconds, where the payload has one."),
});

const badExample = object({
  ...payload(),
  cause: key(
    choice([...rejectCauses, "unclaimed"]),
    "Why it is refused; unclaimed: it is not of this model, and goes to the next route.",
  ),
});

function shapeWith<S extends Schema>(metricSchema: S) {
  return object({
    $schema: z.exactOptional(z.string()),
    vendor: key(line(64, "Ruuvi"), "Who makes it."),
    model: key(line(64, "RuuviTag"), "What it is called."),
    version: key(integer(1, 1_000_000), "Counts up with every change of what is stored."),
    source: key(
      line(512, "Ruuvi, Bluetooth Advertisements, Data Format 5"),
      "The public document that the profile follows.",
    ),
    match: key(listOf(topicFilter, 1, 16), "MQTT filters of its topics; any may match."),
    clients: optional(
      listOf(clientGlob, 1, 16),
      "Only messages of these MQTT clients: ids or globs; any may match.",
    ),
    fingerprint: optional(
      recordOf(line(256, "/model"), fingerprint),
      'Only payloads in which this stands, by JSON pointer: a value, a list of values, or { "present": true }. For JSON objects and CBOR maps.',
    ),
    codec: key(described(line(64, "json"), { enum: [...codecNames] }), "How its payloads are written."),
    device: optional(
      line(nameCharactersMax, "{2}"),
      "The name of the device: {n} is level n of the topic, from 0. Default: as the codec names devices.",
    ),
    time: optional(
      line(256, "/ts"),
      "Where event time stands, for json, cbor and the like: a JSON pointer or a path.",
    ),
    metrics: key(
      z.prefault(recordOf(metricName, metricSchema), {}),
      "What it measures, by the name under which it is stored.",
    ),
    others: key(
      z.prefault(choice(["keep", "drop"]), "drop"),
      "What becomes of values that no metric names: kept as the codec calls them, or dropped.",
    ),
    interval: optional(duration(1), "How often such a sensor reports."),
    tags: key(z.prefault(recordOf(nameText(), shortText(256)), {}), "Tags of every such device."),
    clock: optional(clock, "How far the device's stamps are believed."),
    rules: z.exactOptional(
      described(listOf(z.unknown(), 0, profileRulesMax), {
        description:
          "Rules that are in force with the profile, as in rule files. They are about its devices unless they say otherwise.",
        items: { $ref: "#/definitions/rule" },
      }),
    ),
    examples: key(
      object({
        good: key(listOf(goodExample, 1, examplesMax), "Payloads and what comes of them."),
        bad: key(listOf(badExample, 1, examplesMax), "Payloads that are refused, and why."),
      }),
      "Payloads that show how it works; they are run by `holdfast devices check`.",
    ),
  });
}

/** With every metric in its full form. */
const shape = shapeWith(metric);

/** The schema of a profile whose metrics are all in their full form, for walking. */
export const profileShape: Schema = shape;

/** What zod says about a profile. */
export type ShapedProfile =
  | { readonly ok: true; readonly value: WrittenProfile }
  | { readonly ok: false; readonly issues: readonly z.core.$ZodIssue[] };

/** Checks the shape of a profile whose metrics are all in their full form. */
export function shapeProfile(written: unknown): ShapedProfile {
  const checked = z.safeParse(shape, written);
  return checked.success ? { ok: true, value: checked.data } : { ok: false, issues: checked.error.issues };
}

/** The JSON Schema (draft 7) of a profile file, for editors. */
export function profileSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(shapeWith(z.union([presetName, metric])), { target: "draft-7", io: "input" });
  return { ...schema, definitions: rulesSchema()["definitions"], title: "holdfast device profile" };
}
