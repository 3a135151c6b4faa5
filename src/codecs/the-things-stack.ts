/**
 * LoRaWAN devices behind The Things Stack v3: `v3/{application}@{tenant}/devices/{device}/up`.
 *
 * The device is `device_id`. Readings are those of `normalized_payload`, whose names and units are fixed
 * (`air.temperature` in °C), else of `decoded_payload`, whose names are the decoder's; and `f_cnt`, `rssi` and
 * `snr`. An uplink with bytes that nothing has decoded is refused as unsupported; one without bytes only tells
 * about the radio. Topics other than `up` (joins, downlinks) carry no readings.
 *
 * The stamp is `received_at`, with nine digits of fraction cut to milliseconds. Entries of `normalized_payload`
 * that have a `time` keep it. Brand, model and firmware (`version_ids`) are noted.
 *
 * Source: The Things Stack documentation, "MQTT Server", "Data Formats"; "LoRaWAN Device Repository Payload"
 * schema for names and units of normalized payloads.
 */
import type { DecodePlan, PlanSpec, Rejection } from "../core/decode.ts";
import { ValueKind } from "../core/sample.ts";
import { IdentityMemory } from "./identity-memory.ts";
import { addRadio } from "./lorawan.ts";
import { type FoundObject, hasBelow, leafAt, leavesBelow, objectPlan } from "./object-plan.ts";
import { stampOfLeaf } from "./readings.ts";
import { rejected } from "./rejection.ts";
import { refusingPlan, silentPlan } from "./small-plans.ts";

const codec = "the-things-stack";

/** Two levels of envelope and four of what a decoder gives. */
const levelsMax = 6;

const normalizedUnits: ReadonlyMap<string, string> = new Map([
  ["air.temperature", "°C"],
  ["air.relativeHumidity", "%"],
  ["air.pressure", "hPa"],
  ["air.co2", "ppm"],
  ["air.lightIntensity", "lx"],
  ["wind.speed", "m/s"],
  ["wind.direction", "°"],
  ["soil.depth", "cm"],
  ["soil.moisture", "%"],
  ["soil.temperature", "°C"],
  ["soil.ec", "dS/m"],
  ["soil.n", "ppm"],
  ["soil.p", "ppm"],
  ["soil.k", "ppm"],
]);

/** Makes the plan for a topic of The Things Stack. */
export function theThingsStackPlan(spec: PlanSpec): DecodePlan {
  const levels = spec.topic.split("/");
  const at = levels.indexOf("devices");
  const device = levels[at + 1];
  const kind = levels.slice(at + 2).join("/");
  if (at < 1 || device === undefined || device === "" || kind === "") {
    return refusingPlan(codec, "The topic is none of a device of The Things Stack.");
  }
  if (kind !== "up") return silentPlan(codec);
  const memory = new IdentityMemory({
    vendor: "uplink_message.version_ids.brand_id",
    model: "uplink_message.version_ids.model_id",
    firmware: "uplink_message.version_ids.firmware_version",
  });
  const decode = (found: FoundObject): Rejection | undefined => {
    const refusal = addUplink(found, spec);
    if (refusal === undefined) memory.look(found.leaves, found.readings.device, found.target);
    return refusal;
  };
  return objectPlan({ codec, spec, device, levelsMax, decode });
}

function addUplink(found: FoundObject, spec: PlanSpec): Rejection | undefined {
  const { leaves, bytes, readings } = found;
  const name = leafAt(leaves, "end_device_ids.device_id");
  if (spec.device === undefined && name?.kind === ValueKind.text) readings.device = name.text;
  readings.stamp(leafAt(leaves, "received_at") ?? leafAt(leaves, "uplink_message.received_at"), bytes);
  if (!hasBelow(leaves, "uplink_message.")) {
    return rejected("unsupported", "The payload is no uplink: it has no uplink_message.");
  }
  if (hasBelow(leaves, "uplink_message.normalized_payload.")) {
    addNormalized(found);
  } else if (hasBelow(leaves, "uplink_message.decoded_payload.")) {
    leavesBelow(leaves, "uplink_message.decoded_payload.", (metric, leaf) => readings.leaf(metric, leaf));
  } else if ((leafAt(leaves, "uplink_message.frm_payload")?.text ?? "") !== "") {
    return rejected(
      "unsupported",
      "The uplink is not decoded: set a payload formatter for the device in The Things Stack.",
    );
  }
  addRadio(found, "uplink_message.f_cnt", "uplink_message.rx_metadata");
  return undefined;
}

/** Adds the entries of the list, each with its own time where it has one. */
function addNormalized({ leaves, bytes, readings }: FoundObject): void {
  const root = "uplink_message.normalized_payload.";
  let entry = "";
  let at = Number.NaN;
  leavesBelow(leaves, root, (path, leaf) => {
    const cut = path.indexOf(".");
    const metric = path.slice(cut + 1);
    if (metric === "time") return;
    if (path.slice(0, cut) !== entry) {
      entry = path.slice(0, cut);
      const time = leafAt(leaves, `${root}${entry}.time`);
      at = time === undefined ? Number.NaN : stampOfLeaf(time, bytes);
    }
    readings.leaf(metric, leaf, normalizedUnits.get(metric), at);
  });
}
