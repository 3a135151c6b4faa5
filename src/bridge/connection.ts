/**
 * One connection to a far broker, from the first attempt to its end.
 *
 * A client of its own and not mqtt.js: that one handles a message after the other, each as long as its
 * acknowledgement takes, which is one message a commit.
 */
import type { Socket } from "node:net";
import type { IConnackPacket, ISubackPacket } from "mqtt-packet";
import { outboundBytesMax, packetBytesMax } from "../core/limits.ts";
import type { MqttAddress, TlsMaterial } from "../core/mqtt-address.ts";
import type { Clock } from "../core/ports.ts";
import type { BridgeFilterStatus, ListenerAddress } from "../core/read-model.ts";
import {
  acknowledgePacket,
  connectPacket,
  ControlParser,
  type Credentials,
  disconnectPacket,
  pingreqPacket,
  type ProtocolVersion,
  pubcompPacket,
  publishPacket,
  subscribePacket,
} from "./control-packets.ts";
import { dial, leadsTo } from "./dial.ts";
import {
  type BridgeFailure,
  hungUp,
  loops,
  lost,
  notMqtt,
  notSetUp,
  notStored,
  refused,
  silent,
  socketFailed,
} from "./failure.ts";
import { Inbound, type InboundOptions } from "./inbound.ts";
import { type PacketFrame, type PacketHandler, PacketReader, PacketType } from "./packet-reader.ts";
import { readPublish } from "./publish.ts";

/** Where to connect, as whom, and how. */
export interface ConnectionOptions extends InboundOptions {
  readonly address: MqttAddress;
  readonly credentials: Credentials;
  readonly tls: TlsMaterial;
  readonly version: ProtocolVersion;
  readonly keepaliveSeconds: number;
  /** This process has subscribed before: in 3.1.1 it does not again, where the session is still there. */
  readonly hasSubscribed: boolean;
  readonly ownListeners: () => readonly ListenerAddress[];
  readonly clock: Clock;
}

/** What a connection tells. Nothing follows `lost`, nor a call of `close`. */
export interface ConnectionEvents {
  /** The far broker accepts us. Once. */
  connected(sessionPresent: boolean): void;
  /** The far broker has answered subscriptions; these it has refused now, and not before. */
  subscribed(refusals: readonly BridgeFilterStatus[]): void;
  /** Messages come through. Once. */
  productive(): void;
  /** The attempt failed or the connection ended. Once. */
  lost(failure: BridgeFailure): void;
}

/** How long a socket may take to close in good order. */
const closeMs = 500;

export class FarConnection implements PacketHandler {
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  readonly #inbound: Inbound;
  readonly #reader: PacketReader;
  readonly #parser: ControlParser;
  #socket: Socket | undefined;
  #accepted = false;
  #ended = false;
  #productive = false;
  #packetBytesMax = Number.POSITIVE_INFINITY;
  #outgoing: Buffer[] = [];
  #heardAt = 0;
  #askedAt = 0;
  #keepalive: NodeJS.Timeout | undefined;

  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    this.#options = options;
    this.#events = events;
    this.#reader = new PacketReader(this, packetBytesMax);
    this.#parser = new ControlParser(options.version);
    this.#inbound = new Inbound(options, {
      acknowledge: (message) => this.#queue(acknowledgePacket(message)),
      refused: () => this.#lose(notStored()),
    });
  }

  get inFlight(): number {
    return this.#inbound.inFlight;
  }

  open(): void {
    const { address, tls } = this.#options;
    try {
      const { socket, readyEvent } = dial(address, tls);
      this.#socket = socket;
      let isReady = false;
      socket.once(readyEvent, () => {
        isReady = true;
        this.#greet(socket);
      });
      socket.on("data", (bytes: Buffer) => {
        this.#heardAt = this.#options.clock.monotonicMs();
        this.#reader.receive(bytes);
      });
      socket.on("error", (cause) => {
        this.#lose(isReady && !this.#accepted && isReset(cause) ? hungUp() : socketFailed(cause));
      });
      socket.once("close", () => {
        this.#lose(isReady && !this.#accepted ? hungUp() : lost("the connection was closed"));
      });
    } catch (cause) {
      // Certificates and keys are parsed here. Nobody has been told of this connection before `open` returns.
      queueMicrotask(() => this.#lose(notSetUp(cause)));
    }
  }

  /** See `FarBroker.publish`. */
  publish(topic: string, payload: Uint8Array): boolean {
    const socket = this.#socket;
    if (this.#ended || !this.#accepted || socket === undefined) return false;
    const packet = publishPacket(topic, payload, this.#options.version);
    if (packet.length > this.#packetBytesMax) return false;
    if (socket.writableLength + packet.length > outboundBytesMax) return false;
    socket.write(packet);
    return true;
  }

  /** Takes nothing more; what becomes durable is still acknowledged. */
  stopReading(): void {
    clearInterval(this.#keepalive);
    this.#reader.stop();
  }

  /** Disconnects; resolves when the socket is closed, within a second. Never rejects. */
  async close(): Promise<void> {
    const socket = this.#socket;
    const isPolite = this.#accepted && !this.#ended;
    this.#flush();
    this.#end();
    if (socket === undefined || socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => socket.destroy(), closeMs);
      socket.once("close", () => {
        clearTimeout(timer);
        resolve();
      });
      if (!isPolite) socket.destroy();
      else {
        // What still comes is not read, and comes again; closing over unread bytes would take our last ones back.
        socket.resume();
        socket.end(disconnectPacket);
      }
    });
  }

  onPacket(frame: PacketFrame): void {
    const type = frame.first >> 4;
    if (!this.#accepted && type !== PacketType.connack) this.#lose(notMqtt("it begins without a CONNACK"));
    else if (type === PacketType.publish) this.#takeMessage(frame);
    else if (type === PacketType.pubrel) this.#release(frame);
    else if (type !== PacketType.pingresp) this.#takeControl(type, frame.bytes);
    // More of them would only lie here.
    if (!this.#inbound.full || this.#ended) return;
    this.#reader.waiting = true;
    this.#socket?.pause();
  }

  onFault(message: string): void {
    this.#lose(notMqtt(message));
  }

  #greet(socket: Socket): void {
    if (this.#ended) return;
    const { ownListeners, credentials, version, keepaliveSeconds } = this.#options;
    if (leadsTo(ownListeners(), socket)) this.#lose(loops());
    else socket.write(connectPacket(credentials, version, keepaliveSeconds));
  }

  #takeMessage(frame: PacketFrame): void {
    const publish = readPublish(frame, this.#options.version);
    if (publish === undefined) {
      this.#lose(notMqtt("a malformed message"));
      return;
    }
    this.#inbound.take(publish, frame);
    if (publish.qos === 0) this.#progress();
  }

  #release({ bytes, body }: PacketFrame): void {
    if (bytes.length < body + 2) this.#lose(notMqtt("a malformed PUBREL"));
    else this.#queue(pubcompPacket(bytes.readUInt16BE(body)));
  }

  #takeControl(type: number, bytes: Buffer): void {
    let packet: ReturnType<ControlParser["parse"]>;
    try {
      packet = this.#parser.parse(bytes);
    } catch (cause) {
      // The answer of 3.1.1 to a CONNECT of version 5 has no properties.
      const code = type === PacketType.connack ? (bytes[3] ?? 0) : 0;
      this.#lose(code === 0 ? notMqtt(String(cause)) : refused(code, ""));
      return;
    }
    if (packet.cmd === "connack") this.#takeConnack(packet);
    else if (packet.cmd === "suback") this.#takeSuback(packet);
    else if (packet.cmd === "disconnect") {
      this.#lose(refused(packet.reasonCode ?? 0, packet.properties?.reasonString ?? ""));
    } else this.#lose(notMqtt(`${packet.cmd} is not for clients like us`));
  }

  #takeConnack({ reasonCode, returnCode, sessionPresent, properties }: IConnackPacket): void {
    const code = reasonCode ?? returnCode ?? 0;
    if (code !== 0) this.#lose(refused(code, properties?.reasonString ?? ""));
    else if (!this.#accepted) {
      this.#packetBytesMax = properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY;
      this.#accept(sessionPresent, properties?.serverKeepAlive);
    }
  }

  #takeSuback({ messageId, granted }: ISubackPacket): void {
    if (granted.length === 0) this.#lose(notMqtt("a SUBACK without a code"));
    else {
      const { subscriptions } = this.#options;
      this.#events.subscribed(subscriptions.answer(messageId ?? 0, granted.map(Number)));
    }
  }

  #accept(sessionPresent: boolean, serverKeepAlive: number | undefined): void {
    this.#accepted = true;
    const { version, subscriptions, hasSubscribed, keepaliveSeconds, clock } = this.#options;
    this.#events.connected(sessionPresent);
    const onlyMissing = version === 4 && sessionPresent && hasSubscribed;
    for (const { packetId, filters } of subscriptions.request(onlyMissing)) {
      this.#socket?.write(subscribePacket(packetId, filters, version));
    }
    const seconds =
      serverKeepAlive === undefined || serverKeepAlive === 0 ? keepaliveSeconds : serverKeepAlive;
    this.#heardAt = clock.monotonicMs();
    this.#askedAt = this.#heardAt;
    this.#keepalive = setInterval(() => this.#keepAlive(seconds * 1_000), seconds * 500);
  }

  #keepAlive(intervalMs: number): void {
    const now = this.#options.clock.monotonicMs();
    // While the disk is slow nobody listens.
    if (this.#reader.waiting) this.#heardAt = now;
    if (now - this.#heardAt > intervalMs * 1.5) {
      this.#lose(silent(Math.round(now - this.#heardAt)));
      return;
    }
    // Timers are early by less than a millisecond.
    if (now - this.#askedAt < intervalMs - 1) return;
    this.#askedAt = now;
    this.#queue(pingreqPacket);
  }

  /** Sends a small packet, with others of the same moment: a commit settles hundreds of messages. */
  #queue(packet: Buffer): void {
    if (this.#ended) return;
    this.#outgoing.push(packet);
    if (this.#outgoing.length === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const packets = this.#outgoing;
    if (this.#ended || packets.length === 0) return;
    this.#outgoing = [];
    this.#socket?.write(packets.length === 1 ? packets[0]! : Buffer.concat(packets));
    this.#progress();
    if (!this.#reader.waiting || this.#inbound.full) return;
    this.#reader.waiting = false;
    this.#reader.continue();
    if (!this.#reader.waiting) this.#socket?.resume();
  }

  #progress(): void {
    if (this.#productive || this.#ended) return;
    this.#productive = true;
    this.#events.productive();
  }

  #lose(failure: BridgeFailure): void {
    if (this.#ended) return;
    this.#end();
    this.#socket?.destroy();
    this.#events.lost(failure);
  }

  #end(): void {
    this.#ended = true;
    clearInterval(this.#keepalive);
    this.#inbound.end();
    this.#reader.stop();
  }
}

/** The far end has closed without a word. */
function isReset(cause: Error): boolean {
  return "code" in cause && (cause.code === "ECONNRESET" || cause.code === "EPIPE");
}
