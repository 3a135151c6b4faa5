/**
 * What the value of a Sparkplug metric is, by its datatype.
 *
 * - Integers up to 32 bits are in a field without a sign, negative ones as two's complement of their own width or
 *   of 32 bits; 64-bit ones are in another, which some senders use for UInt32, too. Beyond 2^53 they are decimal
 *   text.
 * - `DateTime` is a number of milliseconds; `Bytes` and `File` are base64url text.
 * - A number that is not finite is none, and bad. So is quality 0, whose value is kept.
 *
 * Source: Sparkplug 3.0.0, § 6.4.16 (data types) and § 6.4.8 (quality).
 */
import { payloadStringBytesMax } from "../core/limits.ts";
import { ValueKind } from "../core/sample.ts";
import { type SparkplugMetric, ValueField } from "./sparkplug-payload.ts";
import { viewOf } from "./text.ts";

/**
 * Why a metric of a payload that is accepted gives no row. Closed.
 *
 * `name`: empty, too long, or with control characters. `mismatch`: the value is none of its datatype. `too-long`:
 * a text, or bytes, beyond `limits.payloadStringBytesMax`. `data-set`: of no or several rows. `template`: without
 * members, or a definition. `other-type`: an extension.
 */
export type SkipCause =
  | "name"
  | "no-value"
  | "mismatch"
  | "too-long"
  | "array"
  | "data-set"
  | "template"
  | "other-type";

const Datatype = {
  unknown: 0,
  int8: 1,
  int16: 2,
  int32: 3,
  int64: 4,
  uint8: 5,
  uint32: 7,
  uint64: 8,
  float: 9,
  double: 10,
  boolean: 11,
  string: 12,
  dateTime: 13,
  text: 14,
  uuid: 15,
  dataSet: 16,
  bytes: 17,
  file: 18,
  template: 19,
  firstArray: 22,
  lastArray: 34,
} as const;

/** Source: Sparkplug 3.0.0, § 6.4.8: 0 is bad, 192 good, 500 stale. */
const badQuality = 0;

/**
 * Puts the value of a metric where a row takes it from.
 *
 * @param datatype - What the payload says, or the birth certificate; 0 where neither does.
 * @param bytes - Those that the metric was read from.
 * @returns Why there is no row.
 */
export function readValue(
  metric: SparkplugMetric,
  datatype: number,
  bytes: Uint8Array,
): SkipCause | undefined {
  metric.kind = ValueKind.none;
  metric.value = Number.NaN;
  metric.bad = metric.quality === badQuality;
  if (datatype >= Datatype.firstArray && datatype <= Datatype.lastArray) return "array";
  if (metric.isNull)
    return datatype === Datatype.dataSet || datatype === Datatype.template ? "no-value" : undefined;
  switch (metric.field) {
    case ValueField.none:
      return datatype === Datatype.template ? "template" : "no-value";
    case ValueField.int:
    case ValueField.long:
      return readInteger(metric, datatype, bytes);
    case ValueField.float:
    case ValueField.double:
      if (!isNumeric(datatype)) return "mismatch";
      setNumber(metric, metric.number);
      return undefined;
    case ValueField.boolean:
      if (datatype !== Datatype.boolean && !isNumeric(datatype)) return "mismatch";
      setBoolean(metric, metric.number !== 0);
      return undefined;
    case ValueField.string:
      if (isNumeric(datatype, false) || datatype === Datatype.boolean) return "mismatch";
      return readText(metric, bytes, "utf8");
    case ValueField.bytes:
      if (isNumeric(datatype, false) || datatype === Datatype.boolean) return "mismatch";
      return readText(metric, bytes, "base64url");
    case ValueField.dataSet:
      return "data-set";
    case ValueField.template:
      return "template";
    default:
      return "other-type";
  }
}

function readInteger(metric: SparkplugMetric, datatype: number, bytes: Uint8Array): SkipCause | undefined {
  const { number, field } = metric;
  switch (datatype) {
    case Datatype.int8:
      setNumber(metric, (number << 24) >> 24);
      return undefined;
    case Datatype.int16:
      setNumber(metric, (number << 16) >> 16);
      return undefined;
    case Datatype.int32:
      setNumber(metric, number | 0);
      return undefined;
    case Datatype.boolean:
      setBoolean(metric, number !== 0);
      return undefined;
    case Datatype.float:
    case Datatype.double:
    case Datatype.int64:
      setInteger(metric, number, bytes, true);
      return undefined;
    default:
      if (!isNumeric(datatype)) return "mismatch";
      // What is no larger than 32 bits was only written with more.
      if (number < 0 && (field === ValueField.int || datatype <= Datatype.uint32))
        setNumber(metric, number >>> 0);
      else setInteger(metric, number, bytes, false);
      return undefined;
  }
}

function setInteger(metric: SparkplugMetric, number: number, bytes: Uint8Array, signed: boolean): void {
  if (Number.isSafeInteger(number) && (signed || number >= 0)) {
    setNumber(metric, number);
    return;
  }
  const exact = varintAt(bytes, metric.from);
  metric.kind = ValueKind.text;
  metric.text = (signed ? BigInt.asIntN(64, exact) : exact).toString();
}

/** The 64 bits of an integer, which has been read once already. */
function varintAt(bytes: Uint8Array, from: number): bigint {
  let low = 0;
  let high = 0;
  for (let at = from, shift = 0; shift < 70; at += 1, shift += 7) {
    const byte = bytes[at] ?? 0;
    const bits = byte & 0x7f;
    if (shift < 32) low |= bits << shift;
    if (shift > 31) high |= bits << (shift - 32);
    else if (shift > 25) high |= bits >> (32 - shift);
    if (byte < 0x80) break;
  }
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

function setNumber(metric: SparkplugMetric, value: number): void {
  if (Number.isFinite(value)) {
    metric.kind = ValueKind.number;
    metric.value = value;
  } else metric.bad = true;
}

function setBoolean(metric: SparkplugMetric, value: boolean): void {
  metric.kind = ValueKind.boolean;
  metric.value = value ? 1 : 0;
}

function readText(
  metric: SparkplugMetric,
  bytes: Uint8Array,
  encoding: "utf8" | "base64url",
): SkipCause | undefined {
  if (metric.to - metric.from > payloadStringBytesMax) return "too-long";
  metric.kind = ValueKind.text;
  metric.text = viewOf(bytes).toString(encoding, metric.from, metric.to);
  return undefined;
}

/** Whether values of a datatype are numbers; one that is not known may be. */
function isNumeric(datatype: number, unknown = true): boolean {
  if (datatype === Datatype.unknown) return unknown;
  return datatype <= Datatype.double || datatype === Datatype.dateTime;
}
