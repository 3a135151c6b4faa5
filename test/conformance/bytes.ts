/** Packets byte by byte, for what a packet writer would not write. */

/** A text or binary field: its length in two bytes, and itself. */
export function field(text: string | Uint8Array): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([identifier(bytes.length), bytes]);
}

/** A packet with this first byte, of at most 127 bytes behind its length. */
export function packet(first: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(first, body.length), body]);
}

/** Two bytes: a packet identifier, for example. */
export function identifier(number: number): Buffer {
  return Buffer.of(number >> 8, number & 255);
}

/** An MQTT 5 property block of less than 128 bytes. */
export function block(...properties: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.concat(properties);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}
