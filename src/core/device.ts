/**
 * What is known of a device beside its samples: who configured the gateway wrote it.
 *
 * It is part of the settings, and so of the log: rules that look at tags decide the same when the log is
 * folded again, whatever the configuration says by then.
 */
import { compileGlobs } from "./rule/glob.ts";
import type { ClockPolicy } from "./time/clock-policy.ts";

/** What is said about all devices whose name matches. */
export interface DeviceDescription {
  /** Names or globs. */
  readonly match: readonly string[];
  /** Only of devices that are decoded by this profile. */
  readonly decodedBy?: string;
  readonly profile?: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly clock?: ClockPolicy;
  /** How often its series report. */
  readonly intervalMs?: number;
  /** What rules can name instead of a number: `{ "param": "max_temperature", "default": 8 }`. */
  readonly parameters: Readonly<Record<string, number>>;
  /** How its numbers are put right, by the name of the metric or a glob. */
  readonly calibration?: Readonly<Record<string, Calibration>>;
  /** Which of its samples are worth keeping, by the name of the metric or a glob. */
  readonly report?: Readonly<Record<string, ReportDescription>>;
}

/** The value that counts is `value × scale + offset`. */
export interface Calibration {
  readonly scale: number;
  readonly offset: number;
}

/** What is said about the samples that are worth keeping; what is not said is said elsewhere, or the usual holds. */
export type ReportDescription = Partial<ReportPolicy>;

/** Which samples of a series are worth keeping: report by exception. */
export interface ReportPolicy {
  /** A number that differs by less from the last one kept is suppressed; 0 suppresses none. */
  readonly deadband: number;
  /** A value that is the same as the last one kept is suppressed, of whatever kind. */
  readonly onChange: boolean;
  /** But never for longer than this, in milliseconds of the device's own time. */
  readonly atLeastMs: number;
}

/** How long samples are suppressed, where nothing else is said. */
export const reportAtLeastMs: number = 10 * 60_000;

/** Everything that is said about a device. Devices about which the same is said share one object. */
export interface Device {
  readonly profile: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** Nothing when the gateway's default holds. */
  readonly clock: ClockPolicy | undefined;
  readonly intervalMs: number | undefined;
  readonly parameters: Readonly<Record<string, number>>;
  /** As {@link calibrationOf} and {@link reportOf} take it; in the order in which it is written. */
  readonly calibration: readonly (readonly [metric: string, said: Calibration])[];
  readonly report: readonly (readonly [metric: string, said: ReportDescription])[];
}

/** How the numbers of a metric are put right: what was said last; nothing when they are taken as they are. */
export function calibrationOf(
  { calibration }: Pick<Device, "calibration">,
  metric: string,
): Calibration | undefined {
  return calibration.findLast(([name]) => compileGlobs([name])(metric))?.[1];
}

/** Which samples of a metric are kept; of what is said several times, key by key, the last counts. */
export function reportOf({ report }: Pick<Device, "report">, metric: string): ReportPolicy | undefined {
  const said = report.filter(([name]) => compileGlobs([name])(metric));
  if (said.length === 0) return undefined;
  let policy: ReportPolicy = { deadband: 0, onChange: false, atLeastMs: reportAtLeastMs };
  for (const [, one] of said) policy = { ...policy, ...one };
  return policy.deadband > 0 || policy.onChange ? policy : undefined;
}

/**
 * Collects what descriptions say about a device.
 *
 * @param descriptions - In the order in which they are written: a later one wins, key by key.
 * @returns A function from the name of a device, and the profile by which it is decoded, to everything that is
 *   said about it.
 */
export function describeDevices(
  descriptions: readonly DeviceDescription[],
): (name: string, decodedBy?: string) => Device {
  const compiled = descriptions.map(({ match }) => compileGlobs(match));
  const known = new Map<string, Device>();
  return (name, decodedBy) => {
    const said = descriptions.filter(
      (description, index) =>
        (description.decodedBy === undefined || description.decodedBy === decodedBy) &&
        compiled[index]!(name),
    );
    const identity = said.map((description) => descriptions.indexOf(description)).join();
    const device = known.get(identity) ?? together(said);
    known.set(identity, device);
    return device;
  };
}

function together(descriptions: readonly DeviceDescription[]): Device {
  const tags: Record<string, string> = {};
  const parameters: Record<string, number> = {};
  for (const description of descriptions) {
    Object.assign(tags, description.tags);
    Object.assign(parameters, description.parameters);
  }
  return {
    profile: descriptions.findLast(({ profile }) => profile !== undefined)?.profile,
    clock: descriptions.findLast(({ clock }) => clock !== undefined)?.clock,
    intervalMs: descriptions.findLast(({ intervalMs }) => intervalMs !== undefined)?.intervalMs,
    tags,
    parameters,
    calibration: descriptions.flatMap(({ calibration = {} }) => Object.entries(calibration)),
    report: descriptions.flatMap(({ report = {} }) => Object.entries(report)),
  };
}
