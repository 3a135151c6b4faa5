/**
 * How finely a series is told: the smallest step between two successive values that differ.
 *
 * A sensor that says 20.0 for hours and then 20.1 has a deviation of 0, and 20.1 would be infinitely far
 * out. So no deviation counts as smaller than one step, as far as steps are known and small.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";

/** Share of a value that one step may at most count for. A first step from 20 to 60 is no resolution. */
const stepShareMax = 0.005;

export class Resolution {
  #previous = Number.NaN;
  #stepMin = Number.POSITIVE_INFINITY;

  /**
   * The least that a deviation around `center` counts for: the smallest step, at most half a percent of
   * the center's size. Half a percent while no step was seen; 0 around 0.
   */
  floorAt(center: number): number {
    return Math.min(this.#stepMin, stepShareMax * Math.abs(center));
  }

  take(value: number): void {
    const step = Math.abs(value - this.#previous);
    // Also false for the first value.
    if (step > 0 && step < this.#stepMin) this.#stepMin = step;
    this.#previous = value;
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.#previous);
    writer.number(this.#stepMin);
  }

  read(reader: SnapshotReader): void {
    this.#previous = reader.number();
    this.#stepMin = reader.number();
  }
}
