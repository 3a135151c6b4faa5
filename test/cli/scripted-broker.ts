/** A broker that does to a publisher what the test tells it to: loses PUBACKs, splits frames, goes away. */
import { createServer, type Server, type Socket } from "node:net";
import { type Frame, FrameReader, PacketType, pubackPacket } from "../../src/cli/simulate/packets.ts";

/** A PUBLISH as the broker saw it. */
export interface SeenPublish {
  readonly connection: number;
  readonly packetId: number;
  readonly duplicate: boolean;
  readonly topic: string;
  readonly payload: string;
}

/** What the broker does; each may be changed while it runs. */
export interface Script {
  /** CONNACK return code; nothing for silence. */
  connack: (connection: number) => number | undefined;
  /** What happens to a PUBLISH. */
  onPublish: (seen: SeenPublish, socket: Socket) => "acknowledge" | "swallow" | "cut";
  /** Bytes are sent one at a time. */
  drip: boolean;
}

export class ScriptedBroker {
  readonly seen: SeenPublish[] = [];
  readonly connects: Buffer[] = [];
  readonly otherTypes: number[] = [];
  readonly script: Script = { connack: () => 0, onPublish: () => "acknowledge", drip: false };
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;

  constructor() {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  get port(): number {
    return this.#port;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, "127.0.0.1", resolve));
    const address = this.#server.address();
    if (typeof address === "object" && address !== null) this.#port = address.port;
  }

  /** Goes away as a killed process does: every connection is reset and the port refuses. */
  async vanish(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }

  #serve(socket: Socket): void {
    const reader = new FrameReader();
    let connection = 0;
    let cut = false;
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      for (const frame of reader.push(chunk)) {
        if (cut) return;
        if (frame.type === 1) {
          this.connects.push(Buffer.from(frame.body));
          connection = this.connects.length;
          const code = this.script.connack(connection);
          if (code !== undefined) this.#write(socket, Buffer.of(0x20, 2, 0, code));
        } else if (frame.type === PacketType.publish) {
          const seen = seenOf(frame, connection);
          this.seen.push(seen);
          const verdict = this.script.onPublish(seen, socket);
          if (verdict === "acknowledge") this.#write(socket, pubackPacket(seen.packetId));
          if (verdict === "cut") {
            cut = true;
            socket.destroy();
          }
        } else {
          this.otherTypes.push(frame.type);
          if (frame.type === 12) this.#write(socket, Buffer.of(0xd0, 0));
        }
      }
    });
  }

  #write(socket: Socket, packet: Buffer): void {
    if (!this.script.drip) {
      socket.write(packet);
      return;
    }
    socket.setNoDelay(true);
    for (const byte of packet) socket.write(Buffer.of(byte));
  }
}

function seenOf(frame: Frame, connection: number): SeenPublish {
  const topicEnd = 2 + frame.body.readUInt16BE(0);
  return {
    connection,
    packetId: frame.body.readUInt16BE(topicEnd),
    duplicate: (frame.flags & 8) !== 0,
    topic: frame.body.toString("utf8", 2, topicEnd),
    payload: frame.body.toString("utf8", topicEnd + 2),
  };
}
