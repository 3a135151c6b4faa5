/**
 * Radio sensors heard by rtl_433, OpenMQTTGateway and Theengs Gateway.
 *
 * rtl_433 says each reading twice: as JSON on `rtl_433/{host}/events`, and value by value on
 * `rtl_433/{host}/devices/{model}/{channel}/{id}/{key}`. So there are two codecs, and a route names one:
 * `rtl433` takes the events and lets the devices pass without readings, `rtl433-devices` the other way round.
 *
 * - Events, and `{gateway}/RTL_433toMQTT/…`: the device is `model/channel/id`, of what there is. Units follow
 *   from the ends of the keys (`temperature_C`, `wind_avg_km_h`). The radio's own numbers stay, except of the
 *   modulation.
 * - `{gateway}/BTtoMQTT/{address}`: the device is the address, with names as Theengs gives them (`tempc`,
 *   `hum`). Fahrenheit (`tempf`) is dropped, since it comes in Celsius too; advertisements that nothing has
 *   decoded carry no readings but `rssi`.
 * - `{gateway}/LWT` and `rtl_433/{host}/availability`: `online` of the gateway. Its other topics: none.
 *
 * `time` is local and without zone, unless rtl_433 is told otherwise (`-M time:utc`, `time:unix`, `time:tz`):
 * then it is the stamp. A burst repeats itself; repetitions with one stamp are recognised by it.
 *
 * Source: rtl_433 documentation, "JSON Data fields" and the help of `-F mqtt`; Theengs Decoder documentation,
 * "Properties"; OpenMQTTGateway documentation, "BLE gateway".
 */
import type { DecodePlan, PlanSpec, Rejection } from "../core/decode.ts";
import { type EpochMs, ValueKind } from "../core/sample.ts";
import { availabilityPlan } from "./availability.ts";
import type { Leaf } from "./leaves.ts";
import { type FoundObject, leafAt, leavesBelow, objectPlan } from "./object-plan.ts";
import { rejected } from "./rejection.ts";
import { refusingPlan, silentPlan, valuePlan } from "./small-plans.ts";
import { stampOfNumber, stampOfText } from "./stamp.ts";

type CodecName = "rtl433" | "rtl433-devices";

const eventUnits: ReadonlyMap<string, string> = new Map([
  ["humidity", "%"],
  ["moisture", "%"],
  ["rssi", "dB"],
  ["snr", "dB"],
  ["noise", "dB"],
]);

/** Ends of keys, the longer before those that they end in. */
const unitEnds: readonly (readonly [end: string, unit: string])[] = [
  ["_mi_h", "mph"],
  ["_km_h", "km/h"],
  ["_kph", "km/h"],
  ["_mph", "mph"],
  ["_mm_h", "mm/h"],
  ["_in_h", "in/h"],
  ["_m_s", "m/s"],
  ["_hPa", "hPa"],
  ["_kPa", "kPa"],
  ["_PSI", "psi"],
  ["_psi", "psi"],
  ["_kWh", "kWh"],
  ["_deg", "°"],
  ["_klx", "klx"],
  ["_lux", "lx"],
  ["_ppm", "ppm"],
  ["_ppb", "ppb"],
  ["_dBm", "dBm"],
  ["_dB", "dB"],
  ["_mV", "mV"],
  ["_mA", "mA"],
  ["_Hz", "Hz"],
  ["_mm", "mm"],
  ["_cm", "cm"],
  ["_km", "km"],
  ["_kg", "kg"],
  ["_in", "in"],
  ["_VA", "VA"],
  ["_pct", "%"],
  ["_C", "°C"],
  ["_F", "°F"],
  ["_V", "V"],
  ["_A", "A"],
  ["_W", "W"],
];

const bluetoothUnits: ReadonlyMap<string, string> = new Map([
  ["tempc", "°C"],
  ["hum", "%"],
  ["batt", "%"],
  ["volt", "V"],
  ["pres", "hPa"],
  ["lux", "lx"],
  ["moi", "%"],
  ["fer", "µS/cm"],
  ["co2", "ppm"],
  ["pm25", "µg/m³"],
  ["pm10", "µg/m³"],
  ["weight", "kg"],
  ["distance", "m"],
  ["power", "W"],
  ["current", "A"],
  ["rssi", "dBm"],
  ["txpower", "dBm"],
]);

/** Members of events that say what or how was heard, not what was measured. */
const notEventReadings =
  /^(?:time|type|model|subtype|id|channel|mic|protocol|brand|mod|freq\d?|duration|sequence_num|raw.*|data|code|codes.*|rows.*)(?:\.|$)/;
/** Members of what was heard over Bluetooth that describe the device. */
const notBluetoothReadings =
  /^(?:id|mac|mac_type|adv_type|name|brand|model|model_id|type|cidc|acts|cont|track|prmac|device|servicedata|servicedatauuid|manufacturerdata|ctrl|encr|mfid|uuid|time|tempf.*|tempf)(?:\.|$)/;

/** Makes the plan for a topic of rtl_433 or its relatives, of which the events are taken. */
export function rtl433Plan(spec: PlanSpec): DecodePlan {
  return planOf("rtl433", spec);
}

/** Makes the plan for a topic of rtl_433 of which the values by device are taken. */
export function rtl433DevicesPlan(spec: PlanSpec): DecodePlan {
  return planOf("rtl433-devices", spec);
}

function planOf(codec: CodecName, spec: PlanSpec): DecodePlan {
  const levels = spec.topic.split("/");
  const last = levels.at(-1)!;
  const gateway = levels.at(-2) ?? "";
  if (gateway !== "" && (last === "LWT" || last === "availability")) {
    return availabilityPlan(codec, spec, gateway);
  }
  const bluetooth = levels.indexOf("BTtoMQTT");
  if (bluetooth >= 0) {
    if (bluetooth === levels.length - 1 || codec === "rtl433-devices") return silentPlan(codec);
    return objectPlan({ codec, spec, device: last, levelsMax: 1, decode: addBluetooth(spec) });
  }
  const isGateway = levels.includes("RTL_433toMQTT");
  if (last === "events" || isGateway) {
    if (codec === "rtl433-devices") return silentPlan(codec);
    const decode = addEvent(spec, isGateway ? "dBm" : "dB");
    return objectPlan({ codec, spec, device: "", levelsMax: 3, decode });
  }
  const devices = levels.indexOf("devices");
  if (devices >= 0 && levels.length > devices + 2) {
    if (codec === "rtl433" || notEventReadings.test(last)) return silentPlan(codec);
    const device = levels.slice(devices + 1, -1).join("/");
    return valuePlan(codec, spec, { device, metric: last, unit: eventUnit(last) });
  }
  if (last === "states" || last.endsWith("toMQTT") || levels.includes("commands")) return silentPlan(codec);
  return refusingPlan(codec, "The topic is none of rtl_433, OpenMQTTGateway or Theengs Gateway.");
}

/** @param rssiUnit - rtl_433 measures against the full scale of its receiver, the gateways in real power. */
function addEvent(spec: PlanSpec, rssiUnit: string): (found: FoundObject) => Rejection | undefined {
  return ({ leaves, readings }) => {
    const parts = ["model", "channel", "id"].map((key) => identity(leafAt(leaves, key)));
    if (parts[0] === "") return rejected("unsupported", "The event names no model.");
    if (spec.device === undefined) readings.device = parts.filter((part) => part !== "").join("/");
    leavesBelow(leaves, "", (name, leaf) => {
      if (notEventReadings.test(name)) return;
      readings.leaf(name, leaf, name === "rssi" ? rssiUnit : eventUnit(name));
    });
    const at = eventTime(leafAt(leaves, "time"));
    if (!Number.isNaN(at)) readings.stampAt = at;
    return undefined;
  };
}

function addBluetooth(spec: PlanSpec): (found: FoundObject) => undefined {
  return ({ leaves, readings }) => {
    const id = identity(leafAt(leaves, "id"));
    // The topic has the address without colons; gateways of either kind agree on the one in the payload.
    if (spec.device === undefined && id !== "") readings.device = id;
    leavesBelow(leaves, "", (name, leaf) => {
      if (!notBluetoothReadings.test(name)) readings.leaf(name, leaf, bluetoothUnits.get(bluetoothKey(name)));
    });
  };
}

/** What names a device: a text or a number, else nothing. */
function identity(leaf: Leaf | undefined): string {
  if (leaf?.kind === ValueKind.text) return leaf.text;
  return leaf?.kind === ValueKind.number ? String(leaf.value) : "";
}

function eventUnit(key: string): string | undefined {
  const known = eventUnits.get(key.replace(/_\d+$/, ""));
  if (known !== undefined) return known;
  // Sensors with several probes number them: `temperature_1_C`, `temperature_C_2`.
  const plain = key.replace(/_\d+$/, "");
  return unitEnds.find(([end]) => plain.endsWith(end))?.[1];
}

/** The name without the number of the probe: `tempc2`, `tempc2_bbq`. What ends in a number by itself stays. */
function bluetoothKey(name: string): string {
  return bluetoothUnits.has(name) ? name : name.replace(/\d+(?:_.*)?$/, "");
}

/** The time of an event, where it tells an instant: with a zone, or as an epoch. Local time is `NaN`. */
function eventTime(leaf: Leaf | undefined): EpochMs {
  if (leaf?.kind === ValueKind.number) return stampOfNumber(leaf.value);
  if (leaf?.kind !== ValueKind.text) return Number.NaN;
  if (/^\d{10}\.\d{1,6}$/.test(leaf.text)) return stampOfNumber(Number(leaf.text));
  // `time:tz` writes the zone without the colon that RFC 3339 wants.
  const text = Buffer.from(leaf.text.replace(/([+-]\d\d)(\d\d)$/, "$1:$2"));
  return stampOfText(text, 0, text.length);
}
