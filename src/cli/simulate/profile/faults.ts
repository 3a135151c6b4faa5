/**
 * Faults that simulated devices can have. Each is a function of the seed, the device and the count of its
 * reports, so that a run can be repeated.
 */
import type { EpochMs } from "../../../core/sample.ts";
import { chance } from "./chance.ts";

export const faultKinds = ["stuck", "drifting", "spiking", "silent", "clock-ahead", "malformed"] as const;
export type FaultKind = (typeof faultKinds)[number];

/** A fault and the share of devices that have it. */
export interface FaultShare {
  readonly kind: FaultKind;
  readonly share: number;
}

const shareUsual = 0.1;

/** Reads `KIND` or `KIND:SHARE`; nothing where it is neither. */
export function parseFault(text: string): FaultShare | undefined {
  const [, name, digits] = /^([a-z-]+)(?::(\d*\.?\d+))?$/.exec(text) ?? [];
  const kind = faultKinds.find((known) => known === name);
  const share = digits === undefined ? shareUsual : Number(digits);
  return kind === undefined || !(share > 0 && share <= 1) ? undefined : { kind, share };
}

/**
 * Chooses the devices that have a fault: that share of those that can have it, and one at least.
 *
 * @param able - Numbers of devices.
 */
export function chosenFor({ kind, share }: FaultShare, able: readonly number[], seed: number): Set<number> {
  const count = Math.min(able.length, Math.max(1, Math.round(share * able.length)));
  const order = able.map((device) => ({ device, place: chance(seed, "fault", kind, device) }));
  order.sort((left, right) => left.place - right.place || left.device - right.device);
  return new Set(order.slice(0, count).map(({ device }) => device));
}

/** One report of a device with faults. */
export interface FaultyReport {
  readonly seed: number;
  readonly device: number;
  /** Reports before this one. */
  readonly report: number;
  readonly faults: ReadonlySet<FaultKind>;
}

/** Reports that a silent device sends, and then keeps to itself. */
const speaks = 8;
const keepsSilent = 12;

/** Whether the device says nothing this time. */
export function isSilent({ seed, device, report, faults }: FaultyReport): boolean {
  if (!faults.has("silent")) return false;
  const begins = Math.floor(chance(seed, "silent", device) * speaks);
  return (report + begins) % (speaks + keepsSilent) >= speaks;
}

/** The instant whose values the device shows: a stuck one stays at its first. */
export function shownAt({ faults }: FaultyReport, startAt: EpochMs, at: EpochMs): EpochMs {
  return faults.has("stuck") ? startAt : at;
}

const hourMs = 3_600_000;

/** The instant that the device writes into stamps. */
export function stampedAt({ faults }: FaultyReport, at: EpochMs): EpochMs {
  return faults.has("clock-ahead") ? at + hourMs : at;
}

/** How far a drifting device has come with each report, and how many reports a spike is apart, in the mean. */
const driftByReport = 0.02;
const spikeEvery = 20;

/** What is added to a value because of faults, in reaches of its course. */
export function faultOffset(
  { seed, device, report, faults }: FaultyReport,
  { metric, towards }: { readonly metric: string; readonly towards: 1 | -1 },
): number {
  let offset = 0;
  if (faults.has("drifting")) {
    offset += driftByReport * report * (chance(seed, "drift", device, metric) < 0.5 ? -1 : 1);
  }
  if (faults.has("spiking") && chance(seed, "spike", device, report, metric) < 1 / spikeEvery) {
    offset += towards * (8 + 8 * chance(seed, "height", device, report, metric));
  }
  return offset;
}

/** Messages of which one is malformed, in the mean. */
const malformedEvery = 8;

/** Whether the payload is damaged this time. */
export function isMalformed({ seed, device, report, faults }: FaultyReport, topic: string): boolean {
  return faults.has("malformed") && chance(seed, "malformed", device, report, topic) < 1 / malformedEvery;
}

/** Damaged payloads, the likeliest first: cut off, and with a byte that is no text at its beginning or middle. */
export function damaged(payload: Uint8Array): readonly Uint8Array[] {
  const half = payload.subarray(0, Math.ceil(payload.length / 2));
  const garbled = Buffer.concat([half, Buffer.of(0xff, 0xfe), payload.subarray(half.length)]);
  return [half, garbled, Buffer.concat([Buffer.of(0xff), payload]), Buffer.of(0xff, 0x00, 0xfe)];
}
