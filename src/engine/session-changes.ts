/** The changes of sessions on their way to the disk, in the batches that the messages are in. */
import type { Batch } from "../core/batch.ts";
import { AppError } from "../core/errors.ts";
import type { LateValue, SessionJournal } from "../core/session-journal.ts";

/** The engine, as its journal sees it. */
export interface JournalOwner {
  /** The batch that collects now. */
  readonly batch: Batch;
  /** False while what is handed over would be lost. */
  readonly accepting: boolean;
  /** The batch that collects is to be written as soon as the disk is free. */
  due(): void;
}

interface Waiter {
  readonly position: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** See {@link SessionJournal}: numbers the changes, and tells who waits what became of them. */
export class SessionChanges implements SessionJournal {
  position = 0;
  durablePosition = 0;
  readonly #owner: JournalOwner;
  /** In the order of their positions. */
  #waiters: Waiter[] = [];

  constructor(owner: JournalOwner) {
    this.#owner = owner;
  }

  put(key: Uint8Array, value: Uint8Array | LateValue): void {
    this.#take(key, value);
  }

  grow(byteCount: number): void {
    if (this.#owner.accepting) this.#owner.batch.bytes += byteCount;
  }

  remove(key: Uint8Array): void {
    this.#take(key, undefined);
  }

  #take(key: Uint8Array, value: Uint8Array | LateValue | undefined): void {
    if (!this.#owner.accepting) return;
    this.position += 1;
    this.#owner.batch.addChange(key, value, this.position);
  }

  async flush(): Promise<void> {
    if (!this.#owner.accepting) throw notWritten();
    if (this.durablePosition === this.position) return;
    await new Promise<void>((resolve, reject) => {
      this.#waiters.push({ position: this.position, resolve, reject });
      this.#owner.due();
    });
  }

  /** A batch with changes up to this position is on disk. */
  committed(position: number): void {
    if (position <= this.durablePosition) return;
    this.durablePosition = position;
    while (this.#waiters.length > 0 && this.#waiters[0]!.position <= position)
      this.#waiters.shift()!.resolve();
  }

  /** Everything that is not on disk is given up. */
  refused(): void {
    this.durablePosition = this.position;
    for (const { reject } of this.#waiters.splice(0)) reject(notWritten());
  }
}

function notWritten(): AppError {
  return new AppError("STORE_FAILED", "transient", "the state of sessions could not be written");
}
