/** Windows of samples in order, straight from their definition: all samples sorted, and cut anew at every event. */
import { inOrder, type Sample } from "./naive.ts";
import type { Event, Expected } from "./runs.ts";

/** Samples that a decision looks at, and when it is made; `Infinity` when only a sample can bring it. */
export interface Spell {
  readonly samples: readonly Sample[];
  readonly at: number;
}

/** Cuts samples in order; the last spell may be one that is still open. */
export type Cut = (sorted: readonly Sample[]) => readonly Spell[];

interface Step {
  /** Decisions made so far. */
  readonly expected: readonly Expected[];
  readonly late: boolean;
}

/**
 * What a window should have made after each event.
 *
 * @param joins - An open spell takes samples from before the watermark that are not before its first.
 */
export function stepsOf(
  cut: Cut,
  { latenessMs, joins }: { readonly latenessMs: number; readonly joins: boolean },
  events: readonly Event[],
): readonly Step[] {
  const accepted: Sample[] = [];
  let watermark = Number.NEGATIVE_INFINITY;
  const spells = (): readonly Spell[] => cut(inOrder(accepted.filter(({ at }) => at <= watermark)));
  const open = (): Spell | undefined => spells().find(({ at }) => at > watermark);
  return events.map((event) => {
    let late = false;
    if (event.type === "sample") {
      const first = joins ? open()?.samples[0] : undefined;
      late = event.at < watermark && !(first !== undefined && event.at >= first.at);
      if (!late) accepted.push(event);
      if (event.at >= watermark) watermark = Math.max(watermark, event.at - latenessMs);
    } else if (event.type === "settle") {
      const waiting = accepted.filter(({ at }) => at > watermark).map(({ at }) => at);
      watermark = Math.max(watermark, Math.min(event.watermark, Math.max(...waiting)));
      const closeAt = open()?.at ?? Number.POSITIVE_INFINITY;
      if (closeAt < Number.POSITIVE_INFINITY) {
        watermark = Math.max(watermark, Math.min(event.watermark, closeAt));
      }
    }
    const expected = spells()
      .filter(({ at }) => at <= watermark)
      .map(({ at, samples }) => ({ at, samples, revision: 0, held: false }));
    return { expected, late };
  });
}
