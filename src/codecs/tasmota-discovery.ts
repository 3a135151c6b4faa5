/**
 * What Tasmota devices say about themselves.
 *
 * `tasmota/discovery/{mac}/config` names the device (`dn`, else the first of `fn`), its module (`md`) and firmware
 * (`sw`), and its topics: `ft` is the pattern, `t` the topic in it. The device is called as on those topics, as its
 * telemetry is. `…/sensors` repeats a reading and says nothing new.
 *
 * The telemetry period (`TelePeriod`, in seconds) is only told when somebody asks, in `RESULT` or `STATUS3`; 0 is off.
 *
 * Source: Tasmota, "Home Assistant" (discovery) and "Commands" of its documentation; `xdrv_12_discovery.ino`.
 */
import type { DecodePlan, DecodeTarget, PlanSpec, Rejection } from "../core/decode.ts";
import { expectedMsOf, factTexts } from "./fact-text.ts";
import { type FactList, isJsonObject, memberOf, metadataPlan } from "./metadata-plan.ts";
import { nameProblem } from "./naming.ts";
import { rejected } from "./rejection.ts";
import { silentPlan } from "./small-plans.ts";

/** Makes the plan for a topic of discovery. */
export function tasmotaDiscoveryPlan(codec: string, { topic }: PlanSpec): DecodePlan {
  if (!topic.endsWith("/config")) return silentPlan(codec);
  return metadataPlan(codec, topic, (value, facts) => addConfig(topic, value, facts));
}

function addConfig(under: string, value: unknown, facts: FactList): Rejection | undefined {
  if (!isJsonObject(value)) return rejected("unsupported", "The payload is JSON, but not an object.");
  const pattern = memberOf(value, "ft");
  const topic = memberOf(value, "t");
  if (typeof pattern !== "string" || typeof topic !== "string") {
    return rejected("malformed", "The device does not tell its topics: ft and t.");
  }
  const hostname = memberOf(value, "hn");
  const device = pattern
    .split("/")
    .filter((level) => level !== "" && level !== "%prefix%")
    .map((level) =>
      level
        .replace("%topic%", () => topic)
        .replace("%hostname%", () => (typeof hostname === "string" ? hostname : "")),
    )
    .join("/")
    .normalize("NFC");
  if (nameProblem("device", device) !== undefined || !device.isWellFormed()) {
    return rejected("invalid-text", "The topics of the device do not give a name.");
  }
  const names = memberOf(value, "fn");
  const about = factTexts({
    label: memberOf(value, "dn") ?? (Array.isArray(names) ? names[0] : undefined),
    model: memberOf(value, "md"),
    firmware: memberOf(value, "sw"),
  });
  facts.add({ kind: "identity", source: "discovery", device, under, ...about });
  return undefined;
}

/** Notes the telemetry period of a device; by either answer it is the same fact. */
export function noteTelePeriod(target: DecodeTarget, name: string, seconds: number): void {
  const expectedMs = expectedMsOf(seconds);
  const device = name.normalize("NFC");
  if (expectedMs === undefined || nameProblem("device", device) !== undefined) return;
  target.note({ kind: "identity", source: "payload", device, expectedMs });
}
