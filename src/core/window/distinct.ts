/**
 * How many different values came: exactly up to 64, estimated beyond.
 *
 * The estimate is a HyperLogLog of 256 registers, with a standard error of 1.04 / √256 = 6.5 %.
 *
 * Source: Flajolet, Fusy, Gandouet, Meunier, "HyperLogLog: the analysis of a near-optimal cardinality
 * estimation algorithm", AofA 2007, figures 2 and 3. Of its corrections only the one for few values is
 * needed: 32 bits of hash are enough for 100 million different values.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";

/** Different values that are kept as they are. 64 × 8 bytes are twice the registers. */
export const distinctExactMax = 64;

const registerBits = 8;
const registerCount = 256;
const rankBits = 24;
/** Corrects the mean of registers. Source: figure 3 of the paper, for 128 registers and more. */
const alpha = 0.7213 / (1 + 1.079 / registerCount);

const bits = new DataView(new ArrayBuffer(8));

export class Distinct {
  /** Values, in order of arrival; not used once there are registers. */
  #values: number[] = [];
  #registers: Uint8Array | undefined;

  /** Different values; a whole number as long as it is exact. 0 and -0 are the same. */
  get count(): number {
    return this.#registers === undefined ? this.#values.length : estimateOf(this.#registers);
  }

  add(value: number): void {
    // -0 has other bits.
    const number = value === 0 ? 0 : value;
    if (this.#registers !== undefined) {
      register(this.#registers, number);
      return;
    }
    if (this.#values.includes(number)) return;
    this.#values.push(number);
    if (this.#values.length > distinctExactMax) this.#estimate();
  }

  /** Adds all values of another; the count is the same in any grouping. */
  merge(other: Distinct): void {
    if (other.#registers === undefined) {
      for (const value of other.#values) this.add(value);
      return;
    }
    const registers = this.#registers ?? this.#estimate();
    for (let index = 0; index < registerCount; index += 1) {
      if (other.#registers[index]! > registers[index]!) registers[index] = other.#registers[index]!;
    }
  }

  clear(): void {
    this.#values.length = 0;
    this.#registers = undefined;
  }

  #estimate(): Uint8Array {
    const registers = new Uint8Array(registerCount);
    for (const value of this.#values) register(registers, value);
    this.#registers = registers;
    this.#values = [];
    return registers;
  }

  write(writer: SnapshotWriter): void {
    if (this.#registers !== undefined) {
      writer.count(distinctExactMax + 1);
      for (const rank of this.#registers) writer.count(rank);
      return;
    }
    writer.count(this.#values.length);
    for (const value of this.#values) writer.number(value);
  }

  /** Reads into an empty one. */
  read(reader: SnapshotReader): void {
    const count = reader.count();
    if (count > distinctExactMax) {
      this.#registers = Uint8Array.from({ length: registerCount }, () => reader.count());
    } else {
      this.#values = Array.from({ length: count }, () => reader.number());
    }
  }
}

function register(registers: Uint8Array, value: number): void {
  const hash = hashOfNumber(value);
  const index = hash >>> rankBits;
  // The first 1 of the bits behind the index; a guard ends the search when there is none.
  const rank = Math.clz32(((hash << registerBits) | (1 << (registerBits - 1))) >>> 0) + 1;
  if (rank > registers[index]!) registers[index] = rank;
}

function estimateOf(registers: Uint8Array): number {
  let sum = 0;
  let empty = 0;
  for (const rank of registers) {
    sum += 2 ** -rank;
    if (rank === 0) empty += 1;
  }
  const raw = (alpha * registerCount * registerCount) / sum;
  return raw <= 2.5 * registerCount && empty > 0 ? registerCount * Math.log(registerCount / empty) : raw;
}

/** 32 bits in which every bit of the number counts. */
function hashOfNumber(value: number): number {
  bits.setFloat64(0, value, true);
  return mixed(bits.getUint32(0, true) ^ mixed(bits.getUint32(4, true) ^ 0x9e37_79b9));
}

/** Source: the finalizer of MurmurHash3, 32 bits, by Austin Appleby, public domain. */
function mixed(word: number): number {
  let hash = word;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
