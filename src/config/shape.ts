/**
 * The building blocks of schemas: values that know how to explain themselves.
 *
 * zod checks the shape and exports it as JSON Schema. What a value is called, and what to write instead of a
 * wrong one, is an {@link Expectation} kept beside its schema: zod's own sentences speak to programmers.
 */
import * as z from "zod/mini";
import { bytesHint, bytesPattern, formatBytes, parseBytes } from "../core/bytes.ts";
import {
  durationHint,
  durationMsMax,
  durationPattern,
  formatDuration,
  parseDuration,
} from "../core/time/duration.ts";
import { choiceOf, quoted } from "./problems.ts";
import { nearest } from "./suggest.ts";

// Compiled checks need `new Function`; a gateway parses a handful of files once, and gains nothing by it.
z.config({ jitless: true });

export type Schema = z.core.$ZodType;

/** What a schema accepts, in words. */
export interface Expectation {
  /** Second half of the problem's code: `DURATION` in `RULE_DURATION`. */
  readonly code: string;
  /** Noun phrase that begins the message: `A duration is expected …`. */
  readonly expected: string;
  /** What to write instead of this value. */
  readonly hint?: (value: unknown) => string | undefined;
  /** What to call a value that is documented although this version cannot do it; nothing for other values. */
  readonly unsupported?: (value: unknown) => string | undefined;
  /** The text is a path, made absolute against the place it was written in. */
  readonly path?: "file" | "directory" | "new-directory";
  /** The value may hold a secret where it does not belong, so messages do not repeat it. */
  readonly unquoted?: boolean;
  /** The text must not be written into a file, and is never shown. */
  readonly secret?: boolean;
}

const expectations = new WeakMap<Schema, Expectation>();

/** The expectation of a schema, where it has one. */
export function expectationOf(schema: Schema): Expectation | undefined {
  return expectations.get(schema);
}

/** Gives a schema its expectation. */
export function expecting<S extends Schema>(schema: S, expectation: Expectation): S {
  expectations.set(schema, expectation);
  return schema;
}

/** Adds what editors show to the exported JSON Schema. */
export function described<S extends Schema>(schema: S, meta: z.core.GlobalMeta): S {
  z.globalRegistry.add(schema, meta);
  return schema;
}

type Parsed<T> = z.ZodMiniPipe<z.ZodMiniString, z.ZodMiniTransform<T, string>>;

/** A text with a meaning of its own; `parse` gives nothing where it has none. */
export function parsed<T>(
  expectation: Expectation,
  parse: (text: string) => T | undefined,
  meta: z.core.GlobalMeta = {},
): Parsed<T> {
  const schema = z.pipe(
    described(z.string(), meta),
    z.transform((written: string, context): T => {
      const value = parse(written);
      if (value !== undefined) return value;
      context.issues.push({ code: "custom", message: expectation.expected, input: written });
      return z.NEVER;
    }),
  );
  return expecting(schema, expectation);
}

/** A text that a pattern accepts. */
export function text(expectation: Expectation, pattern: RegExp): Parsed<string> {
  return parsed(expectation, (written) => (pattern.test(written) ? written : undefined), {
    pattern: pattern.source,
  });
}

/** Milliseconds in a range, from a text such as `5m`. */
export function duration(leastMs = 0, mostMs: number = durationMsMax): Parsed<number> {
  const least = leastMs > 0 ? ` of at least ${formatDuration(leastMs)}` : "";
  const most = mostMs < durationMsMax ? ` of at most ${formatDuration(mostMs)}` : "";
  return parsed(
    {
      code: "DURATION",
      expected: `A duration${least}${most}`,
      hint: (value) =>
        typeof value === "string" && parseDuration(value) !== undefined ? undefined : durationHint(value),
    },
    (written) => {
      const parsedMs = parseDuration(written);
      return parsedMs === undefined || parsedMs < leastMs || parsedMs > mostMs ? undefined : parsedMs;
    },
    { pattern: durationPattern, examples: ["90s", "5m", "1h30m", "7d"] },
  );
}

/** Bytes, from a text such as `2GiB`. */
export function size(least: number): Parsed<number> {
  return parsed(
    { code: "SIZE", expected: `A size of at least ${formatBytes(least)}`, hint: sizeHint },
    (written) => {
      const parsedBytes = parseBytes(written);
      return parsedBytes === undefined || parsedBytes < least ? undefined : parsedBytes;
    },
    { pattern: bytesPattern, examples: ["512MB", "2GiB"] },
  );
}

/** A path; relative ones are made absolute before the schema sees them. */
export function path(kind: "file" | "directory" | "new-directory"): Parsed<string> {
  return parsed({ code: "PATH", expected: "A path", path: kind }, (written) =>
    written !== "" && !written.includes("\0") ? written : undefined,
  );
}

/**
 * One of some words.
 *
 * @param unsupported - Words that are documented and that this version cannot do.
 */
export function choice<const W extends readonly string[]>(
  words: W,
  unsupported: readonly string[] = [],
): z.ZodMiniEnum<{ [Word in W[number]]: Word }> {
  return expecting(z.enum(words), {
    code: "CHOICE",
    expected: choiceOf(words),
    hint: (value) => {
      const meant = typeof value === "string" ? nearest(value, words) : undefined;
      return meant === undefined ? undefined : `did you mean ${JSON.stringify(meant)}?`;
    },
    unsupported: (value) =>
      typeof value === "string" && unsupported.includes(value) ? JSON.stringify(value) : undefined,
  });
}

/** A whole number in a range. */
export function integer(low: number, high: number): z.ZodMiniNumber {
  return expecting(z.int().check(z.minimum(low), z.maximum(high)), {
    code: "NUMBER",
    expected: `A whole number from ${low} to ${high}`,
    hint: withoutQuotes,
  });
}

/** `true` or `false`. */
export function flag(): z.ZodMiniBoolean {
  return expecting(z.boolean(), { code: "FLAG", expected: "true or false", hint: withoutQuotes });
}

/** A list with a bounded number of elements. */
export function listOf<S extends Schema>(element: S, low: number, high: number): z.ZodMiniArray<S> {
  const range = low === 0 ? `at most ${high}` : `${low} to ${high}`;
  return expecting(bounded(z.array(element), low, high), {
    code: "LIST",
    expected: `A list of ${range} elements`,
    hint: (value) => (Array.isArray(value) ? undefined : `write [${shortened(value)}]`),
  });
}

/**
 * A list, and how many elements it may have.
 *
 * zod looks at the length of whatever has a member `length`, also of an object in the place of the list, and
 * throws where that is no number.
 */
export function bounded<S extends Schema>(
  list: z.ZodMiniArray<S>,
  low: number,
  high: number,
): z.ZodMiniArray<S> {
  const checks = [z.minLength(low), z.maxLength(high)];
  // oxlint-disable-next-line no-underscore-dangle -- where zod keeps what a check is made of
  for (const check of checks) check._zod.def.when = ({ value }) => Array.isArray(value);
  return list.check(...checks);
}

/** An object with exactly these keys. */
export function object<const S extends z.core.$ZodLooseShape>(shape: S): z.ZodMiniObject<S, z.core.$strict> {
  return expecting(z.strictObject(shape), { code: "OBJECT", expected: "An object { … }" });
}

/** An object whose keys the user chooses, all of one kind. */
export function recordOf<K extends z.core.$ZodRecordKey, S extends Schema>(
  key: K,
  value: S,
): z.ZodMiniRecord<K, S> {
  return expecting(z.record(key, value), { code: "OBJECT", expected: "An object { … }" });
}

function sizeHint(value: unknown): string | undefined {
  return typeof value === "string" && parseBytes(value) !== undefined ? undefined : bytesHint(value);
}

function withoutQuotes(value: unknown): string | undefined {
  if (typeof value !== "string" || !/^(true|false|-?\d+(\.\d+)?)$/.test(value)) return undefined;
  return `write ${value} without quotes`;
}

function shortened(value: unknown): string {
  return typeof value === "object" ? "…" : quoted(value);
}
