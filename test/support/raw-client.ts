/** A socket to a broker that sends whatever bytes it is given, and tells what came of it. */
import { connect, type Socket } from "node:net";
import {
  connectPacket,
  type Frame,
  FrameReader,
  PacketType,
  publishPacket,
} from "../../src/cli/simulate/packets.ts";
import { until } from "./until.ts";

/** A connection on which bytes of any kind may be sent. */
export class RawClient implements Disposable {
  /** What the broker sent, in packets. */
  readonly frames: Frame[] = [];
  /** Since the connection was asked for; nothing while it is open. */
  closedAfterMs: number | undefined;
  readonly #socket: Socket;
  readonly #startedMs: number = performance.now();
  #packetId = 0;

  constructor(port: number) {
    this.#socket = connect({ host: "127.0.0.1", port, noDelay: true });
    const reader = new FrameReader();
    this.#socket.on("data", (bytes) => this.frames.push(...reader.push(bytes)));
    // Being cut off is an answer like others; `closedAfterMs` tells of it.
    this.#socket.on("error", () => this.#socket.destroy());
    this.#socket.once("close", () => {
      this.closedAfterMs = performance.now() - this.#startedMs;
    });
  }

  send(...parts: readonly Uint8Array[]): void {
    this.#socket.write(Buffer.concat(parts));
  }

  /** Sends a CONNECT and waits for CONNACK. @returns Its code; nothing when the broker closed instead. */
  async connect(clientId: string, withinMs = 5_000): Promise<number | undefined> {
    this.send(connectPacket({ clientId, cleanSession: true, keepAliveSeconds: 60 }));
    const connack = await this.#answer(PacketType.connack, withinMs);
    return connack?.body[1];
  }

  /** Publishes at QoS 1. @returns Whether a PUBACK came; false when the broker closed instead. */
  async publish(topic: string, payload: string | Uint8Array, withinMs = 5_000): Promise<boolean> {
    this.#packetId += 1;
    const packetId = this.#packetId;
    this.send(publishPacket(topic, payload, packetId));
    const puback = await this.#answer(
      PacketType.puback,
      withinMs,
      ({ body }) => body.readUInt16BE(0) === packetId,
    );
    return puback !== undefined;
  }

  /** Waits until the broker has closed the connection. @returns After how long. */
  async closed(withinMs: number): Promise<number> {
    await until("the broker closes the connection", () => this.closedAfterMs !== undefined, { withinMs });
    return this.closedAfterMs ?? Number.NaN;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  async #answer(
    type: number,
    withinMs: number,
    isIt: (frame: Frame) => boolean = () => true,
  ): Promise<Frame | undefined> {
    const find = (): Frame | undefined => this.frames.find((frame) => frame.type === type && isIt(frame));
    await until(
      `a packet of type ${type} comes, or the connection is closed`,
      () => find() !== undefined || this.closedAfterMs !== undefined,
      { withinMs },
    );
    return find();
  }
}

/** A packet with this first byte and body, however wrong either is. */
export function anyPacket(first: number, ...body: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.concat(body);
  const length: number[] = [];
  for (let rest = bytes.length; length.length === 0 || rest > 0; rest >>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
  }
  return Buffer.concat([Buffer.of(first, ...length), bytes]);
}

/** A field with its length of two bytes in front, whatever is in it. */
export function anyField(bytes: string | Uint8Array): Buffer {
  const field = Buffer.from(bytes);
  return Buffer.concat([Buffer.of(field.length >> 8, field.length & 255), field]);
}
