/**
 * Shelly devices of the second generation and later.
 *
 * They can say the same twice: in notifications on `{device}/events/rpc`, which is how they come, and on
 * `{device}/status/{component}`, which somebody has to switch on. So there are two codecs, and a route names
 * one: `shelly-gen2` takes the notifications and lets the status pass without readings, `shelly-gen2-status`
 * the other way round. Both take `{device}/online`.
 *
 * Readings are those of numbered components, and the radio's `wifi.rssi`; metrics are paths, `switch:0.apower`,
 * `temperature:100.tC`. Dropped are Fahrenheit (`tF`), energy by the minute, and what is about the device and
 * not of it (`sys`, `cloud`, `script:1`). A notification is partial: what it does not name has not changed. Its
 * stamp is `params.ts`, in seconds with a fraction. An event of an input (`single_push`) is the text
 * `input:0.event`.
 *
 * Source: Shelly "Gen2+ Device API", "MQTT" and "Notifications", and the pages of the components.
 */
import type { DecodePlan, PlanSpec, Rejection } from "../core/decode.ts";
import { ValueKind } from "../core/sample.ts";
import { availabilityPlan } from "./availability.ts";
import { type FoundObject, leafAt, leavesBelow, objectPlan } from "./object-plan.ts";
import { rejected } from "./rejection.ts";
import { refusingPlan, silentPlan } from "./small-plans.ts";

type CodecName = "shelly-gen2" | "shelly-gen2-status";

/** `params`, the component, and three below it. */
const levelsMax = 5;

const units: ReadonlyMap<string, string> = new Map([
  ["apower", "W"],
  ["act_power", "W"],
  ["aprt_power", "VA"],
  ["voltage", "V"],
  ["current", "A"],
  ["freq", "Hz"],
  ["tC", "°C"],
  ["current_C", "°C"],
  ["target_C", "°C"],
  ["rh", "%"],
  ["percent", "%"],
  ["brightness", "%"],
  ["current_pos", "%"],
  ["V", "V"],
  ["lux", "lx"],
  ["rssi", "dBm"],
  ["act_energy", "Wh"],
  ["act_ret_energy", "Wh"],
  ["act", "Wh"],
  ["act_ret", "Wh"],
]);

/** Members that are no readings: names of the component, where a change came from, energy by the minute. */
const notReadings =
  /(?:^|\.)(?:id|source|tF|current_F|target_F|minute_ts|by_minute\.\d+|(?:errors|flags)\.\d+)$/;
const silentComponents: ReadonlySet<string> = new Set(["script", "schedule", "ota"]);

/** Makes the plan for a topic of a Shelly device whose notifications are taken. */
export function shellyGen2Plan(spec: PlanSpec): DecodePlan {
  return planOf("shelly-gen2", spec);
}

/** Makes the plan for a topic of a Shelly device whose status topics are taken. */
export function shellyGen2StatusPlan(spec: PlanSpec): DecodePlan {
  return planOf("shelly-gen2-status", spec);
}

function planOf(codec: CodecName, spec: PlanSpec): DecodePlan {
  const levels = spec.topic.split("/");
  const kind = levels.at(-2);
  const last = levels.at(-1)!;
  const deviceOf = (count: number): string => levels.slice(0, -count).join("/");
  if (last === "online" && deviceOf(1) !== "") return availabilityPlan(codec, spec, deviceOf(1));
  const device = deviceOf(2);
  if (device !== "" && kind === "events" && last === "rpc") {
    if (codec === "shelly-gen2-status") return silentPlan(codec);
    return objectPlan({ codec, spec, device, levelsMax, decode: addNotification });
  }
  if (device !== "" && kind === "status") {
    if (codec === "shelly-gen2") return silentPlan(codec);
    return objectPlan({
      codec,
      spec,
      device,
      levelsMax: levelsMax - 2,
      decode: (found) => addStatus(found, last),
    });
  }
  if (levels.length > 1 && /^(?:rpc|command|debug|log|announce)$/.test(last)) return silentPlan(codec);
  if (levels.length > 2 && /^(?:rpc|command|debug)$/.test(kind ?? "")) return silentPlan(codec);
  return refusingPlan(codec, "The topic is none of a Shelly device of the second generation.");
}

function addNotification(found: FoundObject): Rejection | undefined {
  const { leaves, bytes, readings } = found;
  const method = leafAt(leaves, "method")?.text;
  if (method === undefined)
    return rejected("unsupported", "The payload is no notification: it names no method.");
  readings.stamp(leafAt(leaves, "params.ts"), bytes);
  if (method === "NotifyEvent") addEvents(found);
  if (method !== "NotifyStatus" && method !== "NotifyFullStatus") return undefined;
  leavesBelow(leaves, "params.", (name, leaf) => {
    const cut = name.indexOf(".");
    if (cut > 0 && isReading(name.slice(0, cut), name.slice(cut + 1))) {
      readings.leaf(name, leaf, unitOf(name));
    }
  });
  return undefined;
}

function addStatus({ leaves, readings }: FoundObject, component: string): undefined {
  leavesBelow(leaves, "", (name, leaf) => {
    if (isReading(component, name)) readings.leaf(`${component}.${name}`, leaf, unitOf(name));
  });
}

/** Adds what inputs report: `{"component":"input:0","event":"single_push"}` in a list of events. */
function addEvents({ leaves, readings }: FoundObject): void {
  leavesBelow(leaves, "params.events.", (name, leaf) => {
    const index = /^(\d+)\.event$/.exec(name)?.[1];
    if (index === undefined || leaf.kind !== ValueKind.text) return;
    const component = leafAt(leaves, `params.events.${index}.component`)?.text ?? "";
    if (component.startsWith("input:")) readings.text(`${component}.event`, leaf.text);
  });
}

function isReading(component: string, path: string): boolean {
  const cut = component.indexOf(":");
  if (cut < 0) return component === "wifi" && path === "rssi";
  return !silentComponents.has(component.slice(0, cut)) && !notReadings.test(path);
}

/** By the last part of the path, without the phase it is about (`a_voltage`, `total_act_power`). */
function unitOf(path: string): string | undefined {
  const parts = path.split(".");
  const key = parts.at(-1)!;
  if (key === "total") return parts.at(-2)?.endsWith("energy") === true ? "Wh" : undefined;
  return units.get(key) ?? units.get(key.replace(/^(?:[abcn]|total)_/, ""));
}
