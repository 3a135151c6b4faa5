/** Devices as tables and lines for people. Pure: time is an argument. */
import type { EpochMs } from "../../core/sample.ts";
import { ago } from "../alerts/alert-table.ts";
import { shortDuration } from "../rules/firing-table.ts";
import type { ShownDevice } from "./shown-device.ts";

/** One row for each device. */
export function deviceRows(
  devices: readonly ShownDevice[],
  now: EpochMs,
): { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] } {
  const rows = devices.map((one) => {
    const name = one.label === one.device ? one.device : `${one.label} (${one.device})`;
    return [
      name,
      onlineText(one),
      one.lastSeen === undefined ? "" : ago(one.lastSeen, now),
      modelText(one),
      one.battery === undefined ? "" : `${one.battery} %`,
      one.link === undefined ? "" : String(one.link),
      one.metrics.map(({ metric }) => metric).join(" "),
    ];
  });
  return { head: ["device", "", "seen", "model", "battery", "link", "metrics"], rows };
}

/** Everything about one device but its metrics, as names and texts. */
export function factLines(
  device: ShownDevice,
  now: EpochMs,
): readonly (readonly [name: string, text: string])[] {
  const since = (at: EpochMs | undefined): string => (at === undefined ? "" : ago(at, now));
  const tags = Object.entries(device.tags).map(([name, value]) => `${name}=${value}`);
  const all: readonly (readonly [string, string])[] = [
    ["device", device.device],
    ["label", device.label === device.device ? "" : device.label],
    ["model", modelText(device)],
    ["firmware", device.firmware ?? ""],
    ["via", device.via ?? ""],
    ["profile", device.profile ?? ""],
    ["tags", tags.join(" ")],
    ["state", onlineText(device)],
    ["first seen", since(device.firstSeen)],
    ["last seen", since(device.lastSeen)],
    ["interval", device.intervalMs === undefined ? "" : shortDuration(device.intervalMs)],
    ["battery", device.battery === undefined ? "" : `${device.battery} %`],
    ["link", device.link === undefined ? "" : String(device.link)],
  ];
  return all.filter(([, text]) => text !== "");
}

function onlineText({ online }: ShownDevice): string {
  return online === undefined ? "" : online ? "online" : "offline";
}

function modelText({ vendor, model }: ShownDevice): string {
  return [vendor, model].filter((part) => part !== undefined).join(" ");
}
