/**
 * Slows down whoever guesses passwords, by the pair of address and user.
 *
 * By the address alone, one guesser would lock out everybody behind the same router; by the user alone,
 * anybody could lock out anybody. Unknown users are treated like known ones, so that a lock tells nothing.
 */
import { loginFailuresFree, loginLocksMax } from "../limits.ts";

/** The first lock, and the longest. */
const firstLockMs = 1_000;
const longestLockMs = 60_000;

/** Failures are forgotten when as long passed since the last one. */
const forgetAfterMs = 15 * 60_000;

interface Failures {
  count: number;
  lastMs: number;
  lockedUntilMs: number;
}

/** Remembers failures; time and chance are given to it. */
export class Lockout {
  /** In the order of the last failure. */
  readonly #failures = new Map<string, Failures>();

  isLocked(address: string, user: string, nowMs: number): boolean {
    const known = this.#failures.get(keyOf(address, user));
    return known !== undefined && nowMs < known.lockedUntilMs;
  }

  /** The password was wrong the last time. */
  hasFailed(address: string, user: string): boolean {
    return this.#failures.has(keyOf(address, user));
  }

  /**
   * A password was wrong.
   *
   * @param random - From `[0, 1)`: the lock takes from half to all of its time, so that guessers who were
   *   locked together do not come back together.
   */
  onFailure(address: string, user: string, at: { readonly nowMs: number; readonly random: number }): void {
    const { nowMs, random } = at;
    const key = keyOf(address, user);
    const known = this.#failures.get(key);
    const isFresh = known === undefined || nowMs - known.lastMs > forgetAfterMs;
    const count = isFresh ? 1 : known.count + 1;
    const doublings = Math.min(count - loginFailuresFree, 16);
    const lockMs = doublings <= 0 ? 0 : Math.min(longestLockMs, firstLockMs * 2 ** (doublings - 1));
    this.#failures.delete(key);
    if (this.#failures.size >= loginLocksMax) this.#forgetOldest();
    this.#failures.set(key, { count, lastMs: nowMs, lockedUntilMs: nowMs + lockMs * (0.5 + random / 2) });
  }

  onSuccess(address: string, user: string): void {
    this.#failures.delete(keyOf(address, user));
  }

  #forgetOldest(): void {
    const [oldest] = this.#failures.keys();
    if (oldest !== undefined) this.#failures.delete(oldest);
  }
}

function keyOf(address: string, user: string): string {
  return `${networkOf(address)} ${user}`;
}

/**
 * What of an address one party has: all of an IPv4 address, and the first 64 bits of an IPv6 one.
 * Source: RFC 6177 § 2: an end site gets at least a /64.
 */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
  if (!plain.includes(":")) return plain;
  const [head = "", tail] = plain.split("%")[0]!.split("::");
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeroes = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length);
  return [...front, ...Array.from({ length: zeroes }, () => "0"), ...back].slice(0, 4).join(":");
}
