/**
 * At which interval a series sends, learned from the stamps alone.
 *
 * What is learned is the mean length of the interval that a moment lies in: intervals weigh by their own
 * length. So a burst, in which many samples take no time, changes almost nothing, and a sensor that sends
 * ten values a second apart once an hour has an interval of nearly an hour. An interval that is much longer
 * than usual counts as {@link intervalTimesMax} times the usual, because a sensor that was off has told
 * nothing; only when long ones follow one another is each believed four times as much as the one before.
 *
 * Intervals are forgotten with a half-life of {@link intervalsRemembered} intervals, and of
 * {@link arrivalsRemembered} arrivals, so that a sensor set to send faster is followed too.
 *
 * Source: mean and variance as in {@link Moments}; sampling by length as in D. R. Cox, "Renewal Theory",
 * 1962, section 5.4.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import { Moments } from "./moments.ts";

/** Arrivals at different times before anything is said. */
export const intervalWarmUpArrivals = 5;

/** How many usual intervals a single one counts for at most. */
const intervalTimesMax = 3;

const intervalsRemembered = 16;
const arrivalsRemembered = 128;
/** How much more is believed of each further long interval in a row. */
const longGrowth = 4;
/** Beyond it everything is believed; keeps the power a number. */
const longRowMax = 32;

export class LearnedInterval {
  readonly #moments = new Moments();
  #lastAt: EpochMs = Number.NaN;
  /** Arrivals whose stamp differs from the one before, at most {@link intervalWarmUpArrivals}. */
  #arrivals = 0;
  /** Long intervals since the last usual one. */
  #longRow = 0;

  /**
   * The interval, in milliseconds, above 0; `NaN` until there were {@link intervalWarmUpArrivals} arrivals
   * at different times. For a series that sends regularly it is the interval set in the sensor.
   */
  get intervalMs(): number {
    return this.#arrivals >= intervalWarmUpArrivals ? this.#moments.mean : Number.NaN;
  }

  /** By how much intervals differ from it, in milliseconds: 0 for a regular series; `NaN` as above. */
  get deviationMs(): number {
    return this.#arrivals >= intervalWarmUpArrivals ? Math.sqrt(this.#moments.variance) : Number.NaN;
  }

  /** Stamp of the last arrival; `NaN` before the first. */
  get lastAt(): EpochMs {
    return this.#lastAt;
  }

  /**
   * Takes the stamp of a sample. One that is not after the last changes nothing.
   *
   * @param learn - false: the interval stays, and the next one is counted from here.
   */
  arrive(at: EpochMs, learn: boolean): void {
    if (Number.isNaN(this.#lastAt)) {
      this.#lastAt = at;
      this.#arrivals = 1;
      return;
    }
    const elapsedMs = at - this.#lastAt;
    if (!(elapsedMs > 0)) return;
    this.#lastAt = at;
    if (!learn) return;
    this.#learn(elapsedMs);
    if (this.#arrivals < intervalWarmUpArrivals) this.#arrivals += 1;
  }

  #learn(elapsedMs: number): void {
    const { mean, weight } = this.#moments;
    if (weight === 0) {
      this.#moments.add(elapsedMs, elapsedMs, 0);
      return;
    }
    const longestMs = intervalTimesMax * mean * longGrowth ** this.#longRow;
    const countedMs = Math.min(elapsedMs, longestMs);
    const forgotten = Math.max(countedMs / (intervalsRemembered * mean), 1 / arrivalsRemembered);
    this.#moments.add(countedMs, countedMs, weight * 2 ** -forgotten);
    if (elapsedMs > intervalTimesMax * mean) this.#longRow = Math.min(this.#longRow + 1, longRowMax);
    // The short ones of a burst do not say that the long ones have ended.
    else if (elapsedMs > mean / 2) this.#longRow = 0;
  }

  shift(byMs: number): void {
    this.#lastAt += byMs;
  }

  write(writer: SnapshotWriter): void {
    this.#moments.write(writer);
    writer.number(this.#lastAt);
    writer.count(this.#arrivals);
    writer.count(this.#longRow);
  }

  read(reader: SnapshotReader): void {
    this.#moments.read(reader);
    this.#lastAt = reader.number();
    this.#arrivals = reader.count();
    this.#longRow = reader.count();
  }
}
