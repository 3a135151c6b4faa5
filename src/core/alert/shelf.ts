/**
 * A shelf: for a while people do not want to hear of an alert, and then it comes back by itself.
 *
 * It ends after its duration of the gateway's running time, or at its end by the wall clock, whichever is
 * first. Running time never jumps but stands still while the gateway is off, so alone it would keep a
 * two-hour shelf for days on a gateway that was switched off for the weekend. The wall clock knows of that
 * time, but a board without a battery begins in the past and jumps by years when it learns the time: that
 * must not unshelve everything, nor, backwards, shelve it for ever. So the wall clock counts only when it was
 * synchronised both when the alert was shelved and now.
 *
 * Source: shelving with a time limit, ISA-18.2 (IEC 62682), alarm states.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";

/** A moment on both clocks of the gateway. */
export interface GatewayTime {
  /** Milliseconds that the gateway has been running; it never goes back and never jumps. */
  readonly runningMs: number;
  /** The wall clock. */
  readonly at: EpochMs;
  /** Whether the wall clock is known to be right. */
  readonly synced: boolean;
}

export class Shelf {
  readonly #endRunningMs: number;
  readonly #endSynced: boolean;
  #endAt: EpochMs;
  readonly by: string;
  readonly reason: string;

  private constructor(
    end: { readonly runningMs: number; readonly at: EpochMs; readonly synced: boolean },
    said: { readonly by: string; readonly reason: string },
  ) {
    this.#endRunningMs = end.runningMs;
    this.#endAt = end.at;
    this.#endSynced = end.synced;
    this.by = said.by;
    this.reason = said.reason;
  }

  /** @param forMs - Not negative. */
  static open(
    now: GatewayTime,
    forMs: number,
    said: { readonly by: string; readonly reason: string },
  ): Shelf {
    return new Shelf({ runningMs: now.runningMs + forMs, at: now.at + forMs, synced: now.synced }, said);
  }

  static read(reader: SnapshotReader): Shelf {
    const end = { runningMs: reader.number(), at: reader.number(), synced: reader.count() === 1 };
    return new Shelf(end, { by: reader.text(), reason: reader.text() });
  }

  /** Its end by the wall clock, for people to read; provisional where that clock was not synchronised. */
  get endAt(): EpochMs {
    return this.#endAt;
  }

  isOver(now: GatewayTime): boolean {
    return now.runningMs >= this.dueAt(now);
  }

  /** When it ends, in running time, as far as the clocks tell now. */
  dueAt(now: GatewayTime): number {
    if (!this.#endSynced || !now.synced) return this.#endRunningMs;
    return Math.min(this.#endRunningMs, now.runningMs + this.#endAt - now.at);
  }

  /** Moves a provisional end: the clock was corrected. One that was taken from a synchronised clock is right. */
  shift(byMs: number): void {
    if (!this.#endSynced) this.#endAt += byMs;
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.#endRunningMs);
    writer.number(this.#endAt);
    writer.count(this.#endSynced ? 1 : 0);
    writer.text(this.by);
    writer.text(this.reason);
  }
}
