/** The intervals of one coarser resolution of a rollup: the one that is open, and the one closed last. */
import type { EpochMs } from "../sample.ts";
import { alignedStart, Pane } from "../window/pane.ts";
import type { SnapshotReader, SnapshotWriter } from "./snapshot.ts";

export class CoarseInterval {
  readonly #sizeMs: number;
  /** Without samples while there is no open interval. */
  open: Pane = new Pane();
  /** Kept for samples that come late; they can be no later than for the interval closed last. */
  #closed: Pane | undefined = undefined;
  /** Of the interval closed last. */
  revision = 0;

  constructor(sizeMs: number) {
    this.#sizeMs = sizeMs;
  }

  /** The open interval, begun where there is none. */
  openAt(at: EpochMs): Pane {
    if (this.open.count === 0) this.#begin(this.open, at);
    return this.open;
  }

  /** Closes the open interval. */
  close(): Pane {
    const closed = this.open;
    this.open = this.#closed ?? new Pane();
    this.open.reset(0, 0);
    this.#closed = closed;
    this.revision = 0;
    return closed;
  }

  /**
   * Adds a sample of an interval of which a finer part was closed already.
   *
   * @returns The interval, when it had been closed itself and is to be summarised again.
   */
  addLate(value: number, at: EpochMs): Pane | undefined {
    const start = alignedStart(at, this.#sizeMs);
    const closed = this.#closed;
    if (closed !== undefined && start <= closed.start) {
      if (start < closed.start) return undefined;
      closed.add(value, at);
      this.revision += 1;
      return closed;
    }
    // Neither closed nor open: nothing had come of it.
    this.openAt(at).add(value, at);
    return undefined;
  }

  #begin(pane: Pane, at: EpochMs): void {
    const start = alignedStart(at, this.#sizeMs);
    pane.reset(start, start + this.#sizeMs);
  }

  write(writer: SnapshotWriter): void {
    this.open.write(writer);
    writer.count(this.#closed === undefined ? 0 : this.revision + 1);
    this.#closed?.write(writer);
  }

  read(reader: SnapshotReader): void {
    this.open = Pane.read(reader);
    const revision = reader.count();
    if (revision === 0) return;
    this.revision = revision - 1;
    this.#closed = Pane.read(reader);
  }
}
