/**
 * Sessions: from a sample to the last one before `gap` of silence, or until `max` have passed.
 *
 * A sample that comes `gap` or more after the one before it, or `max` or more after the first, begins the
 * next session. The decision is made at whichever comes first, `last stamp + gap` or `first stamp + max`.
 *
 * A sample from before the watermark still belongs to the open session when it is not older than its first
 * one; else it is too late.
 */
import type { EpochMs } from "../sample.ts";
import type { PanePool } from "./pane-pool.ts";
import { SpellWindow } from "./spell.ts";

export class SessionWindow extends SpellWindow {
  readonly #gapMs: number;
  readonly #maxMs: number;

  constructor(
    spec: { readonly gapMs: number; readonly maxMs: number; readonly latenessMs: number },
    pool: PanePool,
  ) {
    super(spec.latenessMs, pool);
    this.#gapMs = spec.gapMs;
    this.#maxMs = spec.maxMs;
  }

  protected override take(value: number, at: EpochMs): void {
    if (!this.isOpen) this.open(at);
    this.addOpen(value, at);
    this.closeAt = Math.min(at + this.#gapMs, this.openedAt + this.#maxMs);
  }

  protected override takeLate(value: number, at: EpochMs): boolean {
    if (!this.isOpen || at < this.openedAt) return true;
    this.addOpen(value, at);
    // The watermark may have gone on from the newest sample by silence.
    const closeAt = Math.min(at + this.#gapMs, this.openedAt + this.#maxMs);
    if (closeAt > this.closeAt) this.closeAt = closeAt;
    return false;
  }
}
