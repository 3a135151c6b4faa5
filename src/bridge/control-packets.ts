/** The packets of a bridge that are not messages: what it sends, and what it understands. */
import { generate, type Packet, parser } from "mqtt-packet";
import { bridgeInFlightMax, bridgeSessionSeconds } from "../core/limits.ts";
import type { BridgeFilter } from "../core/read-model.ts";
import { isShared } from "./subscriptions.ts";
import type { Unacknowledged } from "./inbound-window.ts";

export type ProtocolVersion = 4 | 5;

/** Who connects. */
export interface Credentials {
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
}

/**
 * A CONNECT that goes on with the session of its client id.
 *
 * There is no Maximum Packet Size in it: a server drops what is larger in silence, while we keep its beginning as a
 * dead letter.
 */
export function connectPacket(who: Credentials, version: ProtocolVersion, keepalive: number): Buffer {
  const { clientId, username, password } = who;
  return generate(
    {
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: version,
      clean: false,
      clientId,
      keepalive,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password: Buffer.from(password) }),
      ...(version === 4
        ? {}
        : {
            properties: { sessionExpiryInterval: bridgeSessionSeconds, receiveMaximum: bridgeInFlightMax },
          }),
    },
    { protocolVersion: version },
  );
}

/**
 * A SUBSCRIBE, in version 5 with these options:
 *
 * - Retain As Published off, so that RETAIN means "kept", as it always does in 3.1.1.
 * - Retain Handling 1: what is kept comes when the subscription is new. In a session that goes on, what was published
 *   meanwhile is in its queue, and what is kept would be the same again.
 * - No Local: what the bridge publishes does not come back. With shared subscriptions it is not allowed.
 */
export function subscribePacket(
  packetId: number,
  filters: readonly BridgeFilter[],
  version: ProtocolVersion,
): Buffer {
  const subscriptions = filters.map(({ filter, qos }) =>
    version === 4 ? { topic: filter, qos } : { topic: filter, qos, rap: false, rh: 1, nl: !isShared(filter) },
  );
  return generate({ cmd: "subscribe", messageId: packetId, subscriptions }, { protocolVersion: version });
}

/** A PUBLISH of QoS 0. */
export function publishPacket(topic: string, payload: Uint8Array, version: ProtocolVersion): Buffer {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  return generate(
    { cmd: "publish", topic, payload: bytes, qos: 0, dup: false, retain: false },
    { protocolVersion: version },
  );
}

/** PUBACK for QoS 1, PUBREC for QoS 2; without a reason code it is success in both versions. */
export function acknowledgePacket({ packetId, qos }: Unacknowledged): Buffer {
  return Buffer.of(qos === 1 ? 0x40 : 0x50, 2, packetId >> 8, packetId & 255);
}

/** The last word on a message of QoS 2. Nothing is kept for it: a PUBLISH sent again is known by its digest. */
export function pubcompPacket(packetId: number): Buffer {
  return Buffer.of(0x70, 2, packetId >> 8, packetId & 255);
}

export const pingreqPacket: Buffer = Buffer.of(0xc0, 0);

/** A DISCONNECT in good order: the session stays as it is. */
export const disconnectPacket: Buffer = Buffer.of(0xe0, 0);

/** Understands whole packets, one at a time. */
export class ControlParser {
  readonly #parser: ReturnType<typeof parser>;
  #packet: Packet | undefined;
  #error: Error | undefined;

  constructor(version: ProtocolVersion) {
    this.#parser = parser({ protocolVersion: version });
    this.#parser.on("packet", (packet: Packet) => {
      this.#packet = packet;
    });
    this.#parser.on("error", (error: Error) => {
      this.#error = error;
    });
  }

  /** @throws Error when the bytes are no packet. */
  parse(bytes: Buffer): Packet {
    this.#packet = undefined;
    this.#parser.parse(bytes);
    if (this.#error !== undefined) throw this.#error;
    if (this.#packet === undefined) throw new Error("a packet is shorter than it says");
    return this.#packet;
  }
}
