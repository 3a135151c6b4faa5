/**
 * A plan for messages about devices: JSON that holds no readings. What it says takes the place of what the topic
 * said before; an empty payload, which clears a retained message, takes all of it back.
 */
import type { DecodePlan, DecodeTarget, Rejection } from "../core/decode.ts";
import type { HeldFact } from "../core/fact.ts";
import { messageFactCharactersMax, messageFactsMax } from "../core/limits.ts";
import { metadataBounds, parseJson } from "./json-bounds.ts";
import { rejected } from "./rejection.ts";
import { nothing } from "./small-plans.ts";

/** A JSON object as it was parsed: its members are looked up by {@link memberOf}. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The facts of one message, within the bound. */
export class FactList {
  readonly facts: HeldFact[] = [];
  #characters = 0;

  /** There is more than there may be: nothing further needs to be looked at. */
  get full(): boolean {
    return this.facts.length > messageFactsMax || this.#characters > messageFactCharactersMax;
  }

  add(fact: HeldFact): void {
    if (this.full) return;
    this.facts.push(fact);
    this.#characters += JSON.stringify(fact).length;
  }
}

/** Adds the facts of one payload, or says why it has none to give. */
export type FactReader = (value: unknown, facts: FactList) => Rejection | undefined;

/** Makes a plan for the messages about devices on one topic. */
export function metadataPlan(codec: string, topic: string, read: FactReader): DecodePlan {
  return {
    codec,
    decode(bytes, start, end, target) {
      const list = new FactList();
      if (start < end) {
        const parsed = parseJson(bytes, start, end, metadataBounds);
        if ("rejection" in parsed) return parsed.rejection;
        const refusal = read(parsed.value, list);
        if (refusal !== undefined) return refusal;
        if (list.full) {
          return rejected(
            "too-many-items",
            `The message says more than ${messageFactsMax} things, or at too great length.`,
          );
        }
      }
      return noteAll(topic, list.facts, target);
    },
  };
}

function noteAll(topic: string, facts: readonly HeldFact[], target: DecodeTarget): Rejection | undefined {
  target.note({ kind: "withdrawn", under: topic });
  for (const fact of facts) target.note(fact);
  return nothing(target);
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member of an object; nothing where there is no object, or where every object has one of that name. */
export function memberOf(object: unknown, name: string): unknown {
  return isJsonObject(object) && Object.hasOwn(object, name) ? object[name] : undefined;
}
