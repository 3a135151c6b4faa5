/** The functions of expressions, by name. Every one costs a bounded number of steps, and knows no time. */
import { comparing } from "./operators.ts";
import { type NumberOf, type TextOf, type TruthOf } from "./part.ts";

/** `math.<name>(…)` of one number. */
export const mathFunctions: ReadonlyMap<string, (value: number) => number> = new Map([
  ["abs", Math.abs],
  ["ceil", Math.ceil],
  ["floor", Math.floor],
  // Halves are rounded away from zero, as the language has it.
  ["round", (value) => Math.sign(value) * Math.round(Math.abs(value))],
  ["sign", Math.sign],
  ["sqrt", Math.sqrt],
  ["trunc", Math.trunc],
]);

/** `math.<name>(…)` of one number or several. A missing one makes the outcome missing. */
export const mathChoices: ReadonlyMap<string, (left: number, right: number) => number> = new Map([
  ["greatest", Math.max],
  ["least", Math.min],
]);

/** `text.<name>(text)`. `matches` is apart: its pattern is compiled once. */
export const textTests: ReadonlyMap<string, (text: string, other: string) => boolean> = new Map([
  ["contains", (text: string, other: string) => text.includes(other)],
  ["endsWith", (text: string, other: string) => text.endsWith(other)],
  ["startsWith", (text: string, other: string) => text.startsWith(other)],
]);

/** `text.<name>()`. */
export const textChanges: ReadonlyMap<string, (text: string) => string> = new Map([
  ["lowerAscii", (text: string) => text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())],
  ["upperAscii", (text: string) => text.replaceAll(/[a-z]+/g, (letters) => letters.toUpperCase())],
  ["trim", (text: string) => text.trim()],
]);

/** Macros over a list that is written out. */
export const listMacros: readonly string[] = ["all", "exists", "exists_one"];

/** Every function, as it is called. */
export const functionNames: readonly string[] = [
  "has",
  "double",
  "int",
  "size",
  ...[...mathFunctions.keys(), ...mathChoices.keys()].map((name) => `math.${name}`),
];

/** Every method of a text. */
export const methodNames: readonly string[] = [...textTests.keys(), ...textChanges.keys(), "matches", "size"];

/** Applies a function to a number. */
export function mapped(of: NumberOf, change: (value: number) => number): NumberOf {
  return (values, texts) => change(of(values, texts));
}

/** Applies a function to a text. */
export function changed(of: TextOf, change: (text: string) => string): TextOf {
  return (values, texts) => {
    const text = of(values, texts);
    return text === undefined ? undefined : change(text);
  };
}

/** Tests two texts. */
export function tested(of: TextOf, other: TextOf, test: (text: string, other: string) => boolean): TruthOf {
  return comparing(of, other, test);
}

/** Characters of a text: Unicode code points, as the language counts. */
export function sizeOf(of: TextOf): NumberOf {
  return (values, texts) => {
    const text = of(values, texts);
    return text === undefined ? Number.NaN : Array.from(text).length;
  };
}

/** The number that a text holds, written in decimal; missing where it holds none. */
export function parsedNumber(of: TextOf): NumberOf {
  return (values, texts) => {
    const text = of(values, texts);
    return text !== undefined && /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text)
      ? Number(text)
      : Number.NaN;
  };
}
