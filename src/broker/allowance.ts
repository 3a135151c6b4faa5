/** How fast one client may publish: a bucket that holds what a second allows, filled while deadlines are looked at. */
import type { RoleLimits } from "../core/access/definition.ts";

/** What a connection asks before it takes a message. */
export interface Pace {
  take(size: number): boolean;
  readonly isEmpty: boolean;
  refill(elapsedMs: number): void;
}

export class Allowance implements Pace {
  readonly #messagesPerSecond: number;
  readonly #bytesPerSecond: number;
  #messages: number;
  #bytes: number;

  constructor({
    messagesPerSecond = Infinity,
    bytesPerSecond = Infinity,
  }: Pick<RoleLimits, "messagesPerSecond" | "bytesPerSecond">) {
    this.#messagesPerSecond = messagesPerSecond;
    this.#bytesPerSecond = bytesPerSecond;
    this.#messages = messagesPerSecond;
    this.#bytes = bytesPerSecond;
  }

  /** Takes a message out; one that is larger than what is left passes, and is paid off before the next. */
  take(size: number): boolean {
    if (this.isEmpty) return false;
    this.#messages -= 1;
    this.#bytes -= size;
    return true;
  }

  get isEmpty(): boolean {
    return this.#messages < 1 || this.#bytes <= 0;
  }

  refill(elapsedMs: number): void {
    const seconds = elapsedMs / 1_000;
    if (this.#messages !== Infinity) {
      const more = this.#messages + this.#messagesPerSecond * seconds;
      // One message a second must be possible where deadlines are looked at four times in it.
      this.#messages = Math.min(Math.max(1, this.#messagesPerSecond), more);
    }
    if (this.#bytes !== Infinity) {
      this.#bytes = Math.min(this.#bytesPerSecond, this.#bytes + this.#bytesPerSecond * seconds);
    }
  }
}

/** An allowance where the limits have one. */
export function allowanceOf(
  limits: Pick<RoleLimits, "messagesPerSecond" | "bytesPerSecond">,
): Allowance | undefined {
  const isLimited = limits.messagesPerSecond !== undefined || limits.bytesPerSecond !== undefined;
  return isLimited ? new Allowance(limits) : undefined;
}

/** The allowance of one client together with that of its tenant, which somebody else fills. */
export class JointAllowance implements Pace {
  readonly #own: Pace | undefined;
  readonly #shared: Pace;
  readonly #onReached: () => void;

  /** @param onReached - Told when the tenant has used up what is its. */
  constructor(own: Pace | undefined, shared: Pace, onReached: () => void) {
    this.#own = own;
    this.#shared = shared;
    this.#onReached = onReached;
  }

  take(size: number): boolean {
    if (this.#shared.isEmpty) {
      this.#onReached();
      return false;
    }
    return this.#own?.take(size) !== false && this.#shared.take(size);
  }

  get isEmpty(): boolean {
    return this.#own?.isEmpty === true || this.#shared.isEmpty;
  }

  refill(elapsedMs: number): void {
    this.#own?.refill(elapsedMs);
  }
}
