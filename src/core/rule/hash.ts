/** A 64-bit FNV-1a hash over the UTF-16 units of a text, as 16 hexadecimal digits. For identities, not for secrecy. */
// Source: Fowler, Noll, Vo, draft-eastlake-fnv, § 2; prime 2^40 + 0x1b3.
export function hashOf(text: string): string {
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (let index = 0; index < text.length; index += 1) {
    low = (low ^ text.charCodeAt(index)) >>> 0;
    // (high·2^32 + low) × (2^40 + 0x1b3), modulo 2^64, in halves that stay below 2^53.
    const product = low * 0x1b3;
    const carry = Math.floor(product / 0x1_0000_0000);
    high = (Math.imul(high, 0x1b3) + carry + (low << 8)) >>> 0;
    low = product >>> 0;
  }
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}
