/**
 * The general JSON reader: any payload, strictly checked, into leaves.
 *
 * It reads the bytes itself instead of calling `JSON.parse`, because it must stop at the bounds before
 * anything is built, must know where each scalar stands (that is how shapes are learnt), keeps the order
 * of the payload, and never assigns a name from outside to an object.
 *
 * Source: RFC 8259. A name that comes twice in one object: the last one counts, in its own place.
 */
import type { Rejection } from "../core/decode.ts";
import { packetBytesMax, payloadDepthMax, payloadItemsMax, payloadStringBytesMax } from "../core/limits.ts";
import { ValueKind } from "../core/sample.ts";
import { Leaves, Members } from "./leaves.ts";
import type { Naming } from "./naming.ts";
import { scanNumber, scanned } from "./number-scan.ts";
import { rejected } from "./rejection.ts";
import { isText, viewOf } from "./text.ts";

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Reads one payload after another; the leaves are valid until the next. */
export class JsonReader {
  readonly leaves: Leaves = new Leaves();
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #at = 0;
  #end = 0;
  #items = 0;
  #rejection: Rejection | undefined;
  /** The string that {@link JsonReader.#string} has read last. */
  #text = "";

  /**
   * Reads `bytes[start, end)` into `leaves`.
   *
   * @returns A rejection when it is not one JSON object within the bounds; the leaves then mean nothing.
   */
  read(bytes: Uint8Array, start: number, end: number, naming: Naming): Rejection | undefined {
    if (end - start > packetBytesMax) {
      return rejected("too-large", `The payload is longer than ${packetBytesMax} bytes.`);
    }
    if (!isText(bytes, start, end)) return rejected("invalid-text", "The payload is not UTF-8.");
    this.#bytes = viewOf(bytes);
    this.#start = start;
    this.#at = start;
    this.#end = end;
    this.#items = 0;
    this.#rejection = undefined;
    this.leaves.begin(naming);
    this.#skipSpace();
    if (this.#at === end) return rejected("empty", "The payload is empty.");
    const isObject = this.#peek() === openBrace;
    if (!(isObject ? this.#object("", 1) : this.#value("", 0))) return this.#rejection;
    this.#skipSpace();
    if (this.#at !== end) return rejected("malformed", `Bytes follow the JSON at byte ${this.#at - start}.`);
    return isObject ? undefined : rejected("unsupported", "The payload is JSON, but not an object.");
  }

  /** Reads an object whose members are at `level`. */
  #object(path: string, level: number): boolean {
    if (level > payloadDepthMax) return this.#refuseDepth();
    this.#at += 1;
    this.#skipSpace();
    if (this.#peek() === closeBrace) return this.#pass();
    const members = new Members();
    for (;;) {
      if (this.#peek() !== quote) return this.#refuse("expected a member name");
      if (!this.#string()) return false;
      const name = this.#text;
      this.#skipSpace();
      if (this.#peek() !== colon) return this.#refuse('expected ":"');
      this.#at += 1;
      this.#skipSpace();
      this.leaves.member(members, name);
      if (!this.#value(path === "" ? name : `${path}.${name}`, level)) return false;
      this.#skipSpace();
      const next = this.#peek();
      if (next === closeBrace) return this.#pass();
      if (next !== comma) return this.#refuse('expected "," or "}"');
      this.#at += 1;
      this.#skipSpace();
    }
  }

  /** Reads an array whose elements are at `level`. */
  #array(path: string, level: number): boolean {
    if (level > payloadDepthMax) return this.#refuseDepth();
    this.#at += 1;
    this.#skipSpace();
    if (this.#peek() === closeBracket) return this.#pass();
    for (let index = 0; ; index += 1) {
      if (!this.#value(path === "" ? String(index) : `${path}.${index}`, level)) return false;
      this.#skipSpace();
      const next = this.#peek();
      if (next === closeBracket) return this.#pass();
      if (next !== comma) return this.#refuse('expected "," or "]"');
      this.#at += 1;
      this.#skipSpace();
    }
  }

  #value(path: string, level: number): boolean {
    this.#items += 1;
    if (this.#items > payloadItemsMax) {
      this.#rejection = rejected("too-many-items", `The payload holds more than ${payloadItemsMax} values.`);
      return false;
    }
    const from = this.#at;
    switch (this.#peek()) {
      case openBrace:
        return this.#object(path, level + 1);
      case openBracket:
        return this.#array(path, level + 1);
      case quote: {
        if (!this.#string()) return false;
        const leaf = this.leaves.add(path, level, from, this.#at);
        leaf.kind = ValueKind.text;
        leaf.text = this.#text;
        return true;
      }
      case 0x74:
        return this.#literal("true", path, level, ValueKind.boolean, 1);
      case 0x66:
        return this.#literal("false", path, level, ValueKind.boolean, 0);
      case 0x6e:
        return this.#literal("null", path, level, ValueKind.none, Number.NaN);
      default: {
        const value = scanNumber(this.#bytes, from, this.#end);
        if (scanned.end < 0) return this.#refuse("expected a value");
        this.#at = scanned.end;
        this.leaves.setNumber(this.leaves.add(path, level, from, this.#at), value);
        return true;
      }
    }
  }

  #literal(word: string, path: string, level: number, kind: ValueKind, value: number): boolean {
    const from = this.#at;
    for (let index = 0; index < word.length; index += 1, this.#at += 1) {
      if (this.#peek() !== word.charCodeAt(index)) return this.#refuse(`expected ${word}`);
    }
    const leaf = this.leaves.add(path, level, from, this.#at);
    leaf.kind = kind;
    leaf.value = value;
    return true;
  }

  /** Reads the string that begins here into `#text`. Its length is that of its bytes as written. */
  #string(): boolean {
    const bytes = this.#bytes;
    const from = this.#at + 1;
    const limit = Math.min(this.#end, from + payloadStringBytesMax + 1);
    let escaped = false;
    let at = from;
    for (; at < limit && bytes[at] !== quote; at += 1) {
      const code = bytes[at]!;
      if (code < 0x20) return this.#refuse("control character in a string");
      if (code !== backslash) continue;
      escaped = true;
      const length = this.#escapeLength(at);
      if (length === 0) return this.#refuse("bad escape in a string");
      at += length - 1;
    }
    if (at >= this.#end) return this.#refuse("string without an end");
    if (at >= limit) {
      this.#rejection = rejected("too-large", `A string is longer than ${payloadStringBytesMax} bytes.`);
      return false;
    }
    this.#at = at + 1;
    // The bytes between are checked: `JSON.parse` only resolves the escapes.
    this.#text = escaped
      ? String(JSON.parse(bytes.toString("utf8", from - 1, at + 1)))
      : bytes.toString("utf8", from, at);
    if (escaped && !this.#text.isWellFormed()) {
      // A lone surrogate cannot be stored as UTF-8: what is read back would differ from what was decided on.
      this.#rejection = rejected("invalid-text", "A string holds half of a surrogate pair.");
      return false;
    }
    return true;
  }

  /** Bytes of the escape at `at`, or 0 when it is none. */
  #escapeLength(at: number): number {
    const code = at + 1 < this.#end ? this.#bytes[at + 1]! : 0;
    if (code !== 0x75) return '"\\/bfnrt'.includes(String.fromCharCode(code)) && code !== 0 ? 2 : 0;
    if (at + 6 > this.#end) return 0;
    for (let digit = at + 2; digit < at + 6; digit += 1) {
      const hex = this.#bytes[digit]!;
      const letter = hex | 0x20;
      if (!((hex >= 0x30 && hex <= 0x39) || (letter >= 0x61 && letter <= 0x66))) return 0;
    }
    return 6;
  }

  #skipSpace(): void {
    let at = this.#at;
    for (; at < this.#end; at += 1) {
      const code = this.#bytes[at];
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) break;
    }
    this.#at = at;
  }

  /** The byte here, or -1 at the end. */
  #peek(): number {
    return this.#at < this.#end ? this.#bytes[this.#at]! : -1;
  }

  #pass(): true {
    this.#at += 1;
    return true;
  }

  #refuse(what: string): false {
    this.#rejection = rejected("malformed", `Not JSON: ${what} at byte ${this.#at - this.#start}.`);
    return false;
  }

  #refuseDepth(): false {
    this.#rejection = rejected("too-deep", `The payload is nested deeper than ${payloadDepthMax} levels.`);
    return false;
  }
}
