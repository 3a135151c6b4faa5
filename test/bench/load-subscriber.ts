/**
 * A raw-socket MQTT 3.1.1 subscriber for benchmarks: it counts what it gets at QoS 1 and acknowledges it, one write
 * for each read.
 */
import { connect, type Socket } from "node:net";

export interface Login {
  readonly username: string;
  readonly password: string;
}

/** A CONNECT of MQTT 3.1.1 without keep-alive. @param connect.clean - The session ends with the connection. */
export function connectPacket(packet: {
  readonly clientId: string;
  readonly clean: boolean;
  readonly login: Login | undefined;
}): Buffer {
  const { clientId, clean, login } = packet;
  const flags = (clean ? 0x02 : 0) | (login === undefined ? 0 : 0xc0);
  const texts = login === undefined ? [clientId] : [clientId, login.username, login.password];
  const rest = [prefixed("MQTT"), Buffer.from([4, flags, 0, 0]), ...texts.map(prefixed)];
  return framed(0x10, Buffer.concat(rest));
}

function prefixed(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

function framed(first: number, rest: Buffer): Buffer {
  const { length } = rest;
  const header = length < 128 ? [first, length] : [first, (length & 127) | 128, length >> 7];
  return Buffer.concat([Buffer.from(header), rest]);
}

export class LoadSubscriber {
  /** Messages so far. */
  received = 0;
  /** Resolves when it is subscribed. */
  readonly ready: Promise<void>;
  readonly #socket: Socket;
  readonly #fail: (message: string) => void;
  readonly #subscribed: () => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(options: {
    readonly address: { readonly port: number; readonly host: string };
    readonly clientId: string;
    readonly topics: readonly string[];
    readonly login: Login | undefined;
    readonly fail: (message: string) => void;
  }) {
    const { address, clientId, topics, login } = options;
    this.#fail = options.fail;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#subscribed = resolve;
    this.#socket = connect({ ...address, noDelay: true });
    const filters = topics.map((topic) => Buffer.concat([prefixed(topic), Buffer.from([1])]));
    this.#socket.write(connectPacket({ clientId, clean: false, login }));
    this.#socket.write(framed(0x82, Buffer.concat([Buffer.from([0, 1]), ...filters])));
    this.#socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    this.#socket.on("error", (error) => this.#fail(`${clientId}: ${error.message}`));
    this.#socket.on("close", () => this.#fail(`${clientId}: closed by the broker`));
  }

  #onData(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const acknowledgements = Buffer.allocUnsafe(Math.ceil(bytes.length / 16) * 4);
    let written = 0;
    let offset = 0;
    for (;;) {
      const frame = frameAt(bytes, offset);
      if (frame === undefined) break;
      const { body, end } = frame;
      if (bytes[offset] === 0x90) this.#subscribed();
      else if ((bytes[offset]! & 0xf6) === 0x32) {
        this.received += 1;
        const packetIdAt = body + 2 + bytes.readUInt16BE(body);
        acknowledgements[written] = 0x40;
        acknowledgements[written + 1] = 2;
        bytes.copy(acknowledgements, written + 2, packetIdAt, packetIdAt + 2);
        written += 4;
      } else if (bytes[offset] !== 0x20 || bytes[body + 1] !== 0) {
        this.#fail(`subscriber: unexpected packet ${bytes.subarray(offset, end).toString("hex")}`);
      }
      offset = end;
    }
    this.#rest = Buffer.from(bytes.subarray(offset));
    if (written > 0) this.#socket.write(acknowledgements.subarray(0, written));
  }
}

/** Where the body of the packet at `offset` begins and ends; nothing when it is not all there. */
function frameAt(bytes: Buffer, offset: number): { readonly body: number; readonly end: number } | undefined {
  let length = 0;
  for (let at = offset + 1, shift = 0; at < bytes.length; at += 1, shift += 7) {
    length |= (bytes[at]! & 127) << shift;
    if (bytes[at]! >= 128) continue;
    const end = at + 1 + length;
    return end <= bytes.length ? { body: at + 1, end } : undefined;
  }
  return undefined;
}
