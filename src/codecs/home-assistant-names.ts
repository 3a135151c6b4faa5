/**
 * The short names of members in discovery messages, and what they stand for, as far as they matter here.
 *
 * Source: Home Assistant documentation, "MQTT", "Supported abbreviations in MQTT discovery messages" and
 * "Supported abbreviations for device registry configuration".
 */
import type { JsonObject } from "./metadata-plan.ts";

const entityNames: ReadonlyMap<string, string> = new Map([
  ["avty", "availability"],
  ["avty_mode", "availability_mode"],
  ["avty_t", "availability_topic"],
  ["avty_tpl", "availability_template"],
  ["cmps", "components"],
  ["dev", "device"],
  ["dev_cla", "device_class"],
  ["exp_aft", "expire_after"],
  ["p", "platform"],
  ["pl_avail", "payload_available"],
  ["pl_not_avail", "payload_not_available"],
  ["stat_cla", "state_class"],
  ["stat_t", "state_topic"],
  ["stat_val_tpl", "state_value_template"],
  ["t", "topic"],
  ["uniq_id", "unique_id"],
  ["unit_of_meas", "unit_of_measurement"],
  ["val_tpl", "value_template"],
]);

const deviceNames: ReadonlyMap<string, string> = new Map([
  ["hw", "hw_version"],
  ["ids", "identifiers"],
  ["mdl", "model"],
  ["mdl_id", "model_id"],
  ["mf", "manufacturer"],
  ["sa", "suggested_area"],
  ["sn", "serial_number"],
  ["sw", "sw_version"],
]);

/** The members of an entity, of a message as a whole, or of one of its availability topics, by their long names. */
export function entityMembers(object: JsonObject): ReadonlyMap<string, unknown> {
  return longNames(object, entityNames);
}

/** The members of a device by their long names. */
export function deviceMembers(object: JsonObject): ReadonlyMap<string, unknown> {
  return longNames(object, deviceNames);
}

function longNames(object: JsonObject, names: ReadonlyMap<string, string>): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(object).map(([name, value]) => [names.get(name) ?? name, value]));
}
