/**
 * When a checkpoint is worth its price.
 *
 * Recovery folds again what came after the newest checkpoint, so its length is the folding done since.
 * A checkpoint is due when that is more than a second, or twenty times what the last one cost, whichever
 * is more: recovery stays short, and checkpoints cost a twentieth of the folding at most. Records and rows
 * are bounded too, since reading them back costs time whatever is in them.
 */
const foldedMsMax = 1_000;
const costFactor = 20;
const rowsMax = 1_000_000;
const recordsMax = 60_000;

export class CheckpointSchedule {
  #foldedMs = 0;
  #rows = 0;
  #records = 0;
  #costMs = 0;

  /** Counts a record. */
  folded(rows: number, durationMs: number): void {
    this.#records += 1;
    this.#rows += rows;
    this.#foldedMs += durationMs;
  }

  /**
   * Counts what recovery has folded again. Without a checkpoint the next one would fold it again too: a
   * process that keeps dying must not start ever slower.
   */
  replayed(
    tail: { readonly replayedRecords: number; readonly replayedRows: number },
    durationMs: number,
  ): void {
    this.#records += tail.replayedRecords;
    this.#rows += tail.replayedRows;
    this.#foldedMs += durationMs;
  }

  get due(): boolean {
    return (
      this.#records >= recordsMax ||
      this.#rows >= rowsMax ||
      this.#foldedMs > Math.max(foldedMsMax, costFactor * this.#costMs)
    );
  }

  /** @param costMs - What taking the snapshot took. */
  taken(costMs: number): void {
    this.#costMs = costMs;
    this.#foldedMs = 0;
    this.#rows = 0;
    this.#records = 0;
  }
}
