/**
 * Growable bytes with a write cursor, and a read cursor over bytes: the primitives of every stored value.
 *
 * Variable-length integers are LEB128, at most 53 bits; signed ones are zig-zag. Fixed-width numbers are
 * little-endian, except in keys, where order matters.
 */
import { invariant } from "../core/errors.ts";

const two28 = 0x1000_0000;
const two32 = 0x1_0000_0000;

/** The largest zig-zag integer: both neighbours of ±2^52 survive doubling exactly. */
export const signedMax: number = 2 ** 52;

/** Bytes that do not follow the layout that their version promises; the store treats them as damage. */
export class LayoutError extends Error {
  override readonly name = "LayoutError";
}

/** Writes at `length`, growing as needed. One instance is kept and reused; see {@link ByteWriter.take}. */
export class ByteWriter {
  bytes: Uint8Array;
  view: DataView;
  length = 0;

  constructor(capacity = 4096) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  clear(): void {
    this.length = 0;
  }

  /** Makes room for `count` more bytes. Invalidates views handed out before. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  /** The bytes so far, as a view that the next write may overwrite. */
  taken(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  uint32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.length, value, true);
    this.length += 4;
  }

  float64(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** An integer of 0 to 2^53 - 1. */
  varint(value: number): void {
    this.reserve(8);
    this.length = putVarint(this.bytes, this.length, value);
  }

  /** Bytes with their length before them. */
  blob(value: Uint8Array): void {
    this.varint(value.length);
    this.raw(value);
  }

  raw(value: Uint8Array): void {
    this.reserve(value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
  }

  /**
   * A text: its byte length doubled, then UTF-8; or, with the lowest bit set, UTF-16 where the text holds a
   * lone surrogate, which UTF-8 cannot carry.
   */
  text(value: string): void {
    if (value.isWellFormed()) {
      this.reserve(value.length * 3 + 8);
      const short = value.length < 22;
      // A text of up to 21 characters has at most 63 bytes, so its length fits into one byte.
      const lengthAt = this.length;
      if (short) {
        const { written } = textEncoder.encodeInto(value, this.bytes.subarray(lengthAt + 1));
        this.bytes[lengthAt] = written * 2;
        this.length = lengthAt + 1 + written;
      } else {
        const encoded = textEncoder.encode(value);
        this.varint(encoded.length * 2);
        this.raw(encoded);
      }
      return;
    }
    this.varint(value.length * 4 + 1);
    this.reserve(value.length * 2);
    for (let index = 0; index < value.length; index += 1) {
      this.view.setUint16(this.length, value.charCodeAt(index), true);
      this.length += 2;
    }
  }
}

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads from `offset` up to `end`; a read past the end is a {@link LayoutError}. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  offset: number;
  readonly end: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.offset = start;
    this.end = end;
  }

  /** Moves past `count` bytes and gives where they began. */
  skip(count: number): number {
    const start = this.offset;
    if (count > this.end - start) throw new LayoutError(`${count} bytes wanted at ${start} of ${this.end}`);
    this.offset = start + count;
    return start;
  }

  byte(): number {
    return this.bytes[this.skip(1)]!;
  }

  uint32(): number {
    return this.view.getUint32(this.skip(4), true);
  }

  float64(): number {
    return this.view.getFloat64(this.skip(8), true);
  }

  varint(): number {
    let value = 0;
    let unit = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) break;
      unit *= 128;
      if (unit > 2 ** 49) throw new LayoutError(`integer of more than 53 bits at ${this.offset}`);
    }
    return value;
  }

  /** A view, not a copy. */
  blob(): Uint8Array {
    const length = this.varint();
    const start = this.skip(length);
    return this.bytes.subarray(start, start + length);
  }

  text(): string {
    const header = this.varint();
    const length = Math.floor(header / 2);
    const start = this.skip(length);
    if (header % 2 === 0) return decodedText(this.bytes, start, start + length);
    let text = "";
    for (let at = start; at + 1 < start + length; at += 2) {
      text += String.fromCharCode(this.view.getUint16(at, true));
    }
    return text;
  }
}

/** Short ASCII texts, which most names are, cost less without the decoder. */
function decodedText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= 16) {
    let text = "";
    let at = start;
    for (; at < end; at += 1) {
      const byte = bytes[at]!;
      if (byte >= 0x80) break;
      text += String.fromCharCode(byte);
    }
    if (at === end) return text;
  }
  try {
    return textDecoder.decode(bytes.subarray(start, end));
  } catch (error) {
    throw new LayoutError(`invalid UTF-8 at ${start}: ${String(error)}`);
  }
}

/**
 * Writes an integer of 0 to 2^53 - 1 in up to eight bytes.
 *
 * @returns The offset after it. The caller has made room.
 */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let offset = at;
  while (rest >= two28) {
    bytes[offset++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest >= 0x80) {
    bytes[offset++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[offset++] = rest;
  return offset;
}

/** Puts the sign into the lowest bit. Exact for integers up to ±{@link signedMax}. */
export function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

/** The opposite of {@link zigzag}. */
export function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** Writes a sequence as 8 bytes, big-endian, so that keys sort by it. */
export function putSequence(bytes: Uint8Array, at: number, value: number): void {
  invariant(Number.isSafeInteger(value) && value >= 0, `sequence ${value}`);
  const high = Math.floor(value / two32);
  const low = value >>> 0;
  bytes[at] = high >>> 24;
  bytes[at + 1] = high >>> 16;
  bytes[at + 2] = high >>> 8;
  bytes[at + 3] = high;
  bytes[at + 4] = low >>> 24;
  bytes[at + 5] = low >>> 16;
  bytes[at + 6] = low >>> 8;
  bytes[at + 7] = low;
}

/** Reads what {@link putSequence} wrote. */
export function sequenceAt(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let index = at; index < at + 8; index += 1) value = value * 256 + bytes[index]!;
  return value;
}
