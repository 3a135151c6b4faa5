/** What windows have in common that open at a sample and close at an instant of their own: one open pane. */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import { OrderedWindow } from "./ordered.ts";
import { noPane, type PaneHandle, type PanePool } from "./pane-pool.ts";
import type { Decider } from "./window.ts";

export abstract class SpellWindow extends OrderedWindow {
  readonly #pool: PanePool;
  #pane: PaneHandle = noPane;

  constructor(latenessMs: number, pool: PanePool) {
    super(latenessMs);
    this.#pool = pool;
  }

  protected get isOpen(): boolean {
    return this.#pane !== noPane;
  }

  /** Stamp of the sample that opened it. */
  protected get openedAt(): EpochMs {
    return this.#pool.startOf(this.#pane);
  }

  protected open(at: EpochMs): void {
    this.#pane = this.#pool.open(at);
  }

  protected addOpen(value: number, at: EpochMs): void {
    this.#pool.add(this.#pane, value, at);
  }

  /** Decides over what came since it opened; nothing is open afterwards. */
  protected closeAs(at: EpochMs, decider: Decider): void {
    const pool = this.#pool;
    const pane = this.#pane;
    pool.seen.reset(pool.startOf(pane), pool.lastAtOf(pane));
    pool.see([pane], 0, 1);
    this.release();
    decider.decide(at, pool.seen);
  }

  protected override close(decider: Decider): void {
    this.closeAs(this.closeAt, decider);
  }

  override shift(byMs: number): void {
    super.shift(byMs);
    if (this.isOpen) this.#pool.shift(this.#pane, byMs, byMs);
  }

  override release(): void {
    if (this.isOpen) this.#pool.release(this.#pane);
    this.#pane = noPane;
    this.closeAt = Number.POSITIVE_INFINITY;
  }

  override write(writer: SnapshotWriter): void {
    super.write(writer);
    writer.count(this.isOpen ? 1 : 0);
    if (!this.isOpen) return;
    writer.number(this.closeAt);
    this.#pool.write(this.#pane, writer);
  }

  override read(reader: SnapshotReader): void {
    super.read(reader);
    if (reader.count() === 0) return;
    this.closeAt = reader.number();
    this.#pane = this.#pool.read(reader);
  }
}
