/**
 * How long to wait before the next attempt to connect.
 *
 * Full jitter: the wait is drawn evenly from zero up to a ceiling that doubles with each failure. Of the
 * usual schemes it spreads a crowd of clients best for the least total work, which is what matters when a
 * broker comes back and a whole fleet has been waiting for it.
 *
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 ("Full Jitter").
 */

/** The shape of the waits. All in milliseconds unless it says otherwise. */
export interface BackoffPolicy {
  /** Ceiling of the first wait. */
  readonly baseMs: number;
  /** The ceiling stops growing here. */
  readonly capMs: number;
  /** A connection that held this long wipes out the failures before it. */
  readonly stableMs: number;
  /**
   * Most failures in a row, as a count, after a connection that broke early but did deliver something.
   *
   * A mobile link that drops every 20 seconds is not a server in trouble: without this bound its waits
   * would grow to minutes, and it would be up a tenth of the time that the radio is.
   */
  readonly productiveFailuresMax: number;
  /**
   * Fewest failures in a row, as a count, once the far end says that it has too many clients. Six make
   * the ceiling 32 s, in which 100 gateways come back at 3 a second on average and hardly ever at 10.
   */
  readonly crowdedFailuresMin: number;
}

/** What the gateway uses. */
export const backoffPolicy: BackoffPolicy = {
  baseMs: 1_000,
  capMs: 300_000,
  stableMs: 60_000,
  productiveFailuresMax: 3,
  crowdedFailuresMin: 6,
};

/**
 * Finds the wait before the next attempt.
 *
 * @param failures - Attempts that failed in a row, from 1 on; the first failure waits up to `baseMs`.
 * @param random - From `[0, 1)`, evenly distributed.
 * @returns Milliseconds in `[0, min(capMs, baseMs × 2^(failures - 1)))`.
 */
export function backoffMs(policy: BackoffPolicy, failures: number, random: number): number {
  return random * backoffCeilingMs(policy, failures);
}

/** The largest wait that may follow so many failures in a row; grows with them and never passes `capMs`. */
export function backoffCeilingMs(policy: BackoffPolicy, failures: number): number {
  // Past 2^30 the product would leave the range of exact integers long after the cap decided.
  const doublings = Math.min(30, Math.max(0, failures - 1));
  return Math.min(policy.capMs, policy.baseMs * 2 ** doublings);
}
