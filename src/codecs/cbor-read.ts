/**
 * The general CBOR reader: any payload, strictly checked, into leaves.
 *
 * It is the check before decoding and the decoding in one pass. `cbor-x` is not used for payloads: after
 * a check that refuses most of what it can do, its result would only be walked again, and what it makes
 * of the rest (BigInt, Set, RegExp, renamed keys, silently repaired text) would have to be undone. For
 * 69 bytes with four members (x86-64, Node 24) `cbor-x` alone takes 0.7 µs to give an object; this reader
 * takes 1.5 µs to give rows, and the shaped path in `cbor.ts`, which nearly every message takes, 0.3 µs.
 * `test/bench/codecs.bench.ts` measures all three.
 *
 * Source: RFC 8949. Only definite lengths, only tags 0 and 1, no bignums.
 */
import type { RejectCause, Rejection } from "../core/decode.ts";
import { packetBytesMax, payloadDepthMax, payloadItemsMax, payloadStringBytesMax } from "../core/limits.ts";
import { ValueKind } from "../core/sample.ts";
import { integerOf, Major, scanArgument, scanFloat } from "./cbor-scan.ts";
import { type Leaf, Leaves, Members } from "./leaves.ts";
import { type Naming, Role } from "./naming.ts";
import { scanned } from "./number-scan.ts";
import { rejected } from "./rejection.ts";
import { stampOfNumber, stampOfText } from "./stamp.ts";
import { isText, viewOf } from "./text.ts";

/** Reads one payload after another; the leaves are valid until the next. */
export class CborReader {
  readonly leaves: Leaves = new Leaves();
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #at = 0;
  #end = 0;
  #items = 0;
  #rejection: Rejection | undefined;
  /** The string that {@link CborReader.#string} has read last. */
  #text = "";

  /**
   * Reads `bytes[start, end)` into `leaves`.
   *
   * @returns A rejection when it is not one CBOR map within the bounds; the leaves then mean nothing.
   */
  read(bytes: Uint8Array, start: number, end: number, naming: Naming): Rejection | undefined {
    if (end - start > packetBytesMax) {
      return rejected("too-large", `The payload is longer than ${packetBytesMax} bytes.`);
    }
    if (start === end) return rejected("empty", "The payload is empty.");
    this.#bytes = viewOf(bytes);
    this.#start = start;
    this.#at = start;
    this.#end = end;
    this.#items = 0;
    this.#rejection = undefined;
    this.leaves.begin(naming);
    const isMap = bytes[start]! >> 5 === Major.map;
    if (!this.#value("", 0)) return this.#rejection;
    if (this.#at !== end) return rejected("malformed", `Bytes follow the CBOR at byte ${this.#at - start}.`);
    return isMap ? undefined : rejected("unsupported", "The payload is CBOR, but not a map.");
  }

  #value(path: string, level: number): boolean {
    if (level > 0) {
      this.#items += 1;
      if (this.#items > payloadItemsMax) {
        return this.#refuse("too-many-items", `The payload holds more than ${payloadItemsMax} values.`);
      }
    }
    const from = this.#at;
    if (from >= this.#end) return this.#refuseCut();
    const code = this.#bytes[from]!;
    switch (code >> 5) {
      case Major.unsigned:
      case Major.negative:
        return this.#integer(path, level);
      case Major.bytes:
      case Major.text:
        return this.#stringLeaf(path, level);
      case Major.array:
        return this.#array(path, level + 1);
      case Major.map:
        return this.#map(path, level + 1);
      case Major.tag:
        return this.#tagged(path, level);
      default:
        return this.#simple(path, level, code & 31);
    }
  }

  /** Reads a map whose members are at `level`. */
  #map(path: string, level: number): boolean {
    const count = this.#count(level);
    if (count < 0) return false;
    const members = new Members();
    for (let index = 0; index < count; index += 1) {
      if (!this.#key()) return false;
      const name = this.#text;
      this.leaves.member(members, name);
      if (!this.#value(path === "" ? name : `${path}.${name}`, level)) return false;
    }
    return true;
  }

  /** Reads an array whose elements are at `level`. */
  #array(path: string, level: number): boolean {
    const count = this.#count(level);
    for (let index = 0; index < count; index += 1) {
      if (!this.#value(path === "" ? String(index) : `${path}.${index}`, level)) return false;
    }
    return count >= 0;
  }

  /** Reads the head of an array or map: the number of its elements or pairs, or -1 when it is refused. */
  #count(level: number): number {
    const count = this.#argument();
    if (count < 0) return -1;
    if (level > payloadDepthMax) {
      this.#refuse("too-deep", `The payload is nested deeper than ${payloadDepthMax} levels.`);
      return -1;
    }
    if (this.#items + count > payloadItemsMax) {
      this.#refuse("too-many-items", `The payload holds more than ${payloadItemsMax} values.`);
      return -1;
    }
    return count;
  }

  /** Reads a key into `#text`: text, or an integer in decimal digits. */
  #key(): boolean {
    if (this.#at >= this.#end) return this.#refuseCut();
    const from = this.#at;
    const major = this.#bytes[from]! >> 5;
    if (major === Major.text) return this.#string();
    if (major !== Major.unsigned && major !== Major.negative) {
      return this.#refuse("unsupported", `A key is neither text nor an integer ${this.#where()}.`);
    }
    const argument = this.#argument();
    if (argument < 0) return false;
    this.#text = String(integerOf(this.#bytes, from, argument));
    return true;
  }

  #integer(path: string, level: number): boolean {
    const from = this.#at;
    const argument = this.#argument();
    if (argument < 0) return false;
    const value = integerOf(this.#bytes, from, argument);
    const leaf = this.leaves.add(path, level, from, this.#at);
    if (typeof value === "number") this.leaves.setNumber(leaf, value);
    else setText(leaf, value);
    return true;
  }

  #stringLeaf(path: string, level: number): boolean {
    const from = this.#at;
    if (!this.#string()) return false;
    setText(this.leaves.add(path, level, from, this.#at), this.#text);
    return true;
  }

  /** Reads a text, or a byte string as base64url, into `#text`. */
  #string(): boolean {
    const hasText = this.#bytes[this.#at]! >> 5 === Major.text;
    const length = this.#argument();
    if (length < 0) return false;
    if (length > payloadStringBytesMax) {
      return this.#refuse("too-large", `A string is longer than ${payloadStringBytesMax} bytes.`);
    }
    const from = this.#at;
    const to = from + length;
    if (to > this.#end) return this.#refuseCut();
    if (hasText && !isText(this.#bytes, from, to)) {
      return this.#refuse("invalid-text", `A text is not UTF-8 ${this.#where()}.`);
    }
    this.#text = this.#bytes.toString(hasText ? "utf8" : "base64url", from, to);
    this.#at = to;
    return true;
  }

  /** Reads a time: tag 0 (RFC 3339) or tag 1 (epoch). Where it is not event time it is a sample in ms. */
  #tagged(path: string, level: number): boolean {
    const from = this.#at;
    const tag = this.#argument();
    if (tag < 0) return false;
    if (tag > 1) return this.#refuse("unsupported", `Tag ${tag} is not supported ${this.#where()}.`);
    if (this.#at >= this.#end) return this.#refuseCut();
    const code = this.#bytes[this.#at]!;
    const major = code >> 5;
    const isNumber = major === Major.unsigned || major === Major.negative || (code >= 0xf9 && code <= 0xfb);
    if (tag === 0 ? major !== Major.text : !isNumber) {
      return this.#refuse("malformed", `Tag ${tag} holds something that is not a time ${this.#where()}.`);
    }
    // The tag and what it holds are one item.
    if (level > 0) this.#items -= 1;
    if (!this.#value(path, level)) return false;
    const leaf = this.leaves.at(this.leaves.count - 1);
    leaf.from = from;
    if (leaf.role === Role.sample) this.leaves.setNumber(leaf, stampOf(leaf));
    return true;
  }

  #simple(path: string, level: number, info: number): boolean {
    const from = this.#at;
    if (info >= 25 && info <= 27) {
      const value = scanFloat(this.#bytes, from, this.#end);
      if (scanned.end < 0) return this.#refuseCut();
      this.#at = scanned.end;
      this.leaves.setNumber(this.leaves.add(path, level, from, this.#at), value);
      return true;
    }
    if (info > 27) return this.#refuse("malformed", `Unexpected byte ${this.#where()}.`);
    if (info < 20 || info > 23) {
      return this.#refuse("unsupported", `A simple value without a meaning ${this.#where()}.`);
    }
    this.#at += 1;
    const leaf = this.leaves.add(path, level, from, this.#at);
    if (info > 21) return true;
    leaf.kind = ValueKind.boolean;
    leaf.value = info - 20;
    return true;
  }

  /** Reads a head and returns its argument, or -1 when it is refused. */
  #argument(): number {
    const info = this.#bytes[this.#at]! & 31;
    const argument = scanArgument(this.#bytes, this.#at, this.#end);
    if (scanned.end >= 0) {
      this.#at = scanned.end;
      return argument;
    }
    if (info === 31) this.#refuse("unsupported", `An indefinite length ${this.#where()}.`);
    else if (info > 27) this.#refuse("malformed", `A reserved head ${this.#where()}.`);
    else this.#refuseCut();
    return -1;
  }

  #refuse(cause: RejectCause, detail: string): false {
    this.#rejection = rejected(cause, detail);
    return false;
  }

  #refuseCut(): false {
    return this.#refuse("malformed", "The CBOR ends too early.");
  }

  #where(): string {
    return `at byte ${this.#at - this.#start}`;
  }
}

function setText(leaf: Leaf, text: string): void {
  leaf.kind = ValueKind.text;
  leaf.text = text;
}

/** The tagged time that a leaf holds, or `NaN`. */
function stampOf(leaf: Leaf): number {
  if (leaf.kind === ValueKind.number) return stampOfNumber(leaf.value);
  const text = Buffer.from(leaf.text);
  return stampOfText(text, 0, text.length);
}
