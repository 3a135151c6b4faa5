/**
 * What follows an alarm: attention rests, and tires.
 *
 * Right after an alarm the same trouble is no news, so that only what is twice as surprising comes through. And
 * each alarm of late raises what the next one has to show: a series that alarms again and again is one whose
 * strange moments are ordinary.
 *
 * Source: rest after a detection as in Burnaev and Ishimtsev, "Conformalized density- and distance-based anomaly
 * detection in time-series data", 2016; here relative to the rows seen, since no length is known in advance.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";

/** Counted in rows, since a row is what may be surprising. */
export interface AttentionOptions {
  /** An alarm is followed by a rest of `restMin + restShare × rows seen`, and at most `restMax` rows. */
  readonly restMin: number;
  readonly restShare: number;
  readonly restMax: number;
  /** By which share each alarm of late raises the bar. */
  readonly fatigue: number;
  /** After how many rows an alarm is forgotten, as the time constant of its decay. */
  readonly recovery: number;
}

/** During the rest, how much more surprising than the alarm something has to be. */
const escalation = 2;

export class Attention {
  readonly #options: AttentionOptions;
  #rows = 0;
  #restRows = 0;
  /** How surprising, in multiples of the bar, the last alarm was. */
  #alarm = 1;
  #alarms = 0;

  constructor(options: AttentionOptions) {
    this.#options = options;
  }

  /**
   * Weighs the surprise of one row.
   *
   * @param bar - From which surprise on a row is an alarm. Above 0.
   * @returns The surprise that remains; at least `bar` exactly where this row is an alarm.
   */
  weigh(surprise: number, bar: number): number {
    const { restMin, restShare, restMax, fatigue, recovery } = this.#options;
    this.#rows += 1;
    this.#alarms *= 1 - 1 / recovery;
    if (this.#restRows > 0) this.#restRows -= 1;
    const tired = surprise / (1 + fatigue * this.#alarms);
    const rested = this.#restRows > 0 ? tired / (escalation * this.#alarm) : tired;
    if (rested >= bar) {
      this.#alarm = tired / bar;
      this.#alarms += 1;
      this.#restRows = Math.min(restMax, Math.ceil(restMin + restShare * this.#rows));
    }
    return rested;
  }

  write(writer: SnapshotWriter): void {
    writer.count(this.#rows);
    writer.count(this.#restRows);
    writer.number(this.#alarm);
    writer.number(this.#alarms);
  }

  read(reader: SnapshotReader): void {
    this.#rows = reader.count();
    this.#restRows = reader.count();
    this.#alarm = reader.number();
    this.#alarms = reader.number();
  }
}
