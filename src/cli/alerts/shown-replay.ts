/** What the commands use of the answer of a gateway, maybe of another version, to a replay of dead letters. */
import { isObject } from "./shown-alert.ts";

/** Letters that are still refused for one cause. */
export interface ShownRefused {
  readonly cause: string;
  readonly count: number;
  readonly examples: readonly { readonly topic: string; readonly detail: string }[];
}

/** What has become of dead letters. */
export interface ShownReplay {
  readonly dryRun: boolean;
  readonly examined: number;
  readonly recovered: number;
  readonly cut: number;
  readonly refused: readonly ShownRefused[];
  /** All of it, as it was answered. */
  readonly answered: unknown;
}

/** @returns Nothing when it is no such answer. */
export function shownReplayOf(answered: unknown): ShownReplay | undefined {
  if (!isObject(answered)) return undefined;
  const { dryRun, examined, recovered, cut, refused } = answered;
  if (typeof examined !== "number" || typeof recovered !== "number" || typeof cut !== "number")
    return undefined;
  if (!isObject(refused)) return undefined;
  const shown = Object.entries(refused).map(([cause, one]) => refusedOf(cause, one));
  return { dryRun: dryRun === true, examined, recovered, cut, refused: shown, answered };
}

function refusedOf(cause: string, answered: unknown): ShownRefused {
  const { count, examples }: Record<string, unknown> = isObject(answered) ? answered : {};
  const list: readonly unknown[] = Array.isArray(examples) ? examples : [];
  return {
    cause,
    count: typeof count === "number" ? count : 0,
    examples: list
      .filter(isObject)
      .map(({ topic, detail }) => ({ topic: String(topic), detail: String(detail) })),
  };
}
