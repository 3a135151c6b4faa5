/**
 * CONNECTs that wait for their turn, so that a storm of them does not hold up who is connected.
 *
 * One costs as much as a hundred messages. In each turn of the event loop a few are dealt with, addresses taking turns,
 * so that one that connects a thousand times a second holds up others for one CONNECT each.
 */
import { connectsPerTurnMax } from "../core/limits.ts";

export class ConnectLine {
  /** The address whose turn it is comes first. */
  readonly #lines = new Map<string, (() => void)[]>();
  #takenInTurn = 0;
  #isScheduled = false;
  readonly #onTurn = (): void => this.#turn();

  /** Does the work now, or when it is the address's turn. */
  enter(network: string, work: () => void): void {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(this.#onTurn);
    }
    if (this.#lines.size === 0 && this.#takenInTurn < connectsPerTurnMax) {
      this.#takenInTurn += 1;
      work();
      return;
    }
    const line = this.#lines.get(network);
    if (line === undefined) this.#lines.set(network, [work]);
    else line.push(work);
  }

  #turn(): void {
    this.#takenInTurn = 0;
    while (this.#takenInTurn < connectsPerTurnMax) {
      const [next] = this.#lines;
      if (next === undefined) break;
      const [network, line] = next;
      this.#lines.delete(network);
      const work = line.shift();
      if (line.length > 0) this.#lines.set(network, line);
      this.#takenInTurn += 1;
      work?.();
    }
    this.#isScheduled = this.#lines.size > 0;
    if (this.#isScheduled) setImmediate(this.#onTurn);
    else this.#takenInTurn = 0;
  }
}
