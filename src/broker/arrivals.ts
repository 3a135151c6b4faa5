/** Sockets from the accept to the end of their TLS or HTTP handshake. */
import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { strangerBytesMax } from "../core/limits.ts";
import type { Connection } from "./connection.ts";
import type { Gate } from "./gate.ts";
import { SocketTransport } from "./transport.ts";

/** Begins a handshake when its first bytes have come: a socket that stays silent costs no more than a plain one. */
export function shakeHands(
  gate: Gate,
  server: EventEmitter,
  { socket, connection }: { readonly socket: Socket; readonly connection: Connection },
): void {
  socket.once("readable", () => {
    if (socket.readableLength > strangerBytesMax) connection.cut("too-large");
    else gate.beginHandshake(connection, () => void server.emit("connection", socket));
  });
}

/** Cuts whoever sends more than a CONNECT before it is let in; a frame of a WebSocket may claim more. */
export function boundStranger(socket: Socket, connection: Connection): void {
  let bytes = 0;
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (connection.isOpen) socket.off("data", count);
    else if (bytes > strangerBytesMax) connection.cut("too-large");
  };
  socket.on("data", count);
}

/** Connections whose TLS or HTTP handshake is under way, found again by the address and port at the other end. */
export class Arrivals {
  readonly #byPeer = new Map<string, Connection>();

  /** The transport is the bare socket until the handshake is done. */
  enter(socket: Socket, connection: Connection): void {
    const peer = peerOf(socket);
    this.#byPeer.set(peer, connection);
    connection.attach(new SocketTransport(socket, connection));
    socket.once("close", () => {
      if (this.#byPeer.get(peer) === connection) this.#byPeer.delete(peer);
    });
  }

  /** @returns Whose handshake is done; nothing where the connection has been ended meanwhile. */
  leave(socket: Socket): Connection | undefined {
    const peer = peerOf(socket);
    const connection = this.#byPeer.get(peer);
    this.#byPeer.delete(peer);
    return connection?.isClosed === true ? undefined : connection;
  }
}

function peerOf({ remoteAddress = "", remotePort = 0 }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
