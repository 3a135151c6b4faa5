/**
 * A pane: what is known of the samples of one stretch of event time, in constant memory.
 *
 * Panes merge in any grouping, so overlapping windows share them and coarse summaries are made of fine
 * ones.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";

export class Pane {
  /** Half-open, `[start, end)`. */
  start: EpochMs = 0;
  end: EpochMs = 0;
  count = 0;
  sum = 0;
  min: number = Number.POSITIVE_INFINITY;
  max: number = Number.NEGATIVE_INFINITY;
  /** Value and time of the earliest and the latest sample; of two with one time, first and last arrived. */
  first = 0;
  firstAt: EpochMs = Number.POSITIVE_INFINITY;
  last = 0;
  lastAt: EpochMs = Number.NEGATIVE_INFINITY;
  mean = 0;
  /** Sum of squared distances from the mean. */
  m2 = 0;
  /** Samples whose stamp was replaced; counted by whoever adds them. */
  corrected = 0;

  /** Makes it empty again, for another stretch of time. */
  reset(start: EpochMs, end: EpochMs): void {
    this.start = start;
    this.end = end;
    this.count = 0;
    this.sum = 0;
    this.min = Number.POSITIVE_INFINITY;
    this.max = Number.NEGATIVE_INFINITY;
    this.first = 0;
    this.firstAt = Number.POSITIVE_INFINITY;
    this.last = 0;
    this.lastAt = Number.NEGATIVE_INFINITY;
    this.mean = 0;
    this.m2 = 0;
    this.corrected = 0;
  }

  /**
   * Adds one sample.
   *
   * Source of mean and m2: Welford, "Note on a Method for Calculating Corrected Sums of Squares and
   * Products", Technometrics 4(3), 1962.
   */
  add(value: number, at: EpochMs): void {
    const count = this.count + 1;
    this.count = count;
    this.sum += value;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    if (at >= this.lastAt) {
      this.last = value;
      this.lastAt = at;
    }
    if (at < this.firstAt) {
      this.first = value;
      this.firstAt = at;
    }
    const distance = value - this.mean;
    const mean = this.mean + distance / count;
    this.mean = mean;
    this.m2 += distance * (value - mean);
  }

  /**
   * Adds all samples of another pane.
   *
   * Source: Chan, Golub, LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample
   * Variances", 1979, eq. 2.1.
   */
  merge(other: Pane): void {
    if (other.count === 0) return;
    const count = this.count + other.count;
    if (this.count === 0) {
      this.mean = other.mean;
      this.m2 = other.m2;
    } else {
      const distance = other.mean - this.mean;
      this.m2 += other.m2 + (distance * distance * this.count * other.count) / count;
      this.mean += (distance * other.count) / count;
    }
    this.count = count;
    this.sum += other.sum;
    this.corrected += other.corrected;
    if (other.min < this.min) this.min = other.min;
    if (other.max > this.max) this.max = other.max;
    if (other.lastAt >= this.lastAt) {
      this.last = other.last;
      this.lastAt = other.lastAt;
    }
    if (other.firstAt < this.firstAt) {
      this.first = other.first;
      this.firstAt = other.firstAt;
    }
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.start);
    writer.number(this.end);
    writer.count(this.count);
    if (this.count === 0) return;
    writer.number(this.sum);
    writer.number(this.min);
    writer.number(this.max);
    writer.number(this.first);
    writer.number(this.firstAt);
    writer.number(this.last);
    writer.number(this.lastAt);
    writer.number(this.mean);
    writer.number(this.m2);
    writer.count(this.corrected);
  }

  static read(reader: SnapshotReader): Pane {
    const pane = new Pane();
    pane.reset(reader.number(), reader.number());
    pane.count = reader.count();
    if (pane.count === 0) return pane;
    pane.sum = reader.number();
    pane.min = reader.number();
    pane.max = reader.number();
    pane.first = reader.number();
    pane.firstAt = reader.number();
    pane.last = reader.number();
    pane.lastAt = reader.number();
    pane.mean = reader.number();
    pane.m2 = reader.number();
    pane.corrected = reader.count();
    return pane;
  }
}

/** Start of the stretch of `size` that holds `at`, aligned to the Unix epoch. */
export function alignedStart(at: EpochMs, sizeMs: number): EpochMs {
  return Math.floor(at / sizeMs) * sizeMs;
}
