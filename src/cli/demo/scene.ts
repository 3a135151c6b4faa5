/** What happens in the demo: sensors that publish, and a listener that shows alerts. */
import { loadProfiles } from "../../config/profiles.ts";
import { codecNames } from "../../core/decode.ts";
import type { Logger } from "../../core/ports.ts";
import type { EpochMs } from "../../core/sample.ts";
import type { CommandContext } from "../context.ts";
import { runSensors } from "../simulate/drive.ts";
import { openListener } from "../simulate/listener.ts";
import { type FleetGroup, makeFleet, together } from "../simulate/profile/fleet.ts";
import { Publisher } from "../simulate/publisher.ts";
import { makeSensors } from "../simulate/sensors.ts";
import { alertLine } from "./alert-line.ts";

/** Where the gateway of the demo is, and where the device profiles are. */
export interface Stage {
  readonly host: string;
  readonly port: number;
  /** Directories of device profiles; without the library there are only the sensors of the plant. */
  readonly devicesDirs: readonly string[];
  readonly logger: Logger;
}

/** Nine sensors, twice a second each; a day lasts a minute and a half, so that rooms warm up while one watches. */
export const plantSensorCount = 9;
const ratePerSecond = 18;
const dayMs = 90_000;
const eventShare = 1 / 60;

/** Models of different vendors and ways: gateways of three kinds, and devices that publish themselves. */
export const demoProfiles: readonly string[] = [
  "ruuvi/ruuvitag",
  "elsys/ers",
  "bosch/bme280",
  "milesight/em300-th",
  "aqara/wsdcgq11lm",
  "shelly/ht-g3",
];
/** Devices of each model, and how often each of them reports. */
export const demoDeviceCount = 2;
const reportEverySeconds = 2;
/** One of them is stuck, and another is silent now and then. */
const oneOfAll = 1 / (demoProfiles.length * demoDeviceCount);
const seed = 1;
/** With this seed the stuck one is no RuuviTag, so that these get warm, and the silent one is another. */
const deviceSeed = 3;

/** Plays until `stop`. */
export async function playScene(context: CommandContext, stage: Stage, stop: AbortSignal): Promise<void> {
  const { clock, out } = context;
  const { host, port, logger } = stage;
  const listening = openListener({
    host,
    port,
    clientId: "demo-listener",
    filter: "holdfast/alerts/#",
    onDelivery: ({ payload, retained }) => {
      const line = retained ? undefined : alertLine(out, payload);
      if (line !== undefined) out.write(line);
    },
    onLost: (reason) => logger.error({ event: "demo-listener-lost", reason }, "Alerts are no longer shown."),
  });
  const plant = makeSensors({ count: plantSensorCount, seed, dayMs, eventShare });
  const groups: readonly FleetGroup[] = [
    { sensors: plant, connections: plant.length, clientIdOf: (_, text) => text, ratePerSecond },
    ...(await devicesOf(stage.devicesDirs, clock.now())),
  ];
  const runs = groups.map((group, index) => ({
    ...group,
    publishers: publishersOf(context, stage, group, index),
  }));
  const publishers = runs.flatMap((run) => run.publishers);
  const close = async (): Promise<void> => {
    await Promise.all(publishers.map((publisher) => publisher.close()));
  };
  stop.addEventListener("abort", () => void close());
  const forMs = Number.POSITIVE_INFINITY;
  try {
    await Promise.all(runs.map((run) => runSensors({ ...run, forMs, clock, stop })));
  } finally {
    listening.close();
    await close();
  }
}

async function devicesOf(directories: readonly string[], startAt: EpochMs): Promise<FleetGroup[]> {
  const known = await loadProfiles(directories, { codecs: codecNames });
  const profiles = known.profiles.filter(({ id }) => demoProfiles.includes(id));
  if (profiles.length === 0) return [];
  const { groups } = makeFleet({
    profiles,
    count: demoDeviceCount,
    faults: [
      { kind: "stuck", share: oneOfAll },
      { kind: "silent", share: oneOfAll },
    ],
    seed: deviceSeed,
    dayMs,
    startAt,
    connectionsMax: demoProfiles.length,
  });
  const sensors = groups.reduce((sum, group) => sum + group.sensors.length, 0);
  return [together(groups, sensors / reportEverySeconds)];
}

function publishersOf(
  { clock, random }: CommandContext,
  { host, port }: Stage,
  { connections, clientIdOf }: FleetGroup,
  group: number,
): Publisher[] {
  return Array.from(
    { length: connections },
    (_, index) =>
      new Publisher({
        host,
        port,
        clientId: clientIdOf(index, `demo-${group === 0 ? "sensor" : "device"}-${index + 1}`),
        inFlightMax: 10,
        unreachableForMs: 10_000,
        clock,
        random,
      }),
  );
}
