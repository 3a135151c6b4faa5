/** Listening sockets: MQTT over TCP, TLS, WebSocket and WebSocket over TLS. */
import { constants } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer as createHttpServer, type Server as HttpServer, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer, TLSSocket } from "node:tls";
import { WebSocketServer } from "ws";
import { AppError, messageOf } from "../core/errors.ts";
import { packetBytesMax } from "../core/limits.ts";
import { Arrivals, boundStranger, shakeHands } from "./arrivals.ts";
import type { Connection } from "./connection.ts";
import type { Gate } from "./gate.ts";
import { type Door, originOf, secureOriginOf } from "./origin.ts";
import { SocketTransport, WebSocketTransport, withSharedBuffer } from "./transport.ts";

/** Where and how to listen. `cert`, `key` and `clientCa` are paths of PEM files. */
export interface ListenerOptions {
  readonly protocol: "mqtt" | "ws" | "mqtts" | "wss";
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly cert?: string;
  readonly key?: string;
  /** Clients must show a certificate that one of these authorities has signed. */
  readonly clientCa?: string;
  /** Path of a PEM list of client certificates that this authority has revoked. */
  readonly crl?: string;
  /** Takes who a client is from its certificate, and asks for no password. */
  readonly principal?: "certificate";
  /** Lets in clients without credentials. Default true. */
  readonly anonymous?: boolean;
}

/** A listening socket, with the port it really has. */
export interface Listener {
  readonly protocol: ListenerOptions["protocol"];
  readonly host: string;
  readonly port: number;
  /**
   * Reads certificate, key, authority and list of revoked certificates again, for connections from now on.
   *
   * @returns The list of revoked certificates, where there is one.
   * @throws AppError `BROKER_TLS`: then it goes on with what it had.
   */
  reload(): Promise<string | undefined>;
  /** Accepts nothing more; connections stay. */
  close(): void;
}

/** Accepted and not yet taken off the kernel's queue: a thousand sensors that come back at once. */
const backlog = 1_024;

/** A listening socket, and the server behind it that ends TLS. */
interface Doorway {
  readonly server: Server;
  readonly secured: TlsServer | undefined;
}

interface TlsOptions {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
  readonly crl?: string;
  readonly secureOptions: number;
  readonly minVersion: "TLSv1.2";
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
  readonly handshakeTimeout: number;
}

/**
 * Opens one listener.
 *
 * @throws AppError `BROKER_LISTEN` when the address is taken or not ours; `BROKER_TLS` when a certificate
 *   or key is missing or cannot be used; kind `operator`. Nothing is open then.
 */
export async function openListener(
  options: ListenerOptions,
  gate: Gate,
  authenticationMs: number,
): Promise<Listener> {
  const { protocol, host } = options;
  const isSecure = protocol === "mqtts" || protocol === "wss";
  const tls = isSecure ? await readTlsOptions(options, authenticationMs) : undefined;
  let doorway: Doorway;
  try {
    if (protocol === "mqtt") doorway = openTcp(gate, options);
    else if (protocol === "mqtts") doorway = openTls(gate, options, tls!);
    else doorway = openWebSocket(gate, options, tls);
  } catch (error) {
    throw unusable(protocol, error);
  }
  const { server, secured } = doorway;
  await listen(server, options);
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  const reload = async (): Promise<string | undefined> => {
    if (secured === undefined) return undefined;
    const next = await readTlsOptions(options, authenticationMs);
    try {
      secured.setSecureContext(next);
    } catch (error) {
      throw unusable(protocol, error);
    }
    return next.crl;
  };
  return { protocol, host, port, reload, close: () => void server.close() };
}

function unusable(protocol: string, cause: unknown): AppError {
  return new AppError("BROKER_TLS", "operator", `${protocol} listener: ${messageOf(cause)}`, {
    hint: "Check that cert and key are PEM files that belong together, and clientCa and crl too.",
    cause,
  });
}

async function listen(server: Server, { protocol, host, port }: ListenerOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => {
      reject(
        new AppError(
          "BROKER_LISTEN",
          "operator",
          `Cannot listen on ${host}:${port} (${protocol}): ${error.message}`,
          {
            hint: "Choose another port, or stop the program that has it.",
            cause: error,
          },
        ),
      );
    });
    server.listen({ host, port, backlog }, () => {
      // Errors of accepting (too many open files) pass; the listener goes on.
      server.removeAllListeners("error").on("error", () => undefined);
      resolve();
    });
  });
}

async function readTlsOptions(options: ListenerOptions, authenticationMs: number): Promise<TlsOptions> {
  const { cert, key, clientCa, crl, protocol } = options;
  if (cert === undefined || key === undefined) {
    throw new AppError("BROKER_TLS", "operator", `A ${protocol} listener needs cert and key.`, {
      hint: "Give the paths of two PEM files.",
    });
  }
  try {
    const [certText, keyText, caText, crlText] = await Promise.all([
      readFile(cert, "utf8"),
      readFile(key, "utf8"),
      clientCa === undefined ? undefined : readFile(clientCa, "utf8"),
      crl === undefined ? undefined : readFile(crl, "utf8"),
    ]);
    return {
      cert: certText,
      key: keyText,
      ...(caText === undefined ? {} : { ca: caText }),
      ...(crlText === undefined ? {} : { crl: crlText }),
      // Who resumes a TLS session shows no certificate again: one that is revoked meanwhile would pass.
      secureOptions: caText === undefined ? 0 : constants.SSL_OP_NO_TICKET,
      minVersion: "TLSv1.2",
      requestCert: caText !== undefined,
      rejectUnauthorized: caText !== undefined,
      handshakeTimeout: authenticationMs,
    };
  } catch (error) {
    throw new AppError("BROKER_TLS", "operator", `Cannot read the certificate: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * Makes the listening socket in front of a protocol. Whoever may not begin is reset here, before any work for TLS or
 * HTTP, and leaves nothing behind in the kernel; whoever may has one deadline from here to CONNACK.
 */
function openFront(
  gate: Gate,
  door: Door,
  { pauseOnConnect }: { readonly pauseOnConnect: boolean },
  onAdmitted: (socket: Socket, connection: Connection) => void,
): Server {
  return createServer({ noDelay: true, pauseOnConnect }, (socket) => {
    const connection = gate.admit(originOf(socket, door));
    if (connection === undefined) socket.resetAndDestroy();
    else onAdmitted(socket, connection);
  });
}

function openTcp(gate: Gate, door: Door): Doorway {
  const server = openFront(gate, door, { pauseOnConnect: true }, (accepted, connection) => {
    const socket = withSharedBuffer(accepted, (bytes, length) => connection.receive(bytes, length));
    connection.attach(new SocketTransport(socket, connection));
    socket.resume();
  });
  return { server, secured: undefined };
}

function openTls(gate: Gate, door: Door, tls: TlsOptions): Doorway {
  const arrivals = new Arrivals();
  const secured = createTlsServer({ ...tls, noDelay: true }, (socket) => {
    const connection = arrivals.leave(socket);
    if (connection === undefined) {
      socket.destroy();
      return;
    }
    connection.origin = secureOriginOf(socket, door);
    connection.attach(new SocketTransport(socket, connection));
    socket.on("data", (chunk: Buffer) => connection.receive(chunk, chunk.length));
  });
  // Somebody who does not speak TLS.
  secured.on("tlsClientError", (_error, socket) => void socket.destroy());
  const server = openFront(gate, door, { pauseOnConnect: false }, (socket, connection) => {
    arrivals.enter(socket, connection);
    shakeHands(gate, secured, { socket, connection });
  });
  return { server, secured };
}

function openWebSocket(gate: Gate, door: Door, tls: TlsOptions | undefined): Doorway {
  const options = { noDelay: true, maxHeaderSize: 8_192 };
  const arrivals = new Arrivals();
  const secured = tls === undefined ? undefined : createHttpsServer({ ...options, ...tls }, refuseRequest);
  const requests: HttpServer = secured ?? createHttpServer(options, refuseRequest);
  secured?.on("tlsClientError", (_error, socket) => void socket.destroy());
  const webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: 2 * packetBytesMax,
    handleProtocols: (offered) => ["mqtt", "mqttv3.1"].find((name) => offered.has(name)) ?? false,
  });
  requests.on("upgrade", (request, socket: Socket, head) => {
    const connection = arrivals.leave(socket);
    if (connection === undefined) {
      socket.destroy();
      return;
    }
    if (socket instanceof TLSSocket) connection.origin = secureOriginOf(socket, door);
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      connection.attach(new WebSocketTransport(webSocket, socket, connection));
      boundStranger(socket, connection);
    });
  });
  const server = openFront(gate, door, { pauseOnConnect: false }, (socket, connection) => {
    arrivals.enter(socket, connection);
    shakeHands(gate, requests, { socket, connection });
  });
  return { server, secured };
}

function refuseRequest(_request: unknown, response: ServerResponse): void {
  response.writeHead(426, { connection: "close", upgrade: "websocket", "content-type": "text/plain" });
  response.end("MQTT over WebSocket is spoken here.\n");
}
