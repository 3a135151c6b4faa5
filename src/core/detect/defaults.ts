/**
 * The parameters of every detector as people write them: their kinds, ranges and defaults, as data for the
 * schema. Defaults are chosen for few false alarms: a detector that cries once a week is soon switched off.
 */
import type { DetectCommon, DetectDefinition, DetectorName } from "./definition.ts";
import { spikeValuesMax, spikeValuesMin } from "./spike.ts";
import { sampleDeviationsMax } from "./shift-sums.ts";

const secondMs = 1_000;
const hourMs = 3_600_000;
const yearMs: number = 366 * 24 * hourMs;

/** One parameter. Numbers and durations are within `[min, max]`; durations in milliseconds. */
export interface DetectorParameter<Field extends string = string> {
  /** As people write it. */
  readonly name: string;
  /** Its name in {@link DetectDefinition}. */
  readonly field: Field;
  /** `count` is a whole number, `timezone` an IANA name that `Intl` knows. */
  readonly kind: "number" | "count" | "duration" | "choice" | "timezone";
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  /** Without it, and with `required` not true, the parameter may be missing. */
  readonly default?: number | string;
  readonly required?: boolean;
  /** What it says, and why the default is what it is, in a sentence for those who write rules. */
  readonly why: string;
}

type ParameterField<Name extends DetectorName> = Exclude<
  keyof Extract<DetectDefinition, { readonly type: Name }> & string,
  keyof DetectCommon | "type"
>;

/** Well below `scoreMax`, where scores end. */
const deviationsMax = 1e5;
/** Any finite number. */
const anyNumber = { kind: "number", min: -Number.MAX_VALUE, max: Number.MAX_VALUE } as const;

function deviations<Name extends string>(name: Name, usual: number, why: string): DetectorParameter<Name> {
  return { name, field: name, kind: "number", min: 0.1, max: deviationsMax, default: usual, why };
}

function drift(why: string): DetectorParameter<"drift"> {
  // At the most that one value counts for, nothing would ever add up.
  const max = sampleDeviationsMax - 1;
  return { name: "drift", field: "drift", kind: "number", min: 0, max, default: 0.5, why };
}

/**
 * Of `threshold` at least one bound is given, `below < above`, and `clear` lies on the quiet side of each;
 * of `range`, `min <= max`: what holds between two parameters is for the schema to check.
 */
export const detectorParameters: {
  readonly [Name in DetectorName]: readonly DetectorParameter<ParameterField<Name>>[];
} = {
  threshold: [
    { ...anyNumber, name: "above", field: "above", why: "Fires over it." },
    { ...anyNumber, name: "below", field: "below", why: "Fires under it." },
    { ...anyNumber, name: "clear", field: "clear", why: "Ends the alarm; without it, the bound itself." },
  ],
  range: [
    { ...anyNumber, name: "min", field: "min", required: true, why: "Fires under it." },
    { ...anyNumber, name: "max", field: "max", required: true, why: "Fires over it." },
  ],
  rate: [
    {
      name: "per",
      field: "perMs",
      kind: "duration",
      min: 1,
      max: yearMs,
      default: 60_000,
      why: "Time that the change is given for; most people think of changes per minute.",
    },
    {
      name: "above",
      field: "above",
      kind: "number",
      min: 0,
      max: Number.MAX_VALUE,
      required: true,
      why: "Fires over this change per time, up or down.",
    },
  ],
  spike: [
    {
      name: "n",
      field: "n",
      kind: "count",
      min: spikeValuesMin,
      max: spikeValuesMax,
      default: 31,
      why: "Values that the median is of; of 31, a spike of up to 15 values does not move it.",
    },
    // Measured with n = 31: 228, 45 and 9 of 100,000 values of normal noise are beyond 4, 5 and 6.
    deviations(
      "k",
      6,
      "Distance from the median, in MADs × 1.48; 6 is a false alarm in 10,000 values of noise.",
    ),
  ],
  ewma: [
    {
      name: "halfLife",
      field: "halfLifeMs",
      kind: "duration",
      min: secondMs,
      max: yearMs,
      default: hourMs,
      why: "Age at which a value counts half; an hour follows the weather, and notices what happens within minutes.",
    },
    deviations(
      "k",
      4,
      "Distance from the mean, in deviations; noise is beyond 4 once in 16,000 values, beyond 3 once in 370.",
    ),
  ],
  cusum: [
    drift("Deviations that noise may stray; half of the shift to be found soonest, which is one deviation."),
    // Measured: 16 alarms in 100,000 values with 8, and 1.8 with 10, which finds 2 deviations in 7 values, not 5.
    deviations("threshold", 10, "Sum of deviations; 10 gives two false alarms in 100,000 values of noise."),
  ],
  "page-hinkley": [
    drift("Deviations that noise may stray; half of the shift to be found soonest, which is one deviation."),
    deviations(
      "threshold",
      20,
      "Sum of deviations; 20, because a new level is adopted, and is to be beyond doubt.",
    ),
  ],
  seasonal: [
    {
      name: "season",
      field: "season",
      kind: "choice",
      choices: ["hour-of-day", "hour-of-week"],
      default: "hour-of-day",
      why: "What repeats; hour-of-day is warm after a week, hour-of-week after a month.",
    },
    deviations(
      "k",
      4,
      "Distance from the mean of the hour, in deviations; how days differ is in the deviation.",
    ),
    { name: "timezone", field: "timezone", kind: "timezone", why: "Whose hours; without it those of UTC." },
  ],
  flatline: [
    {
      name: "within",
      field: "within",
      kind: "number",
      min: 0,
      max: Number.MAX_VALUE,
      default: 0,
      why: "How far values of a flat line differ; 0 is exactly the same value, as a dead sensor sends.",
    },
    {
      name: "for",
      field: "forMs",
      kind: "duration",
      min: secondMs,
      max: yearMs,
      default: hourMs,
      why: "How long it stays flat; a coarse sensor in a quiet room does repeat itself for minutes.",
    },
  ],
  silence: [
    {
      name: "factor",
      field: "factor",
      kind: "number",
      min: 1.1,
      max: 1_000,
      default: 3,
      why: "Learned intervals until a sample is overdue; with 3, two in a row may be lost.",
    },
    {
      name: "after",
      field: "afterMs",
      kind: "duration",
      min: secondMs,
      max: yearMs,
      why: "Silence until a sample is overdue, instead of the learned interval.",
    },
  ],
  anomaly: [
    {
      name: "sensitivity",
      field: "sensitivity",
      kind: "number",
      min: 0,
      max: 1,
      default: 0.5,
      why: "From few and sure alarms, 0, to many and early ones, 1.",
    },
  ],
};
