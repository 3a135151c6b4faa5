/** What a message without a device stamp is recognised by when it is sent again. */
import type { Publication } from "../core/ports.ts";

/** Two 32-bit halves, in one object that the next call fills anew. */
const digest = { high: 0, low: 0 };

/**
 * Digests client, packet id, topic and payload of a message.
 *
 * A client that uses one packet id for everything and says the same thing on the same topic again is told
 * apart from one that resends by the DUP flag alone.
 *
 * Two multiplicative hashes of 32 bits with different constants: not for secrecy. That two messages of
 * the 16,384 remembered have one digest, and one of them the DUP flag, is not going to happen.
 */
export function messageDigest(publication: Publication): { readonly high: number; readonly low: number } {
  const { bytes, start, end, clientId, topic, packetId } = publication;
  let high = 0x811c9dc5 ^ packetId;
  let low = 0x9e3779b9 ^ (end - start);
  for (const text of [clientId, topic]) {
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index);
      high = Math.imul(high ^ unit, 0x01000193);
      low = Math.imul(low ^ unit, 0x85ebca6b) ^ (low >>> 15);
    }
    high = Math.imul(high ^ 0x1_0000, 0x01000193);
  }
  for (let index = start; index < end; index += 1) {
    const byte = bytes[index]!;
    high = Math.imul(high ^ byte, 0x01000193);
    low = Math.imul(low ^ byte, 0x85ebca6b) ^ (low >>> 15);
  }
  digest.high = high >>> 0;
  digest.low = low >>> 0;
  return digest;
}
