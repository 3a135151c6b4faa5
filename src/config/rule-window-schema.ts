/** The schemas of windows and aggregates. */
import * as z from "zod/mini";
import { aggregateNames, type SampleCondition, type WindowDefinition } from "../core/rule/definition.ts";
import { isObject } from "./jsonc.ts";
import { sampleCondition } from "./rule-condition-schema.ts";
import { functionWords, key, nearestAggregate, numberWithin, shortOr, timezone } from "./rule-words.ts";
import { durationHint } from "../core/time/duration.ts";
import { choice, duration, expecting, integer, object } from "./shape.ts";

/** Samples of a window of type `count`, and between two of its decisions. */
const windowCountMax = 1_000_000;

/** A window as people write it, durations in milliseconds. Which keys belong to which type is checked apart. */
export interface WrittenWindow {
  readonly type: WindowDefinition["type"];
  readonly size?: number;
  /** Milliseconds, or samples for type `count`. */
  readonly every?: number;
  readonly gap?: number;
  readonly max?: number;
  readonly count?: number;
  readonly begin?: SampleCondition;
  readonly end?: SampleCondition;
  readonly timezone?: string;
  readonly lateness: number;
  readonly revise?: number;
  readonly idle?: number;
}

/** `every` is a duration, but for windows of type `count`, where it counts samples. */
const every = expecting(z.union([duration(1), z.int().check(z.gte(1), z.lte(windowCountMax))]), {
  code: "DURATION",
  expected: "A duration, or with windows of type count a whole number,",
  hint: durationHint,
});

/** The schema of `window`. */
export const window: z.ZodMiniType<WrittenWindow> = object({
  type: key(
    choice(["none", "tumbling", "hopping", "sliding", "session", "count", "state"]),
    "none: each sample by itself. tumbling: fixed, gap-free. hopping: fixed, overlapping. sliding: the last size before each sample or each every. session: until a silence. count: the last samples. state: between two conditions.",
  ),
  size: z.exactOptional(key(duration(1), "How long the window is (tumbling, hopping, sliding).")),
  every: z.exactOptional(
    key(every, "How often it is decided: a duration (hopping, sliding), or a number of samples (count)."),
  ),
  gap: z.exactOptional(key(duration(1), "The silence that closes a session.")),
  max: z.exactOptional(
    key(duration(1), "The longest that a session or state window stays open. Default: 24h."),
  ),
  count: z.exactOptional(key(integer(1, windowCountMax), "How many samples a count window holds.")),
  begin: z.exactOptional(key(sampleCondition(), "The sample that opens a state window.")),
  end: z.exactOptional(key(sampleCondition(), "The sample that closes a state window.")),
  timezone: z.exactOptional(
    key(timezone(), "Aligns tumbling and hopping windows to the calendar of this zone. Default: UTC."),
  ),
  lateness: key(z.prefault(duration(), "0s"), "How far the watermark trails the newest sample."),
  revise: z.exactOptional(
    key(duration(), "For how long a decided window takes late samples, as a new revision. Default: 0s."),
  ),
  idle: z.exactOptional(
    key(duration(1), "After how much silence the gateway's own time moves the watermark. Default: 1m."),
  ),
});

/** An aggregate with its parameters, as people write it. */
export interface WrittenAggregate {
  readonly fn: string;
  readonly q?: number;
  readonly per?: number;
  readonly when?: SampleCondition;
}

const aggregateExpectation = {
  code: "AGGREGATE",
  expected: `One of ${aggregateNames.join(", ")}`,
  hint: (value: unknown): string => {
    const word = isObject(value) ? value["fn"] : value;
    const meant = typeof word === "string" ? nearestAggregate(word, functionWords) : undefined;
    return meant === undefined
      ? 'write "mean", or { "fn": "quantile", "q": 0.95 }'
      : `did you mean ${JSON.stringify(meant)}?`;
  },
};

/** The schema of one aggregate: a word, or an object with parameters. */
export const aggregate: z.ZodMiniType<string | WrittenAggregate> = shortOr(
  z.enum(functionWords),
  object({
    fn: key(expecting(z.enum(functionWords), { ...aggregateExpectation }), "Which aggregate."),
    q: z.exactOptional(
      key(
        numberWithin(0, 1, { hint: "0.95 is the value that 95 % of the samples stay below" }),
        "Of quantile: which one.",
      ),
    ),
    per: z.exactOptional(
      key(duration(1), "Of rate and slope: the time that the change is given for. Default: 1s."),
    ),
    when: z.exactOptional(key(sampleCondition(), "Of duration: what holds during it.")),
  }),
  aggregateExpectation,
);
