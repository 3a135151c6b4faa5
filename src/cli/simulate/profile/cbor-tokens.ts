/**
 * The values in a CBOR document, each to be written anew where it stands.
 *
 * Source: RFC 8949, § 3. Maps and arrays count items and not bytes, so that a value may get longer. Keys of maps,
 * byte strings and strings in pieces are passed over.
 */
import type { Slot } from "./payload-template.ts";

/** Nesting beyond which a payload is none of a sensor. */
const levelsMax = 16;

/** @returns Nothing where the bytes are not one CBOR map or array. */
export function cborTokens(bytes: Uint8Array): readonly Slot[] | undefined {
  const major = (bytes[0] ?? 0) >> 5;
  if (major !== 4 && major !== 5) return undefined;
  const walk = new Walk(Buffer.from(bytes));
  try {
    walk.item(0, true);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return walk.at === bytes.length ? walk.slots : undefined;
}

const breakByte = 0xff;

class Walk {
  readonly slots: Slot[] = [];
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Reads one item; a RangeError where there is none. */
  item(level: number, isValue: boolean): void {
    if (level > levelsMax) throw new RangeError("nested too deep");
    const start = this.at;
    const first = this.#bytes.readUInt8(this.at++);
    const [major, info] = [first >> 5, first & 31];
    const argument = this.#argument(info);
    if (major === 0 || major === 1) {
      const value = major === 0 ? argument : -1n - argument;
      if (isValue) this.#add(start, "number", String(value), (text) => integer(text));
    } else if (major === 2 || major === 3) this.#string(start, { major, info, argument, level, isValue });
    else if (major === 4 || major === 5) this.#items(info, argument, level, major === 5);
    else if (major === 6) this.item(level + 1, isValue);
    else this.#simple(start, info, isValue);
  }

  #string(
    start: number,
    head: { major: number; info: number; argument: bigint; level: number; isValue: boolean },
  ): void {
    if (head.info === 31) {
      while (this.#bytes.readUInt8(this.at) !== breakByte) this.item(head.level + 1, false);
      this.at += 1;
      return;
    }
    const from = this.at;
    this.at += Number(head.argument);
    if (this.at > this.#bytes.length) throw new RangeError("cut off");
    if (head.major === 3 && head.isValue) {
      this.#add(start, "text", this.#bytes.toString("utf8", from, this.at), textItem);
    }
  }

  #items(info: number, count: bigint, level: number, isMap: boolean): void {
    const one = (): void => {
      if (isMap) this.item(level + 1, false);
      this.item(level + 1, true);
    };
    if (info === 31) {
      while (this.#bytes.readUInt8(this.at) !== breakByte) one();
      this.at += 1;
      return;
    }
    for (let index = 0n; index < count; index += 1n) one();
  }

  #simple(start: number, info: number, isValue: boolean): void {
    if (!isValue) return;
    if (info === 20 || info === 21) {
      this.#add(start, "boolean", String(info === 21), (text) => (text === "true" ? "\u00f5" : "\u00f4"));
    }
    if (info === 26) {
      this.#add(start, "number", shortest(this.#bytes.readFloatBE(start + 1)), (text) => {
        const item = Buffer.of(0xfa, 0, 0, 0, 0);
        item.writeFloatBE(Number(text), 1);
        return item.toString("latin1");
      });
    }
    if (info === 27) {
      this.#add(start, "number", String(this.#bytes.readDoubleBE(start + 1)), (text) => double(text));
    }
    // A half becomes a double: what is written need not fit into a half.
    if (info === 25) {
      this.#add(start, "number", shortest(half(this.#bytes.readUInt16BE(start + 1))), (text) => double(text));
    }
  }

  #argument(info: number): bigint {
    if (info < 24) return BigInt(info);
    if (info === 31) return 0n;
    if (info > 27) throw new RangeError("reserved");
    const length = 1 << (info - 24);
    const from = this.at;
    this.at += length;
    return length === 8 ? this.#bytes.readBigUInt64BE(from) : BigInt(this.#bytes.readUIntBE(from, length));
  }

  #add(start: number, kind: Slot["kind"], text: string, write: (text: string) => string): void {
    this.slots.push({ kind, text, start, end: this.at, put: (_token, next) => write(next) });
  }
}

/** The fewest digits that a float has: 21.5 and not 21.499999. */
function shortest(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/** Source: RFC 8949, appendix D. */
function half(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  const size =
    exponent === 0
      ? mantissa * 2 ** -24
      : exponent === 31
        ? mantissa === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN
        : (mantissa + 1024) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -size : size;
}

function double(text: string): string {
  const item = Buffer.alloc(9, 0xfb);
  item.writeDoubleBE(Number(text), 1);
  return item.toString("latin1");
}

function integer(text: string): string {
  const value = BigInt(text);
  return value < 0n ? itemHead(1, -1n - value) : itemHead(0, value);
}

function textItem(text: string): string {
  const bytes = Buffer.from(text);
  return itemHead(3, BigInt(bytes.length)) + bytes.toString("latin1");
}

function itemHead(major: number, argument: bigint): string {
  const first = major << 5;
  if (argument < 24n) return String.fromCharCode(first | Number(argument));
  const size = [1, 2, 4].find((bytes) => argument < 1n << BigInt(8 * bytes)) ?? 8;
  const item = Buffer.alloc(1 + size);
  item[0] = first | (24 + Math.log2(size));
  if (size === 8) item.writeBigUInt64BE(argument, 1);
  else item.writeUIntBE(Number(argument), 1, size);
  return item.toString("latin1");
}
