/**
 * Devices behind Zigbee2MQTT: one flat JSON object per device, `zigbee2mqtt/{friendly name}`.
 *
 * The device is the friendly name, which may contain `/`. Members are metrics; units follow from well-known
 * names. `ON` and `OFF` are booleans, `last_seen` is the stamp where the bridge is told to send it: what it
 * repeats from its memory after a restart is then known by its age. `update` and `device` describe the device
 * and are dropped. With `output: attribute` each value comes as text on `{friendly name}/{attribute}`.
 *
 * `{friendly name}/availability` is `online`. What the bridge lists under `bridge/devices` becomes facts
 * (`zigbee2mqtt-devices.ts`). Its other topics, and those that command devices (`set`,
 * `get`), carry no readings. An empty payload clears a topic.
 *
 * `voltage` is in millivolts where a battery is measured and in volts where the mains are, without saying so:
 * from 1000 on, or from 100 on beside a `battery`, it is taken for millivolts. The unit of a series is the one
 * it began with.
 *
 * The base topic is the level `zigbee2mqtt`, else the first level.
 *
 * Source: Zigbee2MQTT documentation, "MQTT Topics and Messages", "Device-Availability", "Exposes".
 */
import type { DecodePlan, PlanSpec } from "../core/decode.ts";
import { ValueKind } from "../core/sample.ts";
import { availabilityPlan } from "./availability.ts";
import type { Leaf } from "./leaves.ts";
import { type FoundObject, leafAt, leavesBelow, looksLikeObject, objectPlan } from "./object-plan.ts";
import { rejected } from "./rejection.ts";
import { zigbee2mqttDevicesPlan } from "./zigbee2mqtt-devices.ts";
import { clearablePlan, refusingPlan, silentPlan, valuePlan } from "./small-plans.ts";

const codec = "zigbee2mqtt";

const units: ReadonlyMap<string, string> = new Map([
  ["temperature", "°C"],
  ["local_temperature", "°C"],
  ["device_temperature", "°C"],
  ["soil_temperature", "°C"],
  ["current_heating_setpoint", "°C"],
  ["occupied_heating_setpoint", "°C"],
  ["humidity", "%"],
  ["soil_moisture", "%"],
  ["pressure", "hPa"],
  ["illuminance", "lx"],
  ["illuminance_lux", "lx"],
  ["battery", "%"],
  ["position", "%"],
  ["linkquality", "lqi"],
  ["power", "W"],
  ["power_apparent", "VA"],
  ["power_reactive", "var"],
  ["energy", "kWh"],
  ["produced_energy", "kWh"],
  ["current", "A"],
  ["ac_frequency", "Hz"],
  ["co2", "ppm"],
  ["voc", "ppb"],
  ["formaldehyd", "mg/m³"],
  ["pm25", "µg/m³"],
  ["pm10", "µg/m³"],
]);

/** Topics of the bridge itself; a device may be called `bridge/…` in theory, and Zigbee2MQTT forbids it. */
const bridgeLevels: ReadonlySet<string> = new Set([
  "state",
  "info",
  "devices",
  "groups",
  "definitions",
  "converters",
  "extensions",
  "event",
  "logging",
  "log",
  "config",
  "health",
  "request",
  "response",
  "networkmap",
]);

/** Makes the plan for a topic of Zigbee2MQTT. */
export function zigbee2mqttPlan(spec: PlanSpec): DecodePlan {
  const levels = spec.topic.split("/");
  const root = Math.max(0, levels.indexOf(codec));
  const rest = levels.slice(root + 1);
  const bridge = rest.indexOf("bridge");
  if (bridge >= 0 && bridge === rest.length - 2 && rest[bridge + 1] === "devices") {
    return zigbee2mqttDevicesPlan(codec, spec, levels.slice(0, root + 1 + bridge).join("/"));
  }
  if (bridge === 0 || (bridge > 0 && bridgeLevels.has(rest[bridge + 1] ?? ""))) return silentPlan(codec);
  const last = rest.at(-1);
  const name = rest.slice(0, -1).join("/");
  if (last === undefined || last === "") {
    return refusingPlan(codec, "The topic is none of Zigbee2MQTT.");
  }
  if (name !== "") {
    if (last === "availability") return clearablePlan(availabilityPlan(codec, spec, name));
    if (rest.slice(1).some((level) => level === "set" || level === "get")) return silentPlan(codec);
  }
  const object = objectPlan({ codec, spec, device: rest.join("/"), levelsMax: 4, decode: addMembers });
  const attribute =
    name === ""
      ? undefined
      : valuePlan(codec, spec, { device: name, metric: last, unit: units.get(keyOf(last)) });
  return clearablePlan({
    codec,
    decode(bytes, start, end, target) {
      if (looksLikeObject(bytes, start, end)) return object.decode(bytes, start, end, target);
      if (attribute !== undefined) return attribute.decode(bytes, start, end, target);
      return rejected("malformed", "The payload of a device is not a JSON object.");
    },
  });
}

function addMembers({ leaves, bytes, readings }: FoundObject): undefined {
  const hasBattery = leafAt(leaves, "battery") !== undefined;
  leavesBelow(leaves, "", (name, leaf) => {
    if (name === "last_seen") readings.stamp(leaf, bytes);
    else if (!/^(?:update|device|update_available)(?:\.|$)/.test(name)) {
      readings.switchLeaf(name, leaf, unitOf(name, leaf, hasBattery));
    }
  });
}

function unitOf(name: string, leaf: Leaf, hasBattery: boolean): string | undefined {
  const key = keyOf(name);
  if (key !== "voltage") return units.get(key);
  if (leaf.kind !== ValueKind.number) return undefined;
  return leaf.value >= (hasBattery ? 100 : 1000) ? "mV" : "V";
}

/** The name without the end point or phase it is about: `power_left`, `voltage_phase_b`, `temperature_1`. */
function keyOf(name: string): string {
  return units.has(name) ? name : name.replace(/_(?:left|right|center|top|bottom|l?\d+|phase_[abc])$/, "");
}
