/** Takes a changed configuration and changed rules into use while the gateway runs. */
import type { Result } from "../../core/errors.ts";
import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/ports.ts";
import type { Setup } from "../setup.ts";

/** What the reloader needs. */
export interface ReloaderOptions {
  readonly load: () => Promise<Result<Setup>>;
  readonly gateway: { reload(next: Setup): Promise<Result<void>> };
  readonly logger: Logger;
}

/**
 * Reloads one at a time, all or nothing: with any problem what was in force stays in force.
 *
 * Requests during a reload are answered by one more reload after it.
 */
export class Reloader {
  readonly #options: ReloaderOptions;
  #running: Promise<void> | undefined;
  #again: string | undefined;

  constructor(options: ReloaderOptions) {
    this.#options = options;
  }

  /** Asks for a reload. `reason` goes into the log. */
  request(reason: string): void {
    if (this.#running !== undefined) {
      this.#again = reason;
      return;
    }
    this.#running = this.#reload(reason).finally(() => {
      this.#running = undefined;
      const again = this.#again;
      this.#again = undefined;
      if (again !== undefined) this.request(again);
    });
  }

  /** Resolves when no reload is under way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #reload(reason: string): Promise<void> {
    const { load, gateway, logger } = this.#options;
    try {
      const setup = await load();
      const done = setup.ok ? await gateway.reload(setup.value) : setup;
      if (!done.ok) {
        const { problems } = done;
        logger.error(
          { event: "reload-refused", reason, problems },
          "The change is refused; nothing changed.",
        );
      } else if (setup.ok) {
        logger.info(
          { event: "reloaded", reason, rules: setup.value.rules.length },
          "The change is in force.",
        );
      }
    } catch (error) {
      logger.error({ event: "reload-failed", reason, error: messageOf(error) }, "Reloading failed.");
    }
  }
}
