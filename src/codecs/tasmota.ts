/**
 * Devices with the Tasmota firmware.
 *
 * - `tele/{device}/SENSOR` and `STATE`: metrics are paths, `SHT3X.Temperature`. `TempUnit` and `PressureUnit`
 *   give the units. Sensors of type DS18x20 are named by their `Id`, `DS18B20-3C01F096E3A0.Temperature`, since
 *   their index moves when one is added.
 * - `STATE` also tells about the firmware: of it only switches, dimmers, radio and memory are readings.
 * - `tele/{device}/LWT`: `online`.
 * - `stat/{device}/RESULT` answers any command: of it only switches and dimmers are readings. `STATUS8` and
 *   `STATUS10` are `SENSOR` on demand. `stat/{device}/POWER` says what `RESULT` says, and gives none.
 * - Everything else (`INFO1`, `cmnd/…`) carries no readings. What discovery says becomes facts
 *   (`tasmota-discovery.ts`), as does the telemetry period where it is told.
 *
 * `Time` is local and has no zone, unless the device was told so (`SetOption52 1`): without a zone it is no
 * stamp. The device is what stands around the prefix level, so that `FullTopic` may be turned around.
 *
 * Source: Tasmota documentation, "MQTT" and "Commands"; payloads in its "Matter" and "Sensor" pages.
 */
import type { DecodePlan, PlanSpec, Rejection } from "../core/decode.ts";
import { ValueKind } from "../core/sample.ts";
import { availabilityPlan } from "./availability.ts";
import type { Leaf, Leaves } from "./leaves.ts";
import { type FoundObject, leafAt, leavesBelow, objectPlan } from "./object-plan.ts";
import { stampOfLeaf } from "./readings.ts";
import { noteTelePeriod, tasmotaDiscoveryPlan } from "./tasmota-discovery.ts";
import { refusingPlan, silentPlan } from "./small-plans.ts";

const codec = "tasmota";

/** `SENSOR` nests sensors one level deep, three-phase values one more, `STATUS8` one around. */
const levelsMax = 4;

const units: ReadonlyMap<string, string> = new Map([
  ["Humidity", "%"],
  ["Moisture", "%"],
  ["Battery", "%"],
  ["Illuminance", "lx"],
  ["Power", "W"],
  ["ApparentPower", "VA"],
  ["ReactivePower", "var"],
  ["Voltage", "V"],
  ["Vcc", "V"],
  ["Current", "A"],
  ["Frequency", "Hz"],
  ["Total", "kWh"],
  ["Today", "kWh"],
  ["Yesterday", "kWh"],
  ["ExportActive", "kWh"],
  ["Period", "Wh"],
  ["CarbonDioxide", "ppm"],
  ["eCO2", "ppm"],
  ["TVOC", "ppb"],
  ["PM1", "µg/m³"],
  // The point in "PM2.5" looks like that of an element of an array.
  ["PM2", "µg/m³"],
  ["PM10", "µg/m³"],
  ["Distance", "cm"],
  ["RSSI", "%"],
  ["Signal", "dBm"],
  ["UptimeSec", "s"],
  ["Heap", "kB"],
  ["Dimmer", "%"],
]);
const temperatureKeys: ReadonlySet<string> = new Set(["Temperature", "DewPoint", "HeatIndex"]);
const pressureKeys: ReadonlySet<string> = new Set(["Pressure", "SeaPressure"]);
const temperatureUnits: ReadonlyMap<string, string> = new Map([
  ["C", "°C"],
  ["F", "°F"],
]);

const prefixes: ReadonlySet<string> = new Set(["tele", "stat", "cmnd"]);
const notReadings = /(?:^|\.)(?:Time|TempUnit|PressureUnit|SpeedUnit|TotalStartTime|Id)$/;
const switches = /^(?:POWER\d*|Dimmer\d*)$/;
const stateReadings =
  /^(?:POWER\d*|Dimmer\d*|CT|White|Vcc|UptimeSec|Heap|LoadAvg|MqttCount|Wifi\.RSSI|Wifi\.Signal)$/;

/** Makes the plan for a topic of a Tasmota device. */
export function tasmotaPlan(spec: PlanSpec): DecodePlan {
  const levels = spec.topic.split("/");
  if (levels[0] === codec && levels[1] === "discovery") return tasmotaDiscoveryPlan(codec, spec);
  const at = levels.findIndex((level) => prefixes.has(level));
  const prefix = levels[at];
  const kind = levels.at(-1)!;
  const device = levels.filter((_, index) => index !== at && index !== levels.length - 1).join("/");
  if (prefix === undefined || at === levels.length - 1 || device === "") {
    return refusingPlan(codec, "The topic is none of a Tasmota device.");
  }
  const object = (decode: (found: FoundObject) => Rejection | undefined): DecodePlan =>
    objectPlan({ codec, spec, device, levelsMax, decode });
  if (prefix === "tele" && kind === "LWT") return availabilityPlan(codec, spec, device);
  if (prefix === "tele" && kind === "SENSOR") return object((found) => addSensors(found, ""));
  if (prefix === "tele" && kind === "STATE") return object((found) => addMatching(found, stateReadings));
  if (prefix === "stat" && kind === "RESULT") {
    return object((found) => {
      notePeriod(found, "TelePeriod");
      return addMatching(found, switches);
    });
  }
  if (prefix === "stat" && kind === "STATUS3")
    return object((found) => notePeriod(found, "StatusLOG.TelePeriod"));
  if (prefix === "stat" && (kind === "STATUS8" || kind === "STATUS10")) {
    return object((found) => addSensors(found, "StatusSNS."));
  }
  return silentPlan(codec);
}

function notePeriod({ leaves, readings, target }: FoundObject, path: string): undefined {
  const period = leafAt(leaves, path);
  if (period?.kind === ValueKind.number) noteTelePeriod(target, readings.device, period.value);
}

function addSensors(found: FoundObject, root: string): undefined {
  const { leaves, readings } = found;
  const temperature = temperatureUnits.get(leafAt(leaves, `${root}TempUnit`)?.text ?? "");
  const pressure = leafAt(leaves, `${root}PressureUnit`);
  const pressureUnit = pressure?.kind === ValueKind.text && pressure.text !== "" ? pressure.text : undefined;
  leavesBelow(leaves, root, (name, leaf) => {
    if (notReadings.test(name)) return;
    const key = keyOf(name);
    const unit = temperatureKeys.has(key)
      ? temperature
      : pressureKeys.has(key)
        ? pressureUnit
        : (units.get(key) ?? units.get(key.replace(/\d+$/, "")));
    readings.switchLeaf(metricOf(leaves, root, name), leaf, unit);
  });
  addStamp(found, `${root}Time`);
}

function addMatching(found: FoundObject, wanted: RegExp): undefined {
  const { leaves, readings } = found;
  leavesBelow(leaves, "", (name, leaf) => {
    if (wanted.test(name)) readings.switchLeaf(name, leaf, units.get(keyOf(name)));
  });
  addStamp(found, "Time");
}

/** Takes the time where it has a zone. Without one it is not wrong, only of no use. */
function addStamp({ leaves, bytes, readings }: FoundObject, path: string): void {
  const time: Leaf | undefined = leafAt(leaves, path);
  if (time !== undefined && !Number.isNaN(stampOfLeaf(time, bytes))) readings.stamp(time, bytes);
}

/** The name of what is measured: the last part of the path that is no index of an array. */
function keyOf(name: string): string {
  const parts = name.split(".");
  const last = parts.at(-1)!;
  return parts.length > 1 && /^\d+$/.test(last) ? parts.at(-2)! : last;
}

function metricOf(leaves: Leaves, root: string, name: string): string {
  if (!name.startsWith("DS18")) return name;
  const cut = name.indexOf(".");
  const id = cut < 0 ? undefined : leafAt(leaves, `${root}${name.slice(0, cut)}.Id`);
  if (id?.kind !== ValueKind.text || id.text === "") return name;
  return `${name.slice(0, cut).replace(/-\d+$/, "")}-${id.text}${name.slice(cut)}`;
}
