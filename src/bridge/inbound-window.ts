/**
 * What one connection has received and not acknowledged.
 *
 * Acknowledgements leave in the order in which the messages came, as the standard demands (MQTT 3.1.1 and 5.0,
 * § 4.6), whatever became of the messages: some wait for a commit, others have nothing to wait for.
 */
import { bridgeInFlightBytesMax, bridgeInFlightMax } from "../core/limits.ts";
import { invariant } from "../core/errors.ts";

/** A message of QoS 1 or 2 that is not acknowledged. */
export interface Unacknowledged {
  readonly packetId: number;
  readonly qos: 1 | 2;
  /** Of the whole packet. */
  readonly bytes: number;
}

interface Entry extends Unacknowledged {
  done: boolean;
}

export class InboundWindow {
  readonly #acknowledge: (message: Unacknowledged) => void;
  #entries: Entry[] = [];
  /** Entries before this have been acknowledged; they are dropped now and then. */
  #head = 0;
  /** The next that a commit settles: all before it are done. */
  #next = 0;
  #bytes = 0;

  /** @param acknowledge - Called once for each message, in order of arrival. */
  constructor(acknowledge: (message: Unacknowledged) => void) {
    this.#acknowledge = acknowledge;
  }

  /** Messages that are not acknowledged. */
  get count(): number {
    return this.#entries.length - this.#head;
  }

  /** Their bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Nothing more is to be read from the far broker now. */
  get full(): boolean {
    return this.count >= bridgeInFlightMax || this.#bytes >= bridgeInFlightBytesMax;
  }

  /** Notes a message that waits for its commit. */
  await(message: Unacknowledged): void {
    this.#entries.push({ ...message, done: false });
    this.#bytes += message.bytes;
  }

  /** Notes a message that nobody stores: it is acknowledged as soon as those before it are. */
  pass(message: Unacknowledged): void {
    this.#entries.push({ ...message, done: true });
    this.#bytes += message.bytes;
    this.#flush();
  }

  /** The first message that still waits for its commit is durable. */
  committed(packetId: number): void {
    while (this.#entries[this.#next]?.done === true) this.#next += 1;
    const entry = this.#entries[this.#next];
    invariant(entry?.packetId === packetId, "messages become durable in the order in which they came");
    entry.done = true;
    this.#next += 1;
    this.#flush();
  }

  #flush(): void {
    const entries = this.#entries;
    while (entries[this.#head]?.done === true) {
      const entry = entries[this.#head]!;
      this.#head += 1;
      this.#bytes -= entry.bytes;
      this.#acknowledge(entry);
    }
    this.#next = Math.max(this.#next, this.#head);
    if (this.#head < bridgeInFlightMax && this.#head < entries.length) return;
    this.#entries = entries.slice(this.#head);
    this.#next -= this.#head;
    this.#head = 0;
  }
}
