/** Byte transports under a connection: TCP, TLS and WebSocket look alike from here. */
import { Socket, type SocketConstructorOpts } from "node:net";
import type { WebSocket } from "ws";
import { readBytesMax } from "../core/limits.ts";

/** How long a peer may take to close its side after we have closed ours; what it sends meanwhile is dropped. */
const lingerMs = 500;

/** Who hears of a transport. */
export interface TransportOwner {
  /** `bytes[0, length)` have arrived; they are overwritten after the call. */
  receive(bytes: Uint8Array, length: number): void;
  /** Everything written has left the process. */
  onDrained(): void;
  /** The transport is closed, for whatever reason. Called once. */
  onGone(): void;
}

export interface Transport {
  readonly remoteAddress: string;
  /** Bytes written and still in the process. */
  readonly unsentBytes: number;
  /** Sends bytes; they belong to the transport from here on. */
  write(bytes: Uint8Array): void;
  /** Stops reading; a little may still arrive. */
  pause(): void;
  resume(): void;
  /** Sends what is written, then closes, and does not wait long for the peer to do the same. */
  finish(): void;
  destroy(): void;
}

/** Where every TCP connection is read into; its content is dealt with before the next read. */
const sharedReadBuffer = Buffer.allocUnsafeSlow(readBytesMax);

/** Takes the handle out of a socket, which is then an empty shell. The types of Node do not show it. */
function takeHandle(socket: Socket): SocketConstructorOpts["handle"] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a server gives its own sockets
  const handle = Reflect.get(socket, "_handle") as SocketConstructorOpts["handle"] | null;
  if (handle) Reflect.set(socket, "_handle", null);
  return handle ?? undefined;
}

/**
 * Makes a socket of an accepted one that reads into one buffer shared by all.
 *
 * A socket that a server accepts cannot be given a buffer, and without one each read costs a 64 KiB
 * allocation and the stream machinery. A socket made around the same handle can (`onread`).
 *
 * Measured with 1,000 clients: 0.3 to 0.5 µs less for each read of 7.2, and no garbage.
 *
 * @param accepted - Paused, nothing read from it yet; of no use afterwards, unless it is returned.
 * @param receive - Called for each read.
 */
export function withSharedBuffer(
  accepted: Socket,
  receive: (bytes: Uint8Array, length: number) => void,
): Socket {
  const handle = takeHandle(accepted);
  if (!handle) {
    // A Node that keeps its handles elsewhere: the ordinary way then.
    accepted.on("data", (chunk: Buffer) => receive(chunk, chunk.length));
    return accepted;
  }
  const options: SocketConstructorOpts = {
    handle,
    onread: {
      buffer: sharedReadBuffer,
      callback: (length: number, bytes: Uint8Array): boolean => {
        receive(bytes, length);
        return true;
      },
    },
  };
  const socket = new Socket(options);
  accepted.destroy();
  return socket;
}

/** A TCP or TLS socket as a transport. */
export class SocketTransport implements Transport {
  readonly remoteAddress: string;
  readonly #socket: Socket;
  #paused = false;
  #linger: NodeJS.Timeout | undefined;

  constructor(socket: Socket, owner: TransportOwner) {
    this.#socket = socket;
    this.remoteAddress = socket.remoteAddress ?? "";
    socket.on("drain", () => owner.onDrained());
    // A reset connection is everyday life, and `close` follows.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(this.#linger);
      owner.onGone();
    });
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  finish(): void {
    this.#socket.end();
    this.resume();
    this.#linger = setTimeout(() => this.#socket.destroy(), lingerMs);
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** A WebSocket as a transport. Source: MQTT 3.1.1 § 6, MQTT 5.0 § 6: binary frames, packets cut anywhere. */
export class WebSocketTransport implements Transport {
  readonly remoteAddress: string;
  readonly #webSocket: WebSocket;
  #linger: NodeJS.Timeout | undefined;

  constructor(webSocket: WebSocket, socket: Socket, owner: TransportOwner) {
    this.#webSocket = webSocket;
    this.remoteAddress = socket.remoteAddress ?? "";
    webSocket.binaryType = "nodebuffer";
    webSocket.on("message", (data: Buffer, isBinary: boolean) => {
      if (isBinary) owner.receive(data, data.length);
      else webSocket.terminate();
    });
    socket.on("drain", () => owner.onDrained());
    webSocket.on("error", () => undefined);
    webSocket.on("close", () => {
      clearTimeout(this.#linger);
      owner.onGone();
    });
  }

  get unsentBytes(): number {
    return this.#webSocket.bufferedAmount;
  }

  write(bytes: Uint8Array): void {
    if (this.#webSocket.readyState === this.#webSocket.OPEN) this.#webSocket.send(bytes, { binary: true });
  }

  pause(): void {
    if (!this.#webSocket.isPaused) this.#webSocket.pause();
  }

  resume(): void {
    if (this.#webSocket.isPaused) this.#webSocket.resume();
  }

  finish(): void {
    this.#webSocket.close(1000);
    this.resume();
    this.#linger = setTimeout(() => this.#webSocket.terminate(), lingerMs);
  }

  destroy(): void {
    this.#webSocket.terminate();
  }
}
