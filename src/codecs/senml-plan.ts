/** A plan for SenML in one of its forms: what differs is how records are read out of the bytes. */
import type { DecodePlan, DecodeTarget, PlanSpec, Rejection } from "../core/decode.ts";
import type { SeriesId } from "../core/sample.ts";
import { type Naming, objectNaming } from "./naming.ts";
import type { SenmlPack } from "./senml-pack.ts";

/** Reads a payload into the pack, completely or not at all. */
type PackReader = (bytes: Uint8Array, start: number, end: number) => Rejection | undefined;

export class SenmlPlan implements DecodePlan {
  readonly codec: string;
  readonly #naming: Naming;
  readonly #pack: SenmlPack;
  readonly #read: PackReader;
  /** What was noted last of each series; its number holds as long as the plan lives. */
  readonly #updates = new Map<SeriesId, number>();

  /** @param pack - What `read` fills. One serves every topic: decoding is synchronous. */
  constructor(codec: string, spec: PlanSpec, pack: SenmlPack, read: PackReader) {
    this.codec = codec;
    this.#naming = objectNaming(spec);
    this.#pack = pack;
    this.#read = read;
  }

  decode(bytes: Uint8Array, start: number, end: number, target: DecodeTarget): Rejection | undefined {
    return this.#read(bytes, start, end) ?? this.#pack.emit(this.#naming, target, this.#updates);
  }
}
