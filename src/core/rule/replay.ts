/**
 * Folds what was recorded under another set of rules, as a gateway would have folded it live.
 *
 * Time is that of the recording, so silence is noticed in it when it would have been noticed then.
 */
import { noCounts } from "../batch.ts";
import type { DeviceDescription } from "../device.ts";
import type { FoldState } from "../fold/state.ts";
import type { LogRecord } from "../record.ts";
import { type EpochMs, SampleColumns } from "../sample.ts";
import type { RuleDefinition } from "./definition.ts";
import { FiringBooks } from "./firings.ts";

/** How often a gateway looks whether the mere passing of time has an effect. */
const tickEveryMs = 1_000;

/** Where nothing was recorded for so long, it looks less often, so that a wrong stamp does not cost hours. */
const longSilenceMs = 7 * 86_400_000;
const longTickEveryMs = 60_000;

const noRows = new SampleColumns(1);

/** What was recorded at one moment. */
export type Recorded = Pick<
  LogRecord,
  "at" | "synced" | "monotonicMs" | "boot" | "definitions" | "rows" | "repair"
>;

/** What a {@link Replay} begins with. */
export interface ReplaySetup {
  readonly rules: readonly RuleDefinition[];
  readonly devices: readonly DeviceDescription[];
  /** A state that knows nothing yet. */
  readonly state: FoldState;
}

export class Replay {
  readonly books: FiringBooks = new FiringBooks();
  readonly #setup: ReplaySetup;
  #seq = 0;
  #boot = "";
  #monotonicMs = 0;
  /** Of the gateway, at `#monotonicMs`. */
  #at: EpochMs = 0;

  constructor(setup: ReplaySetup) {
    this.#setup = setup;
  }

  /** Samples that met rules for which there was no room. */
  get refusedGroupCount(): number {
    return this.#setup.state.refusedGroupCount;
  }

  /**
   * Folds what came next. Rows may be flagged by it, as by a gateway that takes them in.
   *
   * Series are best defined with their first sample: from its definition on, a rule may miss it.
   */
  step(recorded: Recorded): void {
    const first = this.#seq === 0;
    if (!first && recorded.boot === this.#boot) this.#passTimeTo(recorded.monotonicMs);
    this.#boot = recorded.boot;
    this.#monotonicMs = recorded.monotonicMs;
    this.#at = recorded.at;
    this.#fold(recorded, first);
  }

  /** Lets time pass, second by second, until just before a moment. */
  #passTimeTo(monotonicMs: number): void {
    const { state } = this.#setup;
    const startMs = this.#monotonicMs;
    const startAt = this.#at;
    let next = (Math.floor(startMs / tickEveryMs) + 1) * tickEveryMs;
    while (next < monotonicMs) {
      if (state.tickDue(next)) {
        const at = startAt + (next - startMs);
        const tick = { at, synced: true, monotonicMs: next, boot: this.#boot, definitions: [], rows: noRows };
        this.#fold(tick, false);
      }
      next += next - startMs > longSilenceMs ? longTickEveryMs : tickEveryMs;
    }
  }

  #fold({ repair, ...recorded }: Recorded, first: boolean): void {
    const { state, rules, devices } = this.#setup;
    this.#seq += 1;
    // Rules are in force before the first sample: series that the record defines find them.
    const settings = first ? { settings: { rules, rollups: [], devices } } : {};
    const again = repair === undefined ? {} : { repair };
    state.admit(recorded, "stored");
    const record = { seq: this.#seq, counts: noCounts(), digests: [], ...recorded, ...settings, ...again };
    for (const alert of state.step(record).alerts) this.books.add(alert);
  }
}
