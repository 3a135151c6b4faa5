/**
 * Devices written for AWS IoT Core.
 *
 * - `$aws/things/{thing}/shadow/update`: the leaves below `state.reported`, which is what the device says of
 *   itself; never `desired`, which is what is wanted of it. A named shadow (`shadow/name/{shadow}/update`) puts
 *   its name before the metrics. What the cloud answers (`accepted`, `delta`, `get`) carries no readings.
 * - `dt/{application}/{context…}/{thing}/{type}`: plain JSON of the thing. `cmd/…`: no readings.
 * - `$aws/rules/{rule}/…`: the topic behind the rule stands for itself; where it is none of the above, it is
 *   plain JSON whose device is that topic.
 *
 * `ts`, `time` and `timestamp`, at the top of the object with the readings, are event time, as in `json.ts`.
 *
 * Source: AWS IoT Core Developer Guide, "Device Shadow MQTT topics", "Device Shadow service documents", "Basic
 * Ingest"; AWS whitepaper "Designing MQTT Topics for AWS IoT Core".
 */
import type { DecodePlan, PlanSpec, Rejection } from "../core/decode.ts";
import { jsonPlan } from "./json.ts";
import { type FoundObject, hasBelow, leafAt, leavesBelow, objectPlan } from "./object-plan.ts";
import { rejected } from "./rejection.ts";
import { namedPlan, refusingPlan, silentPlan } from "./small-plans.ts";

const codec = "aws-shadow";

/** Two levels of envelope and four of what is reported. */
const levelsMax = 6;
const root = "state.reported.";
const timeNames = ["ts", "time", "timestamp"];

/** Makes the plan for a topic of a device written for AWS IoT Core. */
export function awsShadowPlan(spec: PlanSpec): DecodePlan {
  const levels = spec.topic.split("/");
  if (levels[0] !== "$aws") return telemetryPlan(spec, levels) ?? refusing();
  if (levels[1] === "rules" && (levels[2] ?? "") !== "") {
    const inner = levels.slice(3);
    return telemetryPlan(spec, inner) ?? plainPlan(spec, inner.join("/") || levels[2]!);
  }
  const thing = levels[2] ?? "";
  if (levels[1] !== "things" || thing === "" || levels[3] !== "shadow") return refusing();
  const isNamed = levels[4] === "name";
  const shadow = isNamed ? `${levels[5] ?? ""}.` : "";
  if (levels.slice(isNamed ? 6 : 4).join("/") !== "update") return silentPlan(codec);
  return objectPlan({
    codec,
    spec,
    device: thing,
    levelsMax,
    decode: (found) => addReported(found, shadow),
  });
}

function addReported({ leaves, bytes, readings }: FoundObject, shadow: string): Rejection | undefined {
  if (!hasBelow(leaves, "state.") && leafAt(leaves, "state") === undefined) {
    return rejected("unsupported", "The payload is no shadow: it has no state.");
  }
  leavesBelow(leaves, root, (name, leaf) => {
    if (!timeNames.includes(name)) readings.leaf(`${shadow}${name}`, leaf);
  });
  // The first that can be read counts.
  for (const name of timeNames) {
    if (Number.isNaN(readings.stampAt)) readings.stamp(leafAt(leaves, `${root}${name}`), bytes);
  }
  return undefined;
}

/** The plan for `dt/…` and `cmd/…`, if it is one of these. */
function telemetryPlan(spec: PlanSpec, levels: readonly string[]): DecodePlan | undefined {
  if (levels[0] === "cmd") return silentPlan(codec);
  const thing = levels.at(-2);
  if (levels[0] !== "dt" || levels.length < 4 || thing === undefined || thing === "") return undefined;
  return plainPlan(spec, thing);
}

function plainPlan(spec: PlanSpec, device: string): DecodePlan {
  return namedPlan(codec, jsonPlan({ ...spec, device: spec.device ?? device }));
}

function refusing(): DecodePlan {
  return refusingPlan(codec, "The topic is none of a device for AWS IoT Core.");
}
