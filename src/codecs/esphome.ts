/**
 * Devices with ESPHome firmware: `{device}/{component}/{object}/state`, one plain value per topic.
 *
 * The metric is the component and the object, `sensor.boiler_temperature`: a device may well have a sensor
 * and a switch of one name. Lights and events are JSON. `{device}/status` is `online`; `debug` (coloured log
 * lines), commands and components that only describe (`update`, `camera`) carry no readings. Units are only
 * told in discovery. The device is the `topic_prefix`, which may contain `/`.
 *
 * Source: ESPHome documentation, "MQTT Client Component"; `mqtt_light` and `mqtt_event` of its source for JSON.
 */
import type { DecodePlan, PlanSpec } from "../core/decode.ts";
import { availabilityPlan } from "./availability.ts";
import { leavesBelow, objectPlan } from "./object-plan.ts";
import { refusingPlan, silentPlan, valuePlan } from "./small-plans.ts";

const codec = "esphome";

const valueComponents: ReadonlySet<string> = new Set([
  "sensor",
  "binary_sensor",
  "text_sensor",
  "switch",
  "fan",
  "cover",
  "valve",
  "lock",
  "climate",
  "number",
  "select",
  "text",
  "date",
  "time",
  "datetime",
  "alarm_control_panel",
  "media_player",
]);
const objectComponents: ReadonlySet<string> = new Set(["light", "event"]);
const silentComponents: ReadonlySet<string> = new Set(["button", "camera", "update"]);

/** Makes the plan for a topic of an ESPHome device. */
export function esphomePlan(spec: PlanSpec): DecodePlan {
  const levels = spec.topic.split("/");
  const last = levels.at(-1)!;
  const prefix = levels.slice(0, -1).join("/");
  if (prefix !== "" && last === "status") return availabilityPlan(codec, spec, prefix);
  if (prefix !== "" && (last === "debug" || last === "command")) return silentPlan(codec);
  const at = last === "state" ? componentAt(levels) : -1;
  const device = levels.slice(0, Math.max(0, at)).join("/");
  if (device === "") {
    if (componentAt(levels) > 0) return silentPlan(codec);
    return refusingPlan(codec, "The topic is none of an ESPHome device.");
  }
  const component = levels[at]!;
  const metric = levels.slice(at, -1).join(".");
  if (silentComponents.has(component)) return silentPlan(codec);
  if (valueComponents.has(component)) return valuePlan(codec, spec, { device, metric });
  return objectPlan({
    codec,
    spec,
    device,
    levelsMax: 2,
    decode({ leaves, readings }) {
      leavesBelow(leaves, "", (name, leaf) => readings.switchLeaf(`${metric}.${name}`, leaf));
      return undefined;
    },
  });
}

/** The level of the component: the last one with an object behind it. The device stands before it. */
function componentAt(levels: readonly string[]): number {
  return levels.findLastIndex(
    (level, index) =>
      index > 0 &&
      index < levels.length - 2 &&
      (valueComponents.has(level) || objectComponents.has(level) || silentComponents.has(level)),
  );
}
