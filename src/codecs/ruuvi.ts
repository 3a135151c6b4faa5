/**
 * RuuviTags behind a Ruuvi Gateway: `ruuvi/{gateway}/{tag}`, JSON with the advertisement in hexadecimal.
 *
 * The device is the address of the tag, whichever gateway has heard it. The stamp is `ts`, in seconds, as
 * text. Data format 5 is decoded (`ruuvi-format5.ts`); others are refused as unsupported. `rssi` is the
 * gateway's. The status of the gateway (`gw_status`) carries no readings.
 *
 * Source: Ruuvi documentation, "Gateway data formats", "MQTT".
 */
import type { DecodePlan, PlanSpec, Rejection } from "../core/decode.ts";
import { ValueKind } from "../core/sample.ts";
import { type FoundObject, leafAt, objectPlan } from "./object-plan.ts";
import { rejected } from "./rejection.ts";
import { addRuuvi } from "./ruuvi-format5.ts";
import { refusingPlan, silentPlan } from "./small-plans.ts";

const codec = "ruuvi";

/** Makes the plan for a topic of a Ruuvi Gateway. */
export function ruuviPlan(spec: PlanSpec): DecodePlan {
  const levels = spec.topic.split("/");
  const device = levels.at(-1)!;
  if (device === "gw_status") return silentPlan(codec);
  if (levels.length < 2 || !/^(?:[0-9a-f]{2}:?){6}$/i.test(device)) {
    return refusingPlan(codec, "The topic is none of a tag: it does not end in an address.");
  }
  return objectPlan({ codec, spec, device, levelsMax: 1, decode: addAdvertisement });
}

function addAdvertisement({ leaves, bytes, readings }: FoundObject): Rejection | undefined {
  const data = leafAt(leaves, "data");
  if (data?.kind !== ValueKind.text) return rejected("unsupported", "The payload holds no advertisement.");
  if (!/^(?:[0-9a-f]{2})+$/i.test(data.text)) {
    return rejected("malformed", "The advertisement is not hexadecimal.");
  }
  const refusal = addRuuvi(Buffer.from(data.text, "hex"), readings);
  if (refusal !== undefined) return refusal;
  const rssi = leafAt(leaves, "rssi");
  if (rssi?.kind === ValueKind.number) readings.number("rssi", rssi.value, "dBm");
  readings.stamp(leafAt(leaves, "ts"), bytes);
  return undefined;
}
