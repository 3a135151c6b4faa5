/**
 * Presets: routes that ship with the gateway, for device families whose topics are known.
 *
 * An operator enables them by name, some with a prefix of his own. They stand after his own routes, in the
 * order of this table. A preset names every topic of its family, also those without readings: a log line or a
 * command must not be taken for telemetry by detection.
 */

import type { CodecName } from "./decode.ts";

/** The presets by name, in the order in which they are tried. */
export const presetNames = [
  "sparkplug",
  "home-assistant",
  "homie",
  "tasmota",
  "shelly-gen1",
  "zigbee2mqtt",
  "the-things-stack",
  "chirpstack",
  "ruuvi",
  "rtl433",
  "openmqttgateway",
  "aws",
  "azure",
  "shelly-gen2",
  "shelly-gen2-status",
  "esphome",
] as const;
export type PresetName = (typeof presetNames)[number];

/** A preset that an operator has enabled. */
export interface EnabledPreset {
  readonly name: PresetName;
  /** Levels in place of the preset's own prefix; without a `/` at either end. */
  readonly prefix?: string;
}

/** The routes of one device family. */
export interface Preset {
  /** What an operator enables it by. */
  readonly name: PresetName;
  readonly codec: CodecName;
  /** The levels that every filter begins with, where the devices are left as they come; `""` for none. */
  readonly prefix: string;
  /** Topic filters below the prefix. */
  readonly filters: readonly string[];
  /**
   * Other devices may well have such topics: without a prefix it is only for a broker that has no others.
   */
  readonly broad: boolean;
}

/** In the order in which they are tried. No two that are not `broad` match one topic. */
export const presets: readonly Preset[] = [
  preset("sparkplug", "sparkplug", "spBv1.0", ["#"]),
  // Not all below the prefix: it is also where states are published.
  preset("home-assistant", "home-assistant", "homeassistant", [
    "+/+/config",
    "+/+/+/config",
    "status",
    "+/+/set",
    "+/+/+/set",
  ]),
  preset("homie", "homie", "homie", ["#"]),
  preset("tasmota", "tasmota", "", ["tele/+/+", "stat/+/+", "cmnd/+/+", "tasmota/discovery/#"]),
  preset("shelly-gen1", "shelly-gen1", "shellies", ["#"]),
  preset("zigbee2mqtt", "zigbee2mqtt", "zigbee2mqtt", ["#"]),
  preset("the-things-stack", "the-things-stack", "v3", ["+/devices/+/#"]),
  preset("chirpstack", "chirpstack", "application", ["+/device/+/#"]),
  preset("ruuvi", "ruuvi", "ruuvi", ["+/+"]),
  preset("rtl433", "rtl433", "rtl_433", ["+/events", "+/states", "+/availability", "+/devices/#"]),
  preset("openmqttgateway", "rtl433", "home", [
    "+/BTtoMQTT/#",
    "+/RTL_433toMQTT/#",
    "+/SYStoMQTT",
    "+/LWT",
    "+/commands/#",
  ]),
  preset("aws", "aws-shadow", "", ["$aws/things/+/shadow/#", "$aws/rules/#", "dt/+/+/#", "cmd/+/+/#"]),
  preset("azure", "azure-iot", "", ["devices/+/messages/#", "devices/+/modules/+/messages/#", "$iothub/#"]),
  preset("shelly-gen2", "shelly-gen2", "", shellyGen2Filters(), true),
  preset("shelly-gen2-status", "shelly-gen2-status", "", shellyGen2Filters(), true),
  preset(
    "esphome",
    "esphome",
    "",
    ["+/status", "+/debug", "+/+/+/state", "+/+/+/command", "+/+/+/+/state", "+/+/+/+/command"],
    true,
  ),
];

/** What is enabled where nothing is said: presets whose topics nobody else has. */
export const usualPresets: readonly PresetName[] = presets
  .filter(({ broad }) => !broad)
  .map(({ name }) => name);

/** The routes of the presets that are enabled, in the order of the table. */
export function routesOfPresets(enabled: readonly EnabledPreset[]): readonly PresetRoute[] {
  return presets.flatMap((one) =>
    enabled.filter(({ name }) => name === one.name).flatMap(({ prefix }) => presetRoutes(one, prefix)),
  );
}

/** A route as the route table takes it. */
export interface PresetRoute {
  readonly match: string;
  readonly codec: CodecName;
}

/**
 * The routes of a preset.
 *
 * @param prefix - Levels in place of the preset's own prefix, such as the base topic that an operator has
 *   configured; without a `/` at either end.
 */
export function presetRoutes({ codec, filters, prefix: own }: Preset, prefix: string = own): PresetRoute[] {
  return filters.map((filter) => ({ match: prefix === "" ? filter : `${prefix}/${filter}`, codec }));
}

function preset(
  name: PresetName,
  codec: CodecName,
  prefix: string,
  filters: readonly string[],
  broad = false,
): Preset {
  return { name, codec, prefix, filters, broad };
}

function shellyGen2Filters(): string[] {
  return ["+/events/rpc", "+/status/+", "+/online", "+/rpc", "+/command", "+/debug/log"];
}
