/** Every series that the log has defined, by number, and the devices that they belong to. */
import { seriesDefinition } from "../series.ts";
import { type Device, type DeviceDescription, describeDevices } from "../device.ts";
import type { DescribeDevice } from "../device-command.ts";
import { invariant } from "../errors.ts";
import type { SeriesDefinition } from "../sample.ts";
import { DeviceState, SeriesState } from "./series-state.ts";
import type { SnapshotReader, SnapshotWriter } from "./snapshot.ts";

/** Which of the optional names of a series follow in a snapshot. */
const Part = { unit: 1, topic: 2, profile: 4 } as const;

/** Stands in the place of every series that is retired. */
const retired = new SeriesState(
  { id: -1, device: "", metric: "" },
  new DeviceState(describeDevices([])("")),
  true,
);

export class SeriesRegistry {
  /** By number; numbers are not given twice. */
  readonly all: SeriesState[] = [];
  readonly #devices: Map<string, DeviceState> = new Map();
  /** Some series may report by exception. */
  reportsByException = false;
  #describe: (name: string, decodedBy?: string) => Device = describeDevices([]);
  #retiredCount = 0;

  /** Series that are not retired. */
  get count(): number {
    return this.all.length - this.#retiredCount;
  }

  get deviceCount(): number {
    return this.#devices.size;
  }

  /** Series that are not retired, in the order of their numbers. */
  *live(): Generator<SeriesState> {
    for (const series of this.all) if (!series.retired) yield series;
  }

  /** Takes other descriptions of the devices, those that are known included. */
  describe(descriptions: readonly DeviceDescription[]): void {
    this.#describe = describeDevices(descriptions);
    this.reportsByException = descriptions.some(({ report }) => report !== undefined);
    for (const [name, device] of this.#devices) device.describe(this.#describe(name, device.decodedBy));
  }

  /**
   * Takes what people say about a device.
   *
   * @returns false when there is no such device.
   */
  say(command: DescribeDevice): boolean {
    const device = this.#devices.get(command.device);
    if (device === undefined) return false;
    device.say(command);
    device.describe(this.#describe(command.device, device.decodedBy));
    return true;
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

  /**
   * Retires the series that are meant: their numbers mean nothing any more. A device whose last series goes is
   * forgotten.
   *
   * @returns Those that were retired, in order.
   */
  retire(isMeant: (definition: SeriesDefinition) => boolean): readonly SeriesState[] {
    const gone: SeriesState[] = [];
    const staying = new Set<DeviceState>();
    for (const series of this.live()) {
      if (!isMeant(series.definition)) staying.add(series.device);
      else {
        gone.push(series);
        this.all[series.definition.id] = retired;
      }
    }
    for (const { definition, device } of gone) {
      if (!staying.has(device)) this.#devices.delete(definition.device);
    }
    this.#retiredCount += gone.length;
    return gone;
  }

  /** What was learnt of devices' clocks was learnt by one that was wrong by this. */
  shiftClocks(byMs: number): void {
    for (const { knownClock } of this.#devices.values()) knownClock?.shift(byMs);
  }

  /** The gateway's own clock was wrong in a boot by this. */
  movePresence(byMs: number, bootCount: number): void {
    for (const { presence } of this.#devices.values()) presence.clockMoved(byMs, bootCount);
  }

  #deviceOf({ device: name, profile }: SeriesDefinition): DeviceState {
    let device = this.#devices.get(name);
    if (device === undefined) {
      device = new DeviceState(this.#describe(name));
      this.#devices.set(name, device);
    }
    if (profile !== undefined && device.decodedBy !== profile) {
      device.decodedBy = profile;
      device.describe(this.#describe(name, profile));
    }
    return device;
  }

  write(writer: SnapshotWriter): void {
    writer.count(this.all.length);
    const devices = new Set<DeviceState>();
    for (const series of this.all) {
      writer.count(series.retired ? 1 : 0);
      if (series.retired) continue;
      writeDefinition(writer, series.definition);
      series.stamps.write(writer);
      writer.count(series.receiptBoot);
      writer.count(series.knownDeadBand === undefined ? 0 : 1);
      series.knownDeadBand?.write(writer);
      devices.add(series.device);
    }
    for (const { knownClock, presence, words } of devices) {
      writer.count(knownClock === undefined ? 0 : 1);
      knownClock?.write(writer);
      presence.write(writer);
      writeWords(writer, words);
    }
  }

  /** Reads what was written; the descriptions are not in it, and are to be given before. */
  read(reader: SnapshotReader): void {
    const count = reader.count();
    const devices = new Map<DeviceState, string>();
    for (let id = 0; id < count; id += 1) {
      if (reader.count() === 1) {
        this.all.push(retired);
        this.#retiredCount += 1;
        continue;
      }
      for (const series of this.define([readDefinition(reader, id)])) {
        series.stamps.read(reader);
        series.receiptBoot = reader.count();
        if (reader.count() === 1) series.deadBand.read(reader);
        devices.set(series.device, series.definition.device);
      }
    }
    for (const [device, name] of devices) {
      if (reader.count() === 1) device.clock.read(reader);
      device.presence.read(reader);
      device.words = readWords(reader);
      device.describe(this.#describe(name, device.decodedBy));
    }
  }
}

function writeWords(writer: SnapshotWriter, { label, tags }: DeviceState["words"]): void {
  writer.count(label === undefined ? 0 : 1);
  if (label !== undefined) writer.text(label);
  const entries = Object.entries(tags);
  writer.count(entries.length);
  for (const [name, value] of entries) {
    writer.text(name);
    writer.text(value);
  }
}

function readWords(reader: SnapshotReader): DeviceState["words"] {
  const label = reader.count() === 1 ? reader.text() : undefined;
  const tags: Record<string, string> = {};
  const count = reader.count();
  for (let index = 0; index < count; index += 1) {
    const name = reader.text();
    tags[name] = reader.text();
  }
  return { ...(label === undefined ? {} : { label }), tags };
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
