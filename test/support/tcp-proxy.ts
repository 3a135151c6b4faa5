/** A TCP proxy on loopback that a test can make slow, deaf or absent. */
import { createConnection, createServer, type Server, type Socket } from "node:net";

/** What the proxy does with the connections that come. */
export type ProxyMode =
  /** Passes bytes both ways. */
  | "pass"
  /** Closes each new connection at once; present ones go on. */
  | "refuse"
  /** Accepts, and passes nothing in either direction, on present and new connections: a half-open line. */
  | "silent";

/** A running proxy. */
export interface TcpProxy {
  readonly port: number;
  /** Connections open at present, and since the start. */
  readonly connections: number;
  readonly accepted: number;
  /** Bytes passed towards the target, and back. */
  readonly bytesForward: number;
  readonly bytesBack: number;
  mode: ProxyMode;
  /** Each direction is late by so much: half of a round trip. Applies to bytes that come from now on. */
  delayMs: number;
  /** Where new connections go. */
  targetPort: number;
  /** Resets every open connection, in the middle of whatever is under way. */
  cut(): void;
  close(): Promise<void>;
}

/** Starts a proxy on a free port of 127.0.0.1. */
export async function openTcpProxy(options: {
  readonly targetPort: number;
  readonly delayMs?: number;
}): Promise<TcpProxy> {
  const proxy = new LoopbackProxy(options.targetPort, options.delayMs ?? 0);
  await proxy.listen();
  return proxy;
}

class LoopbackProxy implements TcpProxy {
  mode: ProxyMode = "pass";
  delayMs: number;
  targetPort: number;
  accepted = 0;
  bytesForward = 0;
  bytesBack = 0;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #port = 0;

  constructor(targetPort: number, delayMs: number) {
    this.targetPort = targetPort;
    this.delayMs = delayMs;
    this.#server = createServer((client) => this.#accept(client));
  }

  get port(): number {
    return this.#port;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", resolve);
    });
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("a listening server has a port");
    this.#port = address.port;
  }

  cut(): void {
    for (const [client, target] of this.#pairs) {
      client.resetAndDestroy();
      target.resetAndDestroy();
    }
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    this.accepted += 1;
    if (this.mode === "refuse") {
      client.on("error", () => client.destroy());
      client.resetAndDestroy();
      return;
    }
    const target = createConnection({ host: "127.0.0.1", port: this.targetPort });
    const pair = [client, target] as const;
    this.#pairs.add(pair);
    client.setNoDelay(true);
    target.setNoDelay(true);
    this.#carry(client, target, (bytes) => {
      this.bytesForward += bytes;
    });
    this.#carry(target, client, (bytes) => {
      this.bytesBack += bytes;
    });
    for (const [socket, other] of [pair, [target, client] as const]) {
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        other.destroy();
        this.#pairs.delete(pair);
      });
    }
  }

  /** Passes bytes on, in order and late by the delay that held when they came. */
  #carry(from: Socket, to: Socket, count: (bytes: number) => void): void {
    const deliver = (bytes: Buffer): void => {
      if (to.destroyed || this.mode === "silent") return;
      count(bytes.length);
      // A full receiver holds back the sender, as a wire does.
      if (!to.write(bytes)) {
        from.pause();
        to.once("drain", () => from.resume());
      }
    };
    let lastAt = 0;
    from.on("data", (bytes: Buffer) => {
      const now = performance.now();
      lastAt = Math.max(lastAt, now + this.delayMs);
      if (lastAt <= now) deliver(bytes);
      else setTimeout(deliver, lastAt - now, bytes);
    });
    from.on("end", () => {
      const waitMs = Math.max(0, lastAt - performance.now());
      if (waitMs === 0) to.end();
      else setTimeout(() => to.end(), waitMs + 1);
    });
  }
}
