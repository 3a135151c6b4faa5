/**
 * Takes the messages of one connection to the intake, and their acknowledgements back.
 *
 * Many messages wait for one commit: acknowledging each before the next is read would bind the rate to one message
 * a commit.
 */
import { topicBytesMax, topicLevelsMax } from "../core/limits.ts";
import type { Publication, PublicationSink, Receipt } from "../core/ports.ts";
import type { BridgeCounts, SkipCause } from "./counts.ts";
import { InboundWindow, type Unacknowledged } from "./inbound-window.ts";
import type { PacketFrame } from "./packet-reader.ts";
import type { InboundPublish } from "./publish.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** What the messages of a bridge are taken with. */
export interface InboundOptions {
  /** The client of the publications. */
  readonly clientId: string;
  readonly prefix: string;
  readonly sink: PublicationSink;
  readonly subscriptions: Subscriptions;
  readonly counts: BridgeCounts;
  /** Called at the first message of each cause since the start of the process. */
  readonly onSkipped: (cause: SkipCause, topic: string) => void;
}

/** What an {@link Inbound} asks of its connection. */
export interface InboundEvents {
  /** PUBACK for QoS 1, PUBREC for QoS 2. */
  acknowledge(message: Unacknowledged): void;
  /** A message could not be stored; called once. */
  refused(): void;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

export class Inbound implements Receipt {
  readonly #options: InboundOptions;
  readonly #events: InboundEvents;
  readonly #window: InboundWindow;
  readonly #publication: Mutable<Publication>;
  #ended = false;

  constructor(options: InboundOptions, events: InboundEvents) {
    this.#options = options;
    this.#events = events;
    this.#window = new InboundWindow((message) => {
      options.counts.acknowledged += 1;
      events.acknowledge(message);
    });
    this.#publication = {
      clientId: options.clientId,
      topic: "",
      bytes: new Uint8Array(0),
      start: 0,
      end: 0,
      missingBytes: 0,
      qos: 0,
      retain: false,
      resent: false,
      fromMemory: false,
      packetId: 0,
      receipt: undefined,
    };
  }

  /** Messages that wait for a commit. */
  get inFlight(): number {
    return this.#window.count;
  }

  /** Nothing more is to be read now. */
  get full(): boolean {
    return this.#window.full;
  }

  /** Nothing is acknowledged any more: the connection is gone. */
  end(): void {
    this.#ended = true;
  }

  take(publish: InboundPublish, frame: PacketFrame): void {
    const { counts, prefix, onSkipped, sink } = this.#options;
    const { qos, packetId } = publish;
    counts.received += 1;
    const topic = prefix === "" || publish.topic === "" ? publish.topic : `${prefix}/${publish.topic}`;
    const cause = this.#skipCause(publish.topic, topic);
    if (cause !== undefined) {
      counts.skipped[cause] += 1;
      if (counts.skipped[cause] === 1) onSkipped(cause, publish.topic);
      if (qos > 0) this.#window.pass({ packetId, qos: qos === 1 ? 1 : 2, bytes: frame.bytes.length });
      return;
    }
    // Before it is handed over: a store that cannot write refuses at once.
    if (qos > 0) this.#window.await({ packetId, qos: qos === 1 ? 1 : 2, bytes: frame.bytes.length });
    const publication = this.#publication;
    publication.topic = topic;
    publication.bytes = frame.bytes;
    publication.start = publish.payload;
    publication.end = frame.bytes.length;
    publication.missingBytes = frame.missingBytes;
    publication.qos = qos;
    publication.retain = publish.retained;
    publication.resent = publish.resent;
    publication.fromMemory = publish.retained;
    publication.packetId = packetId;
    publication.receipt = qos > 0 ? this : undefined;
    sink.accept(publication);
  }

  committed(packetId: number): void {
    if (!this.#ended) this.#window.committed(packetId);
  }

  refused(): void {
    this.#options.counts.refused += 1;
    if (this.#ended) return;
    this.#ended = true;
    this.#events.refused();
  }

  #skipCause(topic: string, whole: string): SkipCause | undefined {
    if (!isTopic(whole)) return "topic";
    return this.#options.subscriptions.wants(topic) ? undefined : "unwanted";
  }
}

/** Tells whether a name is a topic that the gateway takes. Source: MQTT 3.1.1 and 5.0, § 4.7. */
export function isTopic(name: string): boolean {
  if (name === "" || name.includes("+") || name.includes("#") || name.includes("\0")) return false;
  return (
    Buffer.byteLength(name) <= topicBytesMax && name.split("/", topicLevelsMax + 1).length <= topicLevelsMax
  );
}
