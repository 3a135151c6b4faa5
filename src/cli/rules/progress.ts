/** A bar on a terminal that says how far something has come. */
import type { CommandContext } from "../context.ts";

const everyMs = 200;
const width = 30;

export class Progress {
  readonly #context: CommandContext;
  #shownMs = Number.NEGATIVE_INFINITY;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  /** Shows a share in [0, 1] and a text beside it, now and then, where somebody looks. */
  show(share: number, text: string): void {
    const { err, clock } = this.#context;
    if (!err.isTerminal) return;
    const now = clock.monotonicMs();
    if (now - this.#shownMs < everyMs) return;
    this.#shownMs = now;
    const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
    const bar = "#".repeat(filled) + "-".repeat(width - filled);
    err.write(`\r\u001b[K[${bar}] ${String(Math.floor(share * 100)).padStart(3)} %  ${text}`);
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.#shownMs === Number.NEGATIVE_INFINITY) return;
    this.#shownMs = Number.NEGATIVE_INFINITY;
    this.#context.err.write("\r\u001b[K");
  }
}
