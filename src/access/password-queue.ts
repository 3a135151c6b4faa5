/**
 * The line in front of the password check, which is expensive on purpose.
 *
 * Addresses take turns, so that one that guesses a thousand times a second holds up others for one check at most.
 */
import { passwordChecksMax, passwordWaitingMax, passwordWaitingTotalMax } from "../core/limits.ts";

interface Waiting {
  readonly start: () => Promise<void>;
}

export class PasswordQueue {
  /** The address whose turn it is comes first. */
  readonly #lines = new Map<string, Waiting[]>();
  #running = 0;
  #waiting = 0;

  /**
   * Does the work when it is the address's turn.
   *
   * @returns What the work gives; `"busy"` when too many wait already.
   */
  run<T>(address: string, work: () => Promise<T>): Promise<T | "busy"> {
    const line = this.#lines.get(address) ?? [];
    if (line.length >= passwordWaitingMax || this.#waiting >= passwordWaitingTotalMax) {
      return Promise.resolve("busy");
    }
    return new Promise((resolve, reject) => {
      line.push({ start: () => work().then(resolve, reject) });
      this.#lines.set(address, line);
      this.#waiting += 1;
      this.#next();
    });
  }

  #next(): void {
    if (this.#running >= passwordChecksMax) return;
    const [turn] = this.#lines;
    if (turn === undefined) return;
    const [address, line] = turn;
    const first = line.shift();
    this.#lines.delete(address);
    if (line.length > 0) this.#lines.set(address, line);
    this.#waiting -= 1;
    this.#running += 1;
    void first?.start().finally(() => {
      this.#running -= 1;
      this.#next();
    });
  }
}
