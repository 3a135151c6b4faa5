/** Bytes of one connection that cannot be handled yet: the beginning of a packet, or packets that have to wait. */

const initialBytes = 256;

/** What every connection begins with; most never need more. */
const nothing = new Uint8Array(0);

/**
 * A growing buffer with a consumed front.
 *
 * It doubles, so a packet that arrives byte by byte is copied a logarithmic number of times, and it holds
 * at most twice what has arrived, whatever length a header claims. Emptied, it gives its memory back.
 */
export class HeldBytes {
  bytes: Uint8Array = nothing;
  start = 0;
  end = 0;

  get length(): number {
    return this.end - this.start;
  }

  /** Appends `source[from, to)`. */
  append(source: Uint8Array, from: number, to: number): void {
    const count = to - from;
    if (count === 0) return;
    if (this.end + count > this.bytes.length) this.#makeRoom(count);
    this.bytes.set(source.subarray(from, to), this.end);
    this.end += count;
  }

  /** Drops everything before `offset`, a position in `bytes`. */
  consumeTo(offset: number): void {
    this.start = offset;
    if (offset < this.end) return;
    this.start = 0;
    this.end = 0;
    if (this.bytes.length > initialBytes) this.bytes = nothing;
  }

  #makeRoom(count: number): void {
    const needed = this.length + count;
    let capacity = Math.max(initialBytes, this.bytes.length);
    while (capacity < needed) capacity *= 2;
    const target = capacity === this.bytes.length ? this.bytes : new Uint8Array(capacity);
    target.set(this.bytes.subarray(this.start, this.end), 0);
    this.bytes = target;
    this.end -= this.start;
    this.start = 0;
  }
}
