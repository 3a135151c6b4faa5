/**
 * Repairs of the gateway's own time, as data of the log.
 *
 * Samples without a stamp carry the gateway's time of receipt. When the gateway learns that its clock was
 * wrong, nothing that was written is changed: a repair is written, and whoever reads the log moves the times of
 * receipt that were written before it in the same boot.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import { type EpochMs, RowFlag, type SampleColumns } from "../sample.ts";

/** Whether a time is known to be right. */
export type ClockQuality = "synced" | "unsynced";

export interface TimeRepair {
  /** Times of receipt of this boot, of all that was received before, are to move. */
  readonly boot: string;
  /** By this; whole milliseconds. 0 says that they were right. */
  readonly byMs: number;
  /** What the clock counted as before. */
  readonly from: ClockQuality;
  /** What it counts as now: `synced` when the moved times are right, `unsynced` when they remain provisional. */
  readonly to: ClockQuality;
}

/** Where repairs come from. */
export interface RepairSource {
  /**
   * What has to be repaired since the last call, as one.
   *
   * Who stamps samples asks after each reading of the time and before using it: then every time that was used
   * before is of the old clock, and every one after it of the new. Samples that are not written yet are moved
   * at once ({@link moveReceipts}), the written ones by the repair in the next record.
   */
  takeRepair(): TimeRepair | undefined;
}

/** One repair for two that follow each other in the same boot. */
export function joinedRepair(first: TimeRepair, second: TimeRepair): TimeRepair {
  return { boot: second.boot, byMs: first.byMs + second.byMs, from: first.from, to: second.to };
}

/**
 * Repairs kept; the oldest is forgotten, and what it would have moved keeps its provisional time. A board
 * without a clock needs two for a boot: 256 are four months of a boot a day. 256 × about 100 bytes = 26 KB.
 */
export const timeRepairsMax = 256;

interface RecordedRepair extends TimeRepair {
  /** The record that holds it. */
  readonly seq: number;
}

/** The repairs of a log, by which its readers find the right times. Part of the fold's state. */
export class RepairTable {
  #repairs: RecordedRepair[] = [];

  /**
   * Takes the repair that a record holds. It is for the records before that one; times in the same record
   * were moved before it was sealed.
   *
   * @param seq - Of the record; larger than those before.
   */
  add(repair: TimeRepair, seq: number): void {
    this.#repairs.push({ ...repair, seq });
    if (this.#repairs.length > timeRepairsMax) this.#repairs.shift();
  }

  /**
   * By how much the times of receipt in a record are to move, in milliseconds.
   *
   * Time alone does not say it: after a step back an hour comes twice. So the record is named.
   */
  movedMs(boot: string, seq: number): number {
    let byMs = 0;
    for (let index = this.#repairs.length - 1; index >= 0; index -= 1) {
      const repair = this.#repairs[index]!;
      if (repair.seq <= seq) break;
      if (repair.boot === boot) byMs += repair.byMs;
    }
    return byMs;
  }

  /**
   * The right time for one that the gateway's clock gave: a receipt, or a record's `at`.
   *
   * @param at - As it stands in the record `seq`, written in that boot.
   */
  repairedAt(boot: string, seq: number, at: EpochMs): EpochMs {
    return at + this.movedMs(boot, seq);
  }

  /** Whether the provisional times of a record are right once they are moved: the boot's clock was set later. */
  settled(boot: string, seq: number): boolean {
    for (let index = this.#repairs.length - 1; index >= 0; index -= 1) {
      const repair = this.#repairs[index]!;
      if (repair.seq <= seq) return false;
      if (repair.boot === boot) return repair.to === "synced";
    }
    return false;
  }

  write(writer: SnapshotWriter): void {
    writer.count(this.#repairs.length);
    for (const { boot, byMs, from, to, seq } of this.#repairs) {
      writer.text(boot);
      writer.number(byMs);
      writer.count((from === "synced" ? 1 : 0) + (to === "synced" ? 2 : 0));
      writer.count(seq);
    }
  }

  read(reader: SnapshotReader): void {
    const count = reader.count();
    this.#repairs = [];
    for (let index = 0; index < count; index += 1) {
      const boot = reader.text();
      const byMs = reader.number();
      const qualities = reader.count();
      this.#repairs.push({
        boot,
        byMs,
        from: (qualities & 1) === 0 ? "unsynced" : "synced",
        to: (qualities & 2) === 0 ? "unsynced" : "synced",
        seq: reader.count(),
      });
    }
  }
}

/** Rows whose time is not that of their receipt in this boot. */
const keptTimes = RowFlag.stamped | RowFlag.historical;

/**
 * Moves the times of receipt of rows that are not written yet. Those that came before the repair are known by
 * being nearer to the present once they are moved; rows wait for less than the least step. Rows with the
 * device's own stamp keep it, and so do those that are marked as old: they were received before.
 *
 * @param nowAt - The right time.
 */
export function moveReceipts(rows: SampleColumns, nowAt: EpochMs, byMs: number): void {
  for (let row = 0; row < rows.count; row += 1) {
    const at = rows.at[row]!;
    const isMoved = Math.abs(at + byMs - nowAt) < Math.abs(at - nowAt);
    if (isMoved && (rows.flags[row]! & keptTimes) === 0) rows.at[row] = at + byMs;
  }
}
