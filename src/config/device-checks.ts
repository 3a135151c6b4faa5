/** What the parts of a description of devices must be to each other. */
import type { Report } from "./config-checks.ts";
import { isObject, type JsonObject } from "./jsonc.ts";

/** Checks one description. */
export function checkDevice(pointer: string, device: JsonObject, report: Report): void {
  for (const [at, calibration] of membersOf(pointer, device, "calibration")) {
    if (calibration["scale"] !== 0) continue;
    report(
      `${at}/scale`,
      "CALIBRATION",
      "With a scale of 0 every value is the same.",
      "the stored value is value × scale + offset: write 1, or leave it out",
    );
  }
  for (const [at, said] of membersOf(pointer, device, "report")) {
    if (Object.keys(said).length > 0) continue;
    report(
      at,
      "REPORT",
      "This says nothing about what is stored.",
      'add "deadband": 0.2, or "onChange": true',
    );
  }
}

/** The objects under the names that somebody chose. */
function membersOf(pointer: string, device: JsonObject, key: string): [pointer: string, value: JsonObject][] {
  const named = device[key];
  if (!isObject(named)) return [];
  return Object.entries(named).flatMap(([name, value]): [string, JsonObject][] => {
    const level = name.replaceAll("~", "~0").replaceAll("/", "~1");
    return isObject(value) ? [[`${pointer}/${key}/${level}`, value]] : [];
  });
}
