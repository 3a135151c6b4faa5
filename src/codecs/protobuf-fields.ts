/**
 * Protocol buffers, field by field, in the middle of other bytes.
 *
 * Everything here throws a {@link Refusal} at what is not in form. The library under it throws errors of its own
 * at what ends too early.
 *
 * Source: protobuf.dev, "Encoding".
 */
import { PbfReader } from "pbf";
import type { RejectCause, Rejection } from "../core/decode.ts";
import { payloadStringBytesMax } from "../core/limits.ts";
import { rejected } from "./rejection.ts";
import { isText, viewOf } from "./text.ts";

/** How a field's value is laid out. */
export const WireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Ends the reading of a payload; caught where it began. */
export class Refusal extends Error {
  readonly rejection: Rejection;

  constructor(cause: RejectCause, detail: string) {
    super(detail);
    this.rejection = rejected(cause, detail);
  }
}

/** The payload is not in form. */
export function malformed(): Refusal {
  return new Refusal("malformed", "The payload is not in the form of protocol buffers, or of its type.");
}

const idle = new PbfReader(new Uint8Array());

/** Where reading stands in some bytes. */
export class ProtobufFields {
  #reader: PbfReader = idle;

  /** Begins to read at `start`. */
  begin(bytes: Uint8Array, start: number): void {
    this.#reader = new PbfReader(bytes);
    this.#reader.pos = start;
  }

  /** Lets go of the bytes. */
  release(): void {
    this.#reader = idle;
  }

  get position(): number {
    return this.#reader.pos;
  }

  set position(position: number) {
    this.#reader.pos = position;
  }

  /** Wire type of the field that was found last. */
  get type(): number {
    return this.#reader.type;
  }

  /** Whether there is another field before `end`, behind which nothing may have been read. */
  more(end: number): boolean {
    const { pos } = this.#reader;
    if (pos > end) throw malformed();
    return pos < end;
  }

  /**
   * Finds the next field.
   *
   * @param types - Wire types of the fields that are known, from field 1; one that has another is refused.
   */
  next(types: readonly (number | undefined)[], end: number): number {
    const field = this.#reader.nextField(end);
    const expected = types[field - 1];
    if (field === 0 || (expected !== undefined && expected !== this.#reader.type)) throw malformed();
    return field;
  }

  skip(): void {
    this.#reader.skip(this.#reader.type);
  }

  /** A number of up to 64 bits, not exact beyond 2^53. */
  number(isSigned = false): number {
    return this.#reader.readVarint(isSigned);
  }

  boolean(): boolean {
    return this.#reader.readBoolean();
  }

  float(): number {
    return this.#reader.readFloat();
  }

  double(): number {
    return this.#reader.readDouble();
  }

  /** Reads the length of a part. @returns Where it ends, which is within what it is part of. */
  endOfPart(end: number): number {
    const length = this.#reader.readVarint();
    const partEnd = this.#reader.pos + length;
    if (!(partEnd <= end)) throw malformed();
    return partEnd;
  }

  /** Reads a text of at most `limits.payloadStringBytesMax`. */
  text(end: number): string {
    const to = this.endOfPart(end);
    const from = this.#reader.pos;
    if (to - from > payloadStringBytesMax) {
      throw new Refusal("too-large", `A name is longer than ${payloadStringBytesMax} bytes.`);
    }
    this.checkText(from, to);
    this.#reader.pos = to;
    return this.textAt(from, to);
  }

  textAt(from: number, to: number): string {
    return viewOf(this.#reader.buf).toString("utf8", from, to);
  }

  checkText(from: number, to: number): void {
    if (!isText(this.#reader.buf, from, to)) throw new Refusal("invalid-text", "A text is not UTF-8.");
  }
}
