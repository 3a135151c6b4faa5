/**
 * A rule as data: parsed, complete (every default filled in), in milliseconds, and still plain enough to
 * be written to the log. What people write is described in the rule schema; `parse` gives this.
 */
import type { Severity } from "../streams.ts";
import type { DetectDefinition } from "../detect/definition.ts";

/** The aggregates of a window. */
export const aggregateNames = [
  "count",
  "sum",
  "mean",
  "min",
  "max",
  "range",
  "first",
  "last",
  "stddev",
  "variance",
  "median",
  "quantile",
  "mad",
  "distinct",
  "delta",
  "rate",
  "slope",
  "duration",
  "timeWeightedMean",
  "coverage",
  "lag",
  "changed",
] as const;
export type AggregateName = (typeof aggregateNames)[number];

/** A comparison of a sample's own value, as `duration` and windows of type `state` make it. */
export interface SampleCondition {
  readonly op: ComparisonOperator;
  readonly value: number;
}

/** One value computed over a window, under the name that conditions and templates use. */
export interface AggregateDefinition {
  readonly name: string;
  readonly fn: AggregateName;
  /** Of `quantile`: which one, in [0, 1]. */
  readonly q?: number;
  /** Of `rate` and `slope`: the time that the change is given for. Milliseconds. */
  readonly perMs?: number;
  /** Of `duration`: what holds during it. */
  readonly when?: SampleCondition;
}

/** What every kind of window has to do with time. */
export interface WindowTiming {
  /** How far the watermark trails the newest stamp. */
  readonly latenessMs: number;
  /** For how long after its decision a window takes late samples, as a new revision. 0: never. */
  readonly reviseMs: number;
  /** After how much silence the gateway's own time moves the watermark. */
  readonly idleMs: number;
}

/**
 * Which stretch of event time a decision looks at. Windows are half-open, `[start, end)`, and aligned to
 * the Unix epoch, or with `timezone` to that zone's calendar.
 */
export type WindowDefinition = WindowTiming &
  (
    | { readonly type: "none" }
    /** Fixed, gap-free. With `timezone` an IANA name; `sizeMs` then divides a day, or is whole days. */
    | { readonly type: "tumbling"; readonly sizeMs: number; readonly timezone?: string }
    /** Fixed, overlapping, decided at each multiple of `everyMs`. */
    | {
        readonly type: "hopping";
        readonly sizeMs: number;
        readonly everyMs: number;
        readonly timezone?: string;
      }
    /**
     * The last `sizeMs` before each sample, the sample included: `(at - size, at]`; or, with `everyMs`,
     * before each multiple of it: `[t - size, t)`.
     */
    | { readonly type: "sliding"; readonly sizeMs: number; readonly everyMs?: number }
    /** From a sample to the last one before `gapMs` of silence, or until `maxMs` have passed. */
    | { readonly type: "session"; readonly gapMs: number; readonly maxMs: number }
    /** The last `count` samples, decided at every `every`th. */
    | { readonly type: "count"; readonly count: number; readonly every: number }
    /** From a sample of which `begin` holds to the next of which `end` holds, both included, at most `maxMs`. */
    | {
        readonly type: "state";
        readonly begin: SampleCondition;
        readonly end: SampleCondition;
        readonly maxMs: number;
      }
  );

export const comparisonOperators = [">", ">=", "<", "<=", "==", "!="] as const;
export type ComparisonOperator = (typeof comparisonOperators)[number];

/** A number, or the parameter of the device that has this name. */
export type Operand = number | { readonly param: string; readonly default: number };

/** When a rule's condition holds. */
export type ConditionDefinition =
  | {
      readonly field: string;
      readonly op: ComparisonOperator;
      readonly value: Operand;
      /** Once it holds, it holds until the comparison with this value fails: hysteresis. */
      readonly clear?: Operand;
    }
  | {
      readonly field: string;
      /** `inside` includes both bounds; `outside` is its opposite. */
      readonly op: "inside" | "outside";
      readonly value: readonly [Operand, Operand];
      readonly clear?: readonly [Operand, Operand];
    }
  | { readonly all: readonly ConditionDefinition[] }
  | { readonly any: readonly ConditionDefinition[] }
  | { readonly not: ConditionDefinition }
  /** CEL over the fields, group keys, labels and tags. */
  | { readonly expr: string };

/** What an alert's identity is made of, beside the rule: `device`, `metric`, `profile`, or the name of a tag. */
export type GroupKey = string;

/**
 * Which series feed a rule. Each list holds names or globs (`*` any characters, `?` one); any may match.
 * Series have to meet every part that is given.
 */
export interface SourceDefinition {
  readonly device: readonly string[];
  readonly metric: readonly string[];
  readonly profile?: readonly string[];
  /** By name of the tag. */
  readonly tags?: Readonly<Record<string, readonly string[]>>;
  /** An MQTT filter that matches the topic on which the series first came. */
  readonly topic?: string;
}

/** One side of a rule. A rule has a single side without a name, or several with names. */
export interface NamedSource extends SourceDefinition {
  /** `""` for the single side. Fields of a named side are `<name>.<field>`. */
  readonly name: string;
  /** How old, in event time, what this side said last may be when another side decides. */
  readonly maxAgeMs: number;
}

/** One severity of a rule and its condition. */
export interface LevelDefinition {
  readonly severity: Severity;
  /** Without it, the detector alone decides. */
  readonly when?: ConditionDefinition;
}

/** What is done when an alert changes. */
export interface PublishAction {
  readonly topic: string;
  /** Any JSON; texts in it are templates. */
  readonly payload: unknown;
  readonly on: "firing" | "resolved" | "no-data" | "change";
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

export interface NoDataDefinition {
  readonly afterMs: number;
  /** What silence means. */
  readonly state: "no-data" | "firing" | "ok";
}

/** Shares of changes among the last `history` decisions, in [0, 1]: it flaps from `high` on, until `low`. */
export interface FlapDefinition {
  readonly low: number;
  readonly high: number;
  readonly history: number;
}

export interface InhibitDefinition {
  /** The rule whose firing mutes this one. */
  readonly rule: string;
  /** Names of group keys, labels or tags that have to be the same on both. */
  readonly equal: readonly string[];
}

export interface RuleDefinition {
  /** `[a-z0-9-]`, unique. */
  readonly id: string;
  readonly description: string;
  /** Id of the device profile that it came with; nothing for rules of the operator. */
  readonly fromProfile?: string;
  /** Whose data it sees, and who hears of it; nothing for rules of the gateway itself, which see everything. */
  readonly tenant?: string;
  readonly enabled: boolean;
  /** Decides and is told of like any other, marked as such; its actions are not run and it mutes nobody. */
  readonly shadow: boolean;
  readonly sources: readonly NamedSource[];
  readonly groupBy: readonly GroupKey[];
  readonly window: WindowDefinition;
  /** Every field that a condition or an annotation names is among them. Empty for window `none`. */
  readonly aggregates: readonly AggregateDefinition[];
  readonly detect?: DetectDefinition;
  /** Severities in ascending order, at least one; a plain `when` is the single level of the rule's severity. */
  readonly levels: readonly LevelDefinition[];
  /** Share of the expected samples, in [0, 1], below which the state is `no-data`. */
  readonly coverage?: number;
  /** How long the condition must hold, in event time, before the alert fires. */
  readonly forMs: number;
  /** How long the condition must be clear before a firing alert resolves. */
  readonly keepFiringForMs: number;
  readonly noData?: NoDataDefinition;
  readonly flap?: FlapDefinition;
  readonly inhibit: readonly InhibitDefinition[];
  /** How often an unacknowledged firing alert is told again. */
  readonly repeatMs?: number;
  /** After how long an unacknowledged firing alert becomes more severe. */
  readonly escalate?: { readonly afterMs: number; readonly severity: Severity };
  /** Raw samples around a firing that are to be kept. */
  readonly capture?: { readonly beforeMs: number; readonly afterMs: number };
  readonly actions: readonly PublishAction[];
  readonly labels: Readonly<Record<string, string>>;
  /** Texts with `{{name}}`: aggregates, labels, group keys. */
  readonly annotations: Readonly<Record<string, string>>;
}
