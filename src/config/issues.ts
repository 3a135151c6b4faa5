/** Turns what zod says into problems that a person can act on. */
import type * as z from "zod/mini";
import type { Problem } from "../core/errors.ts";
import { isObject } from "./jsonc.ts";
import { childPointer, pathOf, pointerOf } from "./pointer.ts";
import { quoted } from "./problems.ts";
import { expectationAt, keyExpectationAt, keysAt } from "./schema-walk.ts";
import type { Schema } from "./shape.ts";
import { nearest } from "./suggest.ts";

/** Where a value was written. */
export interface Place {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/** What is needed to explain issues of one document. */
export interface Explanation {
  /** First word of the codes: `CONFIG` or `RULE`. */
  readonly area: string;
  readonly schema: Schema;
  /** Pointer at which the checked value stands in its document. */
  readonly root: string;
  /** The value that was checked. */
  readonly value: unknown;
  /** Gives the place of a value, or of its key. */
  readonly placeOf: (pointer: string, part: "key" | "value") => Place;
  /** Whether a key is documented although this version cannot do it. */
  readonly unsupportedKey: (pointer: string, key: string) => boolean;
  /** Whether the value came from where secrets come from, so that messages must not repeat it. */
  readonly isSecret: (pointer: string) => boolean;
}

/**
 * Explains issues: one problem for each wrong value and each key that does not belong.
 *
 * Codes, after the area: `KEY_UNKNOWN`, `KEY_MISSING`, `UNSUPPORTED`, or that of the expectation at the place
 * (`DURATION`, `SIZE`, `CHOICE`, `NUMBER`, `FLAG`, `LIST`, `OBJECT`, `NAME`, `TOPIC`, `PATH`, …).
 */
export function explainIssues(issues: readonly z.core.$ZodIssue[], about: Explanation): Problem[] {
  return issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => unknownKey(issue.path, key, about))
      : [wrongValue(issue, about)],
  );
}

function unknownKey(path: readonly PropertyKey[], key: string, about: Explanation): Problem {
  const holder = about.root + pointerOf(path);
  const pointer = childPointer(holder, key);
  const place = about.placeOf(pointer, "key");
  if (about.unsupportedKey(holder, key)) {
    const message = `${JSON.stringify(key)} is not supported by this version.`;
    return { code: `${about.area}_UNSUPPORTED`, message, pointer, hint: "remove it", ...place };
  }
  const known = keysAt(about.schema, path).filter((name) => name !== "$schema");
  const meant = nearest(key, known);
  return {
    code: `${about.area}_KEY_UNKNOWN`,
    message: `Unknown key ${quoted(key)}.`,
    pointer,
    hint:
      meant === undefined ? `known keys are ${known.join(", ")}` : `did you mean ${JSON.stringify(meant)}?`,
    ...place,
  };
}

function wrongKey(path: readonly PropertyKey[], about: Explanation): Problem {
  const expectation = keyExpectationAt(about.schema, path.slice(0, -1));
  const pointer = about.root + pointerOf(path);
  const hint = expectation?.hint?.(path.at(-1));
  return {
    code: `${about.area}_${expectation?.code ?? "NAME"}`,
    message: `${expectation?.expected ?? "Another key"} is expected here, not ${quoted(String(path.at(-1) ?? ""))}.`,
    pointer,
    ...(hint === undefined ? {} : { hint }),
    ...about.placeOf(pointer, "key"),
  };
}

function wrongValue(issue: z.core.$ZodIssue, about: Explanation): Problem {
  if (issue.code === "invalid_key") return wrongKey(issue.path, about);
  const pointer = about.root + pointerOf(issue.path);
  const value = valueAt(about.value, pointerOf(issue.path));
  const expectation = expectationAt(about.schema, issue.path);
  const hint = expectation?.hint?.(value);
  if (value === undefined) {
    return {
      code: `${about.area}_KEY_MISSING`,
      message: `${quoted(String(issue.path.at(-1) ?? ""))} is missing.`,
      pointer,
      hint: hint ?? `${expectation?.expected ?? "a value"} is expected`,
      ...about.placeOf(pointer, "value"),
    };
  }
  const unsupported = expectation?.unsupported?.(value);
  if (expectation !== undefined && unsupported !== undefined) {
    const message = `${unsupported} is not supported by this version.`;
    const use = `${expectation.expected} is expected`;
    return {
      code: `${about.area}_UNSUPPORTED`,
      message,
      pointer,
      hint: use,
      ...about.placeOf(pointer, "value"),
    };
  }
  const hidden = expectation?.secret === true || expectation?.unquoted === true || about.isSecret(pointer);
  const instead = hidden ? "the value given" : quoted(value);
  return {
    code: `${about.area}_${expectation?.code ?? "VALUE"}`,
    message: `${expectation?.expected ?? "Another value"} is expected here, not ${instead}.`,
    pointer,
    ...(hint === undefined ? {} : { hint }),
    ...about.placeOf(pointer, "value"),
  };
}

/** The value at a pointer; nothing where there is none. */
export function valueAt(document: unknown, pointer: string): unknown {
  let value = document;
  for (const step of pathOf(pointer)) {
    if (Array.isArray(value)) value = value[Number(step)];
    else if (isObject(value) && Object.hasOwn(value, step)) value = value[step];
    else return undefined;
  }
  return value;
}
