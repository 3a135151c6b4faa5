/**
 * The payload of an example, with the places in it that can say something else.
 *
 * A payload is taken as a string of one character a byte, and only what changes is written anew: spaces, the
 * order of members and trailing zeros stay as the vendor writes them.
 */
import { cborTokens } from "./cbor-tokens.ts";
import { ruuviFields } from "./ruuvi-fields.ts";

/** A place that holds one value. */
export interface Slot {
  readonly kind: "number" | "text" | "boolean";
  /** What it says in the example: a number in decimal digits, `true` or `false`, or a text in UTF-16. */
  readonly text: string;
  /** The first and last byte of the token that it stands in. Several slots may share one. */
  readonly start: number;
  readonly end: number;
  /** What the field can hold, where its width bounds it. */
  readonly low?: number;
  readonly high?: number;
  /** The token with another value in this slot. */
  put(token: string, text: string): string;
}

/** See the module. */
export interface PayloadTemplate {
  readonly slots: readonly Slot[];
  /** The payload with these texts in place of the example's, by index of the slot. */
  render(texts: ReadonlyMap<number, string>): Uint8Array;
}

/** Finds the slots of a payload: of JSON, of CBOR, or of any other text. */
export function payloadTemplate(bytes: Uint8Array): PayloadTemplate {
  const source = Buffer.from(bytes).toString("latin1");
  const slots = slotsOf(bytes, source);
  return {
    slots,
    render(texts) {
      let result = "";
      let done = 0;
      for (let index = 0; index < slots.length; ) {
        const { start, end } = slots[index]!;
        let token = source.slice(start, end);
        for (; index < slots.length && slots[index]!.start === start; index += 1) {
          const text = texts.get(index);
          const slot = slots[index]!;
          if (text !== undefined && text !== slot.text) token = slot.put(token, text);
        }
        result += source.slice(done, start) + token;
        done = end;
      }
      return Buffer.from(result + source.slice(done), "latin1");
    },
  };
}

/** Decimals beyond which a number says more than any sensor measures. */
const decimalsMax = 6;

/** The least step that the digits of a number show: 0.1 of `26.500`, which is written with three decimals. */
export function stepOf(text: string): number {
  const fraction = /\.(\d+)$/.exec(text)?.[1] ?? "";
  return Number(`1e-${Math.min(fraction.replace(/0+$/, "").length, decimalsMax)}`);
}

function slotsOf(bytes: Uint8Array, source: string): readonly Slot[] {
  if (isJson(source)) return jsonSlots(source);
  const tokens = cborTokens(bytes);
  return tokens ?? textSlots(source);
}

function isJson(source: string): boolean {
  try {
    JSON.parse(source);
    return true;
  } catch {
    return false;
  }
}

/** Strings with the colon that makes them names, numbers, and the words for truth. */
const jsonToken = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false/g;

/** Source: RFC 8259. */
function jsonSlots(source: string): readonly Slot[] {
  const slots: Slot[] = [];
  for (const match of source.matchAll(jsonToken)) {
    const [token, quoted, colon] = match;
    if (colon !== undefined) continue;
    const place = { start: match.index, end: match.index + token.length };
    if (quoted === undefined) {
      const kind = token === "true" || token === "false" ? "boolean" : "number";
      slots.push({ kind, text: token, ...place, put: (_token, text) => text });
      continue;
    }
    const text: string = JSON.parse(utf8(quoted));
    slots.push({ kind: "text", text, ...place, put: (_token, next) => binary(JSON.stringify(next)) });
    for (const field of ruuviFields(text)) slots.push({ ...field, ...place });
  }
  return slots;
}

/** Numbers that are no part of a word, with a decimal point or a decimal comma. */
const numberInText = /(?<![\w.:+-]|\d,)[+-]?\d+(?:[.,]\d+)?(?!\d|[.,:-]\d)/g;

/** The numbers in a text, and what stands between them. In a text that is a time there are no numbers. */
function textSlots(source: string): readonly Slot[] {
  const slots: Slot[] = [];
  let done = 0;
  const addText = (end: number): void => {
    if (end === done) return;
    const text = utf8(source.slice(done, end));
    slots.push({ kind: "text", text, start: done, end, put: (_token, next) => binary(next) });
  };
  const numbers = /^\s*\d{4}-\d\d-\d\d/.test(source) ? [] : source.matchAll(numberInText);
  for (const { 0: token, index } of numbers) {
    addText(index);
    done = index + token.length;
    const comma = token.includes(",");
    slots.push({
      kind: "number",
      text: token.replace(",", "."),
      start: index,
      end: done,
      put: (_token, next) => (comma ? next.replace(".", ",") : next),
    });
  }
  addText(source.length);
  return slots;
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString("utf8");
}

function binary(text: string): string {
  return Buffer.from(text).toString("latin1");
}
