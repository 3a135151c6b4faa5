/**
 * A plan for JSON objects of which a device family knows the members: the object is read, strictly and within
 * the bounds, into leaves, and the family says which of them are readings.
 */
import type { DecodePlan, DecodeTarget, PlanSpec, Rejection } from "../core/decode.ts";
import { JsonReader } from "./json-read.ts";
import type { Leaf, Leaves } from "./leaves.ts";
import { type Naming, Role } from "./naming.ts";
import { Readings } from "./readings.ts";
import { rejected } from "./rejection.ts";

/** What a family finds in one object. */
export interface FoundObject {
  /** In the order of the payload. The path of a leaf joins names and indexes by `.`. */
  readonly leaves: Leaves;
  /** The bytes that `from` and `to` of the leaves point into. */
  readonly bytes: Uint8Array;
  /** Where the readings go. */
  readonly readings: Readings;
  /** Takes what the object says about devices. */
  readonly target: DecodeTarget;
}

/** Adds the readings of one object, or says why there are none to be had. */
export type ObjectDecoder = (found: FoundObject) => Rejection | undefined;

export interface ObjectPlanOptions {
  readonly codec: string;
  readonly spec: PlanSpec;
  /** The device, where the route names none. */
  readonly device: string;
  /** Leaves deeper than this are not looked at; 1 is a member of the payload. */
  readonly levelsMax: number;
  readonly decode: ObjectDecoder;
  /** What to tell somebody whose payloads are not JSON objects; they are then refused as unsupported. */
  readonly otherwise?: string;
}

// One of each serves every topic: decoding is synchronous.
const reader = new JsonReader();
const readings = new Readings();

/** Makes a plan for objects. */
export function objectPlan(options: ObjectPlanOptions): DecodePlan {
  return new ObjectPlan(options);
}

class ObjectPlan implements DecodePlan {
  readonly codec: string;
  readonly #decode: ObjectDecoder;
  readonly #device: string;
  readonly #unit: string | undefined;
  readonly #naming: Naming;
  readonly #otherwise: string | undefined;

  constructor({ codec, spec, device, levelsMax, decode, otherwise }: ObjectPlanOptions) {
    this.codec = codec;
    this.#decode = decode;
    this.#device = spec.device ?? device;
    this.#unit = spec.unit;
    this.#naming = treeNaming(levelsMax);
    this.#otherwise = otherwise;
  }

  decode(bytes: Uint8Array, start: number, end: number, target: DecodeTarget): Rejection | undefined {
    if (this.#otherwise !== undefined && end > start && !looksLikeObject(bytes, start, end)) {
      return rejected("unsupported", this.#otherwise);
    }
    const refusal = reader.read(bytes, start, end, this.#naming);
    if (refusal !== undefined) return refusal;
    readings.begin(this.#device, this.#unit);
    return this.#decode({ leaves: reader.leaves, bytes, readings, target }) ?? readings.emit(target);
  }
}

/** Tells whether the first byte that is not white space is `{`. */
export function looksLikeObject(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const code = bytes[at]!;
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code === 0x7b;
  }
  return false;
}

/** Calls back for each leaf below a prefix that ends in `.` (or all, with `""`), with its path below it. */
export function leavesBelow(leaves: Leaves, prefix: string, visit: (name: string, leaf: Leaf) => void): void {
  for (let index = 0; index < leaves.count; index += 1) {
    const leaf = leaves.at(index);
    if (leaf.replaced || leaf.role !== Role.sample || !leaf.path.startsWith(prefix)) continue;
    visit(leaf.path.slice(prefix.length), leaf);
  }
}

/** The leaf with this path, if there is one. */
export function leafAt(leaves: Leaves, path: string): Leaf | undefined {
  for (let index = 0; index < leaves.count; index += 1) {
    const leaf = leaves.at(index);
    if (!leaf.replaced && leaf.role === Role.sample && leaf.path === path) return leaf;
  }
  return undefined;
}

/** Tells whether there is a leaf below a prefix. */
export function hasBelow(leaves: Leaves, prefix: string): boolean {
  for (let index = 0; index < leaves.count; index += 1) {
    const leaf = leaves.at(index);
    if (!leaf.replaced && leaf.role === Role.sample && leaf.path.startsWith(prefix)) return true;
  }
  return false;
}

function treeNaming(levelsMax: number): Naming {
  return {
    device: "",
    unit: undefined,
    metricOf: (path) => path,
    roleOf: (_, level) => (level <= levelsMax ? Role.sample : Role.none),
  };
}
