/**
 * LoRaWAN devices behind ChirpStack v4: `application/{id}/device/{DevEUI}/event/{event}`.
 *
 * The device is its DevEUI. Readings of an `up` event are those of `object`, whose names are the decoder's,
 * and `f_cnt`, `rssi` and `snr`. An uplink with bytes that nothing has decoded is refused as unsupported, as
 * are payloads in Protobuf. A `status` event gives `batteryLevel`, `margin` and `externalPowerSource`. Other
 * events (join, ack, log) carry no readings. The stamp is `time`. The name of the device and of its device profile
 * are noted.
 *
 * Source: ChirpStack documentation, "Event types" and "MQTT".
 */
import type { DecodePlan, PlanSpec, Rejection } from "../core/decode.ts";
import { ValueKind } from "../core/sample.ts";
import { IdentityMemory } from "./identity-memory.ts";
import { addRadio } from "./lorawan.ts";
import { type FoundObject, hasBelow, leafAt, leavesBelow, objectPlan } from "./object-plan.ts";
import { rejected } from "./rejection.ts";
import { refusingPlan, silentPlan } from "./small-plans.ts";

const codec = "chirpstack";

/** One level of envelope and four of what a decoder gives. */
const levelsMax = 5;

const otherwise = "The payload is not JSON: choose JSON for the MQTT integration in ChirpStack.";

/** Makes the plan for a topic of ChirpStack. */
export function chirpstackPlan(spec: PlanSpec): DecodePlan {
  const levels = spec.topic.split("/");
  const at = levels.indexOf("device");
  const [device, group, event] = levels.slice(at + 1);
  if (at < 1 || device === undefined || device === "" || group === undefined) {
    return refusingPlan(codec, "The topic is none of a device of ChirpStack.");
  }
  if (group !== "event" || (event !== "up" && event !== "status")) return silentPlan(codec);
  const memory = new IdentityMemory({
    label: "deviceInfo.deviceName",
    model: "deviceInfo.deviceProfileName",
  });
  const decode = (found: FoundObject): Rejection | undefined => {
    const refusal = event === "up" ? addUplink(found) : addStatus(found);
    if (refusal === undefined) memory.look(found.leaves, found.readings.device, found.target);
    return refusal;
  };
  return objectPlan({ codec, spec, device, levelsMax, decode, otherwise });
}

function addUplink(found: FoundObject): Rejection | undefined {
  const { leaves, bytes, readings } = found;
  readings.stamp(leafAt(leaves, "time"), bytes);
  if (hasBelow(leaves, "object.")) {
    leavesBelow(leaves, "object.", (metric, leaf) => readings.leaf(metric, leaf));
  } else if ((leafAt(leaves, "data")?.text ?? "") !== "") {
    return rejected(
      "unsupported",
      "The uplink is not decoded: set a codec in the device profile in ChirpStack.",
    );
  }
  addRadio(found, "fCnt", "rxInfo");
  return undefined;
}

function addStatus({ leaves, bytes, readings }: FoundObject): undefined {
  readings.stamp(leafAt(leaves, "time"), bytes);
  const margin = leafAt(leaves, "margin");
  const battery = leafAt(leaves, "batteryLevel");
  const external = leafAt(leaves, "externalPowerSource");
  if (margin?.kind === ValueKind.number) readings.number("margin", margin.value, "dB");
  // Zero stands for "not available" and for "on external power" too; only then one of the two says so.
  const unknown = leafAt(leaves, "batteryLevelUnavailable")?.value === 1 || external?.value === 1;
  if (battery?.kind === ValueKind.number && !unknown) readings.number("batteryLevel", battery.value, "%");
  if (external?.kind === ValueKind.boolean) readings.boolean("externalPowerSource", external.value === 1);
}
