/**
 * Windows of a number of samples: a decision at every `every`th sample over the last `count`, or over fewer
 * while fewer have come.
 *
 * Samples count in order of event time as far as lateness lets them wait; one from before the watermark is
 * too late.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import { type Held, readHeld, shiftHeld, writeHeld } from "./held.ts";
import { OrderedWindow } from "./ordered.ts";
import type { PanePool } from "./pane-pool.ts";
import type { Decider } from "./window.ts";

export class CountWindow extends OrderedWindow {
  /** The last `count` samples, oldest first. */
  #held: Held[] = [];
  /** Samples since the last decision. */
  #takenCount = 0;
  readonly #countMax: number;
  readonly #every: number;
  readonly #pool: PanePool;

  /** @param pool - Only for the pane that decisions see. */
  constructor(
    spec: { readonly count: number; readonly every: number; readonly latenessMs: number },
    pool: PanePool,
  ) {
    super(spec.latenessMs);
    this.#countMax = spec.count;
    this.#every = spec.every;
    this.#pool = pool;
  }

  protected override take(value: number, at: EpochMs, decider: Decider): void {
    const held = this.#held;
    held.push({ at, value });
    if (held.length > this.#countMax) held.shift();
    this.#takenCount += 1;
    if (this.#takenCount < this.#every) return;
    this.#takenCount = 0;
    const { seen } = this.#pool;
    seen.reset(held[0]!.at, at);
    for (const sample of held) seen.add(sample.value, sample.at);
    decider.decide(at, seen);
  }

  override shift(byMs: number): void {
    super.shift(byMs);
    this.#held = shiftHeld(this.#held, byMs);
  }

  override write(writer: SnapshotWriter): void {
    super.write(writer);
    writer.count(this.#takenCount);
    writeHeld(writer, this.#held);
  }

  override read(reader: SnapshotReader): void {
    super.read(reader);
    this.#takenCount = reader.count();
    this.#held = readHeld(reader);
  }
}
