/**
 * Mean and variance of weighted values, taken one at a time, of which the earlier ones may be forgotten.
 *
 * Source: D. H. D. West, "Updating mean and variance estimates: an improved method", Communications of the
 * ACM 22(9), 1979; with forgetting as in T. Finch, "Incremental calculation of weighted mean and variance",
 * University of Cambridge, 2009, section 9.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";

export class Moments {
  mean = 0;
  /** Weighted mean of the squared distances from the mean. */
  variance = 0;
  /** Sum of the weights, less what was forgotten. */
  weight = 0;

  /**
   * Takes one value.
   *
   * With `g = weight / (kept + weight)` and `d = value - mean`: `mean += g d`,
   * `variance = (1 - g) (variance + g d²)`. A value equal to the mean leaves the mean exactly as it is.
   *
   * @param value - At most 1e150 in size.
   * @param weight - Above 0.
   * @param kept - What the weight of all earlier values comes to now, from 0 to `this.weight`.
   */
  add(value: number, weight: number, kept: number): void {
    const total = kept + weight;
    const gain = weight / total;
    const distance = value - this.mean;
    this.mean += gain * distance;
    this.variance = (kept / total) * (this.variance + gain * distance * distance);
    this.weight = total;
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.mean);
    writer.number(this.variance);
    writer.number(this.weight);
  }

  read(reader: SnapshotReader): void {
    this.mean = reader.number();
    this.variance = reader.number();
    this.weight = reader.number();
  }
}
