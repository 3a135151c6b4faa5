/** Walks a schema beside a value: what is expected at a place, which keys exist there, what is left out. */
import type * as z from "zod/mini";
import { isObject } from "./jsonc.ts";
import { childPointer } from "./pointer.ts";
import { type Expectation, expectationOf, type Schema } from "./shape.ts";

/** The schema of the value at a path; nothing where no schema reaches. */
export function schemaAt(root: Schema, path: readonly PropertyKey[]): Schema | undefined {
  let schema: Schema | undefined = root;
  for (const step of path) {
    if (schema === undefined) return undefined;
    schema = childSchema(schema, step);
  }
  return schema;
}

/** The schema of a member: of a key of an object, or of the elements of a list. */
export function childSchema(schema: Schema, step: PropertyKey): Schema | undefined {
  const def = definitionOf(unwrapped(schema));
  if (def.type === "object") return Object.hasOwn(def.shape, step) ? def.shape[String(step)] : undefined;
  if (def.type === "array") return def.element;
  return def.type === "record" ? def.valueType : undefined;
}

/** What the nearest schema with words for it expects here. */
export function expectationAt(root: Schema, path: readonly PropertyKey[]): Expectation | undefined {
  const schema = schemaAt(root, path);
  return schema === undefined ? undefined : expectationFor(schema);
}

/** What a schema expects, whatever it is wrapped in. */
export function expectationFor(schema: Schema): Expectation | undefined {
  return expectationOf(schema) ?? expectationOf(unwrapped(schema));
}

/** What the keys of the object at a path must look like, where the user chooses them. */
export function keyExpectationAt(root: Schema, path: readonly PropertyKey[]): Expectation | undefined {
  const schema = schemaAt(root, path);
  if (schema === undefined) return undefined;
  const def = definitionOf(unwrapped(schema));
  return def.type === "record" ? expectationOf(def.keyType) : undefined;
}

/** The keys that the object at a path may have; empty where the user chooses them. */
export function keysAt(root: Schema, path: readonly PropertyKey[]): string[] {
  const schema = schemaAt(root, path);
  if (schema === undefined) return [];
  const def = definitionOf(unwrapped(schema));
  return def.type === "object" ? Object.keys(def.shape) : [];
}

/** Whether the schema takes a text, so that `42` in the environment stays a text there. */
export function takesText(schema: Schema): boolean {
  const def = definitionOf(unwrapped(schema));
  return def.type === "pipe" ? takesText(def.in) : def.type === "string" || def.type === "enum";
}

/** What stands there when nothing is written, as it would be written; nothing where there is no default. */
export function defaultOf(schema: Schema): unknown {
  const def = definitionOf(schema);
  return def.type === "prefault" ? copyOf(def.defaultValue) : undefined;
}

/** Whether the schema is that of a list, an object with free keys, or something else. */
export function kindOf(schema: Schema): "object" | "record" | "list" | "leaf" {
  const def = definitionOf(unwrapped(schema));
  if (def.type === "object" || def.type === "record") return def.type;
  return def.type === "array" ? "list" : "leaf";
}

/** What {@link visit} calls for each value that is there and that a schema reaches. */
type Visitor = (
  place: { readonly pointer: string; readonly schema: Schema; readonly value: unknown },
  replace: (value: unknown) => void,
) => void;

/** Visits values of a document, outer ones first, each with its schema. */
export function visit(schema: Schema, value: unknown, visitor: Visitor, pointer = ""): unknown {
  let current = value;
  visitor({ pointer, schema, value }, (replacement) => {
    current = replacement;
  });
  const steps = Array.isArray(current) ? current.keys() : isObject(current) ? Object.keys(current) : [];
  for (const step of steps) {
    const child = childSchema(schema, step);
    if (child === undefined) continue;
    const place = childPointer(pointer, step);
    if (Array.isArray(current)) current[Number(step)] = visit(child, current[Number(step)], visitor, place);
    else if (isObject(current)) current[step] = visit(child, current[step], visitor, place);
  }
  return current;
}

/**
 * Fills in what an object leaves out, as it would be written, so that the whole can be shown; keys stand in
 * the order of the schema.
 *
 * Defaults of a schema are `prefault`s: values before parsing.
 */
export function fillDefaults(schema: Schema, value: unknown): unknown {
  return visit(schema, value, (place, replace) => {
    if (!isObject(place.value)) return;
    const def = definitionOf(unwrapped(place.schema));
    if (def.type !== "object") return;
    const written = place.value;
    const filled: Record<string, unknown> = { __proto__: null };
    for (const [key, child] of Object.entries(def.shape)) {
      const member = Object.hasOwn(written, key) ? written[key] : defaultOf(child);
      if (member !== undefined) filled[key] = member;
    }
    for (const [key, member] of Object.entries(written)) filled[key] = member;
    replace(filled);
  });
}

/** Copies plain data into objects without a prototype. */
export function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isObject(value)) return value;
  const copy: Record<string, unknown> = { __proto__: null };
  for (const [key, member] of Object.entries(value)) copy[key] = copyOf(member);
  return copy;
}

function unwrapped(schema: Schema): Schema {
  const def = definitionOf(schema);
  if (def.type === "optional" || def.type === "prefault") return unwrapped(def.innerType);
  return def.type === "lazy" ? unwrapped(def.getter()) : schema;
}

type Definition = z.core.$ZodTypes["_zod"]["def"];

function definitionOf(schema: Schema): Definition {
  // oxlint-disable-next-line no-underscore-dangle, typescript/no-unsafe-type-assertion -- zod's own union of its schemas.
  return schema._zod.def as Definition;
}
