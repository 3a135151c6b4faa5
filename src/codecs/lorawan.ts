/** What LoRaWAN servers share: the radio as seen by the gateway that heard the device best. */
import { ValueKind } from "../core/sample.ts";
import type { Leaf } from "./leaves.ts";
import { type FoundObject, leafAt, leavesBelow } from "./object-plan.ts";

/**
 * Adds `f_cnt`, `rssi` (dBm) and `snr` (dB), the latter two of the gateway with the highest `rssi`.
 *
 * A decoder may have given a value of its own one of these names; that one stays.
 *
 * @param receptions - Path of the list of gateways.
 */
export function addRadio({ leaves, readings }: FoundObject, counter: string, receptions: string): void {
  let best: Leaf | undefined;
  leavesBelow(leaves, `${receptions}.`, (name, leaf) => {
    if (!/^\d+\.rssi$/.test(name) || leaf.kind !== ValueKind.number) return;
    if (best === undefined || leaf.value > best.value) best = leaf;
  });
  const count = leafAt(leaves, counter);
  if (count?.kind === ValueKind.number && !readings.has("f_cnt")) readings.number("f_cnt", count.value);
  if (best === undefined) return;
  const snr = leafAt(leaves, best.path.replace(/rssi$/, "snr"));
  if (!readings.has("rssi")) readings.number("rssi", best.value, "dBm");
  if (snr?.kind === ValueKind.number && !readings.has("snr")) readings.number("snr", snr.value, "dB");
}
