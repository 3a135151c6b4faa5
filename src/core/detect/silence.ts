/**
 * `silence`: fires when a sample is overdue.
 *
 * `overdueAt` is the last stamp + `after` where it is given; otherwise the last stamp +
 * `factor · (interval + deviation)` of {@link LearnedInterval}, at least {@link overdueMsMin}. The deviation
 * of a regular series is 0; one that sends at random gets the more time. With a factor of 3, two samples
 * in a row may be missing.
 *
 * An arrival never fires: `step` returns false. `score` is how long the series had been silent before it,
 * over the allowed silence: above 1 it was overdue. `expected` is the allowed silence in milliseconds.
 *
 * Warm-up: 5 arrivals at different times, one with `after`; before it `overdueAt` is `Infinity`.
 *
 * It learns while frozen, too: an outage counts as a few intervals only, and a sensor that was set to send
 * more slowly would be overdue at every sample, and its interval never learned.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import { scoreMax } from "./bounds.ts";
import type { Detector } from "./detector.ts";
import { LearnedInterval } from "./interval.ts";

/** No silence is shorter; below it the time from sensor to gateway varies as much. */
const overdueMsMin = 1_000;

export class SilenceDetector implements Detector {
  score = 0;
  readonly #factor: number;
  readonly #afterMs: number | undefined;
  readonly #interval = new LearnedInterval();

  constructor(limits: { readonly factor: number; readonly afterMs?: number }) {
    this.#factor = limits.factor;
    this.#afterMs = limits.afterMs;
  }

  get expected(): number {
    if (this.#afterMs !== undefined) return this.#afterMs;
    const { intervalMs, deviationMs } = this.#interval;
    // `NaN` goes through.
    return Math.max(this.#factor * (intervalMs + deviationMs), overdueMsMin);
  }

  get overdueAt(): EpochMs {
    const at = this.#interval.lastAt + this.expected;
    return Number.isNaN(at) ? Number.POSITIVE_INFINITY : at;
  }

  step(_value: number, at: EpochMs): boolean {
    const silentMs = at - this.#interval.lastAt;
    const score = silentMs / this.expected;
    // Not above 0 without an earlier arrival, while warming up, or for a stamp before the last.
    this.score = score > 0 ? Math.min(score, scoreMax) : 0;
    this.#interval.arrive(at, true);
    return false;
  }

  shift(byMs: number): void {
    this.#interval.shift(byMs);
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.score);
    this.#interval.write(writer);
  }

  read(reader: SnapshotReader): void {
    this.score = reader.number();
    this.#interval.read(reader);
  }
}
