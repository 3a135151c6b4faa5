/**
 * What every detector is: a small machine that sees one value at a time, in order of event time, and says
 * whether that value is out of the ordinary. Its state has a fixed size and goes into the snapshot.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";

export interface Detector {
  /**
   * How far out of the ordinary the last value was, in the detector's own measure; 0 while it warms up.
   * Conditions and annotations see it as the field `score`.
   */
  readonly score: number;
  /** What would have been ordinary; `NaN` where the detector has no such idea. The field `expected`. */
  readonly expected: number;
  /** Event time at which it fires if nothing comes before; `Infinity` for all but `silence` and `flatline`. */
  readonly overdueAt: EpochMs;
  /**
   * Takes one value.
   *
   * @param at - Not before that of the value before.
   * @param learn - false: judge it, and leave the baseline as it is.
   * @returns Whether it fires.
   */
  step(value: number, at: EpochMs, learn: boolean): boolean;
  /** Moves every time it holds: the clock that gave them was wrong by `byMs`. */
  shift(byMs: number): void;
  write(writer: SnapshotWriter): void;
  read(reader: SnapshotReader): void;
}
