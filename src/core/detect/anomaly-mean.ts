/** A mean that follows: of all values at first, of the last few later. */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";

/** Exponentially weighted mean over some `rows`, and the plain mean while there are fewer. */
export class FollowingMean {
  readonly #weight: number;
  #count = 0;
  #mean = 0;

  /** @param rows - At least 1; 1 is the last value itself. */
  constructor(rows: number) {
    this.#weight = 2 / (rows + 1);
  }

  get known(): boolean {
    return this.#count > 0;
  }

  /** 0 before the first value. */
  get mean(): number {
    return this.#mean;
  }

  learn(value: number): void {
    this.#count += 1;
    this.#mean += Math.max(this.#weight, 1 / this.#count) * (value - this.#mean);
  }

  write(writer: SnapshotWriter): void {
    writer.count(this.#count);
    writer.number(this.#mean);
  }

  read(reader: SnapshotReader): void {
    this.#count = reader.count();
    this.#mean = reader.number();
  }
}
