/**
 * Puts settings from several sources on top of each other, and remembers where each value came from.
 *
 * Objects are merged key by key; everything else replaces what was there, lists as a whole.
 */
import type { Place } from "./issues.ts";
import { emptyObject, isObject, type JsonObject, type JsoncDocument } from "./jsonc.ts";
import { childPointer, parentPointer } from "./pointer.ts";
import { childSchema, defaultOf } from "./schema-walk.ts";
import type { Schema } from "./shape.ts";

/** A source of settings. */
export interface Origin {
  readonly kind: "file" | "environment" | "flag";
  /** For people: `environment HOLDFAST__HTTP__PORT`. */
  readonly name: string;
  /** What relative paths from here are relative to. */
  readonly base: string;
  /** The text it was read from, and the pointer at which that text's root stands. */
  readonly document?: JsoncDocument;
  readonly root: string;
}

/** Settings that grow layer by layer. */
export class Layers {
  readonly value: JsonObject = emptyObject();
  readonly #origins = new Map<string, Origin>();

  /** Lays an object over everything so far. */
  merge(value: JsonObject, origin: Origin): void {
    this.#lay(this.value, value, "", origin);
  }

  /**
   * Sets one value at a path, making what is missing on the way; a list that is missing begins as its default.
   *
   * @returns False when the path leads past the end of a list or through a value that holds nothing.
   */
  set(path: readonly string[], value: unknown, origin: Origin, root: Schema): boolean {
    let holder: unknown = this.value;
    let schema: Schema | undefined = root;
    let pointer = "";
    for (const [index, step] of path.entries()) {
      schema = schema === undefined ? undefined : childSchema(schema, step);
      pointer = childPointer(pointer, step);
      if (!canHold(holder, step)) return false;
      const current = memberOf(holder, step);
      if (index === path.length - 1) {
        setMember(holder, step, this.#lay(current, value, pointer, origin));
        return true;
      }
      if (current === undefined) {
        const fresh = schema === undefined ? undefined : defaultOf(schema);
        setMember(holder, step, Array.isArray(fresh) ? fresh : emptyObject());
      }
      holder = memberOf(holder, step);
    }
    return true;
  }

  /** Where the value at a pointer was set; nothing when it is a default. */
  originOf(pointer: string): Origin | undefined {
    return this.#origins.get(pointer);
  }

  /** Where to point at for a value, its key, or what should hold it. */
  placeOf(pointer: string, part: "key" | "value"): Place {
    let at = pointer;
    while (at !== "" && !this.#origins.has(at)) at = parentPointer(at);
    const origin = this.#origins.get(at);
    return origin === undefined ? {} : placeIn(origin, pointer, part);
  }

  #lay(current: unknown, incoming: unknown, pointer: string, origin: Origin): unknown {
    if (isObject(current) && isObject(incoming)) {
      if (!this.#origins.has(pointer)) this.#origins.set(pointer, origin);
      for (const [key, member] of Object.entries(incoming)) {
        current[key] = this.#lay(current[key], member, childPointer(pointer, key), origin);
      }
      return current;
    }
    for (const known of this.#origins.keys()) {
      if (known.startsWith(`${pointer}/`)) this.#origins.delete(known);
    }
    this.#claim(incoming, pointer, origin);
    return incoming;
  }

  #claim(value: unknown, pointer: string, origin: Origin): void {
    this.#origins.set(pointer, origin);
    if (Array.isArray(value)) {
      for (const [index, element] of value.entries())
        this.#claim(element, childPointer(pointer, index), origin);
    } else if (isObject(value)) {
      for (const [key, member] of Object.entries(value))
        this.#claim(member, childPointer(pointer, key), origin);
    }
  }
}

/** The place of a pointer in a source. */
function placeIn(origin: Origin, pointer: string, part: "key" | "value"): Place {
  const position = origin.document?.positionOf(pointer.slice(origin.root.length), part);
  return { file: origin.document?.file ?? origin.name, ...position };
}

function canHold(holder: unknown, step: string): boolean {
  if (Array.isArray(holder)) return /^\d{1,4}$/.test(step) && Number(step) <= holder.length;
  return isObject(holder);
}

function memberOf(holder: unknown, step: string): unknown {
  if (Array.isArray(holder)) return holder[Number(step)];
  return isObject(holder) ? holder[step] : undefined;
}

function setMember(holder: unknown, step: string, value: unknown): void {
  if (Array.isArray(holder)) holder[Number(step)] = value;
  else if (isObject(holder)) holder[step] = value;
}
