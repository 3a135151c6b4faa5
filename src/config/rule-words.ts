/** The words of rules: what they mean, and forms that several keys share. */
import * as z from "zod/mini";
import { nameCharactersMax } from "../core/limits.ts";
import { type AggregateName, aggregateNames } from "../core/rule/definition.ts";
import { templateNamePattern } from "../core/rule/template.ts";
import { bounded, described, expecting, type Expectation, parsed, type Schema, text } from "./shape.ts";
import { nearest } from "./suggest.ts";

/** An aggregate as a single word names it. */
export interface AggregateMeaning {
  readonly fn: AggregateName;
  readonly q?: number;
}

/** What documentation and users also call the aggregates. */
const aliases: ReadonlyMap<string, AggregateMeaning> = new Map<string, AggregateMeaning>([
  ["avg", { fn: "mean" }],
  ["p50", { fn: "quantile", q: 0.5 }],
  ["p90", { fn: "quantile", q: 0.9 }],
  ["p95", { fn: "quantile", q: 0.95 }],
  ["p99", { fn: "quantile", q: 0.99 }],
]);

/** Aggregates that a word alone does not say enough about. */
const incomplete: readonly AggregateName[] = ["quantile", "duration"];

/** Words that can stand for `fn`. */
export const functionWords: readonly string[] = [...aggregateNames, ...aliases.keys()];

/** Words that stand for an aggregate by themselves. */
export const aggregateWords: readonly string[] = functionWords.filter(
  (word) => !incomplete.some((name) => name === word),
);

/** What a word as `fn` means; nothing when it means no aggregate. */
export function functionOf(word: string): AggregateMeaning | undefined {
  const fn = aggregateNames.find((name) => name === word);
  return fn === undefined ? aliases.get(word) : { fn };
}

/** What a word means that stands for an aggregate by itself. */
export function aggregateOf(word: string): AggregateMeaning | undefined {
  return aggregateWords.includes(word) ? functionOf(word) : undefined;
}

/** A text with a form of its own. */
type TextSchema = ReturnType<typeof text>;

/** What other systems call the aggregates. */
const foreignWords: ReadonlyMap<string, AggregateName> = new Map<string, AggregateName>([
  ["average", "mean"],
  ["maximum", "max"],
  ["minimum", "min"],
  ["total", "sum"],
  ["std", "stddev"],
  ["stdev", "stddev"],
  ["percentile", "quantile"],
  ["derivative", "slope"],
]);

/** The word for an aggregate that somebody probably meant, among those that are known here. */
export function nearestAggregate(word: string, known: readonly string[]): string | undefined {
  const foreign = foreignWords.get(word.toLowerCase());
  return foreign !== undefined && known.includes(foreign) ? foreign : nearest(word, known);
}

/** Gives a key what editors show about it. */
export function key<S extends Schema>(schema: S, description: string): S {
  return described(schema, { ...z.globalRegistry.get(schema), description });
}

/** Names of aggregates, labels and annotations. */
export function nameText(): TextSchema {
  return text(
    {
      code: "NAME",
      expected: "A name that begins with a letter, of letters, digits and _ . -",
      hint: () => 'for example "avg"',
    },
    new RegExp(templateNamePattern.replace("*$", "{0,63}$")),
  );
}

/** A text of bounded length. */
export function shortText(most: number): TextSchema {
  return text(
    {
      code: "TEXT",
      expected: `A text of at most ${most} characters`,
      hint: (value) =>
        typeof value === "number" || typeof value === "boolean"
          ? `write it in quotes: "${value}"`
          : "shorten it",
    },
    new RegExp(`^[\\s\\S]{0,${most}}$`),
  );
}

/** A name or a glob. */
function glob(): TextSchema {
  return text(
    {
      code: "SOURCE",
      expected: `A name or glob of at most ${nameCharactersMax} characters`,
      hint: () => '"fridge-*" takes every device whose name begins so',
    },
    // oxlint-disable-next-line no-control-regex -- control characters are what is kept out.
    new RegExp(`^[^\\u0000-\\u001f\\u007f]{1,${nameCharactersMax}}$`),
  );
}

/** A name or glob, or a list of them. */
export function globs(): z.ZodMiniUnion<readonly [TextSchema, z.ZodMiniArray<TextSchema>]> {
  return expecting(z.union([glob(), bounded(z.array(glob()), 1, 256)]), {
    code: "SOURCE",
    expected: `A name or glob of at most ${nameCharactersMax} characters, or a list of them,`,
    hint: () => '"temperature", "fridge-*" or ["fridge-1", "fridge-2"]',
  });
}

/** A number in a range. */
export function numberWithin(
  low: number,
  high: number,
  options: { readonly aboveLow?: boolean; readonly hint?: string } = {},
): z.ZodMiniNumber {
  const { aboveLow = false, hint } = options;
  const range = Number.isFinite(high)
    ? ` from ${low} to ${high}`
    : Number.isFinite(low)
      ? aboveLow
        ? ` above ${low}`
        : ` of at least ${low}`
      : "";
  return expecting(z.number().check(aboveLow ? z.gt(low) : z.gte(low), z.lte(high)), {
    code: "NUMBER",
    expected: `A number${range}`,
    hint: (value) => numberHint(value) ?? hint,
  });
}

/** What to write instead of a text that holds a number, or a share. */
export function numberHint(value: unknown): string | undefined {
  if (typeof value === "number")
    return Number.isFinite(value) ? undefined : "write a number of at most 1e308";
  if (typeof value !== "string") return undefined;
  if (value.trim() !== "" && Number.isFinite(Number(value))) return `write ${Number(value)} without quotes`;
  const share = /^\s*(\d+(?:\.\d+)?)\s*%\s*$/.exec(value)?.[1];
  return share === undefined ? undefined : `write ${Number(share) / 100}`;
}

/** A value that has a short form and a full one, an object: problems inside the object are told one by one. */
export function shortOr<W extends Schema, F extends Schema>(
  word: W,
  full: F,
  expectation: Expectation,
): z.ZodMiniUnion<readonly [W, F]> {
  fullForms.set(expectation, full);
  return expecting(z.union([word, full]), expectation);
}

const fullForms = new WeakMap<Expectation, Schema>();

/** The schema of the object, where the value has a short form beside it. */
export function fullFormOf(expectation: Expectation): Schema | undefined {
  return fullForms.get(expectation);
}

/** An IANA name of a time zone. */
export function timezone(): TextSchema {
  return parsed(
    {
      code: "TIMEZONE",
      expected: "The name of a time zone",
      hint: () => 'an IANA name: "Europe/Berlin", "America/New_York" or "UTC"',
    },
    (written) => (isTimezone(written) ? written : undefined),
    { examples: ["Europe/Berlin", "UTC"] },
  );
}

/** Whether the platform knows a time zone. Offsets such as `+02:00` have no calendar of their own. */
function isTimezone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name) || name.length > 64) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
