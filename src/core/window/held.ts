/** Samples that a window holds one by one. */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";

export interface Held {
  readonly at: EpochMs;
  readonly value: number;
}

export function writeHeld(writer: SnapshotWriter, samples: readonly Held[]): void {
  writer.count(samples.length);
  for (const sample of samples) {
    writer.number(sample.at);
    writer.number(sample.value);
  }
}

export function readHeld(reader: SnapshotReader): Held[] {
  return Array.from({ length: reader.count() }, () => ({ at: reader.number(), value: reader.number() }));
}

export function shiftHeld(samples: readonly Held[], byMs: number): Held[] {
  return samples.map(({ at, value }) => ({ at: at + byMs, value }));
}
