/**
 * Windows between two conditions: from a sample of which `begin` holds to the next of which `end` holds,
 * both included, or until `max` have passed since the first.
 *
 * The sample that opens it does not close it, even where `end` holds of it; the one that closes it does not
 * open the next. The decision is made at the stamp of the closing sample, or at `first stamp + max`. Which
 * sample closes it depends on their order, so one from before the watermark is too late.
 */
import type { SampleCondition } from "../rule/definition.ts";
import type { EpochMs } from "../sample.ts";
import { holdsOf } from "./extras.ts";
import type { PanePool } from "./pane-pool.ts";
import { SpellWindow } from "./spell.ts";
import type { Decider } from "./window.ts";

export class StateWindow extends SpellWindow {
  readonly #begin: SampleCondition;
  readonly #end: SampleCondition;
  readonly #maxMs: number;

  constructor(
    spec: {
      readonly begin: SampleCondition;
      readonly end: SampleCondition;
      readonly maxMs: number;
      readonly latenessMs: number;
    },
    pool: PanePool,
  ) {
    super(spec.latenessMs, pool);
    this.#begin = spec.begin;
    this.#end = spec.end;
    this.#maxMs = spec.maxMs;
  }

  protected override take(value: number, at: EpochMs, decider: Decider): void {
    if (this.isOpen) {
      this.addOpen(value, at);
      if (holdsOf(this.#end, value)) this.closeAs(at, decider);
    } else if (holdsOf(this.#begin, value)) {
      this.open(at);
      this.addOpen(value, at);
      this.closeAt = at + this.#maxMs;
    }
  }
}
