/** The schema of `ingest.devices`: what is said about devices by name. */
import * as z from "zod/mini";
import {
  type Calibration,
  type DeviceDescription,
  type ReportDescription,
  reportAtLeastMs,
} from "../core/device.ts";
import { nameCharactersMax } from "../core/limits.ts";
import {
  type ClockMode,
  type ClockPolicy,
  clockModes,
  defaultClockPolicy,
} from "../core/time/clock-policy.ts";
import { formatDuration } from "../core/time/duration.ts";
import { numberWithin } from "./rule-words.ts";
import { bounded, choice, described, duration, expecting, flag, object, recordOf, text } from "./shape.ts";

/** The name of a tag. */
export const tagKey: ReturnType<typeof text> = text(
  { code: "NAME", expected: "A key of letters, digits and _ . -", hint: () => 'for example "site"' },
  /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/,
);

/** What a tag says. */
export const tagValue: ReturnType<typeof text> = text(
  { code: "TEXT", expected: "A text of at most 256 characters" },
  /^[\s\S]{0,256}$/,
);
const deviceGlob = text(
  {
    code: "NAME",
    expected: `A name or glob of at most ${nameCharactersMax} characters`,
    hint: () => '"fridge-*" takes every device whose name begins so',
  },
  // oxlint-disable-next-line no-control-regex -- control characters are what is kept out.
  new RegExp(`^[^\\u0000-\\u001f\\u007f]{1,${nameCharactersMax}}$`),
);
const parameter = expecting(z.number(), { code: "NUMBER", expected: "A number" });

const metricGlob = text(
  {
    code: "NAME",
    expected: `A metric, by name or glob of at most ${nameCharactersMax} characters,`,
    hint: () => '"temperature", or "temp*" for every metric whose name begins so',
  },
  // oxlint-disable-next-line no-control-regex -- control characters are what is kept out.
  new RegExp(`^[^\\u0000-\\u001f\\u007f]{1,${nameCharactersMax}}$`),
);

const calibration = object({
  scale: z.prefault(numberWithin(-1e15, 1e15, { hint: "for example 1.02" }), 1),
  offset: described(z.prefault(numberWithin(-1e15, 1e15, { hint: "for example -0.4" }), 0), {
    description: "In the unit that is stored.",
  }),
});

const report = object({
  deadband: described(
    z.exactOptional(numberWithin(0, 1e15, { hint: "for example 0.2; 0 keeps every sample" })),
    { description: "A number that differs by less from the last one kept is not stored." },
  ),
  atLeast: described(z.exactOptional(duration(1)), {
    description: `How often one is stored all the same. Default: ${formatDuration(reportAtLeastMs)}.`,
  }),
  onChange: described(z.exactOptional(flag()), {
    description: "A value that is the same as the last one kept is not stored: for states and texts.",
  }),
});

const clock = object({
  policy: described(z.prefault(choice(clockModes), "trust"), {
    description:
      "trust: the device's stamp; clamp: not older than `behind` either; correct: by the learned offset; receipt: when it arrived.",
  }),
  ahead: z.prefault(duration(0, 86_400_000), formatDuration(defaultClockPolicy.aheadMs)),
  behind: z.exactOptional(duration(1)),
});

/** A description of devices as it is written, with defaults filled in and durations in milliseconds. */
export interface WrittenDevice {
  readonly match: string | string[];
  readonly profile?: string;
  readonly tags: Record<string, string>;
  readonly clock?: { readonly policy: ClockMode; readonly ahead: number; readonly behind?: number };
  readonly interval?: number;
  readonly parameters: Record<string, number>;
  readonly calibration?: Record<string, Calibration>;
  readonly report?: Record<string, WrittenReport>;
}

interface WrittenReport {
  readonly deadband?: number;
  readonly atLeast?: number;
  readonly onChange?: boolean;
}

/** What is said about devices whose name matches. */
export const deviceSchema: z.ZodMiniType<WrittenDevice> = object({
  match: expecting(z.union([deviceGlob, bounded(z.array(deviceGlob), 1, 256)]), {
    code: "NAME",
    expected: "A name or glob, or a list of them,",
    hint: () => '"fridge-*" or ["fridge-1", "fridge-2"]',
  }),
  profile: z.exactOptional(deviceGlob),
  tags: z.prefault(recordOf(tagKey, tagValue), {}),
  clock: z.exactOptional(clock),
  interval: described(z.exactOptional(duration(1)), { description: "How often its series report." }),
  parameters: described(z.prefault(recordOf(tagKey, parameter), {}), {
    description: 'Numbers that rules name by { "param": "max_temperature", "default": 8 }.',
  }),
  calibration: described(z.exactOptional(recordOf(metricGlob, calibration)), {
    description: "By metric, name or glob: what is stored is the value × scale + offset.",
  }),
  report: described(z.exactOptional(recordOf(metricGlob, report)), {
    description: "By metric, name or glob: samples that say nothing new are not stored.",
  }),
});

/** What is said about devices, in the units of the program. */
export function descriptionOf(written: WrittenDevice): DeviceDescription {
  const { match, profile, tags, clock: kept, interval, parameters } = written;
  const { calibration: corrections, report: reports } = written;
  return {
    match: typeof match === "string" ? [match] : match,
    ...(profile === undefined ? {} : { profile }),
    tags,
    ...(kept === undefined ? {} : { clock: policyOf(kept) }),
    ...(interval === undefined ? {} : { intervalMs: interval }),
    parameters,
    ...(corrections === undefined ? {} : { calibration: corrections }),
    ...(reports === undefined ? {} : { report: mapped(reports) }),
  };
}

function policyOf({ policy, ahead, behind }: NonNullable<WrittenDevice["clock"]>): ClockPolicy {
  return { mode: policy, aheadMs: ahead, ...(behind === undefined ? {} : { behindMs: behind }) };
}

function mapped(
  reports: Readonly<Record<string, WrittenReport>>,
): Readonly<Record<string, ReportDescription>> {
  return Object.fromEntries(
    Object.entries(reports).map(([metric, { atLeast, ...said }]) => [
      metric,
      { ...said, ...(atLeast === undefined ? {} : { atLeastMs: atLeast }) },
    ]),
  );
}
