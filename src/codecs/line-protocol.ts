/**
 * InfluxDB line protocol, from bytes to rows.
 *
 * What becomes of a message:
 * - Every line is read by itself; empty lines and comments (`#`) are passed. A line that is wrong is left out
 *   as a whole and counted ({@link LineProtocolPlan.refusedLines}), the others are kept. A message without one
 *   good line is refused for what is wrong with its first; one that breaks a bound is refused as a whole.
 * - The device is the route's, else the measurement and the values of the tags in the order of their keys,
 *   joined by `/`: `press,line=2,area=a` is `press/a/2`. Where the route names the device, lines of different
 *   tags are the same device: tags and measurement should then be told apart by topic.
 * - The metric is the field's key, behind the route's `metric` where it has one.
 * - Floats, integers (`i`, 64 bits), unsigned integers (`u`), booleans and strings. Integers beyond 2^53 are
 *   numbers where a double holds them exactly, else decimal text. A float too large for a double is a row of
 *   kind none, flagged bad. A field that comes twice in one line: the last one counts.
 * - The time of a line is its rows' own stamp. It is in nanoseconds; fewer digits are told by their magnitude,
 *   since nanoseconds of less than 18 digits were before 2001. A line without a time has none.
 * - A string may hold line breaks. One that has no end is wrong up to its first line break.
 *
 * Source: InfluxData, "Line protocol reference", InfluxDB 2; `#` comments and line breaks in strings as there.
 */
import type { DecodePlan, DecodeTarget, PlanSpec, RejectCause, Rejection } from "../core/decode.ts";
import { packetBytesMax, payloadItemsMax, payloadStringBytesMax } from "../core/limits.ts";
import { RowFlag, ValueKind } from "../core/sample.ts";
import { Members } from "./leaves.ts";
import { type Naming, nameProblem, objectNaming } from "./naming.ts";
import { rejected } from "./rejection.ts";
import { stampOfDigits } from "./stamp.ts";
import { isText, viewOf } from "./text.ts";

const newline = 0x0a;
const space = 0x20;
const quote = 0x22;
const comma = 0x2c;
const equals = 0x3d;
const backslash = 0x5c;

const floatPattern = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const timePattern = /^-?\d{1,20}$/;

const booleans: ReadonlyMap<string, number> = new Map([
  ...["t", "T", "true", "True", "TRUE"].map((word) => [word, 1] as const),
  ...["f", "F", "false", "False", "FALSE"].map((word) => [word, 0] as const),
]);

/** Digits up to which every integer is exact in a double. */
const exactDigitsMax = 15;

/** What bytes that are not UTF-8 become. */
const replacement = "\uFFFD";

/** Makes the plan for a topic whose payloads are line protocol. */
export function lineProtocolPlan(spec: PlanSpec): LineProtocolPlan {
  return new LineProtocolPlan(spec);
}

/** A field of a line. */
interface Field {
  readonly key: string;
  readonly kind: ValueKind;
  readonly value: number;
  readonly text: string;
  isReplaced: boolean;
}

/** A plan that also says which lines it has left out. */
export class LineProtocolPlan implements DecodePlan {
  readonly codec = "line-protocol";
  /** Lines left out of messages that were accepted, since the plan was made. */
  refusedLines = 0;
  /** The first line left out of the last message that was accepted; nothing where all were good. */
  refusedLine: Rejection | undefined;
  readonly #naming: Naming;
  readonly #fixedDevice: string | undefined;

  constructor(spec: PlanSpec) {
    this.#naming = objectNaming(spec);
    this.#fixedDevice = spec.device === undefined ? undefined : this.#naming.device;
  }

  decode(bytes: Uint8Array, start: number, end: number, target: DecodeTarget): Rejection | undefined {
    if (end - start > packetBytesMax) {
      return rejected("too-large", `The payload is longer than ${packetBytesMax} bytes.`);
    }
    const text = viewOf(bytes).toString("utf8", start, end).replaceAll("\r\n", "\n");
    if (text.trim() === "") return rejected("empty", "The payload is empty.");
    const { rows } = target;
    const firstRow = rows.count;
    const firstText = rows.texts.length;
    target.stampAt = Number.NaN;
    target.stampUnreadable = false;
    reader.begin(text, isText(bytes, start, end));
    let problem: Rejection | undefined;
    let refused = 0;
    let kept = 0;
    while (reader.nextLine()) {
      const lineProblem = reader.readLine() ?? this.#emitLine(target);
      if (lineProblem === undefined) {
        kept += 1;
        continue;
      }
      if (lineProblem.cause === "series-limit" || lineProblem.cause === "too-many-items") {
        rows.truncate(firstRow);
        rows.texts.length = firstText;
        return lineProblem;
      }
      problem ??= rejected(lineProblem.cause, `Line ${reader.lineNumber()}: ${lineProblem.detail}`);
      refused += 1;
      reader.leaveLine();
    }
    if (kept === 0 && problem !== undefined) return problem;
    this.refusedLines += refused;
    this.refusedLine = problem;
    return undefined;
  }

  /** Turns the line that was read into rows: all of them, or none. */
  #emitLine(target: DecodeTarget): Rejection | undefined {
    const device = this.#fixedDevice ?? reader.deviceName().normalize("NFC");
    const problem = nameProblem("device", device);
    if (problem !== undefined) return problem;
    const fields = reader.fields.filter(({ isReplaced }) => !isReplaced);
    const metrics = fields.map(({ key }) => this.#naming.metricOf(key));
    for (const metric of metrics) {
      const metricProblem = nameProblem("metric", metric);
      if (metricProblem !== undefined) return metricProblem;
    }
    const { rows } = target;
    const stampAt = reader.stampAt();
    if (reader.time !== "" && Number.isNaN(stampAt)) target.stampUnreadable = true;
    for (const [index, { kind, value, text }] of fields.entries()) {
      const series = target.series(device, metrics[index]!, this.#naming.unit);
      if (series < 0) return rejected("series-limit", "The gateway holds as many series as it may.");
      const row = rows.count;
      if (kind === ValueKind.text) rows.pushText(series, text);
      else rows.push(series, kind, value);
      if (kind === ValueKind.none) rows.flags[row] = RowFlag.bad;
      rows.at[row] = stampAt;
    }
    if (!Number.isNaN(stampAt)) target.ownStamps = true;
    return undefined;
  }
}

/** Reads one line after the other; what it holds is that of the last line. */
class LineReader {
  fields: Field[] = [];
  /** Digits of the time; empty where the line has none. */
  time = "";
  #measurement = "";
  #tags: { readonly key: string; readonly value: string }[] = [];
  #text = "";
  #isUtf8 = true;
  #at = 0;
  #lineFrom = 0;
  #items = 0;
  #problem: Rejection | undefined;

  begin(text: string, isUtf8: boolean): void {
    this.#text = text;
    this.#isUtf8 = isUtf8;
    this.#at = 0;
    this.#items = 0;
  }

  /** Goes to the next line that is neither empty nor a comment. */
  nextLine(): boolean {
    const text = this.#text;
    for (; this.#at < text.length; this.leaveLine()) {
      this.#lineFrom = this.#at;
      this.#skipSpaces();
      const code = text.charCodeAt(this.#at);
      if (this.#at < text.length && code !== newline && code !== 0x23) {
        this.#lineFrom = this.#at;
        return true;
      }
    }
    return false;
  }

  /** Goes behind the first line break of the line. */
  leaveLine(): void {
    const at = this.#text.indexOf("\n", this.#lineFrom);
    this.#at = at < 0 ? this.#text.length : at + 1;
  }

  /** Number of the line in the message, from 1. */
  lineNumber(): number {
    return this.#text.slice(0, this.#lineFrom).split("\n").length;
  }

  /** Reads the line, and goes behind it unless it is refused. */
  readLine(): Rejection | undefined {
    this.fields = [];
    this.time = "";
    this.#tags = [];
    this.#problem = undefined;
    if (!this.#countItem() || !this.#key() || !this.#fieldSet() || !this.#timeAndEnd()) return this.#problem;
    if (!this.#isUtf8 && this.#text.slice(this.#lineFrom, this.#at).includes(replacement)) {
      return rejected("invalid-text", "It is not UTF-8.");
    }
    return undefined;
  }

  /** The measurement and the values of the tags, in the order of their keys. */
  deviceName(): string {
    const tags = this.#tags.toSorted((one, other) => (one.key < other.key ? -1 : 1));
    return [this.#measurement, ...tags.map(({ value }) => value)].join("/");
  }

  stampAt(): number {
    if (this.time === "") return Number.NaN;
    const digits = Buffer.from(this.time, "latin1");
    return stampOfDigits(digits, 0, digits.length);
  }

  /** Reads the measurement and the tags. */
  #key(): boolean {
    this.#measurement = this.#name(", ", ", ");
    if (this.#measurement === "") return this.#refuse("malformed", "The measurement is missing.");
    const members = new Members();
    while (this.#peek() === comma) {
      if (!this.#countItem()) return false;
      this.#at += 1;
      const key = this.#name(",= ", ",= ");
      if (this.#peek() !== equals) return this.#refuse("malformed", "A tag has no value.");
      this.#at += 1;
      const value = this.#name(",= ", ",= ");
      if (key === "" || value === "") return this.#refuse("malformed", "A tag has an empty key or value.");
      if (members.add(key, 0) >= 0) return this.#refuse("malformed", "A tag comes twice.");
      this.#tags.push({ key, value });
    }
    if (this.#peek() !== space) return this.#refuse("malformed", "The fields are missing.");
    this.#skipSpaces();
    return true;
  }

  #fieldSet(): boolean {
    const members = new Members();
    for (;;) {
      if (!this.#countItem()) return false;
      const key = this.#name(",= ", ",= ");
      if (this.#peek() !== equals || key === "")
        return this.#refuse("malformed", "A field has no key or value.");
      this.#at += 1;
      const earlier = members.add(key, 0);
      if (earlier >= 0) this.fields[earlier]!.isReplaced = true;
      if (!(this.#peek() === quote ? this.#stringField(key) : this.#plainField(key))) return false;
      if (this.#peek() !== comma) return true;
      this.#at += 1;
    }
  }

  #stringField(key: string): boolean {
    const text = this.#text;
    const from = this.#at + 1;
    const limit = Math.min(text.length, from + 2 * payloadStringBytesMax);
    let isEscaped = false;
    let at = from;
    for (; at < limit && text.charCodeAt(at) !== quote; at += 1) {
      if (text.charCodeAt(at) !== backslash) continue;
      const next = text.charCodeAt(at + 1);
      if (next !== quote && next !== backslash) continue;
      isEscaped = true;
      at += 1;
    }
    if (at >= text.length) return this.#refuse("malformed", "A string has no end.");
    const raw = text.slice(from, at);
    const value = isEscaped ? raw.replaceAll(/\\(["\\])/g, "$1") : raw;
    if (at >= limit || Buffer.byteLength(value) > payloadStringBytesMax) {
      return this.#refuse("too-large", `A string is longer than ${payloadStringBytesMax} bytes.`);
    }
    this.#at = at + 1;
    this.#add(key, ValueKind.text, Number.NaN, value);
    return true;
  }

  #plainField(key: string): boolean {
    const token = this.#name(", ", "");
    const boolean = booleans.get(token);
    if (boolean !== undefined) {
      this.#add(key, ValueKind.boolean, boolean, "");
      return true;
    }
    if (token.endsWith("i") || token.endsWith("u")) return this.#integerField(key, token);
    if (!floatPattern.test(token)) {
      return this.#refuse("malformed", "A value is neither a number, nor a boolean, nor a string.");
    }
    const value = Number(token);
    if (Number.isFinite(value)) this.#add(key, ValueKind.number, value, "");
    else this.#add(key, ValueKind.none, Number.NaN, "");
    return true;
  }

  #integerField(key: string, token: string): boolean {
    const isSigned = token.endsWith("i");
    const digits = token.slice(0, -1);
    if (!(isSigned ? /^[+-]?\d{1,32}$/ : /^\+?\d{1,32}$/).test(digits)) {
      return this.#refuse("malformed", "A value is not an integer.");
    }
    const value = Number(digits);
    if (digits.length <= exactDigitsMax) {
      this.#add(key, ValueKind.number, value, "");
      return true;
    }
    const exact = BigInt(digits.startsWith("+") ? digits.slice(1) : digits);
    if (isSigned ? BigInt.asIntN(64, exact) !== exact : BigInt.asUintN(64, exact) !== exact) {
      return this.#refuse("malformed", "An integer has more than 64 bits.");
    }
    if (BigInt(value) === exact) this.#add(key, ValueKind.number, value, "");
    else this.#add(key, ValueKind.text, Number.NaN, exact.toString());
    return true;
  }

  #add(key: string, kind: ValueKind, value: number, text: string): void {
    this.fields.push({ key, kind, value, text, isReplaced: false });
  }

  #timeAndEnd(): boolean {
    this.#skipSpaces();
    const token = this.#name(" ", "");
    if (token !== "" && !timePattern.test(token))
      return this.#refuse("malformed", "The time is not an integer.");
    this.time = token;
    this.#skipSpaces();
    if (this.#at < this.#text.length && this.#peek() !== newline) {
      return this.#refuse("malformed", "Something follows the time.");
    }
    this.#at += 1;
    return true;
  }

  /** Reads up to one of `stops` or the end of the line; `escapable` may stand behind a backslash. */
  #name(stops: string, escapable: string): string {
    const text = this.#text;
    const from = this.#at;
    let name = "";
    let copied = from;
    let at = from;
    for (; at < text.length; at += 1) {
      const character = text[at]!;
      if (character === "\n" || stops.includes(character)) break;
      if (character !== "\\" || at + 1 === text.length || !escapable.includes(text[at + 1]!)) continue;
      name += text.slice(copied, at);
      copied = at + 1;
      at += 1;
    }
    this.#at = at;
    return name + text.slice(copied, at);
  }

  #skipSpaces(): void {
    while (this.#peek() === space) this.#at += 1;
  }

  /** The character here, or `NaN` at the end. */
  #peek(): number {
    return this.#text.charCodeAt(this.#at);
  }

  #countItem(): boolean {
    this.#items += 1;
    if (this.#items <= payloadItemsMax) return true;
    return this.#refuse("too-many-items", `The payload holds more than ${payloadItemsMax} values.`);
  }

  #refuse(cause: RejectCause, detail: string): false {
    this.#problem = rejected(cause, detail);
    return false;
  }
}

const reader = new LineReader();
