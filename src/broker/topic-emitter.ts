/**
 * Gives messages to the listeners whose filters match: the engine's emitter, in place of its own (mqemitter).
 *
 * The engine registers one listener for each filter of each client. All of them hear a message in the turn in which it
 * is emitted, in no particular order, and none can hold up another.
 */
import type { EngineEmitter, EnginePacket } from "./engine.ts";
import { FilterIndex } from "./filter-index.ts";

export type TopicListener = (packet: EnginePacket, done: () => void) => void;

export class TopicEmitter implements EngineEmitter {
  readonly #listeners = new FilterIndex<Set<TopicListener>>();
  readonly #onChanged: () => void;

  /** @param onChanged - Called when topics may be wanted that were not, or the other way round. */
  constructor(onChanged: () => void) {
    this.#onChanged = onChanged;
  }

  /** Tells whether anybody listens to the topic. */
  has(topic: string): boolean {
    return this.#listeners.has(topic);
  }

  /** Adds a listener; calls back in a later turn. */
  on(filter: string, listener: TopicListener, done?: () => void): this {
    const known = this.#listeners.get(filter, "");
    if (known === undefined) this.#listeners.set(filter, "", new Set([listener]));
    else known.add(listener);
    this.#onChanged();
    if (done !== undefined) setImmediate(done);
    return this;
  }

  /** Removes a listener at once; calls back in a later turn. */
  removeListener(filter: string, listener: TopicListener, done?: () => void): this {
    const known = this.#listeners.get(filter, "");
    if (known?.delete(listener) === true && known.size === 0) this.#listeners.delete(filter, "");
    this.#onChanged();
    if (done !== undefined) setImmediate(done);
    return this;
  }

  /** Gives a message to every listener; calls back when all of them are done with it. */
  emit(packet: EnginePacket, done: () => void = () => undefined): this {
    let waiting = 1;
    const onDone = (): void => {
      waiting -= 1;
      if (waiting === 0) done();
    };
    this.#listeners.forEach(packet.topic, (listeners) => {
      for (const listener of listeners) {
        waiting += 1;
        listener(packet, onDone);
      }
    });
    onDone();
    return this;
  }

  /** Nothing to let go; calls back in a later turn. */
  close(done: () => void): this {
    setImmediate(done);
    return this;
  }
}
