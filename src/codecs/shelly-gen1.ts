/**
 * Shelly devices of the first generation: one plain value per topic, `shellies/{device}/relay/0/power`.
 *
 * The metric is what follows the device, joined by `.`: `relay.0.power`. `shellies/{device}/online` is
 * `online`. The few topics with JSON (`status`, `input_event/0`) give a metric per member. Readings in
 * Fahrenheit are dropped, since each comes in Celsius too. Energy counters of relays, rollers, lights and
 * meters count watt-minutes, `total` and `total_returned` watt-hours. `announce`, `info` and commands carry
 * no readings.
 *
 * Source: Shelly "Gen1 Device API", MQTT sections; that `emeter` energy is in watt-minutes also from the
 * public Symcon module for Shelly, which divides it by 60,000 for kWh.
 */
import type { DecodePlan, PlanSpec } from "../core/decode.ts";
import { availabilityPlan } from "./availability.ts";
import { leavesBelow, objectPlan } from "./object-plan.ts";
import { refusingPlan, silentPlan, valuePlan } from "./small-plans.ts";

const codec = "shelly-gen1";

const units: ReadonlyMap<string, string> = new Map([
  ["power", "W"],
  ["reactive_power", "var"],
  ["energy", "Wmin"],
  ["returned_energy", "Wmin"],
  ["total", "Wh"],
  ["total_returned", "Wh"],
  ["voltage", "V"],
  ["adc", "V"],
  ["current", "A"],
  ["temperature", "°C"],
  ["ext_temperature", "°C"],
  ["humidity", "%"],
  ["ext_humidity", "%"],
  ["battery", "%"],
  ["pos", "%"],
  ["brightness", "%"],
  ["lux", "lx"],
  ["tilt", "°"],
  ["concentration", "ppm"],
]);

/** Levels below the device that carry no readings, or what another topic says too. */
const silentLevels: ReadonlySet<string> = new Set([
  "announce",
  "info",
  "settings",
  "command",
  "set",
  "temperature_f",
  "ext_temperature_f",
  "ext_temperatures",
  "ext_temperatures_f",
  "ext_humidities",
]);
const objectLevels: ReadonlySet<string> = new Set(["status", "input_event"]);

/** Makes the plan for a topic of a Shelly device of the first generation. */
export function shellyGen1Plan(spec: PlanSpec): DecodePlan {
  const levels = spec.topic.split("/");
  const root = Math.max(0, levels.indexOf("shellies"));
  const device = levels[root + 1];
  const rest = levels.slice(root + 2);
  if (device === "announce" || device === "command") return silentPlan(codec);
  if (device === undefined || device === "" || rest.length === 0) {
    return refusingPlan(codec, "The topic is none of a Shelly device of the first generation.");
  }
  if (rest.length === 1 && rest[0] === "online") return availabilityPlan(codec, spec, device);
  if (rest.some((level) => silentLevels.has(level))) return silentPlan(codec);
  if (rest.some((level) => objectLevels.has(level))) return statusPlan(spec, device, rest);
  const metric = rest.join(".");
  return valuePlan(codec, spec, { device, metric, unit: units.get(keyOf(rest)) });
}

function statusPlan(spec: PlanSpec, device: string, rest: readonly string[]): DecodePlan {
  const path = rest.filter((level) => level !== "status").join(".");
  const prefix = path === "" ? "" : `${path}.`;
  return objectPlan({
    codec,
    spec,
    device,
    levelsMax: 4,
    decode({ leaves, readings }) {
      leavesBelow(leaves, "", (name, leaf) => {
        readings.switchLeaf(`${prefix}${name}`, leaf, units.get(name.slice(name.lastIndexOf(".") + 1)));
      });
      return undefined;
    },
  });
}

/** The name of what is measured: the last level that is no number. */
function keyOf(levels: readonly string[]): string {
  const last = levels.at(-1)!;
  return /^\d+$/.test(last) ? (levels.at(-2) ?? "") : last;
}
