/**
 * SenML packs as CBOR, from bytes to rows; `senml-pack.ts` says what becomes of them.
 *
 * The bounds and refusals are those of `cbor-read.ts`, but for three things that SenML needs: the array and
 * its records may have indefinite lengths, integers of any size are numbers (the nearest double), and tag 4 is
 * a number where its exponent is -20 to 20 and its mantissa within 2^53.
 *
 * Labels are integers. Their decimal digits as text, which encoders of JavaScript objects write, and the names
 * of JSON are taken for the same labels. A label that comes twice in one record: the last one counts.
 *
 * Source: RFC 8428, § 6; RFC 8949.
 */
import type { DecodePlan, PlanSpec, RejectCause, Rejection } from "../core/decode.ts";
import { packetBytesMax, payloadDepthMax, payloadItemsMax, payloadStringBytesMax } from "../core/limits.ts";
import { Major, scanArgument, scanFloat } from "./cbor-scan.ts";
import { scanned } from "./number-scan.ts";
import { rejected } from "./rejection.ts";
import { SenmlPack } from "./senml-pack.ts";
import { SenmlPlan } from "./senml-plan.ts";
import { asciiOf, isAscii, isText, viewOf } from "./text.ts";

const pack = new SenmlPack("bytes");

/** The names of labels -6 to 8, in their order. Source: RFC 8428, table 4. */
const labelNames = ["bs", "bv", "bu", "bt", "bn", "bver", "n", "u", "v", "vs", "vb", "s", "t", "ut", "vd"];
const firstLabel = -6;

/** The names of labels that are written as text of decimal digits. */
const digitNames: ReadonlyMap<string, string> = new Map(
  labelNames.map((name, index) => [String(index + firstLabel), name]),
);

const exponentMax = 20;

/** Ends what has an indefinite length. */
const breakCode = 0xff;

/** Makes the plan for a topic whose payloads are SenML packs in CBOR (`application/senml+cbor`). */
export function senmlCborPlan(spec: PlanSpec): DecodePlan {
  return new SenmlPlan("senml-cbor", spec, pack, (bytes, start, end) => reader.read(bytes, start, end));
}

class SenmlCborReader {
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #at = 0;
  #end = 0;
  #items = 0;
  #rejection: Rejection | undefined;
  /** The label that {@link SenmlCborReader.#label} has read last; empty for one that has no name. */
  #name = "";
  /** What {@link SenmlCborReader.#value} has read last: a scalar, bytes, or `null` for everything else. */
  #read: string | number | boolean | Buffer | null = null;

  read(bytes: Uint8Array, start: number, end: number): Rejection | undefined {
    if (end - start > packetBytesMax) {
      return rejected("too-large", `The payload is longer than ${packetBytesMax} bytes.`);
    }
    if (start === end) return rejected("empty", "The payload is empty.");
    if (bytes[start]! >> 5 !== Major.array) {
      return rejected("unsupported", "The payload is not a CBOR array of records.");
    }
    this.#bytes = viewOf(bytes);
    this.#start = start;
    this.#at = start;
    this.#end = end;
    this.#items = 0;
    this.#rejection = undefined;
    pack.begin();
    if (!this.#records()) return pack.rejection ?? this.#rejection;
    if (this.#at !== end) return rejected("malformed", `Bytes follow the CBOR at byte ${this.#at - start}.`);
    return pack.end();
  }

  #records(): boolean {
    const count = this.#length(1);
    if (count < 0) return false;
    for (let index = 0; index < count; index += 1) {
      if (count === Number.POSITIVE_INFINITY && this.#isBreak()) break;
      if (!this.#countItem()) return false;
      if (this.#at >= this.#end) return this.#refuseCut();
      pack.beginRecord();
      if (this.#bytes[this.#at]! >> 5 !== Major.map) {
        pack.refuse("malformed", "is not a map");
        return false;
      }
      if (!this.#record() || !pack.endRecord()) return false;
    }
    return true;
  }

  #record(): boolean {
    const count = this.#length(2);
    if (count < 0) return false;
    for (let index = 0; index < count; index += 1) {
      if (count === Number.POSITIVE_INFINITY && this.#isBreak()) break;
      if (!this.#label()) return false;
      const name = this.#name;
      if (!this.#value(2) || !pack.set(name, this.#read)) return false;
    }
    return true;
  }

  /** Reads the head of an array or map, with an indefinite length as infinity; -1 when it is refused. */
  #length(level: number): number {
    if (level <= 2 && (this.#bytes[this.#at]! & 31) === 31) {
      this.#at += 1;
      return Number.POSITIVE_INFINITY;
    }
    const count = this.#argument();
    if (count < 0) return -1;
    if (level > payloadDepthMax) {
      this.#refuse("too-deep", `The payload is nested deeper than ${payloadDepthMax} levels.`);
      return -1;
    }
    if (this.#items + count > payloadItemsMax) {
      this.#refuseCount();
      return -1;
    }
    return count;
  }

  /** Passes the end of what has an indefinite length, if it is here. */
  #isBreak(): boolean {
    if (this.#at >= this.#end || this.#bytes[this.#at] !== breakCode) return false;
    this.#at += 1;
    return true;
  }

  #label(): boolean {
    if (this.#at >= this.#end) return this.#refuseCut();
    const major = this.#bytes[this.#at]! >> 5;
    if (major === Major.text) {
      if (!this.#string(false)) return false;
      this.#name = digitNames.get(this.#text) ?? this.#text;
      return true;
    }
    if (major !== Major.unsigned && major !== Major.negative) {
      return this.#refuse("unsupported", `A label is neither an integer nor text ${this.#where()}.`);
    }
    const argument = this.#argument();
    if (argument < 0) return false;
    const label = major === Major.unsigned ? argument : -1 - argument;
    this.#name = labelNames[label - firstLabel] ?? "";
    return true;
  }

  /** Reads a value that is a member of something at `level`. */
  #value(level: number): boolean {
    if (!this.#countItem()) return false;
    if (this.#at >= this.#end) return this.#refuseCut();
    const code = this.#bytes[this.#at]!;
    const major = code >> 5;
    switch (major) {
      case Major.unsigned:
      case Major.negative: {
        const argument = this.#argument();
        this.#read = major === Major.unsigned ? argument : -1 - argument;
        return argument >= 0;
      }
      case Major.bytes:
      case Major.text:
        return this.#string(major === Major.bytes);
      case Major.array:
      case Major.map:
        return this.#skip(level + 1, major === Major.map);
      case Major.tag:
        return this.#tagged(level);
      default:
        return this.#simple(code & 31);
    }
  }

  /** Reads an array or map of which only the bounds matter: no field of SenML is one. */
  #skip(level: number, isMap: boolean): boolean {
    const count = this.#length(level);
    if (count < 0) return false;
    for (let index = 0; index < count; index += 1) {
      if (isMap && !this.#label()) return false;
      if (!this.#value(level)) return false;
    }
    this.#read = null;
    return true;
  }

  #string(isBinary: boolean): boolean {
    const length = this.#argument();
    if (length < 0) return false;
    if (length > payloadStringBytesMax) {
      return this.#refuse("too-large", `A string is longer than ${payloadStringBytesMax} bytes.`);
    }
    const from = this.#at;
    const to = from + length;
    if (to > this.#end) return this.#refuseCut();
    if (isBinary) {
      this.#read = this.#bytes.subarray(from, to);
    } else if (isAscii(this.#bytes, from, to)) {
      this.#read = asciiOf(this.#bytes, from, to);
    } else {
      if (!isText(this.#bytes, from, to)) {
        return this.#refuse("invalid-text", `A text is not UTF-8 ${this.#where()}.`);
      }
      this.#read = this.#bytes.toString("utf8", from, to);
    }
    this.#at = to;
    return true;
  }

  /** The text that was read last. */
  get #text(): string {
    return typeof this.#read === "string" ? this.#read : "";
  }

  /** Reads a decimal fraction (tag 4), or passes a time (tags 0 and 1), which no field of SenML is. */
  #tagged(level: number): boolean {
    const tag = this.#argument();
    if (tag < 0) return false;
    if (tag === 4) return this.#decimalFraction();
    if (tag > 1) return this.#refuse("unsupported", `Tag ${tag} is not supported ${this.#where()}.`);
    if (this.#at < this.#end && this.#bytes[this.#at]! >> 5 === Major.tag) {
      return this.#refuse("malformed", `A tag holds a tag ${this.#where()}.`);
    }
    if (!this.#value(level)) return false;
    this.#read = null;
    return true;
  }

  /** Source: RFC 8949, § 3.4.4. */
  #decimalFraction(): boolean {
    if (this.#at >= this.#end) return this.#refuseCut();
    if (this.#bytes[this.#at] !== 0x82) {
      return this.#refuse("malformed", `Tag 4 holds something that is not a pair ${this.#where()}.`);
    }
    this.#at += 1;
    const exponent = this.#integer();
    if (Number.isNaN(exponent)) return false;
    const mantissa = this.#integer();
    if (Number.isNaN(mantissa)) return false;
    if (Math.abs(exponent) > exponentMax || Math.abs(mantissa) > Number.MAX_SAFE_INTEGER + 1) {
      return this.#refuse("unsupported", `A decimal fraction is out of bounds ${this.#where()}.`);
    }
    // Through text, which is rounded once: 5e-1 and 0.5 are the same double.
    this.#read = Number(`${mantissa}e${exponent}`);
    return true;
  }

  /** Reads an integer; `NaN` when it is refused. */
  #integer(): number {
    const code = this.#at < this.#end ? this.#bytes[this.#at]! : 0;
    if (!this.#countItem()) return Number.NaN;
    if (code >= 0x40) {
      this.#refuse("unsupported", `A decimal fraction of something else than integers ${this.#where()}.`);
      return Number.NaN;
    }
    if (this.#at >= this.#end) {
      this.#refuseCut();
      return Number.NaN;
    }
    const argument = this.#argument();
    if (argument < 0) return Number.NaN;
    return code < 0x20 ? argument : -1 - argument;
  }

  #simple(info: number): boolean {
    if (info >= 25 && info <= 27) {
      this.#read = scanFloat(this.#bytes, this.#at, this.#end);
      if (scanned.end < 0) return this.#refuseCut();
      this.#at = scanned.end;
      return true;
    }
    if (info > 27) return this.#refuse("malformed", `Unexpected byte ${this.#where()}.`);
    if (info < 20 || info > 23) {
      return this.#refuse("unsupported", `A simple value without a meaning ${this.#where()}.`);
    }
    this.#at += 1;
    this.#read = info > 21 ? null : info === 21;
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

  #countItem(): boolean {
    this.#items += 1;
    return this.#items <= payloadItemsMax || this.#refuseCount();
  }

  #refuseCount(): false {
    return this.#refuse("too-many-items", `The payload holds more than ${payloadItemsMax} values.`);
  }

  #refuseCut(): false {
    return this.#refuse("malformed", "The CBOR ends too early.");
  }

  #refuse(cause: RejectCause, detail: string): false {
    this.#rejection = rejected(cause, detail);
    return false;
  }

  #where(): string {
    return `at byte ${this.#at - this.#start}`;
  }
}

const reader = new SenmlCborReader();
