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
  readonly profile?: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly clock?: ClockPolicy;
  /** How often its series report. */
  readonly intervalMs?: number;
  /** What rules can name instead of a number: `{ "param": "max_temperature", "default": 8 }`. */
  readonly parameters: Readonly<Record<string, number>>;
}

/** One device, with everything that is said about it. */
export interface Device {
  readonly name: string;
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
 * @returns A function from the name of a device to everything that is said about it.
 */
export function describeDevices(descriptions: readonly DeviceDescription[]): (name: string) => Device {
  const compiled = descriptions.map((description) => ({
    description,
    matches: compileGlobs(description.match),
  }));
  return (name) => {
    let device: Device = {
      name,
      profile: undefined,
      tags: {},
      clock: undefined,
      intervalMs: undefined,
      parameters: {},
    };
    for (const { description, matches } of compiled) {
      if (!matches(name)) continue;
      device = {
        name,
        profile: description.profile ?? device.profile,
        tags: { ...device.tags, ...description.tags },
        clock: description.clock ?? device.clock,
        intervalMs: description.intervalMs ?? device.intervalMs,
        parameters: { ...device.parameters, ...description.parameters },
      };
    }
    return device;
  };
}
