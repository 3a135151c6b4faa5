/** Random payloads as trees, their text, and the rows they must give: a reference that shares no code. */
import fc from "fast-check";
import type { ShownRow } from "./decoding.ts";

/** A scalar is its JSON text; members keep their order, whatever their names. */
export type Tree =
  | { readonly scalar: string }
  | { readonly elements: readonly Tree[] }
  | { readonly members: readonly (readonly [name: string, value: Tree])[] };

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => String(value)),
  fc.integer().map((value) => String(value)),
  fc.constantFrom(
    "-0",
    "1E3",
    "1e-7",
    "0.10",
    "1e400",
    "-1e999",
    "123456789012345678901234567890",
    "21.5000",
  ),
);
const text = fc
  .oneof(fc.string({ maxLength: 12 }), fc.string({ unit: "binary", maxLength: 8 }))
  .filter((value) => value.isWellFormed());
const scalar: fc.Arbitrary<Tree> = fc
  .oneof(
    { weight: 3, arbitrary: number },
    text.map((value) => JSON.stringify(value)),
    fc.constantFrom("true", "false", "null"),
  )
  .map((token) => ({ scalar: token }));
const name = fc
  .oneof(
    fc.constantFrom(
      "a",
      "b",
      "temperature",
      "10",
      "9",
      "__proto__",
      "constructor",
      "values",
      "größe",
      "x y",
      "ts.x",
    ),
    fc.string({ minLength: 1, maxLength: 6 }),
  )
  .filter((value) => !["ts", "time", "timestamp"].includes(value));

const { object } = fc.letrec<{ object: Tree; node: Tree }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small", maxDepth: 6, withCrossShrink: true },
    scalar,
    tie("object"),
    fc.array(tie("node"), { maxLength: 3 }).map((elements) => ({ elements })),
  ),
  object: fc
    .uniqueArray(fc.tuple(name, tie("node")), { maxLength: 5, selector: ([key]) => key })
    .map((members) => ({ members })),
}));

/** Objects within the bounds, without event time. */
export const tree: fc.Arbitrary<Tree> = object.filter((value) => depthOf(value) <= 8);

/** The same with event time, readable or not, somewhere among the members. */
export const stampedTree: fc.Arbitrary<Tree> = fc
  .tuple(
    tree,
    fc.uniqueArray(fc.constantFrom("ts", "time", "timestamp"), { maxLength: 3 }),
    fc.constantFrom(
      "1762000000",
      "1762000000123999999",
      '"2025-11-01T12:26:40.5Z"',
      '"1762000000"',
      "12",
      '"x"',
    ),
    fc.constantFrom("null", "1e400", "true", "1762000000.25", '"2025-11-01T12:26:40"'),
  )
  .map(([value, names, one, other]) => {
    const members = "members" in value ? value.members : [];
    const stamps = names.map((key, index) => [key, { scalar: index === 0 ? one : other }] as const);
    return { members: [...stamps.slice(1), ...members, ...stamps.slice(0, 1)] };
  });

function depthOf(value: Tree): number {
  if ("scalar" in value) return 0;
  const below = "elements" in value ? value.elements : value.members.map(([, member]) => member);
  return 1 + Math.max(0, ...below.map(depthOf));
}

/** Writes a tree; `space` gives the white space of each place where there may be some. */
export function jsonText(value: Tree, space: () => string): string {
  if ("scalar" in value) return value.scalar;
  const parts =
    "elements" in value
      ? value.elements.map((element) => jsonText(element, space))
      : value.members.map(
          ([key, member]) => `${JSON.stringify(key)}${space()}:${space()}${jsonText(member, space)}`,
        );
  const inside = parts.map((part) => `${space()}${part}${space()}`).join(",");
  return "elements" in value ? `[${inside}]` : `{${inside}}`;
}

/** The rows of a tree, in its order. */
export function expectedRows(value: Tree, path: readonly string[] = []): ShownRow[] {
  if ("elements" in value) {
    return value.elements.flatMap((element, index) => expectedRows(element, [...path, String(index)]));
  }
  if ("members" in value) {
    return value.members.flatMap(([key, member]) => expectedRows(member, [...path, key]));
  }
  if (path.length > 4) return [];
  const metric = path.join(".").normalize("NFC");
  const parsed: unknown = JSON.parse(value.scalar);
  if (typeof parsed === "string") return [[metric, JSON.stringify(parsed)]];
  if (typeof parsed === "boolean") return [[metric, parsed]];
  if (typeof parsed !== "number") return [[metric, null]];
  return Number.isFinite(parsed) ? [[metric, parsed]] : [[metric, null, "bad"]];
}

/** One of the payloads, damaged some times over; a function of its arguments. */
export function damaged(
  payloads: readonly Buffer[],
  { one, other, seed, times }: Readonly<Record<"one" | "other" | "seed" | "times", number>>,
): Buffer {
  let state = seed;
  // The constants of "Numerical Recipes", with the upper bits, which are the better ones.
  const choose = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
  let payload = payloads[one]!;
  for (let time = 0; time < times && payload.length > 0; time += 1) {
    payload = mutated(payload, payloads[other]!, choose);
  }
  return payload;
}

/** Flips, cuts, or splices bytes; `choose` gives natural numbers. */
export function mutated(original: Buffer, other: Buffer, choose: () => number): Buffer {
  const place = choose() % (original.length + 1);
  switch (choose() % 5) {
    case 0: {
      const copy = Buffer.from(original);
      copy[place % copy.length]! ^= 1 << (choose() % 8);
      return copy;
    }
    case 1:
      return original.subarray(0, place);
    case 2:
      return Buffer.concat([original.subarray(0, place), other.subarray(choose() % (other.length + 1))]);
    case 3: {
      const copy = Buffer.from(original);
      copy[place % copy.length] = '{}[]",:0-.eE\\ntf'.charCodeAt(choose() % 16);
      return copy;
    }
    default:
      return Buffer.concat([
        original.subarray(0, place),
        Buffer.from([choose() % 256]),
        original.subarray(place),
      ]);
  }
}
