/** Listens to one topic filter of a local broker, for as long as the connection lasts. */
import { connect } from "node:net";
import {
  connectPacket,
  type Delivery,
  disconnect,
  FrameReader,
  PacketType,
  pingRequest,
  readDelivery,
  subscribePacket,
} from "./packets.ts";

/** What to listen to. */
export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly filter: string;
  readonly onDelivery: (delivery: Delivery) => void;
  /** The connection ended without {@link Listening.close}. */
  readonly onLost: (reason: string) => void;
}

/** A subscription. */
export interface Listening {
  close(): void;
}

const keepAliveSeconds = 60;

/** Subscribes at QoS 0. There is no reconnect: the broker is in this process. */
export function openListener(options: ListenerOptions): Listening {
  const { host, port, clientId, filter, onDelivery, onLost } = options;
  const reader = new FrameReader();
  let reason = "the broker closed the connection";
  let closed = false;
  const socket = connect({ host, port, noDelay: true }, () => {
    socket.write(connectPacket({ clientId, cleanSession: true, keepAliveSeconds }));
  });
  const ping = setInterval(() => socket.write(pingRequest), (keepAliveSeconds * 1_000) / 2);
  socket.on("data", (chunk) => {
    for (const frame of reader.push(chunk)) {
      if (frame.type === PacketType.connack) {
        if (frame.body[1] === 0) socket.write(subscribePacket(filter, 1, 0));
        else reason = `the broker answered code ${frame.body[1]}`;
      } else if (frame.type === PacketType.suback && frame.body[2] === 0x80) {
        reason = "the broker refuses the subscription";
        socket.end(disconnect);
      } else if (frame.type === PacketType.publish) {
        const delivery = readDelivery(frame);
        if (delivery !== undefined) onDelivery(delivery);
      }
    }
  });
  socket.on("error", (error) => {
    reason = error.message;
  });
  socket.on("close", () => {
    clearInterval(ping);
    if (!closed) onLost(reason);
  });
  return {
    close() {
      closed = true;
      socket.end(disconnect);
      socket.unref();
    },
  };
}
