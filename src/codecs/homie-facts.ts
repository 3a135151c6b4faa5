/**
 * What Homie devices say about themselves: one attribute per topic in versions 3 and 4, one description in version 5.
 *
 * The unit, name and data type of a property; the name of a device, its firmware, and what it was made with. Each
 * attribute is a fact of its own: what it says is a part of the whole. A description takes the place of the one
 * before; one that says the same, as each of the same `version` does, changes nothing.
 *
 * Source: Homie convention 4.0.0, "Device Attributes", "Property Attributes"; 5.0.0, "Device Attributes",
 * "Description"; "Homie legacy firmware extension".
 */
import type { DecodePlan, PlanSpec, Rejection } from "../core/decode.ts";
import type { DeviceFact, HeldFact } from "../core/fact.ts";
import { payloadStringBytesMax } from "../core/limits.ts";
import { factText, factTexts } from "./fact-text.ts";
import { type FactList, isJsonObject, memberOf, metadataPlan } from "./metadata-plan.ts";
import { nameProblem } from "./naming.ts";
import { rejected } from "./rejection.ts";
import { nothing, silentPlan } from "./small-plans.ts";
import { isText, viewOf } from "./text.ts";

const codec = "homie";

/** Makes a fact of the text of an attribute. */
type AttributeFact = (text: string) => HeldFact;

const deviceAttributes: ReadonlyMap<string, "label" | "model" | "firmware"> = new Map([
  ["$name", "label"],
  ["$implementation", "model"],
  ["$fw/name", "model"],
  ["$fw/version", "firmware"],
]);
const propertyAttributes: ReadonlyMap<string, "label" | "unit" | "datatype"> = new Map([
  ["$name", "label"],
  ["$unit", "unit"],
  ["$datatype", "datatype"],
]);

/**
 * Makes the plan for an attribute of a device.
 *
 * @param levels - Those behind the device: `["$name"]`, `["air", "temperature", "$unit"]`.
 */
export function homieAttributePlan(spec: PlanSpec, device: string, levels: readonly string[]): DecodePlan {
  const { topic } = spec;
  const name = (spec.device ?? device).normalize("NFC");
  if (nameProblem("device", name) !== undefined) return silentPlan(codec);
  if (levels.length === 1 && levels[0] === "$description") return descriptionPlan(topic, name);
  const fact = attributeFact(topic, name, levels);
  return fact === undefined ? silentPlan(codec) : attributePlan(topic, fact);
}

function attributeFact(under: string, device: string, levels: readonly string[]): AttributeFact | undefined {
  const member = deviceAttributes.get(levels.join("/"));
  if (member !== undefined) {
    return (text) => ({ kind: "identity", source: "homie", device, under, [member]: text });
  }
  const [node, property, attribute, ...further] = levels;
  const part = propertyAttributes.get(attribute ?? "");
  const metric = `${node}.${property}`.normalize("NFC");
  if (part === undefined || further.length > 0 || nameProblem("metric", metric) !== undefined)
    return undefined;
  return (text) => ({ kind: "metric", source: "homie", of: { device, metric }, under, [part]: text });
}

function attributePlan(under: string, factOf: AttributeFact): DecodePlan {
  return {
    codec,
    decode(bytes, start, end, target) {
      if (end - start > payloadStringBytesMax) {
        return rejected("too-large", `An attribute is longer than ${payloadStringBytesMax} bytes.`);
      }
      if (!isText(bytes, start, end)) return rejected("invalid-text", "The payload is not UTF-8.");
      const text = factText(viewOf(bytes).toString("utf8", start, end));
      const fact: DeviceFact = text === undefined ? { kind: "withdrawn", under } : factOf(text);
      target.note(fact);
      return nothing(target);
    },
  };
}

function descriptionPlan(topic: string, device: string): DecodePlan {
  return metadataPlan(codec, topic, (value, facts) => addDescription(topic, device, value, facts));
}

function addDescription(
  under: string,
  device: string,
  value: unknown,
  facts: FactList,
): Rejection | undefined {
  if (!isJsonObject(value)) return rejected("unsupported", "The payload is JSON, but not an object.");
  const via = memberOf(value, "parent") ?? memberOf(value, "root");
  const about = factTexts({ label: memberOf(value, "name"), via });
  facts.add({ kind: "identity", source: "homie", device, under, ...about });
  for (const [nodeId, node] of membersOf(value, "nodes")) {
    for (const [propertyId, property] of membersOf(node, "properties")) {
      if (facts.full) return undefined;
      const metric = `${nodeId}.${propertyId}`.normalize("NFC");
      if (nameProblem("metric", metric) !== undefined) continue;
      const said = factTexts({
        label: memberOf(property, "name"),
        unit: memberOf(property, "unit"),
        datatype: memberOf(property, "datatype"),
      });
      facts.add({ kind: "metric", source: "homie", of: { device, metric }, under, ...said });
    }
  }
  return undefined;
}

function membersOf(object: unknown, name: string): readonly (readonly [string, unknown])[] {
  const inner = memberOf(object, name);
  return isJsonObject(inner) ? Object.entries(inner) : [];
}
