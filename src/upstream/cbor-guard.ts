/**
 * Walks CBOR before it is decoded, and refuses what a batch never holds.
 *
 * The decoder behind it accepts far more than plain values: tags that build live objects, records that
 * compile functions, lengths that promise gigabytes, big integers that take seconds. The walk allocates
 * nothing and reads each item's head once.
 *
 * Source: RFC 8949, § 3 (major types and heads), § 3.3 (simple values).
 */

const depthMax = 8;
const unsignedInteger = 0;
const negativeInteger = 1;
const byteString = 2;
const textString = 3;
const array = 4;
const map = 5;
const tag = 6;

/** One item's head. */
interface Head {
  readonly major: number;
  readonly argument: number;
  readonly next: number;
}

/**
 * Says why bytes are not acceptable CBOR for a batch.
 *
 * @returns Nothing when they are one item of maps, arrays, strings and numbers, of definite lengths, at
 *   most 8 deep, with nothing after it.
 */
export function refusalOfCbor(bytes: Uint8Array): string | undefined {
  // Items that are still to come on each level; the level is left when its count reaches zero.
  const remaining = [1];
  let position = 0;
  while (remaining.length > 0) {
    const top = remaining.length - 1;
    const left = remaining[top] ?? 0;
    if (left === 0) {
      remaining.pop();
      continue;
    }
    remaining[top] = left - 1;
    const head = headAt(bytes, position);
    if (typeof head === "string") return head;
    position = head.next;
    const { major, argument } = head;
    if (major === byteString || major === textString) {
      if (argument > bytes.length - position) return "a string ends past the end of the message";
      position += argument;
    } else if (major === array || major === map) {
      if (top === depthMax) return `nested more than ${depthMax} deep`;
      const items = major === map ? argument * 2 : argument;
      // Each item takes a byte at least, so a greater count cannot be meant.
      if (items > bytes.length - position) return "a count runs past the end of the message";
      remaining.push(items);
    }
  }
  return position === bytes.length ? undefined : "bytes follow the message";
}

function headAt(bytes: Uint8Array, position: number): Head | string {
  const initial = bytes[position];
  if (initial === undefined) return "the message ends in the middle";
  const major = initial >> 5;
  const info = initial & 0x1f;
  if (major === tag) return "tags are not part of a batch";
  if (info === 31) return "indefinite lengths are not part of a batch";
  if (info > 27) return "a reserved length";
  const width = info < 24 ? 0 : 2 ** (info - 24);
  if (position + 1 + width > bytes.length) return "the message ends in the middle";
  if (major === 7) {
    // 20 to 22 are false, true and null; 25 to 27 are floats. The rest has no place in a record.
    const plain = (info >= 20 && info <= 22) || info >= 25;
    return plain ? { major, argument: 0, next: position + 1 + width } : "an unknown simple value";
  }
  let argument = width === 0 ? info : 0;
  for (let index = 1; index <= width; index += 1) argument = argument * 256 + (bytes[position + index] ?? 0);
  const numeric = major === unsignedInteger || major === negativeInteger;
  if (numeric && argument > Number.MAX_SAFE_INTEGER) return "an integer beyond 2^53";
  return { major, argument, next: position + 1 + width };
}
