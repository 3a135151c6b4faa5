/** A broker on loopback, sinks that commit when a test says so, and clients that speak raw bytes. */
import { setImmediate } from "node:timers/promises";
import { connect as connectSocket, type Socket } from "node:net";
import { type Packet as MqttPacket, generate, parser } from "mqtt-packet";
import { type Broker, type BrokerOptions, openBroker } from "../../src/broker/broker.ts";
import type { Publication, PublicationSink, Receipt } from "../../src/core/ports.ts";
import { quietLogger } from "../support/quiet-logger.ts";

export interface Received {
  readonly clientId: string;
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly resent: boolean;
  readonly packetId: number;
}

/** Keeps what it is given, and settles it when it is told to, or at once. */
class TestSink implements PublicationSink {
  readonly received: Received[] = [];
  readonly waiting: { receipt: Receipt; packetId: number }[] = [];
  commitsAtOnce = true;

  accept(publication: Publication): void {
    const { clientId, topic, bytes, start, end, qos, retain, resent, packetId, receipt } = publication;
    const payload = Buffer.from(bytes.subarray(start, end)).toString("latin1");
    this.received.push({ clientId, topic, payload, qos, retain, resent, packetId });
    if (receipt === undefined) return;
    this.waiting.push({ receipt, packetId });
    if (this.commitsAtOnce) queueMicrotask(() => this.commit());
  }

  commit(count: number = this.waiting.length): void {
    for (const { receipt, packetId } of this.waiting.splice(0, count)) receipt.committed(packetId);
  }

  refuse(): void {
    for (const { receipt, packetId } of this.waiting.splice(0)) receipt.refused(packetId);
  }

  get payloads(): readonly string[] {
    return this.received.map((one) => one.payload);
  }
}

export interface TestBroker extends AsyncDisposable {
  readonly broker: Broker;
  readonly sink: TestSink;
  readonly port: number;
  /** Value of a metric; the sum over its labels, or that of one label's value. */
  metric(name: string, label?: string): number;
  /** Error lines the broker has logged. */
  readonly errors: readonly string[];
}

export async function openTestBroker(options: Partial<BrokerOptions> = {}): Promise<TestBroker> {
  const sink = new TestSink();
  const errors: string[] = [];
  const broker = await openBroker({
    listeners: [{ protocol: "mqtt", host: "127.0.0.1", port: 0 }],
    sink,
    logger: {
      ...quietLogger,
      error: (fields, message) => void errors.push(`${message} ${String(fields["error"])}`),
    },
    clock: { now: () => Date.now(), monotonicMs: () => performance.now(), synced: () => true },
    ownTopicPrefix: "holdfast/",
    ...options,
    timings: { sweepMs: 20, ...options.timings },
  });
  return {
    broker,
    sink,
    port: broker.listeners[0]?.port ?? 0,
    errors,
    metric: (name, label) => {
      const family = broker.metrics.find((one) => one.name === `holdfast_broker_${name}`);
      if (family === undefined) throw new Error(`no metric ${name}`);
      const values = family.read();
      const wanted =
        label === undefined ? values : values.filter((one) => Object.values(one.labels).includes(label));
      return wanted.reduce((sum, one) => sum + one.value, 0);
    },
    [Symbol.asyncDispose]: () => broker.close(),
  };
}

/** Waits until a condition holds; fails loudly when it does not in time. */
export async function until(condition: () => boolean, what: string, withinMs = 5_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  // Most of what tests wait for comes within a few turns of the event loop.
  for (let turn = 0; turn < 100 && !condition(); turn += 1) await setImmediate();
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A client that sends what it is told and keeps what it is sent. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  readonly packets: MqttPacket[] = [];
  bytes: Buffer = Buffer.alloc(0);
  closed = false;
  readonly #version: 3 | 4 | 5;

  constructor(port: number, version: 3 | 4 | 5 = 4) {
    this.#version = version;
    this.socket = connectSocket({ port, host: "127.0.0.1", noDelay: true });
    const packetParser = parser({ protocolVersion: version });
    packetParser.on("packet", (packet) => this.packets.push(packet));
    this.socket.on("data", (chunk) => {
      this.bytes = Buffer.concat([this.bytes, chunk]);
      packetParser.parse(chunk);
    });
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => {
      this.closed = true;
    });
  }

  static async connected(
    port: number,
    options: { version?: 3 | 4 | 5; clientId?: string; [field: string]: unknown } = {},
  ): Promise<RawClient> {
    const { version = 4, clientId = `raw-${Math.random().toString(36).slice(2)}`, ...rest } = options;
    const client = new RawClient(port, version);
    client.send(connectPacket(version, clientId, rest));
    await until(() => client.packets.length > 0 || client.closed, "CONNACK");
    const [connack] = client.packets.splice(0, 1);
    const code = connack?.cmd === "connack" ? (connack.reasonCode ?? connack.returnCode) : -1;
    if (code !== 0) throw new Error(`refused: ${JSON.stringify(connack)}`);
    client.bytes = Buffer.alloc(0);
    return client;
  }

  send(packet: MqttPacket | Uint8Array): void {
    this.socket.write(
      packet instanceof Uint8Array ? packet : generate(packet, { protocolVersion: this.#version }),
    );
  }

  /** Waits for a number of packets of a kind, and returns them. */
  async take<C extends MqttPacket["cmd"]>(cmd: C, count = 1): Promise<Extract<MqttPacket, { cmd: C }>[]> {
    const found = (): MqttPacket[] => this.packets.filter((packet) => packet.cmd === cmd);
    await until(() => found().length >= count, `${count} × ${cmd}, have ${found().length}`);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- filtered by `cmd`
    return found() as Extract<MqttPacket, { cmd: C }>[];
  }

  async gone(): Promise<void> {
    await until(() => this.closed, "connection closed");
  }

  /** Sends a PINGREQ and waits for its answer: all that was sent before has been dealt with. */
  async ping(): Promise<void> {
    const before = this.packets.filter((packet) => packet.cmd === "pingresp").length;
    this.send({ cmd: "pingreq" });
    await this.take("pingresp", before + 1);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

export function connectPacket(version: 3 | 4 | 5, clientId: string, rest: object = {}): Buffer {
  const packet = {
    cmd: "connect",
    protocolId: version === 3 ? "MQIsdp" : "MQTT",
    protocolVersion: version,
    clean: true,
    clientId,
    keepalive: 0,
    ...rest,
  } as MqttPacket;
  return generate(packet, { protocolVersion: version });
}

export function publishPacket(
  topic: string,
  payload: string | Buffer,
  options: {
    qos?: 0 | 1 | 2;
    messageId?: number;
    version?: 4 | 5;
    properties?: object;
    retain?: boolean;
    dup?: boolean;
  } = {},
): Buffer {
  const { version = 4, qos = 0, retain = false, dup = false, ...rest } = options;
  const packet: MqttPacket = { cmd: "publish", topic, payload, qos, retain, dup, ...rest };
  return generate(packet, { protocolVersion: version });
}

/** Bytes `0x40 2 id id` of a PUBACK without reason. */
export function pubackBytes(...ids: readonly number[]): Buffer {
  return Buffer.from(ids.flatMap((id) => [0x40, 2, id >> 8, id & 255]));
}
