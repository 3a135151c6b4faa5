/**
 * The few MQTT 3.1.1 packets that a simulated sensor and the demo's listener need.
 *
 * Source: MQTT 3.1.1 (OASIS, 2014): § 2.2 fixed header, § 3.1 CONNECT, § 3.3 PUBLISH, § 3.8 SUBSCRIBE.
 */

/** Packet types that are sent or understood here, with the flags that belong to them. */
export const PacketType = {
  connack: 2,
  publish: 3,
  puback: 4,
  suback: 9,
  pingresp: 13,
} as const;

/** How a client presents itself. */
export interface ConnectFields {
  readonly clientId: string;
  readonly cleanSession: boolean;
  readonly keepAliveSeconds: number;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/** PINGREQ and DISCONNECT never differ. */
export const pingRequest: Uint8Array = Uint8Array.of(0xc0, 0);
export const disconnect: Uint8Array = Uint8Array.of(0xe0, 0);

/** A CONNECT of protocol level 4. */
export function connectPacket(fields: ConnectFields): Buffer {
  const { clientId, cleanSession, keepAliveSeconds, username, password } = fields;
  const flags =
    (cleanSession ? 0x02 : 0) | (password === undefined ? 0 : 0x40) | (username === undefined ? 0 : 0x80);
  const body = [
    textField("MQTT"),
    Buffer.of(4, flags, keepAliveSeconds >> 8, keepAliveSeconds & 255),
    textField(clientId),
  ];
  if (username !== undefined) body.push(textField(username));
  if (password !== undefined) body.push(textField(password));
  return packet(0x10, Buffer.concat(body));
}

/** A PUBLISH at QoS 1. */
export function publishPacket(topic: string, payload: string | Uint8Array, packetId: number): Buffer {
  const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
  return packet(0x32, Buffer.concat([textField(topic), twoBytes(packetId), bytes]));
}

/** Sets the DUP flag of a PUBLISH that is sent again (§ 3.3.1.1). */
export function markResent(publish: Buffer): void {
  publish[0] = (publish[0] ?? 0) | 0x08;
}

/** A SUBSCRIBE for one filter at QoS 0 or 1. */
export function subscribePacket(filter: string, packetId: number, qos: 0 | 1): Buffer {
  return packet(0x82, Buffer.concat([twoBytes(packetId), textField(filter), Buffer.of(qos)]));
}

/** The PUBACK for a packet id. */
export function pubackPacket(packetId: number): Buffer {
  return packet(0x40, twoBytes(packetId));
}

/** A PUBLISH as it came in. */
export interface Delivery {
  readonly topic: string;
  readonly payload: string;
  readonly retained: boolean;
  /** Missing at QoS 0. */
  readonly packetId: number | undefined;
}

/** Reads the body of a PUBLISH; nothing when it is cut short. */
export function readDelivery(frame: Frame): Delivery | undefined {
  const { body, flags } = frame;
  if (body.length < 2) return undefined;
  const topicEnd = 2 + body.readUInt16BE(0);
  const qos = (flags >> 1) & 3;
  const start = qos === 0 ? topicEnd : topicEnd + 2;
  if (start > body.length) return undefined;
  return {
    topic: body.toString("utf8", 2, topicEnd),
    payload: body.toString("utf8", start),
    retained: (flags & 1) === 1,
    packetId: qos === 0 ? undefined : body.readUInt16BE(topicEnd),
  };
}

/** One packet: its type, flags, and what follows the fixed header. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly body: Buffer;
}

/** Largest packet that is taken from a broker. Alerts and acknowledgements are far smaller. */
const frameBytesMax = 1024 * 1024;

/** Cuts a byte stream into packets, however it was split on the way. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /**
   * Takes the next bytes of the stream.
   *
   * @returns The packets that are now complete, in order.
   * @throws RangeError when the stream is not MQTT or a packet is larger than 1 MiB: close the connection.
   */
  push(chunk: Buffer): Frame[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    let offset = 0;
    for (;;) {
      const header = readHeader(bytes, offset);
      if (header === undefined || header.end > bytes.length) break;
      const first = bytes[offset] ?? 0;
      frames.push({ type: first >> 4, flags: first & 15, body: bytes.subarray(header.bodyAt, header.end) });
      offset = header.end;
    }
    this.#rest = bytes.subarray(offset);
    return frames;
  }
}

/** Where a packet's body begins and ends; nothing while its header is incomplete. */
function readHeader(bytes: Buffer, offset: number): { bodyAt: number; end: number } | undefined {
  let length = 0;
  for (let index = 0; index < 4; index += 1) {
    const byte = bytes[offset + 1 + index];
    if (byte === undefined) return undefined;
    length += (byte & 127) * 128 ** index;
    if (byte < 128) {
      if (length > frameBytesMax) throw new RangeError(`a packet of ${length} bytes`);
      const bodyAt = offset + 2 + index;
      return { bodyAt, end: bodyAt + length };
    }
  }
  throw new RangeError("a packet length of more than four bytes");
}

function packet(first: number, body: Buffer): Buffer {
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    rest >>= 7;
  } while (rest > 0);
  return Buffer.concat([Buffer.of(first, ...length), body]);
}

function textField(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > 65_535) throw new RangeError(`a text of ${bytes.length} bytes does not fit into MQTT`);
  return Buffer.concat([twoBytes(bytes.length), bytes]);
}

function twoBytes(value: number): Buffer {
  return Buffer.of(value >> 8, value & 255);
}
