/**
 * A plan that decodes by the shapes of the last payloads, and by a general reader where none fits.
 *
 * What differs between formats is the reader, which takes any payload of the format and is strict, and the
 * shaped decoder, which takes payloads of one shape and is fast. Both give the same rows.
 */
import type { DecodePlan, DecodeTarget, PlanSpec, Rejection } from "../core/decode.ts";
import type { Leaves } from "./leaves.ts";
import { type Naming, objectNaming } from "./naming.ts";
import { type Shape, ShapeMemory } from "./shape.ts";

/** Reads any payload of a format into leaves. One serves every topic: decoding is synchronous. */
interface GeneralReader {
  readonly leaves: Leaves;
  read(bytes: Uint8Array, start: number, end: number, naming: Naming): Rejection | undefined;
}

/**
 * Reads a payload of a shape.
 *
 * @returns False when it has another shape, or a scalar that takes more care; rows may have been added.
 */
type ShapedDecoder = (
  shape: Shape,
  bytes: Uint8Array,
  start: number,
  end: number,
  target: DecodeTarget,
) => boolean;

export class ShapedPlan implements DecodePlan {
  readonly codec: string;
  readonly #reader: GeneralReader;
  readonly #decodeShaped: ShapedDecoder;
  readonly #naming: Naming;
  readonly #memory = new ShapeMemory();

  constructor(codec: string, spec: PlanSpec, reader: GeneralReader, decodeShaped: ShapedDecoder) {
    this.codec = codec;
    this.#reader = reader;
    this.#decodeShaped = decodeShaped;
    this.#naming = objectNaming(spec);
  }

  decode(bytes: Uint8Array, start: number, end: number, target: DecodeTarget): Rejection | undefined {
    const { shapes } = this.#memory;
    const { rows } = target;
    const firstRow = rows.count;
    const firstText = rows.texts.length;
    for (let index = 0; index < shapes.length; index += 1) {
      if (this.#decodeShaped(shapes[index]!, bytes, start, end, target)) {
        this.#memory.used(index);
        return undefined;
      }
      rows.truncate(firstRow);
      rows.texts.length = firstText;
    }
    const reader = this.#reader;
    const refusal = reader.read(bytes, start, end, this.#naming) ?? reader.leaves.emit(bytes, target);
    if (refusal === undefined) this.#memory.learn(bytes, start, end, reader.leaves);
    return refusal;
  }
}
