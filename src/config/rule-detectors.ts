/** The schema of detectors, made from the table of their parameters, and their complete form. */
import * as z from "zod/mini";
import { type DetectorParameter, detectorParameters } from "../core/detect/defaults.ts";
import type { DetectDefinition, DetectorName } from "../core/detect/definition.ts";
import { formatDuration } from "../core/time/duration.ts";
import { isObject } from "./jsonc.ts";
import { key, nameText, numberWithin, shortOr, timezone } from "./rule-words.ts";
import { choice, duration, expecting, flag, object, type Schema } from "./shape.ts";
import { nearest } from "./suggest.ts";

/** A detector as people write it, durations in milliseconds. Which parameters belong to which is checked apart. */
export interface WrittenDetect {
  readonly type: DetectorName;
  readonly field?: string;
  readonly freeze?: boolean;
  readonly above?: number;
  readonly below?: number;
  readonly clear?: number;
  readonly min?: number;
  readonly max?: number;
  readonly per?: number;
  readonly n?: number;
  readonly k?: number;
  readonly halfLife?: number;
  readonly drift?: number;
  readonly threshold?: number;
  readonly season?: "hour-of-day" | "hour-of-week";
  readonly timezone?: string;
  readonly within?: number;
  readonly for?: number;
  readonly factor?: number;
  readonly after?: number;
  readonly sensitivity?: number;
}

/** The names of the detectors. */
export const detectorNames: readonly DetectorName[] = [
  "threshold",
  "range",
  "rate",
  "spike",
  "ewma",
  "cusum",
  "page-hinkley",
  "seasonal",
  "flatline",
  "silence",
  "anomaly",
];

/** The detector that a word names. */
export function detectorOf(word: unknown): DetectorName | undefined {
  return detectorNames.find((name) => name === word);
}

/** What a detector takes beside `type`, `field` and `freeze`. */
export function parametersOf(name: DetectorName): readonly DetectorParameter[] {
  return detectorParameters[name];
}

/** What a detector needs at least, written out. */
export function detectorExample(name: DetectorName): string {
  const needed = parametersOf(name).filter((one) => one.required === true);
  const shown = name === "threshold" ? [{ name: "above" }] : needed;
  const members = shown.map((one, index) => `, "${one.name}": ${index === 0 ? 2 : 8}`);
  return `{ "type": "${name}"${members.join("")} }`;
}

/** Whether a detector can be written as a word: nothing has to be given. */
function isPlain(name: DetectorName): boolean {
  return name !== "threshold" && parametersOf(name).every((one) => one.required !== true);
}

/** What is said about a parameter, for all detectors that have it. */
function explained(name: string): string {
  const lines = detectorNames.flatMap((detector) => {
    const own = parametersOf(detector).find((one) => one.name === name);
    if (own === undefined) return [];
    const usual = own.default === undefined ? "" : ` Default: ${shownDefault(own)}.`;
    return [`${detector}: ${own.why}${usual}`];
  });
  return lines.join("\n");
}

function shownDefault({ kind, default: usual }: DetectorParameter): string {
  return kind === "duration" && typeof usual === "number" ? formatDuration(usual) : String(usual);
}

function parameter<S extends Schema>(name: string, schema: S): z.ZodMiniExactOptional<S> {
  return z.exactOptional(key(schema, explained(name)));
}

/** Any number: the range depends on the detector, and is checked apart. */
function anyNumber(): z.ZodMiniNumber {
  return numberWithin(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, { hint: "for example 4" });
}

const detectExpectation = {
  code: "DETECTOR",
  expected: `One of ${detectorNames.join(", ")}`,
  hint: (value: unknown): string => {
    const word = isObject(value) ? value["type"] : value;
    const name = detectorOf(word);
    if (name !== undefined) return `it needs parameters: ${detectorExample(name)}`;
    const meant = typeof word === "string" ? nearest(word, detectorNames) : undefined;
    return meant === undefined
      ? 'write "anomaly", or { "type": "ewma", "halfLife": "1h" }'
      : `did you mean ${JSON.stringify(meant)}?`;
  },
};

/** The schema of `detect`: a word, or an object with parameters. */
export const detect: z.ZodMiniType<string | WrittenDetect> = shortOr(
  z.enum(detectorNames.filter(isPlain)),
  object({
    type: key(expecting(z.enum(detectorNames), { ...detectExpectation }), "Which detector."),
    field: z.exactOptional(
      key(
        nameText(),
        'What it looks at: "value" without a window, else an aggregate. Default: the first aggregate, or mean.',
      ),
    ),
    freeze: z.exactOptional(
      key(flag(), "Whether it stops learning while its alert is not at rest. Default: false."),
    ),
    above: parameter("above", anyNumber()),
    below: parameter("below", anyNumber()),
    clear: parameter("clear", anyNumber()),
    min: parameter("min", anyNumber()),
    max: parameter("max", anyNumber()),
    per: parameter("per", duration(1)),
    n: parameter("n", anyNumber()),
    k: parameter("k", anyNumber()),
    halfLife: parameter("halfLife", duration(1)),
    drift: parameter("drift", anyNumber()),
    threshold: parameter("threshold", anyNumber()),
    season: parameter("season", choice(["hour-of-day", "hour-of-week"])),
    timezone: parameter("timezone", timezone()),
    within: parameter("within", anyNumber()),
    for: parameter("for", duration(1)),
    factor: parameter("factor", anyNumber()),
    after: parameter("after", duration(1)),
    sensitivity: parameter("sensitivity", anyNumber()),
  }),
  detectExpectation,
);

/**
 * Completes a detector.
 *
 * @param field - What it looks at when nothing is written.
 */
export function detectDefinition(written: WrittenDetect, field: string): DetectDefinition {
  const { type, above, below, clear, timezone: zone, after } = written;
  const common = { field: written.field ?? field, freeze: written.freeze ?? false };
  const given = (value: number | undefined, name: string): number => value ?? defaultOf(type, name);
  switch (type) {
    case "threshold":
      return {
        ...common,
        type,
        ...(above === undefined ? {} : { above }),
        ...(below === undefined ? {} : { below }),
        ...(clear === undefined ? {} : { clear }),
      };
    case "range":
      return { ...common, type, min: given(written.min, "min"), max: given(written.max, "max") };
    case "rate":
      return { ...common, type, perMs: given(written.per, "per"), above: given(above, "above") };
    case "spike":
      return { ...common, type, n: given(written.n, "n"), k: given(written.k, "k") };
    case "ewma":
      return { ...common, type, halfLifeMs: given(written.halfLife, "halfLife"), k: given(written.k, "k") };
    case "cusum":
    case "page-hinkley":
      return {
        ...common,
        type,
        drift: given(written.drift, "drift"),
        threshold: given(written.threshold, "threshold"),
      };
    case "seasonal":
      return {
        ...common,
        type,
        season: written.season ?? "hour-of-day",
        k: given(written.k, "k"),
        ...(zone === undefined ? {} : { timezone: zone }),
      };
    case "flatline":
      return { ...common, type, within: given(written.within, "within"), forMs: given(written.for, "for") };
    case "silence":
      return {
        ...common,
        type,
        factor: given(written.factor, "factor"),
        ...(after === undefined ? {} : { afterMs: after }),
      };
    case "anomaly":
      return { ...common, type, sensitivity: given(written.sensitivity, "sensitivity") };
  }
}

function defaultOf(type: DetectorName, name: string): number {
  const usual = parametersOf(type).find((one) => one.name === name)?.default;
  return typeof usual === "number" ? usual : 0;
}
