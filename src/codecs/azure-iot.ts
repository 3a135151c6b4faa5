/**
 * Devices written for Azure IoT Hub: `devices/{device}/messages/events/{properties}`.
 *
 * The last level is a bag of properties in URL encoding. `$.ct` there is the content type: JSON, CBOR or
 * text; without it the payload is looked at. `$.ce` other than UTF-8 is refused as unsupported. `$.ctime`, or
 * `iothub-creation-time-utc`, is the stamp of a payload that has none of its own. A name that comes twice: the
 * last one counts. Messages to devices and twins carry no readings.
 *
 * The device is the device's name; of a module `{device}/{module}`.
 *
 * Source: Azure IoT Hub documentation, "Communicate with an IoT hub using the MQTT protocol", "Create and
 * read IoT Hub messages".
 */
import type { DecodePlan, DecodeTarget, PlanSpec } from "../core/decode.ts";
import { autoPlan } from "./auto.ts";
import { cborPlan } from "./cbor.ts";
import { jsonPlan } from "./json.ts";
import { scalarPlan } from "./scalar.ts";
import { namedPlan, refusingPlan, silentPlan } from "./small-plans.ts";
import { stampOfText } from "./stamp.ts";

const codec = "azure-iot";

/** Makes the plan for a topic of a device written for Azure IoT Hub. */
export function azureIotPlan(spec: PlanSpec): DecodePlan {
  const levels = spec.topic.split("/");
  if (levels[0] === "$iothub") return silentPlan(codec);
  const at = levels.indexOf("messages");
  const names = levels.slice(levels.indexOf("devices") + 1, at);
  const device = names.filter((_, index) => index !== 1).join("/");
  const hasModule = names.length === 3 && names[1] === "modules";
  if (levels.indexOf("devices") < 0 || at < 0 || device === "" || !(names.length === 1 || hasModule)) {
    return refusingPlan(codec, "The topic is none of a device for Azure IoT Hub.");
  }
  if (levels[at + 1] !== "events") return silentPlan(codec);
  const properties = propertiesOf(levels.slice(at + 2).join("/"));
  const encoding = properties.get("$.ce")?.toLowerCase() ?? "utf-8";
  if (encoding !== "utf-8" && encoding !== "utf8") {
    return refusingPlan(codec, "The content encoding of the message is not UTF-8.");
  }
  // Names that follow from the topic itself would hold the properties: one level makes a scalar `value`.
  const named: PlanSpec = { ...spec, topic: names.at(-1)!, device: spec.device ?? device };
  const plan = contentPlan(named, properties.get("$.ct")?.toLowerCase() ?? "");
  const created = properties.get("$.ctime") ?? properties.get("iothub-creation-time-utc");
  return created === undefined ? plan : stampedPlan(plan, created);
}

function contentPlan(spec: PlanSpec, contentType: string): DecodePlan {
  const type = contentType.split(";", 1)[0]!.trim();
  if (type === "application/json" || type.endsWith("+json")) return namedPlan(codec, jsonPlan(spec));
  if (type === "application/cbor" || type.endsWith("+cbor")) return namedPlan(codec, cborPlan(spec));
  if (type === "text/plain") return namedPlan(codec, scalarPlan(spec));
  if (type === "") return namedPlan(codec, autoPlan(spec));
  return refusingPlan(codec, "The content type of the message is none of JSON, CBOR and plain text.");
}

/** A plan whose payloads have this stamp where they have none of their own. */
function stampedPlan(plan: DecodePlan, created: string): DecodePlan {
  const text = Buffer.from(created);
  const createdAt = stampOfText(text, 0, text.length);
  return {
    codec,
    decode(bytes: Uint8Array, start: number, end: number, target: DecodeTarget) {
      const refusal = plan.decode(bytes, start, end, target);
      if (refusal === undefined && Number.isNaN(target.stampAt)) {
        target.stampAt = createdAt;
        target.stampUnreadable = Number.isNaN(createdAt);
      }
      return refusal;
    },
  };
}

/** The properties by name. Never an object: names come from outside. */
function propertiesOf(bag: string): ReadonlyMap<string, string> {
  const properties = new Map<string, string>();
  for (const pair of bag.replace(/\/$/, "").replace(/^\?/, "").split("&")) {
    const cut = pair.indexOf("=");
    const name = decoded(cut < 0 ? pair : pair.slice(0, cut));
    if (name !== "") properties.set(name, cut < 0 ? "" : decoded(pair.slice(cut + 1)));
  }
  return properties;
}

/** A text without its URL encoding; as it stands where that is broken. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
