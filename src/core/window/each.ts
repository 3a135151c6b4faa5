/**
 * Windows that are decided at every sample: `none` looks at the sample alone, `sliding` at the last
 * `size` before it, `(at - size, at]`.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import { slidingSamplesMax } from "../limits.ts";
import type { EpochMs } from "../sample.ts";
import { type Held, readHeld, shiftHeld, writeHeld } from "./held.ts";
import { OrderedWindow } from "./ordered.ts";
import type { PanePool } from "./pane-pool.ts";
import type { Decider } from "./window.ts";

export class EachWindow extends OrderedWindow {
  /** Decided, and still within `size` of the last decision. Always empty for `none`. */
  #held: Held[] = [];
  readonly #sizeMs: number;
  readonly #pool: PanePool;

  /**
   * @param sizeMs - 0 for `none`.
   * @param pool - Only for the pane that decisions see.
   */
  constructor(sizeMs: number, latenessMs: number, pool: PanePool) {
    super(latenessMs);
    this.#sizeMs = sizeMs;
    this.#pool = pool;
  }

  protected override take(value: number, at: EpochMs, decider: Decider): void {
    const { seen } = this.#pool;
    const from = at - this.#sizeMs;
    seen.reset(from, at);
    if (this.#sizeMs > 0) {
      const held = this.#held;
      let gone = 0;
      while (gone < held.length && held[gone]!.at <= from) gone += 1;
      if (held.length - gone >= slidingSamplesMax) {
        gone += 1;
        this.overflowCount += 1;
      }
      if (gone > 0) held.splice(0, gone);
      for (const sample of held) seen.add(sample.value, sample.at);
      held.push({ at, value });
    }
    seen.add(value, at);
    decider.decide(at, seen);
  }

  override shift(byMs: number): void {
    super.shift(byMs);
    this.#held = shiftHeld(this.#held, byMs);
  }

  override write(writer: SnapshotWriter): void {
    super.write(writer);
    writeHeld(writer, this.#held);
  }

  override read(reader: SnapshotReader): void {
    super.read(reader);
    this.#held = readHeld(reader);
  }
}
