/**
 * Parts of a compiled expression: functions of the values, each of one type.
 *
 * A value may be missing, and what is made of it is unknown: a number is then `NaN`, a text `undefined`, and a
 * truth `unknown`. Truths are numbers in the order no, unknown, yes, so that "and" is the lesser of two, "or" the
 * greater, and "not" turns the scale round.
 *
 * Source: S. C. Kleene, "Introduction to Metamathematics", 1952, § 64, the strong three-valued logic.
 */

export const no = 0;
export const unknown = 1;
export const yes = 2;
export type Truth = typeof no | typeof unknown | typeof yes;

export type Texts = Readonly<Record<string, string>>;
export type NumberOf = (values: readonly number[], texts: Texts) => number;
export type TextOf = (values: readonly number[], texts: Texts) => string | undefined;
export type TruthOf = (values: readonly number[], texts: Texts) => Truth;

export interface NumberPart {
  readonly type: "number";
  readonly of: NumberOf;
}

export interface TextPart {
  readonly type: "text";
  readonly of: TextOf;
}

export interface TruthPart {
  readonly type: "boolean";
  readonly of: TruthOf;
}

/** A part of any type. */
export type Part = NumberPart | TextPart | TruthPart;

/** What people call a part of this type. */
export function kindOf(part: Part): string {
  if (part.type === "number") return "a number";
  return part.type === "text" ? "a text" : "true or false";
}

/** The truth of something that is known. */
export function truth(holds: boolean): Truth {
  return holds ? yes : no;
}

/** A part that gives a number. */
export function numberPart(of: NumberOf): NumberPart {
  return { type: "number", of };
}

/** A part that gives a text. */
export function textPart(of: TextOf): TextPart {
  return { type: "text", of };
}

/** A part that gives a truth. */
export function truthPart(of: TruthOf): TruthPart {
  return { type: "boolean", of };
}

/** The number at a place among the values. */
export function fieldPart(index: number): Part {
  return numberPart((values) => values[index] ?? Number.NaN);
}

/** The text of a name. */
export function namedText(name: string): Part {
  return textPart((_values, texts) => (Object.hasOwn(texts, name) ? texts[name] : undefined));
}
