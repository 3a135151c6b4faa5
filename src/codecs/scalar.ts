/**
 * Telemetry as one plain value per topic: `76.2`, `ON`, `21.5 °C`, `unavailable`.
 *
 * Numbers are decimal, with an optional unit after them; hexadecimal and the like are text. A decimal
 * comma counts only where the route says so. Words, in any case: `true`, `on`, `online` and `false`,
 * `off`, `offline` are booleans; `unknown`, `unavailable`, `null` and an empty payload are none; `nan`
 * and `inf`, and numbers too large for a double, are none and flagged bad. Any other text is a text.
 *
 * Such payloads carry no event time.
 */
import type { DecodePlan, DecodeTarget, PlanSpec, Rejection } from "../core/decode.ts";
import { payloadStringBytesMax } from "../core/limits.ts";
import { RowFlag, ValueKind } from "../core/sample.ts";
import { nameProblem, scalarNaming } from "./naming.ts";
import { scanNumber, scanned } from "./number-scan.ts";
import { rejected } from "./rejection.ts";
import { asciiOf, isAscii, isText, viewOf } from "./text.ts";

/** What one text means. */
interface Scalar {
  readonly kind: ValueKind;
  readonly value: number;
  readonly bad: boolean;
  readonly unit?: string;
}

const yes: Scalar = { kind: ValueKind.boolean, value: 1, bad: false };
const no: Scalar = { kind: ValueKind.boolean, value: 0, bad: false };
const none: Scalar = { kind: ValueKind.none, value: Number.NaN, bad: false };
const notFinite: Scalar = { kind: ValueKind.none, value: Number.NaN, bad: true };

const words: ReadonlyMap<string, Scalar> = new Map([
  ["true", yes],
  ["on", yes],
  ["online", yes],
  ["false", no],
  ["off", no],
  ["offline", no],
  ["", none],
  ["unknown", none],
  ["unavailable", none],
  ["null", none],
  ["nan", notFinite],
  ["inf", notFinite],
  ["+inf", notFinite],
  ["-inf", notFinite],
  ["infinity", notFinite],
  ["-infinity", notFinite],
]);

/** The longest number with a unit: 17 digits, sign, point and exponent, and the unit. */
const numberCharactersMax = 64;

/** A decimal number as people and sensors write it; what follows is the unit. */
const numberPattern = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/;

/**
 * A unit: letters and the signs that units are written with, and `2` or `3` as a power. Nothing that a
 * date, an address, a version or an identifier has after its first digits.
 *
 * The signs, in order: micro, Greek mu, Greek omega, ohm, per mille, degree Celsius and Fahrenheit,
 * superscripts two, three, minus and one, middle dot.
 */
const unitPattern =
  /^(?:[A-Za-z%°/\u00b5\u03bc\u03a9\u2126\u2030\u2103\u2109\u00b2\u00b3\u207b\u00b9\u00b7]|[23](?=$|\/)){1,16}$/u;

/** What a trimmed text is as a scalar, or nothing when it is neither a number nor a known word. */
function scalarOf(text: string, decimalComma: boolean): Scalar | undefined {
  const word = words.get(text.toLowerCase());
  if (word !== undefined || text.length > numberCharactersMax) return word;
  const plain = decimalComma ? text.replace(",", ".") : text;
  const digits = numberPattern.exec(plain)?.[0];
  if (digits === undefined) return undefined;
  const rest = plain.slice(digits.length);
  const unit = rest.trimStart();
  const attached = unit.length === rest.length;
  // `0x1F` and `0b1` are not nought of some unit.
  if (attached && /^[+-]?0$/.test(digits) && /^[xXbBoO]/.test(unit)) return undefined;
  if (unit !== "" && (!unitPattern.test(unit) || (attached && /^[eE]$/.test(unit)))) return undefined;
  const value = Number(digits);
  if (!Number.isFinite(value)) return notFinite;
  return { kind: ValueKind.number, value, bad: false, ...(unit === "" ? {} : { unit }) };
}

/** How a payload looks to somebody who does not know its topic. */
export type ScalarLook = "number" | "word" | "none";

/** Tells whether `bytes[start, end)` is a number with an optional unit, one of the known words, or neither. */
export function scalarLook(bytes: Uint8Array, start: number, end: number, decimalComma = false): ScalarLook {
  if (end - start > payloadStringBytesMax) return "none";
  const text = textOf(bytes, start, end);
  const scalar = text === undefined ? undefined : scalarOf(text.trim(), decimalComma);
  if (scalar === undefined) return "none";
  return scalar.kind === ValueKind.number ? "number" : "word";
}

/** Makes the plan for a topic of which an operator has said that its payloads are one value each. */
export function scalarPlan(spec: PlanSpec): DecodePlan {
  return new ScalarPlan(spec, true);
}

/**
 * Makes the plan for a topic that was only found to carry scalars: free text is refused as `malformed`,
 * since it may be a log line or the message of something else.
 */
export function scalarOnlyPlan(spec: PlanSpec): DecodePlan {
  return new ScalarPlan(spec, false);
}

class ScalarPlan implements DecodePlan {
  readonly codec = "scalar";
  readonly #device: string;
  readonly #metric: string;
  readonly #unit: string | undefined;
  readonly #decimalComma: boolean;
  readonly #nameProblem: Rejection | undefined;
  readonly #freeText: boolean;
  #series = -1;

  constructor(spec: PlanSpec, freeText: boolean) {
    this.#freeText = freeText;
    const { device, metric } = scalarNaming(spec);
    this.#device = device;
    this.#metric = metric;
    this.#unit = spec.unit;
    this.#decimalComma = spec.decimalComma ?? false;
    this.#nameProblem = nameProblem("device", device) ?? nameProblem("metric", metric);
  }

  decode(bytes: Uint8Array, start: number, end: number, target: DecodeTarget): Rejection | undefined {
    const { rows } = target;
    if (this.#series >= 0) {
      const value = scanNumber(bytes, start, end);
      if (scanned.end === end && value - value === 0) {
        rows.push(this.#series, ValueKind.number, value);
        return accepted(target);
      }
    }
    return this.#decodeText(bytes, start, end, target);
  }

  #decodeText(bytes: Uint8Array, start: number, end: number, target: DecodeTarget): Rejection | undefined {
    if (end - start > payloadStringBytesMax) {
      return rejected("too-large", `A scalar is longer than ${payloadStringBytesMax} bytes.`);
    }
    const text = textOf(bytes, start, end)?.trim();
    if (text === undefined) return rejected("invalid-text", "The payload is not UTF-8.");
    const scalar = scalarOf(text, this.#decimalComma);
    if (scalar === undefined && !this.#freeText) {
      return rejected("malformed", "The topic carries scalars, and the payload is not one.");
    }
    if (this.#series < 0) {
      if (this.#nameProblem !== undefined) return this.#nameProblem;
      // The unit of a series is the one it began with.
      this.#series = target.series(this.#device, this.#metric, this.#unit ?? scalar?.unit);
      if (this.#series < 0) return rejected("series-limit", "The gateway holds as many series as it may.");
    }
    const { rows } = target;
    if (scalar === undefined) {
      rows.pushText(this.#series, text);
    } else {
      rows.push(this.#series, scalar.kind, scalar.value);
      if (scalar.bad) rows.flags[rows.count - 1] = RowFlag.bad;
    }
    return accepted(target);
  }
}

function accepted(target: DecodeTarget): undefined {
  target.stampAt = Number.NaN;
  target.stampUnreadable = false;
}

/** The bytes as text, or nothing when they are not UTF-8. */
function textOf(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (isAscii(bytes, start, end)) return asciiOf(bytes, start, end);
  return isText(bytes, start, end) ? viewOf(bytes).toString("utf8", start, end) : undefined;
}
