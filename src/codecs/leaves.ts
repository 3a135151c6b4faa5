/**
 * The leaves of one payload, collected before any of them becomes a row: a payload that turns out to be
 * broken at its last byte must leave neither rows nor new series behind.
 */
import type { DecodeTarget, Rejection } from "../core/decode.ts";
import { RowFlag, ValueKind } from "../core/sample.ts";
import { type Naming, nameProblem, Role } from "./naming.ts";
import { rejected } from "./rejection.ts";
import { stampOfDigits, stampOfNumber, stampOfText } from "./stamp.ts";

/** Digits from which on an integer may not be exact in a double. */
const exactDigitsMax = 15;

/** One scalar in a payload. */
export interface Leaf {
  path: string;
  /** A {@link Role}, or the rank of the leaf as event time. */
  role: number;
  kind: ValueKind;
  /** The number, or 0 or 1; `NaN` for texts and none. */
  value: number;
  text: string;
  /** Not a finite number where a number belongs. */
  bad: boolean;
  /** A later member of the same name has replaced it. */
  replaced: boolean;
  /** The leaf as it stands in the payload: `bytes[from, to)`. */
  from: number;
  to: number;
  /** Given by {@link Leaves.emit} to samples. */
  series: number;
}

/** Members from which on a name is looked up in a map instead of being compared with each. */
const membersCompared = 12;

/** The members of one object so far. */
export class Members {
  readonly #names: string[] = [];
  /** Where the leaves of each member begin; they end where those of the next begin. */
  readonly begins: number[] = [];
  #indexes: Map<string, number> | undefined;

  /** Adds a member; returns the index of the member that had this name last, or -1. */
  add(name: string, begin: number): number {
    const index = this.begins.push(begin) - 1;
    const indexes = index < membersCompared ? undefined : this.#indexed();
    const earlier = indexes === undefined ? this.#names.lastIndexOf(name) : (indexes.get(name) ?? -1);
    if (indexes === undefined) this.#names.push(name);
    else indexes.set(name, index);
    return earlier;
  }

  #indexed(): Map<string, number> {
    this.#indexes ??= new Map(this.#names.map((name, index) => [name, index]));
    return this.#indexes;
  }
}

/** Leaves in the order of the payload. One object is reused for payload after payload. */
export class Leaves {
  count = 0;
  /** A member name came twice in one object, so that some leaves are {@link Leaf.replaced}. */
  repeated = false;
  readonly #leaves: Leaf[] = [];
  #naming: Naming | undefined;

  /** Forgets the last payload. */
  begin(naming: Naming): void {
    this.count = 0;
    this.repeated = false;
    this.#naming = naming;
  }

  /** Leaf `index`, below `count`. Valid until the next {@link begin}. */
  at(index: number): Leaf {
    return this.#leaves[index]!;
  }

  /** Adds a leaf of kind none; the caller fills in what it is. */
  add(path: string, level: number, from: number, to: number): Leaf {
    let leaf = this.#leaves[this.count];
    if (leaf === undefined) {
      leaf = {
        path,
        role: Role.none,
        kind: ValueKind.none,
        value: Number.NaN,
        text: "",
        bad: false,
        replaced: false,
        from,
        to,
        series: -1,
      };
      this.#leaves.push(leaf);
    }
    this.count += 1;
    leaf.path = path;
    leaf.role = this.#naming!.roleOf(path, level);
    leaf.kind = ValueKind.none;
    leaf.value = Number.NaN;
    leaf.text = "";
    leaf.bad = false;
    leaf.replaced = false;
    leaf.from = from;
    leaf.to = to;
    leaf.series = -1;
    return leaf;
  }

  /** Makes a leaf a number, or a bad none where it is not finite. */
  setNumber(leaf: Leaf, value: number): void {
    leaf.bad = !Number.isFinite(value);
    leaf.kind = leaf.bad ? ValueKind.none : ValueKind.number;
    leaf.value = leaf.bad ? Number.NaN : value;
  }

  /**
   * Begins a member of an object. Where the name has come before in that object, the leaves it had are
   * {@link Leaf.replaced}: the last one counts.
   */
  member(members: Members, name: string): void {
    const earlier = members.add(name, this.count);
    if (earlier < 0) return;
    const { begins } = members;
    this.repeated = true;
    const end = begins[earlier + 1]!;
    for (let index = begins[earlier]!; index < end; index += 1) this.at(index).replaced = true;
  }

  /**
   * Turns the leaves into rows and the event time of the payload.
   *
   * All names are looked at before the first series is made.
   *
   * @param bytes - The bytes that `from` and `to` of the leaves point into.
   * @returns A rejection, `invalid-text` or `series-limit`; no row is left behind.
   */
  emit(bytes: Uint8Array, target: DecodeTarget): Rejection | undefined {
    const { rows } = target;
    const refusal = this.#resolve(target);
    if (refusal !== undefined) return refusal;
    let stampAt = Number.NaN;
    let stampRank = Number.POSITIVE_INFINITY;
    let unreadable = false;
    for (let index = 0; index < this.count; index += 1) {
      const leaf = this.at(index);
      if (leaf.replaced) continue;
      if (leaf.role >= 0) {
        if (leaf.kind === ValueKind.none && !leaf.bad) continue;
        const stamp = stampOfLeaf(bytes, leaf);
        if (Number.isNaN(stamp)) unreadable = true;
        else if (leaf.role < stampRank) {
          stampAt = stamp;
          stampRank = leaf.role;
        }
      } else if (leaf.series >= 0) {
        const row = rows.count;
        if (leaf.kind === ValueKind.text) rows.pushText(leaf.series, leaf.text);
        else rows.push(leaf.series, leaf.kind, leaf.value);
        if (leaf.bad) rows.flags[row] = RowFlag.bad;
      }
    }
    target.stampAt = stampAt;
    target.stampUnreadable = unreadable && Number.isNaN(stampAt);
    return undefined;
  }

  #resolve(target: DecodeTarget): Rejection | undefined {
    const naming = this.#naming!;
    const metrics: string[] = [];
    for (let index = 0; index < this.count; index += 1) {
      const leaf = this.at(index);
      const isSample = leaf.role === Role.sample && !leaf.replaced;
      const metric = isSample ? naming.metricOf(leaf.path) : "";
      const problem = isSample ? nameProblem("metric", metric) : undefined;
      if (problem !== undefined) return problem;
      metrics.push(metric);
    }
    const problem = nameProblem("device", naming.device);
    if (problem !== undefined) return problem;
    for (let index = 0; index < this.count; index += 1) {
      const leaf = this.at(index);
      if (leaf.role !== Role.sample || leaf.replaced) continue;
      leaf.series = target.series(naming.device, metrics[index]!, naming.unit);
      if (leaf.series < 0) return rejected("series-limit", "The gateway holds as many series as it may.");
    }
    return undefined;
  }
}

/** The time that a leaf in the place of event time stands for, or `NaN`. */
function stampOfLeaf(bytes: Uint8Array, leaf: Leaf): number {
  if (leaf.kind === ValueKind.text) {
    const text = Buffer.from(leaf.text);
    return stampOfText(text, 0, text.length);
  }
  if (leaf.kind !== ValueKind.number) return Number.NaN;
  return stampOfToken(bytes, leaf.from, leaf.to, leaf.value);
}

/**
 * The time of a number, which also stands in the bytes: from its digits where a double would not be
 * exact, else from its value.
 */
export function stampOfToken(bytes: Uint8Array, from: number, to: number, value: number): number {
  const exact = to - from > exactDigitsMax ? stampOfDigits(bytes, from, to) : Number.NaN;
  return Number.isNaN(exact) ? stampOfNumber(value) : exact;
}
