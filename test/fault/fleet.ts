/** Counting sensors under a fault, and the judgement of what the store holds of them afterwards. */
import { type GatewayProcess } from "../support/gateway-process.ts";
import { SequencePublisher, type SequencePublisherOptions } from "../support/sequence-publisher.ts";
import type { StoreContents } from "../support/store-contents.ts";

/** The long run: `npm run fault`. The short one stands in for it in CI. */
export const isLongRun: boolean = process.env["HOLDFAST_FAULT_RUN"] === "long";

/**
 * What chance is made from: `HOLDFAST_FAULT_SEED` repeats a run, as far as the timing of a machine can be
 * repeated. Printed by each test that uses it.
 */
export const faultSeed: number = Number(process.env["HOLDFAST_FAULT_SEED"] ?? Date.now() % 1_000_000);

/**
 * Eight sensors with some messages in flight each, of which one resends without the DUP flag, and one has
 * no clock and so no stamp.
 */
export function openFleet(
  gateway: GatewayProcess,
  options: Partial<SequencePublisherOptions> = {},
): SequencePublisher[] {
  return Array.from({ length: 8 }, (_, index) => {
    const kind = index === 6 ? { marksResent: false } : index === 7 ? { stamped: false } : {};
    const port = gateway.mqttPort;
    return new SequencePublisher({ port, name: `sensor-${index}`, inFlightMax: 16, ...kind, ...options });
  });
}

/** What had been acknowledged to each sensor at one moment, by series. */
export function acknowledgedNow(fleet: readonly SequencePublisher[]): ReadonlyMap<string, number> {
  return new Map(fleet.map(({ series, acknowledged }) => [series, acknowledged]));
}

/**
 * Compares a store with what sensors were told.
 *
 * @param acknowledged - By series, everything up to which number was acknowledged.
 * @returns How many acknowledged messages are missing, and what else is wrong: numbers that are there
 *   twice or out of order, each in one sentence.
 */
export function compare(
  contents: StoreContents,
  acknowledged: ReadonlyMap<string, number>,
): { readonly missing: number; readonly faults: readonly string[] } {
  const faults: string[] = [];
  let missing = 0;
  for (const [series, upTo] of acknowledged) {
    const values = (contents.series.get(series)?.value ?? []).filter((value) => typeof value === "number");
    const held = new Set(values);
    let lost = 0;
    for (let number = 1; number <= upTo; number += 1) if (!held.has(number)) lost += 1;
    missing += lost;
    if (lost > 0) faults.push(`${series}: ${lost} of ${upTo} acknowledged messages are missing`);
    if (held.size < values.length) faults.push(`${series}: ${values.length - held.size} are there twice`);
    const back = values.findIndex((value, index) => index > 0 && value <= values[index - 1]!);
    if (back > 0) faults.push(`${series}: ${values[back]} comes after ${values[back - 1]}`);
  }
  return { missing, faults };
}
