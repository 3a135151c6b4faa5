/** What a run of the simulator sends: synthetic sensors, simulated devices, or a recorded series. */
import { basename, resolve } from "node:path";
import { AppError, ok, type Result } from "../../core/errors.ts";
import type { CommandContext } from "../context.ts";
import type { SimulateOptions } from "../simulate.ts";
import { readSeries } from "./csv.ts";
import { replay, runSensors } from "./drive.ts";
import type { Fleet, FleetSettings } from "./profile/fleet.ts";
import type { Publisher } from "./publisher.ts";
import { makeSensors } from "./sensors.ts";

/** See the module. */
export interface Plan {
  /** One for each connection: its client id from a text that tells connections apart. */
  readonly clientIdsOf: readonly ((text: string) => string)[];
  /** Messages in all, where that is known. */
  readonly total: number | undefined;
  /** The simulated devices, where there are any. */
  readonly fleet?: Fleet;
  drive(context: CommandContext, publishers: readonly Publisher[], stop: AbortSignal): Promise<void>;
}

/** Connections of sensors together; each carries several sensors when there are more. */
const connectionsMax = 50;

const dayMs = 86_400_000;

const asGiven = (text: string): string => text;

/**
 * Makes the plan that options ask for.
 *
 * @returns The problems of device profiles, or of the configuration that names them.
 * @throws AppError `SIMULATE_CSV`, `SIMULATE_PROFILE`, `CLI_USAGE`.
 */
export async function makePlan(context: CommandContext, options: SimulateOptions): Promise<Result<Plan>> {
  const { csv, profile: wanted = [], fault = [] } = options;
  if (wanted.length > 0) {
    if (csv !== undefined)
      throw usage("--csv and --profile exclude each other.", "simulate one after the other");
    // Codecs and the parser of profiles are loaded for those who simulate devices only.
    const { findProfiles } = await import("./profile/find-profiles.ts");
    const found = await findProfiles(context, wanted, options);
    return found.ok ? ok(await fleetPlan(context, options, found.value)) : found;
  }
  if (fault.length > 0) {
    throw usage("Only devices of profiles have faults.", "name a profile: --profile ruuvi/ruuvitag");
  }
  return ok(csv === undefined ? sensorPlan(options) : await seriesPlan(context, options, csv));
}

function usage(message: string, hint: string): AppError {
  return new AppError("CLI_USAGE", "operator", message, { hint });
}

function sensorPlan(options: SimulateOptions): Plan {
  const { devices: count, seed, rate = count, seconds } = options;
  const sensors = makeSensors({ count, seed, dayMs, eventShare: 1 / 120 });
  return {
    clientIdsOf: Array.from({ length: Math.min(count, connectionsMax) }, () => asGiven),
    total: seconds === undefined ? undefined : Math.round(rate * seconds),
    drive: ({ clock }, publishers, stop) => {
      const forMs = (seconds ?? Number.POSITIVE_INFINITY) * 1_000;
      return runSensors({ publishers, sensors, ratePerSecond: rate, forMs, clock, stop });
    },
  };
}

async function fleetPlan(
  { clock }: CommandContext,
  options: SimulateOptions,
  profiles: FleetSettings["profiles"],
): Promise<Plan> {
  const { makeFleet, together } = await import("./profile/fleet.ts");
  const { count, seed, fault: faults = [], rate, seconds } = options;
  const fleet = makeFleet({ profiles, count, faults, seed, dayMs, startAt: clock.now(), connectionsMax });
  const groups = rate === undefined ? fleet.groups : [together(fleet.groups, rate)];
  const forMs = (seconds ?? Number.POSITIVE_INFINITY) * 1_000;
  const sentBy = (perSecond: number): number => Math.round((perSecond * forMs) / 1_000);
  return {
    clientIdsOf: groups.flatMap(({ connections, clientIdOf }) =>
      Array.from({ length: connections }, (_, index) => (text: string) => clientIdOf(index, text)),
    ),
    // Silent devices make it less.
    total:
      seconds === undefined || fleet.faulty.silent !== undefined
        ? undefined
        : groups.reduce((sum, { ratePerSecond }) => sum + sentBy(ratePerSecond), 0),
    fleet,
    drive: async (context, publishers, stop) => {
      let first = 0;
      const runs = groups.map(({ sensors, connections, ratePerSecond }) => {
        const own = publishers.slice(first, first + connections);
        first += connections;
        return runSensors({ publishers: own, sensors, ratePerSecond, forMs, clock: context.clock, stop });
      });
      await Promise.all(runs);
    },
  };
}

async function seriesPlan(context: CommandContext, options: SimulateOptions, csv: string): Promise<Plan> {
  const all = await readSeries(resolve(context.workingDirectory, csv));
  const readings = all.slice(options.from - 1);
  const topic = options.topic ?? `replay/${basename(csv).replace(/\.csv$/i, "")}`;
  const { metric, speed } = options;
  return {
    clientIdsOf: [asGiven],
    total: readings.length,
    drive: async ({ clock }, [publisher], stop) => {
      if (publisher === undefined) return;
      await replay({ publisher, readings, topic, metric, speed, clock, stop });
    },
  };
}
