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
}

/** Everything that is said about a device. Devices about which the same is said share one object. */
export interface Device {
  readonly profile: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** Nothing when the gateway's default holds. */
  readonly clock: ClockPolicy | undefined;
  readonly intervalMs: number | undefined;
  readonly parameters: Readonly<Record<string, number>>;
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
  };
}
