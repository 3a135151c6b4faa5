/**
 * The devices behind Zigbee2MQTT, as the bridge lists them on `{base}/bridge/devices`: who they are, and the units
 * of what they expose.
 *
 * The list is one message. Of many devices it is larger than the largest packet that is taken (64 KiB, some thirty
 * devices), and then it is refused before anybody reads it: what is known from names of metrics stays.
 *
 * Source: Zigbee2MQTT documentation, "MQTT Topics and Messages", "zigbee2mqtt/bridge/devices"; "Exposes".
 */
import type { DecodePlan, PlanSpec, Rejection } from "../core/decode.ts";
import { leafLevelsMax } from "../core/limits.ts";
import { factText, factTexts } from "./fact-text.ts";
import { type FactList, isJsonObject, memberOf, metadataPlan } from "./metadata-plan.ts";
import { nameProblem } from "./naming.ts";
import { rejected } from "./rejection.ts";

/** Bit of `access` that says that a value is published. */
const published = 1;

/**
 * Makes the plan for the list of a bridge.
 *
 * @param bridge - Its base topic, through which its devices are reached.
 */
export function zigbee2mqttDevicesPlan(codec: string, { topic }: PlanSpec, bridge: string): DecodePlan {
  return metadataPlan(codec, topic, (value, facts) => addDevices(topic, bridge, value, facts));
}

function addDevices(under: string, bridge: string, value: unknown, facts: FactList): Rejection | undefined {
  if (!Array.isArray(value))
    return rejected("unsupported", "The payload is JSON, but not a list of devices.");
  const list: readonly unknown[] = value;
  for (const entry of list) {
    const name = memberOf(entry, "friendly_name");
    if (typeof name !== "string" || memberOf(entry, "type") === "Coordinator") continue;
    const device = name.normalize("NFC");
    if (nameProblem("device", device) !== undefined || !device.isWellFormed()) continue;
    const definition = memberOf(entry, "definition");
    const about = factTexts({
      label: memberOf(entry, "description"),
      vendor: memberOf(definition, "vendor") ?? memberOf(entry, "manufacturer"),
      model: memberOf(definition, "model") ?? memberOf(entry, "model_id"),
      firmware: memberOf(entry, "software_build_id"),
      via: bridge,
    });
    facts.add({ kind: "identity", source: "inventory", device, under, ...about });
    addExposes({ device, under }, memberOf(definition, "exposes"), [], facts);
    if (facts.full) return undefined;
  }
  return undefined;
}

/** @param path - Properties that the features lie in. */
function addExposes(
  about: { readonly device: string; readonly under: string },
  exposes: unknown,
  path: readonly string[],
  facts: FactList,
): void {
  if (!Array.isArray(exposes) || path.length > leafLevelsMax) return;
  const list: readonly unknown[] = exposes;
  for (const one of list) {
    if (facts.full) return;
    if (!isJsonObject(one)) continue;
    const property = memberOf(one, "property");
    const isNamed = typeof property === "string" && property !== "";
    const features = memberOf(one, "features");
    // A light or a lock has features beside each other; something composite is an object of its own.
    if (features !== undefined) addExposes(about, features, isNamed ? [...path, property] : path, facts);
    else if (isNamed) addProperty(about, one, [...path, property].join(".").normalize("NFC"), facts);
  }
}

function addProperty(
  { device, under }: { readonly device: string; readonly under: string },
  property: unknown,
  metric: string,
  facts: FactList,
): void {
  const access = memberOf(property, "access");
  if (typeof access === "number" && (access & published) === 0) return;
  if (nameProblem("metric", metric) !== undefined || !metric.isWellFormed()) return;
  const said = factTexts({
    label: memberOf(property, "label"),
    unit: memberOf(property, "unit"),
    datatype: factText(memberOf(property, "type")),
  });
  facts.add({ kind: "metric", source: "inventory", of: { device, metric }, under, ...said });
}
