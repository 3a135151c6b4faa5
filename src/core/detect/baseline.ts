/**
 * What is ordinary for a series: its mean and its deviation, learned so that one wild value spoils little.
 *
 * Once it is warm, a value is learned as if it were at most {@link learnedDeviationsMax} deviations from
 * the mean. One reading of 65535 then cannot blind a detector for a day, while a series that really became
 * wilder is followed quickly, because each such value makes the deviation grow by a constant factor.
 *
 * Source of the clipping: S. Gelper, R. Fried, C. Croux, "Robust forecasting with exponential and
 * Holt-Winters smoothing", Journal of Forecasting 29(3), 2010, equation 7 (there with 2 deviations; 4 leave
 * the deviation of noise as it is).
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import { deviationsBetween, learnable, limited } from "./bounds.ts";
import { Moments } from "./moments.ts";
import { Resolution } from "./resolution.ts";

/** How far from the mean, in deviations, a value counts when it is learned. */
export const learnedDeviationsMax = 4;

/** Brings a value near enough to the mean to be learned. A deviation of 0 is no measure: the value stays. */
export function clipped(value: number, mean: number, deviation: number): number {
  if (deviation === 0) return value;
  const reach = learnedDeviationsMax * deviation;
  return limited(value, mean - reach, mean + reach);
}

export class Baseline {
  readonly #moments = new Moments();
  readonly #resolution = new Resolution();

  get mean(): number {
    return this.#moments.mean;
  }

  /** Sum of the weights of what was learned, less what was forgotten; a value has the weight 1. */
  get weight(): number {
    return this.#moments.weight;
  }

  /** Not below the resolution's floor, see {@link Resolution.floorAt}. */
  get deviation(): number {
    return Math.max(Math.sqrt(this.#moments.variance), this.#resolution.floorAt(this.#moments.mean));
  }

  /** Signed distance from the mean in deviations; finite, and 0 for the mean itself. */
  distance(value: number): number {
    return deviationsBetween(value, this.mean, this.deviation);
  }

  /**
   * Learns a value; one that is not {@link learnable} is passed over.
   *
   * @param kept - As in {@link Moments.add}.
   * @param warm - Whether the deviation is good enough to clip by.
   * @returns Whether it was learned.
   */
  learn(value: number, kept: number, warm: boolean): boolean {
    if (!learnable(value)) return false;
    this.#moments.add(warm ? clipped(value, this.mean, this.deviation) : value, 1, kept);
    this.#resolution.take(value);
    return true;
  }

  /** Takes another level as the ordinary one, trusted as much as `weight` values; the deviation stays. */
  moveTo(mean: number, weight: number): void {
    this.#moments.mean = mean;
    this.#moments.weight = weight;
  }

  write(writer: SnapshotWriter): void {
    this.#moments.write(writer);
    this.#resolution.write(writer);
  }

  read(reader: SnapshotReader): void {
    this.#moments.read(reader);
    this.#resolution.read(reader);
  }
}
