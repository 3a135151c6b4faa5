/** Tells when a peer has left what it was sent unread for too long. */

/**
 * Watches one connection's unsent bytes.
 *
 * What counts is whether bytes that were waiting at some moment are gone later, not whether the queue is
 * ever empty: a subscriber that reads steadily is never late, however much follows.
 */
export class DrainWatch {
  /** Bytes written to the transport since the start. */
  sentBytes = 0;
  #markBytes = 0;
  #markAtMs: number | undefined;

  /** @returns How long the oldest unsent bytes seen have been waiting, in milliseconds. */
  waitingMs(unsentBytes: number, nowMs: number): number {
    if (unsentBytes === 0) {
      this.#markAtMs = undefined;
      return 0;
    }
    if (this.#markAtMs === undefined || this.sentBytes - unsentBytes >= this.#markBytes) {
      this.#markAtMs = nowMs;
      this.#markBytes = this.sentBytes;
    }
    return nowMs - this.#markAtMs;
  }
}
