/**
 * The fields of a RuuviTag's advertisement in data format 5, as it stands in hexadecimal in the payload of a
 * gateway.
 *
 * Source: Ruuvi documentation, "Data format 5 (RAWv2)".
 */
import type { Slot } from "./payload-template.ts";

/** A field: where it is in the format, in bits from the byte with the number 5 on, and what it can hold. */
interface Field {
  readonly bit: number;
  readonly bits: number;
  /** The ends of what is a value: beyond them lies the mark for "not available". */
  readonly low: number;
  readonly high: number;
}

const signed16 = { bits: 16, low: -32_767, high: 32_767 };
const unsigned16 = { bits: 16, low: 0, high: 65_534 };

const fields: readonly Field[] = [
  { bit: 8, ...signed16 }, // Temperature.
  { bit: 24, ...unsigned16, high: 40_000 }, // Humidity, up to 100 %.
  { bit: 40, ...unsigned16 }, // Pressure.
  { bit: 56, ...signed16 }, // Accelerations.
  { bit: 72, ...signed16 },
  { bit: 88, ...signed16 },
  { bit: 104, bits: 11, low: 0, high: 2046 }, // Battery voltage.
  { bit: 115, bits: 5, low: 0, high: 30 }, // Power of the transmitter.
  { bit: 120, bits: 8, low: 0, high: 254 }, // Movements.
  { bit: 128, ...unsigned16 }, // Sequence.
];

/** The field that marks the data, the company and the format: 24 bytes follow from the format on. */
const advertisement = /^(?:[0-9a-f]{2})*?ff9904(?=05[0-9a-f]{46})/i;

/** The fields of an advertisement as slots of raw whole numbers; none where the text is no advertisement. */
export function ruuviFields(text: string): readonly Omit<Slot, "start" | "end">[] {
  const from = advertisement.exec(text)?.[0].length;
  if (from === undefined) return [];
  const data = BigInt(`0x${text.slice(from, from + 48)}`);
  return fields.map(({ bit, bits, low, high }) => {
    const shift = BigInt(192 - bit - bits);
    const raw = BigInt.asUintN(bits, data >> shift);
    const value = low < 0 ? BigInt.asIntN(bits, raw) : raw;
    return {
      kind: "number",
      text: String(value),
      low,
      high,
      // The token has quotation marks.
      put(token, next) {
        const at = from + 1;
        const hex = token.slice(at, at + 48);
        const before = BigInt(`0x${hex}`);
        const mask = BigInt.asUintN(bits, -1n) << shift;
        const after = (before & ~mask) | (BigInt.asUintN(bits, BigInt(next)) << shift);
        const digits = after.toString(16).padStart(48, "0");
        const cased = /[a-f]/.test(hex) ? digits : digits.toUpperCase();
        return token.slice(0, at) + cased + token.slice(at + 48);
      },
    };
  });
}
