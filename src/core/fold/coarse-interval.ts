/** The intervals of one coarser resolution of a rollup: the one that is open, and those closed lately. */
import type { EpochMs } from "../sample.ts";
import { alignedStart, Pane } from "../window/pane.ts";
import type { SnapshotReader, SnapshotWriter } from "./snapshot.ts";

/** An interval that was summarised, and how often it was so again. */
export interface ClosedInterval {
  readonly pane: Pane;
  revision: number;
}

export class CoarseIntervals {
  readonly sizeMs: number;
  /** Without samples while there is no open interval. */
  open: Pane = new Pane();
  /** Kept for what still comes for them; oldest first. */
  readonly #closed: ClosedInterval[] = [];

  constructor(sizeMs: number) {
    this.sizeMs = sizeMs;
  }

  /**
   * Adds a finest interval that is closed now, none of the open interval's time is before it.
   *
   * @returns The interval, when silence had closed it before and it is to be summarised again.
   */
  merge(part: Pane): ClosedInterval | undefined {
    const start = alignedStart(part.start, this.sizeMs);
    const closed = this.#closedAt(start);
    if (closed === undefined) {
      this.#begin(start);
      this.open.merge(part);
      return undefined;
    }
    closed.pane.merge(part);
    closed.revision += 1;
    return closed;
  }

  /**
   * Adds a sample of a finest interval that was closed before.
   *
   * @param watermark - An interval that ends up to there is closed.
   * @returns The interval, when it had been closed itself and is to be summarised again.
   */
  addLate(value: number, at: EpochMs, watermark: EpochMs): ClosedInterval | undefined {
    const start = alignedStart(at, this.sizeMs);
    let closed = this.#closedAt(start);
    if (closed === undefined) {
      const isOpen = this.open.count > 0 ? this.open.start === start : start + this.sizeMs > watermark;
      if (isOpen) {
        this.#begin(start);
        this.open.add(value, at);
        return undefined;
      }
      // Nothing had come of it when it would have been closed.
      closed = this.#insertClosed(start);
    }
    closed.pane.add(value, at);
    closed.revision += 1;
    return closed;
  }

  /**
   * Closes the open interval.
   *
   * @param finalUntil - Nothing comes any more for what ends up to there.
   */
  close(finalUntil: EpochMs): Pane {
    const closed = this.open;
    let gone = 0;
    while (gone < this.#closed.length && this.#closed[gone]!.pane.end <= finalUntil) gone += 1;
    const spare = this.#closed.splice(0, gone)[0]?.pane ?? new Pane();
    spare.reset(0, 0);
    this.open = spare;
    this.#closed.push({ pane: closed, revision: 0 });
    return closed;
  }

  #begin(start: EpochMs): void {
    if (this.open.count === 0) this.open.reset(start, start + this.sizeMs);
  }

  #closedAt(start: EpochMs): ClosedInterval | undefined {
    for (let index = this.#closed.length - 1; index >= 0; index -= 1) {
      const closed = this.#closed[index]!;
      if (closed.pane.start <= start) return closed.pane.start === start ? closed : undefined;
    }
    return undefined;
  }

  #insertClosed(start: EpochMs): ClosedInterval {
    const pane = new Pane();
    pane.reset(start, start + this.sizeMs);
    let index = this.#closed.length;
    while (index > 0 && this.#closed[index - 1]!.pane.start > start) index -= 1;
    const closed = { pane, revision: 0 };
    this.#closed.splice(index, 0, closed);
    return closed;
  }

  write(writer: SnapshotWriter): void {
    this.open.write(writer);
    writer.count(this.#closed.length);
    for (const { pane, revision } of this.#closed) {
      pane.write(writer);
      writer.count(revision);
    }
  }

  read(reader: SnapshotReader): void {
    this.open = Pane.read(reader);
    const count = reader.count();
    for (let index = 0; index < count; index += 1) {
      this.#closed.push({ pane: Pane.read(reader), revision: reader.count() });
    }
  }
}
