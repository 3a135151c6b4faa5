/** An MQTT server that does what a test tells it to, packet by packet, right or wrong. */
import { createServer, type Server, type Socket } from "node:net";
import {
  generate,
  type IConnectPacket,
  type IPublishPacket,
  type ISubscribePacket,
  type Packet,
  parser,
} from "mqtt-packet";

/** One connection to the scripted server. */
export interface ScriptedConnection {
  readonly version: number;
  send(packet: Packet): void;
  /** Sends bytes as they are. */
  write(bytes: Uint8Array): void;
  destroy(): void;
}

/** What the server does; nothing where a handler is missing. */
export interface MqttScript {
  connect?(packet: IConnectPacket, connection: ScriptedConnection): void;
  publish?(packet: IPublishPacket, connection: ScriptedConnection): void;
  subscribe?(packet: ISubscribePacket, connection: ScriptedConnection): void;
}

/** A running scripted server. */
export interface ScriptedMqtt {
  readonly port: number;
  readonly connects: readonly IConnectPacket[];
  readonly publishes: readonly IPublishPacket[];
  /** Everything that came, oldest first. */
  readonly packets: readonly Packet[];
  script: MqttScript;
  close(): Promise<void>;
}

/** Accepts whoever comes, with the properties given (MQTT 5 only). */
export function accepting(properties: Record<string, number> = {}): Required<Pick<MqttScript, "connect">> {
  return {
    connect(packet, connection) {
      connection.send(
        packet.protocolVersion === 5
          ? { cmd: "connack", reasonCode: 0, sessionPresent: false, properties }
          : { cmd: "connack", returnCode: 0, sessionPresent: false },
      );
    },
  };
}

/** Grants every subscription what it asks for, but for filters that are refused with 0x87. */
export function granting(refused: readonly string[] = []): Required<Pick<MqttScript, "subscribe">> {
  return {
    subscribe({ messageId, subscriptions }, connection) {
      const granted = subscriptions.map(({ topic, qos }) => (refused.includes(topic) ? 0x87 : qos));
      connection.send({ cmd: "suback", messageId: messageId ?? 0, granted });
    },
  };
}

/** Acknowledges every message. */
export const acknowledging: Required<Pick<MqttScript, "publish">> = {
  publish(packet, connection) {
    connection.send({ cmd: "puback", messageId: packet.messageId ?? 0, reasonCode: 0 });
  },
};

/** Starts a scripted server on a free port of 127.0.0.1. */
export async function openScriptedMqtt(script: MqttScript): Promise<ScriptedMqtt> {
  const server = new ScriptedServer(script);
  await server.listen();
  return server;
}

class ScriptedServer implements ScriptedMqtt {
  script: MqttScript;
  port = 0;
  readonly connects: IConnectPacket[] = [];
  readonly publishes: IPublishPacket[] = [];
  readonly packets: Packet[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(script: MqttScript) {
    this.script = script;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", resolve);
    });
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("a listening server has a port");
    this.port = address.port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    let version = 4;
    const connection: ScriptedConnection = {
      get version() {
        return version;
      },
      send: (packet) => {
        if (!socket.destroyed) socket.write(generate(packet, { protocolVersion: version }));
      },
      write: (bytes) => socket.write(bytes),
      destroy: () => socket.destroy(),
    };
    const reader = parser({ protocolVersion: 4 });
    reader.on("packet", (packet: Packet) => {
      this.packets.push(packet);
      if (packet.cmd === "connect") {
        version = packet.protocolVersion ?? 4;
        this.connects.push(packet);
        this.script.connect?.(packet, connection);
      } else if (packet.cmd === "publish") {
        this.publishes.push(packet);
        this.script.publish?.(packet, connection);
      } else if (packet.cmd === "subscribe") this.script.subscribe?.(packet, connection);
    });
    socket.on("data", (bytes) => reader.parse(bytes));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
  }
}
