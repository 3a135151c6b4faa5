/** Many simulated devices of several models, some of them with faults. */
import { AppError } from "../../../core/errors.ts";
import type { DeviceProfile } from "../../../core/profile.ts";
import type { EpochMs } from "../../../core/sample.ts";
import type { Sensor } from "../sensors.ts";
import { canBeMalformed, checkDevice, type FaultTally, sensorsOf, type SimulatedDevice } from "./device.ts";
import { chosenFor, type FaultKind, type FaultShare } from "./faults.ts";
import { clientIdOf } from "./identity.ts";
import { modelOf, type SimulatedModel, unsimulated } from "./model.ts";

/** What is to be simulated. */
export interface FleetSettings {
  readonly profiles: readonly DeviceProfile[];
  /** Devices of each. */
  readonly count: number;
  readonly faults: readonly FaultShare[];
  readonly seed: number;
  /** Length of the daily wave. */
  readonly dayMs: number;
  readonly startAt: EpochMs;
  /** Connections of all devices together, at most; each model has one at least. */
  readonly connectionsMax: number;
}

/** Sensors that are read in turn: the devices of one model, mostly. */
export interface FleetGroup {
  readonly sensors: readonly Sensor[];
  readonly connections: number;
  /** The client id of a connection, by its number and a text that tells connections apart. */
  readonly clientIdOf: (connection: number, text: string) => string;
  /** Messages per second when each device reports at its interval. */
  readonly ratePerSecond: number;
}

/** See the module. */
export interface Fleet {
  readonly groups: readonly FleetGroup[];
  readonly devices: number;
  /** How many devices have which fault, in the order in which faults were asked for. */
  readonly faulty: Readonly<Partial<Record<FaultKind, number>>>;
  /** Counts on while devices are read. */
  readonly tally: FaultTally;
}

/**
 * Makes the devices, and decodes what each of them says to see that it is right. They are numbered from 1
 * through all models.
 *
 * @throws AppError `SIMULATE_PROFILE` for a profile that cannot be simulated, `CLI_USAGE` for several devices
 *   of a model whose devices cannot be told apart, or for a fault that no device can have; kind `operator`.
 */
export function makeFleet(settings: FleetSettings): Fleet {
  const { profiles, count, seed, dayMs, startAt, faults: shares } = settings;
  const connections = Math.max(1, Math.min(count, Math.floor(settings.connectionsMax / profiles.length)));
  const models = profiles.map(modelOf);
  for (const { name, profile } of models) if (name === undefined && count > 1) throw indistinct(profile.id);
  const plain = models.flatMap((model, group) =>
    Array.from({ length: count }, (_, index): SimulatedDevice => {
      const device = group * count + index + 1;
      return { model, connections, life: { seed, device, dayMs, startAt }, faults: new Set() };
    }),
  );
  checkDevices(plain, startAt);
  const chosen = shares.map((share) => {
    const able = plain.filter((device) => canHave(share.kind, device)).map(({ life }) => life.device);
    if (able.length === 0) throw unable(share.kind);
    return { kind: share.kind, devices: chosenFor(share, able, seed) };
  });
  const tally: FaultTally = { malformed: 0, refused: {}, withheld: 0 };
  const sensors = Map.groupBy(
    plain.map((device) => {
      const faults = chosen.filter(({ devices }) => devices.has(device.life.device)).map(({ kind }) => kind);
      return { ...device, faults: new Set(faults) };
    }),
    ({ model }) => model,
  );
  return {
    groups: models.map((model) => groupOf(model, sensors.get(model) ?? [], { connections, tally })),
    devices: plain.length,
    faulty: Object.fromEntries(chosen.map(({ kind, devices }) => [kind, devices.size])),
    tally,
  };
}

function groupOf(
  { intervalMs, profile }: SimulatedModel,
  devices: readonly SimulatedDevice[],
  { connections, tally }: { readonly connections: number; readonly tally: FaultTally },
): FleetGroup {
  const sensors = devices.flatMap((device) => sensorsOf(device, tally));
  const named = (_connection: number, text: string): string => clientIdOf(profile, text);
  return { sensors, connections, clientIdOf: named, ratePerSecond: (sensors.length * 1_000) / intervalMs };
}

/** All devices in turn at one rate, each on a connection of its own group. */
export function together(groups: readonly FleetGroup[], ratePerSecond: number): FleetGroup {
  const sensors: Sensor[] = [];
  const names: FleetGroup["clientIdOf"][] = [];
  let connections = 0;
  for (const group of groups) {
    const first = connections;
    sensors.push(
      ...group.sensors.map(
        (sensor): Sensor => ({
          topic: sensor.topic,
          client: first + (sensor.client ?? 0),
          read: (at) => sensor.read(at),
        }),
      ),
    );
    connections += group.connections;
    while (names.length < connections) names.push(group.clientIdOf);
  }
  const named: FleetGroup["clientIdOf"] = (connection, text) => names[connection]!(connection, text);
  return { sensors, connections, clientIdOf: named, ratePerSecond };
}

function checkDevices(devices: readonly SimulatedDevice[], at: EpochMs): void {
  const known = new Map<string, string>();
  for (const device of devices) {
    const { id } = device.model.profile;
    const names = checkDevice(device, at);
    if (typeof names === "string") throw unsimulated(id, names);
    for (const name of names) {
      const other = known.get(name);
      if (other !== undefined) throw unsimulated(id, `a device of ${other} has the name ${name} already`);
      known.set(name, id);
    }
  }
}

function canHave(kind: FaultKind, device: SimulatedDevice): boolean {
  const variants = device.model.topics.flat();
  if (kind === "silent") return true;
  if (kind === "malformed") return canBeMalformed(device, device.life.startAt);
  if (kind === "clock-ahead") return variants.some(({ isStamped }) => isStamped);
  return variants.some(({ numbers }) => numbers.length > 0);
}

function indistinct(id: string): AppError {
  return new AppError("CLI_USAGE", "operator", `Devices of ${id} cannot be told apart.`, {
    hint: "Neither topics nor payloads of this model say which device it is: simulate it with --count 1.",
  });
}

const needs: Readonly<Record<FaultKind, string>> = {
  stuck: "a number that moves",
  drifting: "a number that moves",
  spiking: "a number that moves",
  silent: "a device",
  "clock-ahead": "a time stamp in the payload",
  malformed: "a payload that can be wrong",
};

function unable(kind: FaultKind): AppError {
  return new AppError("CLI_USAGE", "operator", `None of the devices can have the fault ${kind}.`, {
    hint: `It needs ${needs[kind]}; choose another profile or leave the fault out.`,
  });
}
