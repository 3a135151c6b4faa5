/** What the operators of expressions do with parts whose types are right. */
import {
  no,
  type NumberOf,
  numberPart,
  type Part,
  type TextOf,
  type Truth,
  truth,
  type TruthOf,
  unknown,
  yes,
} from "./part.ts";

/** The operators between two numbers that give a number. All numbers are doubles, so `1 / 2` is 0.5. */
export const arithmetic: ReadonlyMap<string, (left: NumberOf, right: NumberOf) => NumberOf> = new Map([
  ["+", (left, right) => (values, texts) => left(values, texts) + right(values, texts)],
  ["-", (left, right) => (values, texts) => left(values, texts) - right(values, texts)],
  ["*", (left, right) => (values, texts) => left(values, texts) * right(values, texts)],
  ["/", (left, right) => (values, texts) => left(values, texts) / right(values, texts)],
  ["%", (left, right) => (values, texts) => left(values, texts) % right(values, texts)],
]);

/** Comparisons of numbers. Where one is missing neither a comparison nor its opposite holds. */
const numberComparisons: ReadonlyMap<string, (left: NumberOf, right: NumberOf) => TruthOf> = new Map([
  [">", greater],
  [">=", (left, right) => inverted(greater(right, left))],
  ["<", (left, right) => greater(right, left)],
  ["<=", (left, right) => inverted(greater(left, right))],
  ["==", equal],
  ["!=", (left, right) => inverted(equal(left, right))],
]);

function greater(left: NumberOf, right: NumberOf): TruthOf {
  return (values, texts) => {
    const first = left(values, texts);
    const second = right(values, texts);
    return first > second ? yes : first <= second ? no : unknown;
  };
}

function equal(left: NumberOf, right: NumberOf): TruthOf {
  return (values, texts) => {
    const first = left(values, texts);
    const second = right(values, texts);
    if (first === second) return yes;
    return Number.isNaN(first) || Number.isNaN(second) ? unknown : no;
  };
}

/** Comparisons of texts, in the order of their UTF-16 code units: the same on every machine. */
const textComparisons: ReadonlyMap<string, (left: TextOf, right: TextOf) => TruthOf> = new Map([
  [">", (left, right) => comparing(left, right, (first, second) => first > second)],
  [">=", (left, right) => comparing(left, right, (first, second) => first >= second)],
  ["<", (left, right) => comparing(left, right, (first, second) => first < second)],
  ["<=", (left, right) => comparing(left, right, (first, second) => first <= second)],
  ["==", (left, right) => comparing(left, right, (first, second) => first === second)],
  ["!=", (left, right) => comparing(left, right, (first, second) => first !== second)],
]);

/** A test of two texts, unknown where one is missing. */
export function comparing(
  left: TextOf,
  right: TextOf,
  holds: (first: string, second: string) => boolean,
): TruthOf {
  return (values, texts) => {
    const first = left(values, texts);
    const second = right(values, texts);
    return first === undefined || second === undefined ? unknown : truth(holds(first, second));
  };
}

/** Both. */
export function both(left: TruthOf, right: TruthOf): TruthOf {
  return (values, texts) => {
    const first = left(values, texts);
    if (first === no) return no;
    const second = right(values, texts);
    return first < second ? first : second;
  };
}

/** One or both. */
export function either(left: TruthOf, right: TruthOf): TruthOf {
  return (values, texts) => {
    const first = left(values, texts);
    if (first === yes) return yes;
    const second = right(values, texts);
    return first > second ? first : second;
  };
}

/** The opposite. */
export function inverted(of: TruthOf): TruthOf {
  return (values, texts) => opposite(of(values, texts));
}

function opposite(value: Truth): Truth {
  return value === yes ? no : value === no ? yes : unknown;
}

/** Whether two truths are the same. */
function same(left: TruthOf, right: TruthOf): TruthOf {
  return (values, texts) => {
    const first = left(values, texts);
    const second = right(values, texts);
    return first === unknown || second === unknown ? unknown : truth(first === second);
  };
}

/** One part or another, both of one type; unknown where the condition is. */
export function chosen(condition: TruthOf, left: Part, right: Part): Part | undefined {
  if (left.type === "number" && right.type === "number") {
    const [then, otherwise] = [left.of, right.of];
    return numberPart((values, texts) => {
      const which = condition(values, texts);
      return which === yes ? then(values, texts) : which === no ? otherwise(values, texts) : Number.NaN;
    });
  }
  if (left.type === "text" && right.type === "text") {
    const [then, otherwise] = [left.of, right.of];
    return {
      type: "text",
      of: (values, texts) => {
        const which = condition(values, texts);
        return which === yes ? then(values, texts) : which === no ? otherwise(values, texts) : undefined;
      },
    };
  }
  if (left.type !== "boolean" || right.type !== "boolean") return undefined;
  const [then, otherwise] = [left.of, right.of];
  return {
    type: "boolean",
    of: (values, texts) => {
      const which = condition(values, texts);
      return which === yes ? then(values, texts) : which === no ? otherwise(values, texts) : unknown;
    },
  };
}

/** Whether one of these holds. */
export function among(tests: readonly TruthOf[]): TruthOf {
  return (values, texts) => {
    let found: Truth = no;
    for (const test of tests) {
      const one = test(values, texts);
      if (one === yes) return yes;
      if (one > found) found = one;
    }
    return found;
  };
}

/** A comparison of two parts; nothing where their types have none. */
export function comparisonOf(op: string, left: Part, right: Part): TruthOf | undefined {
  if (left.type === "number" && right.type === "number")
    return numberComparisons.get(op)?.(left.of, right.of);
  if (left.type === "text" && right.type === "text") return textComparisons.get(op)?.(left.of, right.of);
  if (left.type !== "boolean" || right.type !== "boolean") return undefined;
  if (op === "==") return same(left.of, right.of);
  return op === "!=" ? inverted(same(left.of, right.of)) : undefined;
}
