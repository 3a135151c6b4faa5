/** An MQTT client with a session, over plain sockets: it says what it has received, and comes back when told. */
import { connect as connectSocket, type Socket } from "node:net";
import { generate, type IPublishPacket, type Packet, parser } from "mqtt-packet";
import { until } from "./until.ts";

export interface SessionClientOptions {
  readonly port: number;
  readonly clientId: string;
  readonly version?: 4 | 5;
  /** CONNECT fields beside these. */
  readonly connect?: object;
  /** Answers PUBLISH and PUBREL by itself. Default true. */
  readonly answers?: boolean;
}

/** What came of one PUBLISH. */
export interface Arrival {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly dup: boolean;
  readonly retain: boolean;
  readonly packetId: number | undefined;
  readonly properties: IPublishPacket["properties"];
}

/**
 * Keeps what it receives over all its connections. A QoS 2 message counts when it is new: one whose identifier has
 * not been released since is a repetition. Source: MQTT 3.1.1 § 4.3.3, method A.
 */
export class SessionClient implements Disposable {
  readonly arrivals: Arrival[] = [];
  /** Every packet of the connection that is open, or was last. */
  packets: Packet[] = [];
  /** Identifiers of QoS 2 messages received and not released. */
  readonly received: Set<number> = new Set();
  /** Of the last CONNACK. */
  sessionPresent = false;
  connected = false;
  answers: boolean;
  /** Sees each packet first. */
  onPacket: (packet: Packet) => void = () => undefined;
  readonly #options: SessionClientOptions;
  #socket: Socket | undefined;

  constructor(options: SessionClientOptions) {
    this.#options = options;
    this.answers = options.answers ?? true;
  }

  get payloads(): readonly string[] {
    return this.arrivals.map(({ payload }) => payload);
  }

  /** Connects; resolves with CONNACK. @throws Error when the broker refuses, or goes. */
  async connect(more: object = {}): Promise<void> {
    const { port, clientId, version = 4, connect = {} } = this.#options;
    const socket = connectSocket({ port, host: "127.0.0.1", noDelay: true });
    this.#socket = socket;
    this.packets = [];
    const reader = parser({ protocolVersion: version });
    let isRefused = false;
    reader.on("packet", (packet) => this.#take(packet, socket));
    socket.on("data", (bytes) => void reader.parse(bytes));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      isRefused = true;
      if (this.#socket === socket) this.connected = false;
    });
    const packet = { cmd: "connect", protocolId: "MQTT", protocolVersion: version, clean: false, clientId };
    this.send({ ...packet, keepalive: 0, ...connect, ...more } as Packet);
    await until(`${clientId} is connected`, () => this.connected || isRefused);
    if (!this.connected) throw new Error(`${clientId} was refused`);
  }

  /** Connects as soon as somebody listens. */
  async reconnect(): Promise<void> {
    await until(`${this.#options.clientId} is back`, () =>
      this.connect().then(
        () => true,
        () => false,
      ),
    );
  }

  send(packet: Packet): void {
    this.#socket?.write(generate(packet, { protocolVersion: this.#options.version ?? 4 }));
  }

  async subscribe(topic: string, qos: 0 | 1 | 2, properties: object = {}): Promise<void> {
    this.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos }], properties });
    await this.take("suback");
  }

  /** Waits for a number of packets of a kind on this connection. */
  async take(cmd: Packet["cmd"], count = 1): Promise<readonly Packet[]> {
    const found = (): Packet[] => this.packets.filter((packet) => packet.cmd === cmd);
    await until(`${count} × ${cmd}`, () => found().length >= count);
    return found();
  }

  /** Leaves with DISCONNECT. */
  async leave(fields: object = {}): Promise<void> {
    this.send({ cmd: "disconnect", ...fields });
    await until("it has left", () => !this.connected);
  }

  /** Goes without a word. */
  async cut(): Promise<void> {
    this.#socket?.destroy();
    await until("it is gone", () => !this.connected);
  }

  #take(packet: Packet, socket: Socket): void {
    if (socket !== this.#socket) return;
    this.packets.push(packet);
    this.onPacket(packet);
    if (packet.cmd === "connack") {
      if ((packet.returnCode ?? packet.reasonCode) !== 0) return;
      this.sessionPresent = packet.sessionPresent;
      this.connected = true;
    } else if (packet.cmd === "publish") this.#takeMessage(packet);
    else if (packet.cmd === "pubrel" && this.answers) {
      this.received.delete(packet.messageId ?? 0);
      this.send({ cmd: "pubcomp", messageId: packet.messageId } as Packet);
    }
  }

  #takeMessage(packet: IPublishPacket): void {
    const { topic, payload, qos, dup, retain, messageId: packetId, properties } = packet;
    const isKnown = qos === 2 && packetId !== undefined && this.received.has(packetId);
    if (!isKnown) {
      const text = payload.toString("latin1");
      this.arrivals.push({ topic, payload: text, qos, dup, retain, packetId, properties });
    }
    if (qos === 2 && packetId !== undefined) this.received.add(packetId);
    if (!this.answers || qos === 0) return;
    this.send({ cmd: qos === 1 ? "puback" : "pubrec", messageId: packetId } as Packet);
  }

  [Symbol.dispose](): void {
    this.#socket?.destroy();
  }
}
