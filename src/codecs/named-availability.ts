/**
 * Topics of which discovery has said that devices tell there whether they are there.
 *
 * A payload that is one of the words said for it is the boolean `online` of each device whose topic it is. Whoever
 * may publish may say so of any topic: so a payload that is no such word is decoded as it would be otherwise, and
 * an object that holds more than the word is both.
 */
import type { DecodePlan, DecodeTarget, Rejection } from "../core/decode.ts";
import type { AvailabilityFact } from "../core/fact.ts";
import { availabilityDevicesMax, factTextCharactersMax } from "../core/limits.ts";
import { onlineMetric } from "./availability.ts";
import { parseJson } from "./json-bounds.ts";
import { isJsonObject, memberOf } from "./metadata-plan.ts";
import { looksLikeObject } from "./object-plan.ts";
import { Readings } from "./readings.ts";
import { isText, viewOf } from "./text.ts";

const codec = "availability";

const readings = new Readings();

/**
 * Makes the plan for a topic that was named.
 *
 * @param factsOf - What is said of the topic now: it may change, and be taken back.
 * @param otherwise - How the topic is decoded without that.
 */
export function namedAvailabilityPlan(
  factsOf: () => readonly AvailabilityFact[],
  otherwise: DecodePlan,
): DecodePlan {
  return {
    get codec() {
      return factsOf().length === 0 ? otherwise.codec : codec;
    },
    decode(bytes, start, end, target) {
      const facts = factsOf();
      const said = facts.length === 0 ? undefined : saidBy(facts, bytes, start, end);
      if (said === undefined || said.online.size === 0) return otherwise.decode(bytes, start, end, target);
      if (said.holdsMore)
        return decodeBoth(said.online, () => otherwise.decode(bytes, start, end, target), target);
      return emit(said.online, target);
    },
  };
}

/** What a payload says of each device. */
type Online = ReadonlyMap<string, boolean>;

function saidBy(
  facts: readonly AvailabilityFact[],
  bytes: Uint8Array,
  start: number,
  end: number,
): { readonly online: Online; readonly holdsMore: boolean } | undefined {
  const isObject = looksLikeObject(bytes, start, end);
  const object = isObject ? objectIn(bytes, start, end) : undefined;
  const text = isObject ? undefined : wordIn(bytes, start, end);
  if (object === undefined && text === undefined) return undefined;
  const online = new Map<string, boolean>();
  for (const { device, path, available, unavailable } of facts) {
    const word = path === undefined ? text : wordAt(object, path);
    if (word !== available && word !== unavailable) continue;
    if (online.size < availabilityDevicesMax) online.set(device, word === available);
  }
  const holdsMore = isJsonObject(object) && Object.keys(object).length > 1;
  return { online, holdsMore };
}

function objectIn(bytes: Uint8Array, start: number, end: number): unknown {
  const parsed = parseJson(bytes, start, end);
  return "rejection" in parsed ? undefined : parsed.value;
}

/** The payload as a word, where it can be one: four bytes a character. */
function wordIn(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end - start > 4 * factTextCharactersMax || !isText(bytes, start, end)) return undefined;
  return viewOf(bytes).toString("utf8", start, end);
}

/** What a template with that path gives: `True` for true, as in Python. */
function wordAt(object: unknown, path: string): string | undefined {
  let value = object;
  for (const name of path.split(".")) {
    value = Array.isArray(value)
      ? /^\d{1,4}$/.test(name)
        ? value.at(Number(name))
        : undefined
      : memberOf(value, name);
  }
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

/** A rejection leaves no row behind: then there is what was understood. */
function decodeBoth(
  online: Online,
  decodeRest: () => Rejection | undefined,
  target: DecodeTarget,
): Rejection | undefined {
  if (decodeRest() !== undefined) return emit(online, target);
  const { stampAt, stampUnreadable, ownStamps } = target;
  // Without room for another series the rest is stored all the same.
  void emit(online, target);
  target.stampAt = stampAt;
  target.stampUnreadable = stampUnreadable;
  target.ownStamps = ownStamps;
  return undefined;
}

function emit(online: Online, target: DecodeTarget): Rejection | undefined {
  for (const [device, isThere] of online) {
    readings.begin(device, undefined);
    readings.boolean(onlineMetric, isThere);
    const refusal = readings.emit(target);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}
