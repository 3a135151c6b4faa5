/** A profile as people write it, of the right shape. What may stand where is said in the schema. */
import type { RejectCause } from "../core/decode.ts";
import type { ClockMode } from "../core/time/clock-policy.ts";

/** What a word may stand for, and what an example may expect. */
export type ProfileValue = number | boolean | string | null;

/** A metric as people write it, in its full form. */
export interface WrittenMetric {
  readonly preset?: string;
  readonly from?: string;
  readonly unit?: string;
  readonly scale?: number;
  readonly offset?: number;
  readonly range?: readonly number[];
  readonly deadband?: number;
  readonly resolution?: number;
  readonly values?: Readonly<Record<string, ProfileValue>>;
}

/** What has to stand at a place of a payload, as people write it. */
export type WrittenFingerprint = ProfileValue | readonly ProfileValue[] | { readonly present: true };

/** An example as people write it. */
export interface WrittenExample {
  readonly topic: string;
  readonly client?: string;
  readonly json?: unknown;
  readonly text?: string;
  readonly hex?: string;
  readonly expect?: Readonly<Record<string, ProfileValue>>;
  readonly unit?: Readonly<Record<string, string>>;
  readonly at?: number;
  readonly cause?: RejectCause | "unclaimed";
}

/** A profile whose shape is right, with defaults, in milliseconds. */
export interface WrittenProfile {
  readonly vendor: string;
  readonly model: string;
  readonly version: number;
  readonly source: string;
  readonly match: readonly string[];
  readonly clients?: readonly string[];
  readonly fingerprint?: Readonly<Record<string, WrittenFingerprint>>;
  readonly codec: string;
  readonly device?: string;
  readonly time?: string;
  readonly metrics: Readonly<Record<string, WrittenMetric>>;
  readonly others: "keep" | "drop";
  readonly interval?: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly clock?: { readonly policy: ClockMode; readonly ahead: number; readonly behind?: number };
  readonly examples: { readonly good: readonly WrittenExample[]; readonly bad: readonly WrittenExample[] };
}
