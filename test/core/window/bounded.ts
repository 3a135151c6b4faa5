/** Windows with bounds in time, straight from their definition: bounds are listed, samples filtered by them. */
import { type Sample } from "./naive.ts";
import { type Event, type Expected, holdsOf } from "./runs.ts";

/** A decision at `at` over `[from, at)`. */
export interface Bounds {
  readonly from: number;
  readonly at: number;
}

interface Arrived extends Sample {
  /** Decisions up to here were final when it came. */
  readonly finalUntil: number;
}

interface Timing {
  readonly latenessMs: number;
  readonly reviseMs: number;
}

function contains({ from, at }: Bounds, sample: Sample): boolean {
  return sample.at >= from && sample.at < at;
}

/**
 * What a window should do.
 *
 * @param all - Every decision that could be made, in order.
 * @returns what it makes, and of each event whether it was late.
 */
export function decisionsOf(
  all: readonly Bounds[],
  { latenessMs, reviseMs }: Timing,
  events: readonly Event[],
): { readonly expected: readonly Expected[]; readonly late: readonly boolean[] } {
  const arrived: Arrived[] = [];
  const expected: Expected[] = [];
  const verdicts = new Map<Bounds, { revision: number; held: boolean }>();
  let watermark = Number.NEGATIVE_INFINITY;
  const make = (bounds: Bounds, again: boolean): void => {
    const samples = arrived.filter((sample) => contains(bounds, sample) && bounds.at > sample.finalUntil);
    if (samples.length === 0) return;
    const before = verdicts.get(bounds);
    const revision = again ? (before?.revision ?? 0) + 1 : 0;
    expected.push({ at: bounds.at, revision, held: before?.held ?? false, samples, from: bounds.from });
    const sum = samples.reduce((total, { value }) => total + value, 0);
    verdicts.set(bounds, { revision, held: holdsOf(samples.length, sum) });
  };
  const advance = (to: number): void => {
    const before = watermark;
    watermark = Math.max(watermark, to);
    for (const bounds of all) if (bounds.at > before && bounds.at <= watermark) make(bounds, false);
  };
  const late = events.map((event) => {
    if (event.type === "restore") return false;
    if (event.type === "settle") {
      const seen = all.filter((bounds) => arrived.some((sample) => contains(bounds, sample)));
      const last = seen.at(-1);
      if (last !== undefined) advance(Math.min(event.watermark, last.at));
      return false;
    }
    const finalUntil = watermark - reviseMs;
    const own = all.filter((bounds) => contains(bounds, event));
    if (own.some(({ at }) => at > finalUntil)) arrived.push({ at: event.at, value: event.value, finalUntil });
    for (const bounds of own) if (bounds.at <= watermark && bounds.at > finalUntil) make(bounds, true);
    advance(event.at - latenessMs);
    return own.some(({ at }) => at <= finalUntil);
  });
  return { expected, late };
}
