/**
 * The shape of a payload: the payload with its scalars cut out.
 *
 * Devices send the same members in the same order, formatted by the same code. What stays the same
 * (braces, names, white space, in CBOR heads and keys) is a run of literal bytes before each scalar and
 * one after the last. A payload that has the same literals therefore has the same structure, was checked
 * when the shape was learnt, and only its scalars have to be read: no names, no objects, no strings.
 */
import { planShapeBytesMax, planShapesMax } from "../core/limits.ts";
import { ValueKind } from "../core/sample.ts";
import type { Leaf, Leaves } from "./leaves.ts";
import { Role } from "./naming.ts";

/** Longest text, as it stands in the payload, that a slot remembers. */
const textBytesMax = 32;

/** What a slot costs beside its literals, and what it costs more where it remembers a text. */
const slotBytes = 32;
const textSlotBytes = 256;

/** Payloads of unknown shape after which learning is tried again, where it has not paid. */
const pauseMin = 16;
const pauseMax = 1_024;

/** A text as it stood in the payload, quotes or head included, and what it means. */
export interface TextMemory {
  /** The first `length` bytes count; none do while nothing is remembered. */
  readonly token: Uint8Array;
  length: number;
  text: string;
}

/** One learnt shape. */
export class Shape {
  /** All literals, one after the other. */
  readonly literals: Uint8Array;
  /** Slot i follows `literals[.., literalEnds[i])`; the last entry is the end of what follows all slots. */
  readonly literalEnds: Uint32Array;
  /** The series of each slot, or -1 for a scalar that is not a sample, or -2 - rank for event time. */
  readonly slots: Int32Array;
  /**
   * The last text of each slot that held one when the shape was learnt: a device repeats itself, and so no
   * string is made.
   */
  readonly texts: (TextMemory | undefined)[];
  /** Bytes of memory, about. */
  readonly cost: number;
  hits = 0;

  constructor(bytes: Uint8Array, start: number, end: number, leaves: Leaves) {
    const count = leaves.count;
    this.cost = costOf(leaves, end - start);
    this.literals = new Uint8Array(literalBytes(leaves, end - start));
    this.literalEnds = new Uint32Array(count + 1);
    this.slots = new Int32Array(count);
    this.texts = [];
    let length = 0;
    let from = start;
    for (let slot = 0; slot <= count; slot += 1) {
      const leaf = slot < count ? leaves.at(slot) : undefined;
      const to = leaf === undefined ? end : leaf.from;
      this.literals.set(bytes.subarray(from, to), length);
      length += to - from;
      this.literalEnds[slot] = length;
      if (leaf === undefined) break;
      from = leaf.to;
      this.slots[slot] = leaf.role >= 0 ? -2 - leaf.role : leaf.series;
      const remembers = leaf.kind === ValueKind.text && leaf.role === Role.sample;
      this.texts.push(remembers ? { token: new Uint8Array(textBytesMax), length: 0, text: "" } : undefined);
    }
    this.recall(bytes, leaves);
  }

  /** Remembers the texts of a payload that has this shape. */
  recall(bytes: Uint8Array, leaves: Leaves): void {
    for (let slot = 0; slot < leaves.count; slot += 1) {
      const leaf = leaves.at(slot);
      if (leaf.kind === ValueKind.text && leaf.role === Role.sample) {
        this.recallText(slot, bytes, leaf);
      }
    }
  }

  /** Remembers the text `bytes[from, to)` of a slot, if it is short. */
  recallText(slot: number, bytes: Uint8Array, { from, to, text }: Pick<Leaf, "from" | "to" | "text">): void {
    const length = to - from;
    const memory = this.texts[slot];
    if (length > textBytesMax || memory === undefined) return;
    for (let index = 0; index < length; index += 1) memory.token[index] = bytes[from + index]!;
    memory.length = length;
    memory.text = text;
  }

  /** Tells whether the payload whose leaves these are has this shape. */
  equals(bytes: Uint8Array, start: number, end: number, leaves: Leaves): boolean {
    const { literals, literalEnds, slots } = this;
    if (slots.length !== leaves.count || literals.length !== literalBytes(leaves, end - start)) return false;
    let literal = 0;
    let at = start;
    for (let slot = 0; slot <= slots.length; slot += 1) {
      const literalEnd = literalEnds[slot]!;
      const to = slot < slots.length ? leaves.at(slot).from : end;
      if (to - at !== literalEnd - literal) return false;
      for (; at < to; at += 1, literal += 1) if (bytes[at] !== literals[literal]) return false;
      if (slot < slots.length) at = leaves.at(slot).to;
    }
    return true;
  }
}

/** Tells whether a remembered text stands at `at`. */
export function standsAt(memory: TextMemory, bytes: Uint8Array, at: number, end: number): boolean {
  const { token, length } = memory;
  if (length === 0 || at + length > end) return false;
  for (let index = 0; index < length; index += 1) {
    if (bytes[at + index] !== token[index]) return false;
  }
  return true;
}

/**
 * The shapes of one topic, most used first, within `limits.planShapesMax` and `limits.planShapeBytesMax`.
 *
 * A topic whose payloads never repeat a shape must not pay for learning each of them: while new shapes
 * push out ones that were never used, the pause before the next is learnt doubles.
 */
export class ShapeMemory {
  readonly shapes: Shape[] = [];
  #bytes = 0;
  #pause = 0;
  #pauseLeft = 0;

  /** Counts a payload that had shape `index`, and moves that shape ahead of less used ones. */
  used(index: number): void {
    const shape = this.shapes[index]!;
    shape.hits += 1;
    if (index === 0) return;
    const ahead = this.shapes[index - 1]!;
    if (shape.hits <= ahead.hits) return;
    this.shapes[index - 1] = shape;
    this.shapes[index] = ahead;
  }

  /** Learns from a payload that was read without the help of a shape; its leaves have been emitted. */
  learn(bytes: Uint8Array, start: number, end: number, leaves: Leaves): void {
    if (leaves.repeated) return;
    const known = this.shapes.find((shape) => shape.equals(bytes, start, end, leaves));
    if (known !== undefined) {
      known.recall(bytes, leaves);
      return;
    }
    if (this.#pauseLeft > 0) {
      this.#pauseLeft -= 1;
      return;
    }
    const cost = costOf(leaves, end - start);
    if (cost > planShapeBytesMax) return;
    this.#makeRoom(cost);
    this.shapes.push(new Shape(bytes, start, end, leaves));
    this.#bytes += cost;
  }

  #makeRoom(cost: number): void {
    let wasted = false;
    let evicted = false;
    while (this.shapes.length >= planShapesMax || this.#bytes + cost > planShapeBytesMax) {
      const last = this.shapes.pop();
      if (last === undefined) break;
      this.#bytes -= last.cost;
      evicted = true;
      wasted ||= last.hits === 0;
    }
    if (!evicted) return;
    // What was used long ago must not outweigh what is used now.
    for (const shape of this.shapes) shape.hits >>>= 1;
    this.#pause = wasted ? Math.min(pauseMax, Math.max(pauseMin, this.#pause * 2)) : 0;
    this.#pauseLeft = this.#pause;
  }
}

function literalBytes(leaves: Leaves, length: number): number {
  let literal = length;
  for (let index = 0; index < leaves.count; index += 1) {
    const { from, to } = leaves.at(index);
    literal -= to - from;
  }
  return literal;
}

function costOf(leaves: Leaves, length: number): number {
  let cost = literalBytes(leaves, length) + slotBytes * leaves.count;
  for (let index = 0; index < leaves.count; index += 1) {
    if (leaves.at(index).kind === ValueKind.text) cost += textSlotBytes;
  }
  return cost;
}
