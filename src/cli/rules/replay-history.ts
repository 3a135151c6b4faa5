/** Folds the log of a gateway again, as it was written: on the clock that the gateway had. */
import type { LogRecord, Settings } from "../../core/record.ts";
import type { Replay } from "../../core/rule/replay.ts";
import type { EpochMs, SampleColumns, SeriesDefinition } from "../../core/sample.ts";
import { type History, openHistory } from "../../store/history.ts";
import { grouped } from "../style.ts";
import type { Replayed, ReplayPlan } from "./backtest.ts";
import { instantText } from "./instants.ts";

/**
 * Folds the records of a data directory that lie in the span.
 *
 * A copy is read, so the gateway may be running, and nothing of its directory changes. What people commanded
 * meanwhile (acknowledged, shelved) is left out: it was about other alerts.
 *
 * @throws AppError as `openHistory`.
 */
export async function replayHistory(
  directory: string,
  plan: ReplayPlan,
  settingsIn: (checkpoint: Uint8Array) => Promise<Settings | undefined>,
): Promise<Replayed> {
  const history = await openHistory(directory);
  try {
    const replays = await plan.begin(await history.settings(settingsIn));
    return await new HistoryReplay(history, replays, plan).run();
  } finally {
    await history.close();
  }
}

class HistoryReplay {
  readonly #history: History;
  readonly #replays: readonly Replay[];
  readonly #plan: ReplayPlan;
  /** Every series of the gateway; and the numbers that they have here, in the order of first appearance. */
  #series: ReadonlyMap<number, SeriesDefinition> = new Map();
  readonly #numbers = new Map<number, number>();
  #sampleCount = 0;
  #startAt: EpochMs | undefined;
  #endAt: EpochMs | undefined;
  /** Records that are lost, as stretches and as a number. */
  #gapCount = 0;
  #lostCount = 0;

  constructor(history: History, replays: readonly Replay[], plan: ReplayPlan) {
    this.#history = history;
    this.#replays = replays;
    this.#plan = plan;
  }

  async run(): Promise<Replayed> {
    const { span, stopped } = this.#plan;
    this.#series = await this.#history.series();
    const firstSeq = await this.#history.seqAt(span.fromAt);
    for await (const entry of this.#history.records(firstSeq)) {
      if (stopped()) break;
      if (entry.kind === "gap") {
        this.#gapCount += 1;
        this.#lostCount += entry.to - entry.from + 1;
        continue;
      }
      const { record } = entry;
      if (record.at < span.fromAt) continue;
      if (record.at >= span.toAt) break;
      this.#fold(record);
      this.#show(record, firstSeq);
    }
    return {
      sampleCount: this.#sampleCount,
      seriesCount: this.#numbers.size,
      startAt: this.#startAt,
      endAt: this.#endAt,
      remarks: await this.#remarks(),
    };
  }

  #fold(record: LogRecord): void {
    const { rows, at } = record;
    const definitions = this.#renumber(rows);
    this.#sampleCount += rows.count;
    this.#startAt ??= at;
    this.#endAt = at;
    const { synced, monotonicMs, boot, repair } = record;
    const recorded = { at, synced, monotonicMs, boot, definitions, rows };
    for (const replay of this.#replays)
      replay.step(repair === undefined ? recorded : { ...recorded, repair });
  }

  /**
   * Numbers series as they appear in the span, so that nobody waits for those that were there years ago.
   *
   * @returns Those that are new.
   */
  #renumber(rows: SampleColumns): readonly SeriesDefinition[] {
    const definitions: SeriesDefinition[] = [];
    for (let row = 0; row < rows.count; row += 1) {
      const known = rows.series[row]!;
      let id = this.#numbers.get(known);
      if (id === undefined) {
        id = this.#numbers.size;
        this.#numbers.set(known, id);
        definitions.push({ ...(this.#series.get(known) ?? lostSeries(known)), id });
      }
      rows.series[row] = id;
    }
    return definitions;
  }

  #show({ seq }: LogRecord, firstSeq: number): void {
    const total = this.#history.lastSeq - firstSeq + 1;
    this.#plan.progress.show((seq - firstSeq + 1) / total, `${grouped(this.#sampleCount)} samples`);
  }

  async #remarks(): Promise<string[]> {
    const remarks: string[] = [];
    if (this.#gapCount > 0) {
      const stretches = this.#gapCount === 1 ? "1 place" : `${grouped(this.#gapCount)} places`;
      remarks.push(
        `${grouped(this.#lostCount)} records are lost, in ${stretches}: holdfast verify names them.`,
      );
    }
    if (this.#startAt === undefined) remarks.push(await this.#whatThereIs());
    return remarks;
  }

  async #whatThereIs(): Promise<string> {
    const { firstSeq, lastSeq } = this.#history;
    for await (const entry of this.#history.records(firstSeq)) {
      if (entry.kind === "gap") continue;
      return `The history begins at ${instantText(entry.record.at)} and has ${grouped(lastSeq - firstSeq + 1)} records.`;
    }
    return "The history is empty.";
  }
}

/** A series whose definition is lost. */
function lostSeries(id: number): SeriesDefinition {
  return { id, device: `lost-${id}`, metric: "lost" };
}
