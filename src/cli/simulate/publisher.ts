/**
 * A publisher that loses nothing: MQTT 3.1.1 at QoS 1 over TCP.
 *
 * What has no PUBACK is kept, in order. After every reconnect all of it is sent again, under its packet
 * ids and with the DUP flag, before anything new (MQTT 3.1.1 § 4.4), so the broker sees each message at
 * least once and first appearances in the order of publication.
 */
import { connect as openSocket, type Socket } from "node:net";
import { AppError } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";
import {
  connectPacket,
  disconnect,
  type Frame,
  FrameReader,
  markResent,
  PacketType,
  pingRequest,
  publishPacket,
} from "./packets.ts";

/** Where and how to publish. */
export interface PublisherOptions {
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Messages without a PUBACK at once, 1 to 65,535. */
  readonly inFlightMax: number;
  /** How long the broker may be unreachable, from the start or from the loss of the connection. */
  readonly unreachableForMs: number;
  /** How long a broker may owe an answer before the connection counts as lost. Default 15 s. */
  readonly silentForMs?: number;
  readonly clock: Clock;
  /** In [0, 1), for the back-off. */
  readonly random: () => number;
  /** The connection was lost or could not be made; the next attempt follows. */
  readonly onRetry?: (reason: string, waitForMs: number) => void;
}

/** What was done so far. */
export interface PublisherCounts {
  readonly sent: number;
  readonly acknowledged: number;
  /** Sendings beyond the first of a message. */
  readonly resent: number;
}

/** Back-off between attempts: full jitter under a doubling ceiling. */
const backoffFirstMs = 100;
const backoffMostMs = 2_000;

const keepAliveSeconds = 30;

/** CONNACK codes (§ 3.2.2.3) that no retry mends. 3 means that the server is unavailable, which one does. */
const refusals: Readonly<Record<number, string>> = {
  1: "the broker does not speak MQTT 3.1.1",
  2: "the broker refuses the client id",
  4: "user name or password is wrong",
  5: "the client is not allowed to connect",
};

/** A message without PUBACK. */
interface Kept {
  readonly packet: Buffer;
  sent: boolean;
}

/** Someone who waits for a condition. */
interface Waiter {
  readonly ready: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** See the module. One connection and one producer; publishes in order. */
export class Publisher {
  readonly #options: PublisherOptions;
  /** By packet id; a map keeps the order of publication. */
  readonly #kept = new Map<number, Kept>();
  readonly #watch: NodeJS.Timeout;
  readonly #silentForMs: number;
  #socket: Socket | undefined;
  /** The socket, once it has seen its CONNACK. */
  #connected: Socket | undefined;
  #packetId = 0;
  #sent = 0;
  #acknowledged = 0;
  #resent = 0;
  #attempts = 0;
  #unreachableSinceMs: number;
  #spokeAtMs = 0;
  /** Since when the broker owes an answer. */
  #owedSinceMs: number | undefined;
  #pingOwed = false;
  #retryTimer: NodeJS.Timeout | undefined;
  #waiters: Waiter[] = [];
  #failure: AppError | undefined;
  #closed = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#silentForMs = options.silentForMs ?? 15_000;
    this.#unreachableSinceMs = options.clock.monotonicMs();
    this.#watch = setInterval(() => this.#checkSilence(), Math.min(1_000, this.#silentForMs / 4));
    this.#connect();
  }

  get counts(): PublisherCounts {
    return { sent: this.#sent, acknowledged: this.#acknowledged, resent: this.#resent };
  }

  /**
   * Waits until the connection is up and another message may be published.
   *
   * @throws AppError `SIMULATE_UNREACHABLE` when the broker stayed away for too long; kind `transient`.
   * @throws AppError `SIMULATE_REFUSED` when the broker refuses the client; kind `operator`.
   */
  room(): Promise<void> {
    return this.#until(() => this.#connected !== undefined && this.#kept.size < this.#options.inFlightMax);
  }

  /** Waits until everything published is acknowledged. Throws what {@link room} throws. */
  drained(): Promise<void> {
    return this.#until(() => this.#kept.size === 0);
  }

  /** Publishes one message. It is kept until the broker has acknowledged it. */
  publish(topic: string, payload: string | Uint8Array): void {
    const packetId = this.#freePacketId();
    const kept: Kept = { packet: publishPacket(topic, payload, packetId), sent: false };
    this.#kept.set(packetId, kept);
    if (this.#connected !== undefined) this.#send(this.#connected, kept);
  }

  /** Says goodbye and frees everything; who waits is let go. What has no PUBACK stays unacknowledged. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#watch);
    clearTimeout(this.#retryTimer);
    this.#settle();
    const socket = this.#socket;
    if (socket === undefined || socket.destroyed) return;
    const gone = new Promise<void>((resolve) => {
      socket.once("close", () => resolve());
    });
    if (this.#connected === undefined) socket.destroy();
    else socket.end(disconnect);
    const cut = setTimeout(() => socket.destroy(), 1_000);
    await gone;
    clearTimeout(cut);
  }

  #until(ready: () => boolean): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#closed || ready()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ ready, resolve, reject });
    });
  }

  /** Lets those go whose condition holds, or everybody when nothing more will happen. */
  #settle(): void {
    const waiting = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiting) {
      if (this.#failure !== undefined) waiter.reject(this.#failure);
      else if (this.#closed || waiter.ready()) waiter.resolve();
      else this.#waiters.push(waiter);
    }
  }

  #freePacketId(): number {
    if (this.#kept.size >= 65_535) throw new RangeError("every packet id is in use");
    do {
      this.#packetId = this.#packetId === 65_535 ? 1 : this.#packetId + 1;
    } while (this.#kept.has(this.#packetId));
    return this.#packetId;
  }

  #connect(): void {
    const { host, port, clientId, username, password } = this.#options;
    const socket = openSocket({ host, port, noDelay: true });
    const reader = new FrameReader();
    let reason = "the broker closed the connection";
    this.#socket = socket;
    this.#owedSinceMs = this.#options.clock.monotonicMs();
    socket.on("connect", () => {
      // The session is kept, so that a broker may recognise what is sent again.
      this.#write(
        socket,
        connectPacket({ clientId, cleanSession: false, keepAliveSeconds, username, password }),
      );
    });
    socket.on("data", (chunk) => {
      try {
        for (const frame of reader.push(chunk)) this.#take(socket, frame);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        socket.destroy(new Error(`the answer is not MQTT: ${error.message}`));
      }
      this.#heard();
    });
    socket.on("error", (error) => {
      reason = error.message;
    });
    socket.on("close", () => this.#lost(reason));
  }

  #take(socket: Socket, frame: Frame): void {
    if (frame.type === PacketType.puback && frame.body.length >= 2) {
      if (this.#kept.delete(frame.body.readUInt16BE(0))) this.#acknowledged += 1;
    } else if (frame.type === PacketType.pingresp) {
      this.#pingOwed = false;
    } else if (frame.type === PacketType.connack) {
      this.#accepted(socket, frame.body[1] ?? 255);
    }
  }

  #accepted(socket: Socket, code: number): void {
    if (code !== 0) {
      const refusal = refusals[code];
      if (refusal !== undefined) this.#fail(refusedError(this.#options, refusal));
      socket.destroy(new Error(refusal ?? `the broker answered code ${code}`));
      return;
    }
    this.#connected = socket;
    this.#attempts = 0;
    socket.cork();
    for (const kept of this.#kept.values()) this.#send(socket, kept);
    socket.uncork();
  }

  /** Sends a message, with the DUP flag if it was sent before. */
  #send(socket: Socket, kept: Kept): void {
    if (kept.sent) {
      markResent(kept.packet);
      this.#resent += 1;
    } else {
      kept.sent = true;
      this.#sent += 1;
    }
    this.#write(socket, kept.packet);
  }

  #write(socket: Socket, packet: Uint8Array): void {
    this.#spokeAtMs = this.#options.clock.monotonicMs();
    this.#owedSinceMs ??= this.#spokeAtMs;
    socket.write(packet);
  }

  /** The broker answered: whatever it still owes, it owes from now on. */
  #heard(): void {
    const owing = this.#kept.size > 0 || this.#pingOwed || this.#connected === undefined;
    this.#owedSinceMs = owing ? this.#options.clock.monotonicMs() : undefined;
    this.#settle();
  }

  #checkSilence(): void {
    const now = this.#options.clock.monotonicMs();
    if (this.#owedSinceMs !== undefined && now - this.#owedSinceMs > this.#silentForMs) {
      this.#socket?.destroy(new Error("the broker does not answer"));
      return;
    }
    if (this.#connected !== undefined && now - this.#spokeAtMs > (keepAliveSeconds * 1_000) / 2) {
      this.#pingOwed = true;
      this.#write(this.#connected, pingRequest);
    }
  }

  #lost(reason: string): void {
    const { clock, random, unreachableForMs, onRetry } = this.#options;
    if (this.#connected !== undefined) this.#unreachableSinceMs = clock.monotonicMs();
    this.#connected = undefined;
    this.#socket = undefined;
    this.#owedSinceMs = undefined;
    this.#pingOwed = false;
    if (this.#closed || this.#failure !== undefined) return;
    if (clock.monotonicMs() - this.#unreachableSinceMs > unreachableForMs) {
      this.#fail(unreachableError(this.#options, reason));
      return;
    }
    const ceilingMs = Math.min(backoffMostMs, backoffFirstMs * 2 ** this.#attempts);
    const waitForMs = Math.round(ceilingMs * random());
    this.#attempts += 1;
    onRetry?.(reason, waitForMs);
    this.#retryTimer = setTimeout(() => this.#connect(), waitForMs);
  }

  #fail(failure: AppError): void {
    this.#failure = failure;
    clearInterval(this.#watch);
    this.#settle();
  }
}

function unreachableError({ host, port }: PublisherOptions, reason: string): AppError {
  return new AppError(
    "SIMULATE_UNREACHABLE",
    "transient",
    `The broker at ${host}:${port} cannot be reached: ${reason}.`,
    { hint: "Is the gateway running there? `holdfast run` starts one; --url names another." },
  );
}

function refusedError({ host, port }: PublisherOptions, refusal: string): AppError {
  return new AppError("SIMULATE_REFUSED", "operator", `The broker at ${host}:${port}: ${refusal}.`, {
    hint: "Give --username and --password, or another --client-id.",
  });
}
