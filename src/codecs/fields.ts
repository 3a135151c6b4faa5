/**
 * The scalars of a payload by their paths, for whoever has to know what it is before it is decoded.
 *
 * JSON objects and CBOR maps are read as strictly as by their codecs, within the same bounds: what stands in them is
 * a stranger's. A byte that can begin both begins JSON, since no CBOR map begins with white space or `{`.
 */
import type { FieldValue, PayloadFields } from "../core/fingerprint.ts";
import { ValueKind } from "../core/sample.ts";
import { CborReader } from "./cbor-read.ts";
import { Major } from "./cbor-scan.ts";
import { JsonReader } from "./json-read.ts";
import type { Leaf, Leaves } from "./leaves.ts";
import { type Naming, Role } from "./naming.ts";
import { looksLikeObject } from "./object-plan.ts";

// One of each serves every topic: reading is synchronous.
const json = new JsonReader();
const cbor = new CborReader();

/** Every leaf is looked at, whatever it is called and however deep it is. */
const naming: Naming = {
  device: "",
  unit: undefined,
  metricOf: (path) => path,
  roleOf: () => Role.sample,
};

/** Reads fields; see {@link FieldReader} in `core/fingerprint.ts`. */
export function readFields(bytes: Uint8Array, start: number, end: number): PayloadFields | undefined {
  if (looksLikeObject(bytes, start, end)) {
    return json.read(bytes, start, end, naming) === undefined ? new Fields(json.leaves) : undefined;
  }
  if (start === end || bytes[start]! >> 5 !== Major.map) return undefined;
  return cbor.read(bytes, start, end, naming) === undefined ? new Fields(cbor.leaves) : undefined;
}

class Fields implements PayloadFields {
  readonly #leaves: Leaves;
  /** Many profiles ask for the same few places. */
  readonly #found = new Map<string, Found>();

  constructor(leaves: Leaves) {
    this.#leaves = leaves;
  }

  has(path: string): boolean {
    return this.#find(path).has;
  }

  valueOf(path: string): FieldValue | undefined {
    return this.#find(path).value;
  }

  #find(path: string): Found {
    const known = this.#found.get(path) ?? found(this.#leaves, path);
    this.#found.set(path, known);
    return known;
  }
}

interface Found {
  readonly has: boolean;
  readonly value?: FieldValue;
}

function found(leaves: Leaves, path: string): Found {
  const prefix = `${path}.`;
  for (let index = 0; index < leaves.count; index += 1) {
    const leaf = leaves.at(index);
    if (leaf.replaced) continue;
    if (leaf.path === path) return { has: true, value: valueOf(leaf) };
    if (leaf.path.startsWith(prefix)) return { has: true };
  }
  return { has: false };
}

function valueOf(leaf: Leaf): FieldValue {
  if (leaf.kind === ValueKind.text) return leaf.text;
  if (leaf.kind === ValueKind.number) return leaf.value;
  return leaf.kind === ValueKind.boolean ? leaf.value === 1 : null;
}
