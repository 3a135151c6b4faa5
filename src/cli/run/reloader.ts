/** Takes a changed configuration and changed rules into use while the gateway runs. */
import type { Result } from "../../core/errors.ts";
import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/ports.ts";
import type { Setup } from "../setup.ts";
import { tellRefusedProfiles } from "./refused-profiles.ts";

/** What the reloader needs. */
export interface ReloaderOptions {
  /** Loads what is wanted now, beside what is in force. */
  readonly load: (inForce: Setup) => Promise<Result<Setup>>;
  /** What the gateway was opened with. */
  readonly inForce: Setup;
  readonly gateway: { reload(next: Setup): Promise<Result<void>> };
  readonly logger: Logger;
}

/**
 * Reloads one at a time, all or nothing: with any problem what was in force stays in force. Of device profiles
 * only those stay as they were that are wrong now.
 *
 * Requests during a reload are answered by one more reload after it.
 */
export class Reloader {
  readonly #options: ReloaderOptions;
  #inForce: Setup;
  #running: Promise<void> | undefined;
  #again: string | undefined;

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#inForce = options.inForce;
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
      const setup = await load(this.#inForce);
      const done = setup.ok ? await gateway.reload(setup.value) : setup;
      if (!done.ok) {
        const { problems } = done;
        logger.error(
          { event: "reload-refused", reason, problems },
          "The change is refused; nothing changed.",
        );
      } else if (setup.ok) {
        this.#inForce = setup.value;
        tellRefusedProfiles(logger, setup.value);
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
