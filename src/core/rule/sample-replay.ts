/** Recorded samples without the gateway that took them: records are made of them, on a clock made of their stamps. */
import {
  type EpochMs,
  RowFlag,
  SampleColumns,
  type SeriesDefinition,
  type SeriesId,
  ValueKind,
} from "../sample.ts";
import { SeriesTable } from "../series.ts";
import type { Replay } from "./replay.ts";

/** Samples of one record. */
const recordSamplesMax = 4_096;

/** Time that one record spans, at most: a gateway commits more often, and looks for silence as often. */
const recordMsMax = 1_000;

/** How far a sample may lie behind the newest before it counts as out of order. */
const disorderMs = 60_000;

/** The value of a sample. */
export type RecordedValue = number | boolean | string;

/**
 * Feeds samples to replays, in the order in which they are given.
 *
 * The gateway's clock is the newest stamp so far, as if every sample had come at the moment it is stamped with.
 */
export class SampleReplay {
  readonly #replays: readonly Replay[];
  readonly #series: SeriesTable = new SeriesTable();
  readonly #rows: SampleColumns = new SampleColumns(recordSamplesMax);
  /** Series that no record has defined yet, in order; and the highest number among the rows. */
  #undefined: SeriesDefinition[] = [];
  #lastSeries: SeriesId = -1;
  #startAt: EpochMs = Number.NaN;
  /** The newest stamp, and the first of the rows that wait. */
  #nowAt: EpochMs = Number.NEGATIVE_INFINITY;
  #openAt: EpochMs = Number.NaN;
  sampleCount = 0;
  /** Samples more than a minute older than one before: the recording is not in order of time. */
  disorderCount = 0;

  constructor(replays: readonly Replay[]) {
    this.#replays = replays;
  }

  /** The oldest and the newest stamp; `NaN` and `-Infinity` before the first sample. */
  get startAt(): EpochMs {
    return this.#startAt;
  }

  get endAt(): EpochMs {
    return this.#nowAt;
  }

  get seriesCount(): number {
    return this.#series.count;
  }

  /** @returns The number of a series for {@link SampleReplay.add}; -1 when there is no room, or a name is none. */
  seriesOf(device: string, metric: string): SeriesId {
    return this.#series.resolve(device, metric, undefined, { topic: device });
  }

  /** Takes a sample; some thousand of them are folded together. */
  add(series: SeriesId, value: RecordedValue, at: EpochMs): void {
    const rows = this.#rows;
    if (at > this.#nowAt) {
      if (rows.count > 0 && at - this.#openAt >= recordMsMax) this.flush();
      this.#nowAt = at;
    } else if (at < this.#nowAt - disorderMs) this.disorderCount += 1;
    if (rows.count === 0) this.#openAt = this.#nowAt;
    if (!(this.#startAt <= at)) this.#startAt = at;
    const row = rows.count;
    if (series > this.#lastSeries) this.#lastSeries = series;
    if (typeof value === "number") rows.push(series, ValueKind.number, value);
    else if (typeof value === "boolean") rows.push(series, ValueKind.boolean, value ? 1 : 0);
    else rows.pushText(series, value);
    rows.stamp(row, at, RowFlag.stamped);
    this.sampleCount += 1;
    if (rows.count === recordSamplesMax) this.flush();
  }

  /** Folds the samples that wait; to be called after the last one. */
  flush(): void {
    const rows = this.#rows;
    if (rows.count === 0) return;
    const at = this.#nowAt;
    const definitions = this.#takeDefinitions();
    for (const replay of this.#replays) {
      replay.step({ at, synced: true, monotonicMs: at, boot: "replay", definitions, rows });
    }
    rows.clear();
  }

  /** A series is defined by the record that holds its first sample: before that, nobody waits for it. */
  #takeDefinitions(): readonly SeriesDefinition[] {
    const waiting = [...this.#undefined, ...this.#series.takeNew()];
    this.#undefined = waiting.filter(({ id }) => id > this.#lastSeries);
    return waiting.filter(({ id }) => id <= this.#lastSeries);
  }
}
