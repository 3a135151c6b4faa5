/** What the views of the general detector have in common: each looks at one side of a series. */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";

/** The surprise of a value that is nothing special: it, or more, is to be expected every other row. */
export const ordinary: number = Math.log10(2);

export interface View {
  /**
   * Takes one value.
   *
   * @param learn - false: what is short-lived moves on, what was learned stays.
   * @returns How surprising the series is now, as `-log10` of the share of rows that are as strange or stranger:
   *   3 is once in a thousand rows. Never under {@link ordinary}, which is also what it says while it knows
   *   nothing.
   */
  surprise(value: number, at: EpochMs, learn: boolean): number;
  /** Moves every time it holds. */
  shift(byMs: number): void;
  write(writer: SnapshotWriter): void;
  read(reader: SnapshotReader): void;
}
