/**
 * `seasonal`: fires when a value is unusual for this hour of the day, or of the week.
 *
 * Each hour has a mean `m` and a deviation `s` of its own, over all its samples of many days; a day counts
 * half as much after {@link seasons}`.halfLifeVisits` further ones. `score = |value - m| / (s · a)`; it fires
 * when `score > k`. Days differ more than the samples of one day, and the first days do not yet say by how
 * much; so the deviation is widened by `a = 1 + (k² + 1) / (4 (visits - 1))`, where `visits` is how often the
 * hour was seen. The floor of `s` and what one wild value does are as in {@link Baseline}.
 *
 * Warm-up, for each hour by itself: {@link seasons}`.visitsMin` visits and {@link seasonalSamples} samples.
 * Until then its score is 0. While frozen nothing is learned. State: four numbers for each hour.
 *
 * Source: mean and variance as in {@link Moments}; `a` is the first term of the expansion of Student's t by
 * the normal quantile, M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions", 26.7.5.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import { clipped } from "./baseline.ts";
import { deviationsBetween, learnable } from "./bounds.ts";
import type { Detector } from "./detector.ts";
import { hourMs, hourOfWeekAt, hoursPerDay, hoursPerWeek, modulo } from "./local-hour.ts";
import { Moments } from "./moments.ts";
import { Resolution } from "./resolution.ts";

/** Of each season: its hours, the visits to one before it is judged, and how long a visit counts. */
export const seasons: Readonly<
  Record<
    "hour-of-day" | "hour-of-week",
    { readonly slots: number; readonly visitsMin: number; readonly halfLifeVisits: number }
  >
> = {
  // A week, so that weekend and working days were seen.
  "hour-of-day": { slots: hoursPerDay, visitsMin: 7, halfLifeVisits: 14 },
  "hour-of-week": { slots: hoursPerWeek, visitsMin: 4, halfLifeVisits: 8 },
};

/** The weight of its samples from which on an hour is judged. One sample a visit reaches it in both seasons. */
export const seasonalSamples = 7;

/** A pause after which the same hour is another visit. Longer than the hour that a clock change repeats. */
const visitMs = 3 * hourMs;

/** Holds the hour that is being worked on. */
const slot = new Moments();

export class SeasonalDetector implements Detector {
  score = 0;
  expected: number = Number.NaN;
  readonly #season: (typeof seasons)["hour-of-day"];
  readonly #k: number;
  readonly #timezone: string | undefined;
  /** Weight that earlier samples keep at a new visit. */
  readonly #visitKept: number;
  readonly #means: Float64Array;
  readonly #variances: Float64Array;
  readonly #weights: Float64Array;
  readonly #visits: Float64Array;
  readonly #resolution = new Resolution();
  /** Of the sample learned last. */
  #learnedAt: EpochMs = Number.NaN;

  constructor(limits: {
    readonly season: "hour-of-day" | "hour-of-week";
    readonly k: number;
    readonly timezone?: string;
  }) {
    this.#season = seasons[limits.season];
    this.#k = limits.k;
    this.#timezone = limits.timezone;
    this.#visitKept = 2 ** (-1 / this.#season.halfLifeVisits);
    const { slots } = this.#season;
    this.#means = new Float64Array(slots);
    this.#variances = new Float64Array(slots);
    this.#weights = new Float64Array(slots);
    this.#visits = new Float64Array(slots);
  }

  get overdueAt(): EpochMs {
    return Number.POSITIVE_INFINITY;
  }

  step(value: number, at: EpochMs, learn: boolean): boolean {
    this.score = 0;
    this.expected = Number.NaN;
    if (!Number.isFinite(value)) return false;
    const index = this.#slotAt(at);
    const visits = this.#visits[index]!;
    const warm = visits >= this.#season.visitsMin && this.#weights[index]! >= seasonalSamples;
    const mean = this.#means[index]!;
    const spread = Math.sqrt(this.#variances[index]!);
    const deviation = Math.max(spread, this.#resolution.floorAt(mean));
    if (warm) {
      const widening = 1 + (this.#k * this.#k + 1) / (4 * (visits - 1));
      this.expected = mean;
      this.score = Math.abs(deviationsBetween(value, mean, deviation * widening));
    }
    if (learn && learnable(value)) {
      this.#resolution.take(value);
      this.#learn(warm ? clipped(value, mean, deviation) : value, index, at);
    }
    return this.score > this.#k;
  }

  #learn(value: number, index: number, at: EpochMs): void {
    // False for the first sample, whose predecessor has no time.
    const revisited = at - this.#learnedAt < visitMs && this.#slotAt(this.#learnedAt) === index;
    if (!revisited) this.#visits[index] = this.#visits[index]! + 1;
    slot.mean = this.#means[index]!;
    slot.variance = this.#variances[index]!;
    const weight = this.#weights[index]!;
    slot.add(value, 1, revisited ? weight : weight * this.#visitKept);
    this.#means[index] = slot.mean;
    this.#variances[index] = slot.variance;
    this.#weights[index] = slot.weight;
    this.#learnedAt = at;
  }

  #slotAt(at: EpochMs): number {
    return hourOfWeekAt(at, this.#timezone) % this.#season.slots;
  }

  /** What was learned goes to the hours that it was really learned in, as of the last sample. */
  shift(byMs: number): void {
    if (Number.isNaN(this.#learnedAt)) return;
    const before = this.#slotAt(this.#learnedAt);
    this.#learnedAt += byMs;
    const { slots } = this.#season;
    const turn = modulo(this.#slotAt(this.#learnedAt) - before, slots);
    for (const column of [this.#means, this.#variances, this.#weights, this.#visits]) {
      const earlier = column.slice();
      for (let index = 0; index < slots; index += 1) column[(index + turn) % slots] = earlier[index]!;
    }
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.score);
    writer.number(this.expected);
    writer.number(this.#learnedAt);
    this.#resolution.write(writer);
    for (let index = 0; index < this.#season.slots; index += 1) {
      const visits = this.#visits[index]!;
      writer.count(visits);
      if (visits === 0) continue;
      writer.number(this.#means[index]!);
      writer.number(this.#variances[index]!);
      writer.number(this.#weights[index]!);
    }
  }

  read(reader: SnapshotReader): void {
    this.score = reader.number();
    this.expected = reader.number();
    this.#learnedAt = reader.number();
    this.#resolution.read(reader);
    for (let index = 0; index < this.#season.slots; index += 1) {
      const visits = reader.count();
      this.#visits[index] = visits;
      if (visits === 0) continue;
      this.#means[index] = reader.number();
      this.#variances[index] = reader.number();
      this.#weights[index] = reader.number();
    }
  }
}
