/** A device in a simulated world: what its clock says, when its samples arrive. */
import { seededRandom } from "../../../src/cli/simulate/seeded-random.ts";

export const second = 1_000;
export const minute: number = 60 * second;
export const hour: number = 60 * minute;
export const day: number = 24 * hour;

/** When every simulation starts. */
export const startAt: number = Date.UTC(2026, 11, 1);

export interface SimulatedSample {
  /** When it was measured, really. */
  readonly trueAt: number;
  readonly stampAt: number;
  readonly receivedAt: number;
}

export interface SimulatedDevice {
  readonly everyMs: number;
  readonly forMs: number;
  /** What its clock says, less the true time, so long after the start. */
  readonly wrongMs?: (afterMs: number) => number;
  /** Samples are delayed by 0 to this, evenly. */
  readonly jitterMs?: number;
  /** It is cut off from then until then, after the start, and sends what it holds at `backlogEveryMs` a sample. */
  readonly offline?: { readonly fromMs: number; readonly toMs: number; readonly backlogEveryMs: number };
  readonly seed?: number;
}

/** Its samples, in the order in which they arrive. */
export function samplesOf(device: SimulatedDevice): readonly SimulatedSample[] {
  const { everyMs, forMs, wrongMs = () => 0, jitterMs = 0, offline, seed = 1 } = device;
  const random = seededRandom(seed);
  let sendableAt = Number.NEGATIVE_INFINITY;
  const samples = Array.from({ length: Math.floor(forMs / everyMs) }, (_, index) => {
    const afterMs = index * everyMs;
    const trueAt = startAt + afterMs;
    let sentAt = trueAt;
    if (offline !== undefined && afterMs >= offline.fromMs) {
      if (afterMs < offline.toMs) sentAt = startAt + offline.toMs;
      // In turn: what is measured while the backlog is sent waits behind it.
      sentAt = Math.max(sentAt, sendableAt + offline.backlogEveryMs);
      sendableAt = sentAt;
    }
    const receivedAt = Math.round(sentAt + random() * jitterMs);
    return { trueAt, stampAt: Math.round(trueAt + wrongMs(afterMs)), receivedAt };
  });
  return samples.toSorted((one, other) => one.receivedAt - other.receivedAt);
}
