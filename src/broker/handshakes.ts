/**
 * TLS and WebSocket handshakes under way, and what waits for one.
 *
 * A socket that waits costs no more than a plain one; in a handshake OpenSSL and Node hold several times that. So there
 * are only so many at once, and whoever takes long over one makes room as soon as somebody waits.
 */
import { handshakePatienceMs, handshakesMax } from "../core/limits.ts";
import type { CloseCause } from "./counters.ts";

/** A connection, as it is seen here. */
export interface Arriving {
  readonly isClosed: boolean;
  cut(cause: CloseCause): void;
}

interface Waiting {
  readonly connection: Arriving;
  readonly begin: () => void;
}

export class Handshakes {
  /** When each has begun, the oldest first. */
  readonly #underway = new Map<Arriving, number>();
  #waiting: Waiting[] = [];

  get underway(): number {
    return this.#underway.size;
  }

  /** Begins as soon as there is room. */
  begin(waiting: Waiting, nowMs: number): void {
    this.#waiting.push(waiting);
    this.advance(nowMs);
  }

  /** The connection is authenticated, or gone. */
  leave(connection: Arriving, nowMs: number): void {
    if (this.#underway.delete(connection)) this.advance(nowMs);
  }

  /** Lets those begin for whom there is room by now. */
  advance(nowMs: number): void {
    let next = 0;
    while (next < this.#waiting.length && this.#hasRoom(nowMs)) {
      const { connection, begin } = this.#waiting[next]!;
      next += 1;
      if (connection.isClosed) continue;
      this.#underway.set(connection, nowMs);
      begin();
    }
    if (next > 0) this.#waiting = this.#waiting.slice(next);
  }

  #hasRoom(nowMs: number): boolean {
    if (this.#underway.size < handshakesMax) return true;
    const [oldest] = this.#underway;
    if (oldest === undefined || nowMs - oldest[1] < handshakePatienceMs) return false;
    this.#underway.delete(oldest[0]);
    oldest[0].cut("handshakes-max");
    return true;
  }
}
