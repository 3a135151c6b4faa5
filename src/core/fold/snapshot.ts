/**
 * Bytes of a state snapshot: a flat run of numbers and texts in a fixed order.
 *
 * The same state gives the same bytes, so snapshots can be compared. There are no field names in it; the
 * version in front says which order of fields is meant, and another version is read by replaying the log
 * instead.
 */

/** The quiet NaN without a sign and a payload. Source: IEEE 754-2019, § 6.2.1. */
const canonicalNaN = 0x7ff8_0000_0000_0000n;

/** Writes numbers and texts one after the other into a growing buffer. */
export class SnapshotWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;
  readonly #encoder = new TextEncoder();

  /** @param bytesExpected - Spares the copies that growing takes; a little more than the last one had is best. */
  constructor(bytesExpected = 65_536) {
    this.#bytes = new Uint8Array(bytesExpected);
    this.#view = new DataView(this.#bytes.buffer);
  }

  number(value: number): void {
    if (this.#length + 8 > this.#bytes.length) this.#reserve(8);
    // A NaN may have any of many bit patterns, depending on how it was computed and by which compiler.
    if (Number.isNaN(value)) this.#view.setBigUint64(this.#length, canonicalNaN, true);
    else this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** A whole number from 0 to 2^53, in as many bytes as it needs. */
  count(value: number): void {
    if (this.#length + 8 > this.#bytes.length) this.#reserve(8);
    let rest = value;
    let length = this.#length;
    while (rest >= 128) {
      this.#bytes[length] = (rest % 128) + 128;
      length += 1;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[length] = rest;
    this.#length = length + 1;
  }

  text(value: string): void {
    const encoded = this.#encoder.encode(value);
    this.count(encoded.length);
    this.#reserve(encoded.length);
    this.#bytes.set(encoded, this.#length);
    this.#length += encoded.length;
  }

  /** The bytes written. The writer is not used afterwards. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    bytes.set(this.#bytes);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

/** Reads what {@link SnapshotWriter} wrote, in the same order. */
export class SnapshotReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  number(): number {
    const value = this.#view.getFloat64(this.#offset, true);
    this.#offset += 8;
    return value;
  }

  count(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#view.getUint8(this.#offset);
      this.#offset += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  }

  text(): string {
    const length = this.count();
    const value = this.#decoder.decode(this.#bytes.subarray(this.#offset, this.#offset + length));
    this.#offset += length;
    return value;
  }

  /** Everything was read; a snapshot with bytes left over is not one of this version. */
  get finished(): boolean {
    return this.#offset === this.#bytes.length;
  }
}
