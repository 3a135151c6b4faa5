/** Dead letters decoded again: what is asked for, and what has become of them. */
import type { RejectCause } from "./decode.ts";
import type { NumberedDeadLetter } from "./record.ts";
import { filterMatches } from "./topic.ts";

/** Which of the kept dead letters are decoded again. */
export interface ReplayRequest {
  /** MQTT topic filter; without it, of every topic. */
  readonly topic?: string;
  /** Only those that were refused for this cause. */
  readonly cause?: RejectCause;
  /** Only says what would become of them. */
  readonly dryRun: boolean;
}

/** A letter that is still refused. */
export interface RefusedLetter {
  readonly number: number;
  readonly topic: string;
  readonly detail: string;
}

/** Letters that are still refused, for one cause. */
export interface RefusedLetters {
  readonly count: number;
  /** The oldest of them, {@link refusedExamplesMax} at most. */
  readonly examples: readonly RefusedLetter[];
}

/** Letters that are named for each cause: enough to see what they have in common. */
export const refusedExamplesMax = 3;

/** What has become of the letters; of a dry run, what would have. `examined = recovered + refused + cut`. */
export interface ReplayReport {
  readonly dryRun: boolean;
  readonly examined: number;
  readonly recovered: number;
  /** Kept only in part, and so not decoded. */
  readonly cut: number;
  /** By the cause for which they are refused now. */
  readonly refused: Readonly<Record<string, RefusedLetters>>;
}

/** Whether a letter is asked for. */
export function isWanted({ topic, cause }: ReplayRequest, letter: NumberedDeadLetter): boolean {
  return (
    (topic === undefined || filterMatches(topic, letter.topic)) && (cause ?? letter.cause) === letter.cause
  );
}
