/**
 * Devices that follow the Homie convention, versions 3 to 5.
 *
 * `homie/{device}/{node}/{property}` (from version 5 on `homie/5/{device}/…`) is a plain value, the metric
 * `node.property`. `{device}/$state` is `online`: ready, init, sleeping and alert are connected, disconnected
 * and lost are not. Every other attribute with `$`, and `set`, carries no readings; what attributes say about
 * devices and properties becomes facts (`homie-facts.ts`). An empty payload clears a topic.
 *
 * The root topic is the level `homie`, else the first level.
 *
 * Source: Homie convention 4.0.0 and 5.0.0, "Topic IDs", "Device Lifecycle", "Payload".
 */
import type { DecodePlan, PlanSpec } from "../core/decode.ts";
import { type AvailabilityWords, availabilityPlan } from "./availability.ts";
import { homieAttributePlan } from "./homie-facts.ts";
import { clearablePlan, refusingPlan, silentPlan, valuePlan } from "./small-plans.ts";

const codec = "homie";

const states: AvailabilityWords = new Map([
  ["ready", true],
  ["init", true],
  ["sleeping", true],
  ["alert", true],
  ["disconnected", false],
  ["lost", false],
]);

/** Makes the plan for a topic of a Homie device. */
export function homiePlan(spec: PlanSpec): DecodePlan {
  const levels = spec.topic.split("/");
  const root = Math.max(0, levels.indexOf(codec));
  const [device, node, property, ...further] = levels.slice(levels[root + 1] === "5" ? root + 2 : root + 1);
  if (device === undefined || device === "" || node === undefined) {
    return refusingPlan(codec, "The topic is none of a Homie device.");
  }
  if (node === "$state" && property === undefined) {
    return clearablePlan(availabilityPlan(codec, spec, device, states));
  }
  const below = property === undefined ? [node] : [node, property, ...further];
  if (device.startsWith("$")) return silentPlan(codec);
  if (below.some((level) => level.startsWith("$"))) return homieAttributePlan(spec, device, below);
  if (further.length === 1 && further[0] === "set") return silentPlan(codec);
  if (property === undefined || further.length > 0) {
    return refusingPlan(codec, "The topic is none of a Homie device.");
  }
  return clearablePlan(valuePlan(codec, spec, { device, metric: `${node}.${property}` }));
}
