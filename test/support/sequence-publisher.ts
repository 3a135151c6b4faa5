/**
 * A QoS 1 sensor that counts: it sends 1, 2, 3, … and knows exactly what has been acknowledged.
 *
 * What has no PUBACK is sent again after every reconnect, in order and before anything new (MQTT 3.1.1
 * § 4.4). PUBACKs have to come in the order of the messages (§ 4.6), so one number says all: everything up
 * to {@link SequencePublisher.acknowledged} is to be on disk.
 */
import { connect, type Socket } from "node:net";
import {
  connectPacket,
  disconnect,
  FrameReader,
  markResent,
  PacketType,
  publishPacket,
} from "../../src/cli/simulate/packets.ts";
import { until } from "./until.ts";

export interface SequencePublisherOptions {
  readonly port: number;
  /** Client id; it publishes to `fault/<name>`. */
  readonly name: string;
  /** Messages without PUBACK at once. */
  readonly inFlightMax: number;
  /** New messages a second at most. Default: as fast as they are acknowledged. */
  readonly ratePerSecond?: number;
  /** Whether messages carry a time stamp of their own, ten to a millisecond. Default true. */
  readonly stamped?: boolean;
  /** Whether the DUP flag is set on what is sent again, as it has to be; some devices do not. Default true. */
  readonly marksResent?: boolean;
  /** Stamp of the first messages. Default: an hour ago. */
  readonly firstAt?: number;
  /** Bytes by which each payload is made longer. Default 0. */
  readonly paddingBytes?: number;
}

const reconnectAfterMs = 10;
const paceEveryMs = 5;

/** See the module. It begins at once, and goes on until {@link stop}. */
export class SequencePublisher {
  readonly topic: string;
  /** The highest number sent so far. */
  sent = 0;
  /** Everything up to this number is acknowledged. */
  acknowledged = 0;
  /** Sendings beyond the first of each number. */
  resent = 0;
  /** Bytes of the packets that were acknowledged. */
  acknowledgedBytes = 0;
  /** CONNACKs so far. */
  connections = 0;
  /** What a broker must not do, each a sentence: to be empty at the end. */
  readonly faults: string[] = [];
  readonly #options: SequencePublisherOptions;
  readonly #firstAt: number;
  readonly #padding: string;
  readonly #startedMs = performance.now();
  #pacer: NodeJS.Timeout | undefined;
  #socket: Socket | undefined;
  #connected: Socket | undefined;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;
  #closed = false;

  constructor(options: SequencePublisherOptions) {
    this.#options = options;
    this.topic = `fault/${options.name}`;
    this.#firstAt = options.firstAt ?? Date.now() - 3_600_000;
    this.#padding = "x".repeat(options.paddingBytes ?? 0);
    if (options.ratePerSecond !== undefined) this.#pacer = setInterval(() => this.#fill(), paceEveryMs);
    this.#connect();
  }

  /** The series that its messages become, as in the contents of a store. */
  get series(): string {
    return `${this.topic} n`;
  }

  /** It sends nothing new any more. */
  get stopped(): boolean {
    return this.#stopped;
  }

  get connected(): boolean {
    return this.#connected !== undefined;
  }

  /** Of the connection that is open; nothing while there is none. */
  get localPort(): number | undefined {
    return this.#connected?.localPort;
  }

  /** Bytes given to the kernel on the present connection. */
  get writtenBytes(): number {
    const socket = this.#connected;
    return socket === undefined ? 0 : socket.bytesWritten - socket.writableLength;
  }

  /** Sends nothing new from now on. */
  stop(): void {
    this.#stopped = true;
    clearInterval(this.#pacer);
  }

  /** Stops, and waits until everything that was sent is acknowledged. */
  async drain(withinMs = 20_000): Promise<void> {
    this.stop();
    await until(`${this.topic}: everything sent is acknowledged`, () => this.acknowledged === this.sent, {
      withinMs,
    }).catch((error: unknown) => {
      throw new Error(`${this.topic}: ${this.acknowledged} of ${this.sent} acknowledged`, { cause: error });
    });
  }

  /** Leaves. What is not acknowledged stays so. */
  close(): void {
    this.stop();
    this.#closed = true;
    clearTimeout(this.#retry);
    if (this.#connected === undefined) this.#socket?.destroy();
    else this.#connected.end(disconnect);
  }

  #connect(): void {
    const { port, name } = this.#options;
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    const reader = new FrameReader();
    this.#socket = socket;
    socket.once("connect", () => {
      socket.write(connectPacket({ clientId: name, cleanSession: false, keepAliveSeconds: 60 }));
    });
    socket.on("data", (bytes) => {
      for (const { type, body } of reader.push(bytes)) {
        if (type === PacketType.connack) this.#accepted(socket, body[1] ?? 255);
        else if (type === PacketType.puback) this.#acknowledge(body.readUInt16BE(0));
        else this.faults.push(`packet of type ${type} came`);
      }
      this.#fill();
    });
    // A refused or broken connection is what these tests are about; the next attempt follows on close.
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      this.#connected = undefined;
      if (!this.#closed) this.#retry = setTimeout(() => this.#connect(), reconnectAfterMs);
    });
  }

  #accepted(socket: Socket, code: number): void {
    if (code !== 0) {
      this.faults.push(`CONNACK with code ${code}`);
      return;
    }
    this.connections += 1;
    this.#connected = socket;
    const again: Buffer[] = [];
    for (let number = this.acknowledged + 1; number <= this.sent; number += 1) {
      const packet = this.#packet(number);
      if (this.#options.marksResent !== false) markResent(packet);
      again.push(packet);
    }
    this.resent += again.length;
    socket.write(Buffer.concat(again));
  }

  #acknowledge(packetId: number): void {
    const expected = packetIdOf(this.acknowledged + 1);
    if (packetId !== expected || this.acknowledged === this.sent) {
      this.faults.push(`PUBACK for packet ${packetId}, and not for ${expected}`);
      return;
    }
    this.acknowledged += 1;
    this.acknowledgedBytes += this.#packet(this.acknowledged).length;
  }

  /** Sends what window and rate allow, in one write. */
  #fill(): void {
    const socket = this.#connected;
    if (socket === undefined || this.#stopped) return;
    const { inFlightMax, ratePerSecond } = this.#options;
    const dueBySeconds = ((performance.now() - this.#startedMs) / 1_000) * (ratePerSecond ?? Infinity);
    const upTo = Math.min(this.acknowledged + inFlightMax, dueBySeconds);
    const packets: Buffer[] = [];
    for (; this.sent < Math.floor(upTo); this.sent += 1) packets.push(this.#packet(this.sent + 1));
    if (packets.length > 0) socket.write(Buffer.concat(packets));
  }

  #packet(number: number): Buffer {
    const stamp = this.#options.stamped === false ? "" : `"ts":${this.#firstAt + Math.floor(number / 10)},`;
    const padding = this.#padding === "" ? "" : `,"padding":"${this.#padding}"`;
    return publishPacket(this.topic, `{${stamp}"n":${number}${padding}}`, packetIdOf(number));
  }
}

function packetIdOf(number: number): number {
  return ((number - 1) % 65_535) + 1;
}
