/** Every series that the log has defined, by number, and the devices that they belong to. */
import { seriesDefinition } from "../series.ts";
import { type Device, type DeviceDescription, describeDevices } from "../device.ts";
import { invariant } from "../errors.ts";
import type { SeriesDefinition } from "../sample.ts";
import { DeviceState, SeriesState } from "./series-state.ts";
import type { SnapshotReader, SnapshotWriter } from "./snapshot.ts";

/** Which of the optional names of a series follow in a snapshot. */
const Part = { unit: 1, topic: 2, profile: 4 } as const;

export class SeriesRegistry {
  readonly all: SeriesState[] = [];
  readonly #devices: Map<string, DeviceState> = new Map();
  #describe: (name: string, decodedBy?: string) => Device = describeDevices([]);

  /** Takes other descriptions of the devices, those that are known included. */
  describe(descriptions: readonly DeviceDescription[]): void {
    this.#describe = describeDevices(descriptions);
    for (const [name, device] of this.#devices) {
      device.description = this.#describe(name, device.decodedBy);
    }
  }

  /**
   * Takes the definitions of a record.
   *
   * @returns The series that are new, in order.
   */
  define(definitions: readonly SeriesDefinition[]): readonly SeriesState[] {
    const from = this.all.length;
    for (const definition of definitions) {
      if (definition.id < this.all.length) continue;
      invariant(definition.id === this.all.length, `series ${definition.id} is out of order`);
      this.all.push(new SeriesState(definition, this.#deviceOf(definition)));
    }
    return this.all.slice(from);
  }

  /** What was learnt of devices' clocks was learnt by one that was wrong by this. */
  shiftClocks(byMs: number): void {
    for (const { knownClock } of this.#devices.values()) knownClock?.shift(byMs);
  }

  #deviceOf({ device: name, profile }: SeriesDefinition): DeviceState {
    let device = this.#devices.get(name);
    if (device === undefined) {
      device = new DeviceState(this.#describe(name));
      this.#devices.set(name, device);
    }
    if (profile !== undefined && device.decodedBy !== profile) {
      device.decodedBy = profile;
      device.description = this.#describe(name, profile);
    }
    return device;
  }

  write(writer: SnapshotWriter): void {
    writer.count(this.all.length);
    for (const { definition, stamps, receiptBoot } of this.all) {
      writeDefinition(writer, definition);
      stamps.write(writer);
      writer.count(receiptBoot);
    }
    for (const { knownClock } of this.#devices.values()) {
      writer.count(knownClock === undefined ? 0 : 1);
      knownClock?.write(writer);
    }
  }

  /** Reads what was written; the descriptions are not in it, and are to be given before. */
  read(reader: SnapshotReader): void {
    const count = reader.count();
    for (let id = 0; id < count; id += 1) {
      for (const series of this.define([readDefinition(reader, id)])) {
        series.stamps.read(reader);
        series.receiptBoot = reader.count();
      }
    }
    for (const device of this.#devices.values()) if (reader.count() === 1) device.clock.read(reader);
  }
}

function writeDefinition(
  writer: SnapshotWriter,
  { device, metric, unit, topic, profile }: SeriesDefinition,
): void {
  writer.text(device);
  writer.text(metric);
  writer.count(
    (unit === undefined ? 0 : Part.unit) +
      (topic === undefined ? 0 : Part.topic) +
      (profile === undefined ? 0 : Part.profile),
  );
  if (unit !== undefined) writer.text(unit);
  if (topic !== undefined) writer.text(topic);
  if (profile !== undefined) writer.text(profile);
}

function readDefinition(reader: SnapshotReader, id: number): SeriesDefinition {
  const device = reader.text();
  const metric = reader.text();
  const parts = reader.count();
  const unit = (parts & Part.unit) === 0 ? undefined : reader.text();
  const topic = (parts & Part.topic) === 0 ? undefined : reader.text();
  const profile = (parts & Part.profile) === 0 ? undefined : reader.text();
  return seriesDefinition({ id, device, metric, unit, topic, profile });
}
