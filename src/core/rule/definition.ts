/**
 * A rule as data: parsed, complete (every default filled in), in milliseconds, and still plain enough to
 * be written to the log. What people write is described in the rule schema; `parse` gives this.
 */
import type { Severity } from "../streams.ts";

/** The aggregates of a window. */
export const aggregateNames = [
  "count",
  "sum",
  "mean",
  "min",
  "max",
  "range",
  "stddev",
  "first",
  "last",
] as const;
export type AggregateName = (typeof aggregateNames)[number];

/** One value computed over a window, under the name that conditions and templates use. */
export interface AggregateDefinition {
  readonly name: string;
  readonly fn: AggregateName;
}

/**
 * Which stretch of event time a decision looks at. Windows are half-open, `[start, end)`, and aligned to
 * the Unix epoch.
 */
export type WindowDefinition =
  /** Each sample by itself; the only field is `value`. */
  | { readonly type: "none"; readonly latenessMs: number }
  /** Fixed, gap-free. */
  | { readonly type: "tumbling"; readonly sizeMs: number; readonly latenessMs: number }
  /** Fixed, overlapping, decided at each multiple of `everyMs`. */
  | {
      readonly type: "hopping";
      readonly sizeMs: number;
      readonly everyMs: number;
      readonly latenessMs: number;
    }
  /**
   * The last `sizeMs` before each sample, the sample included: `(at - size, at]`; or, with `everyMs`,
   * before each multiple of it: `[t - size, t)`.
   */
  | {
      readonly type: "sliding";
      readonly sizeMs: number;
      readonly everyMs?: number;
      readonly latenessMs: number;
    };

export const comparisonOperators = [">", ">=", "<", "<=", "==", "!="] as const;
export type ComparisonOperator = (typeof comparisonOperators)[number];

/** When a rule's condition holds. */
export type ConditionDefinition =
  | {
      readonly field: string;
      readonly op: ComparisonOperator;
      readonly value: number;
      /** Once it holds, it holds until the comparison with this value fails: hysteresis. */
      readonly clear?: number;
    }
  | {
      readonly field: string;
      /** `inside` includes both bounds; `outside` is its opposite. */
      readonly op: "inside" | "outside";
      readonly value: readonly [number, number];
      readonly clear?: readonly [number, number];
    }
  | { readonly all: readonly ConditionDefinition[] }
  | { readonly any: readonly ConditionDefinition[] }
  | { readonly not: ConditionDefinition };

/** What an alert's identity is made of, beside the rule. */
export type GroupKey = "device" | "metric";

/** Which series feed a rule. Each list holds names or globs (`*` any characters, `?` one); any may match. */
export interface SourceDefinition {
  readonly device: readonly string[];
  readonly metric: readonly string[];
}

export interface RuleDefinition {
  /** `[a-z0-9-]`, unique. */
  readonly id: string;
  readonly description: string;
  readonly enabled: boolean;
  readonly source: SourceDefinition;
  readonly groupBy: readonly GroupKey[];
  readonly window: WindowDefinition;
  /** Every field that `when` or an annotation names is among them. Empty for window `none`. */
  readonly aggregates: readonly AggregateDefinition[];
  readonly when: ConditionDefinition;
  /** How long the condition must hold, in event time, before the alert fires. */
  readonly forMs: number;
  /** How long the condition must be clear before a firing alert resolves. */
  readonly keepFiringForMs: number;
  readonly severity: Severity;
  readonly labels: Readonly<Record<string, string>>;
  /** Texts with `{{name}}`: aggregates, labels, group keys. */
  readonly annotations: Readonly<Record<string, string>>;
}
