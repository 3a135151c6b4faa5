/**
 * How device and metric names follow from the topic and from the path of a leaf.
 *
 * Objects: the device is the topic, the metric is the path of the leaf joined by `.`. The path is kept
 * whole, also below wrappers such as `values`: a name in a rule can then be found in the payload, and
 * two wrappers never collide; a route's `root` takes the wrapper away.
 *
 * Scalars: the metric is the last level of the topic and the device is the levels before it, so that
 * `home/boiler/temperature` and `home/boiler/pressure` are two metrics of one device. A topic of one
 * level is the device, and its metric is `value`.
 */
import type { PlanSpec, Rejection } from "../core/decode.ts";
import { leafLevelsMax, nameCharactersMax } from "../core/limits.ts";
import { rejected } from "./rejection.ts";

/** The usual names of event time at the top level, the one to believe first. */
const timeNames = ["ts", "time", "timestamp"];

/** What a leaf is for: a sample, nothing, or event time (0 is believed before 1, 1 before 2). */
export const Role = { sample: -1, none: -2 } as const;

/** The names of everything in the payloads of one topic. */
export interface Naming {
  readonly device: string;
  readonly unit: string | undefined;
  /** The metric of a leaf, without regard to whether it is acceptable: see {@link nameProblem}. */
  metricOf(path: string): string;
  /** A {@link Role}, or the rank of the leaf as event time. `level` is 1 for members of the payload. */
  roleOf(path: string, level: number): number;
}

/** Names for payloads that are objects. */
export function objectNaming(spec: PlanSpec): Naming {
  const rootPrefix = spec.root === undefined ? undefined : `${spec.root}.`;
  const { metric, time } = spec;
  return {
    device: normalized(spec.device ?? spec.topic),
    unit: spec.unit,
    metricOf(path) {
      const below = rootPrefix !== undefined && path.startsWith(rootPrefix);
      const name = below ? path.slice(rootPrefix.length) : path;
      // `{"value": 13.2}` on a topic that names the metric is that metric.
      const whole = metric === undefined ? name : name === "value" ? metric : `${metric}.${name}`;
      return normalized(whole);
    },
    roleOf(path, level) {
      const rank = time === undefined ? (level === 1 ? timeNames.indexOf(path) : -1) : path === time ? 0 : -1;
      if (rank >= 0) return rank;
      return level <= leafLevelsMax ? Role.sample : Role.none;
    },
  };
}

/** Names for a payload that is one value. */
export function scalarNaming(spec: PlanSpec): { readonly device: string; readonly metric: string } {
  const cut = spec.topic.lastIndexOf("/");
  const device = spec.device ?? (cut < 0 ? spec.topic : spec.topic.slice(0, cut));
  const metric = spec.metric ?? (cut < 0 ? "value" : spec.topic.slice(cut + 1));
  return { device: normalized(device), metric: normalized(metric) };
}

/**
 * Tells why a name cannot be one: names become keys, topics and HTML.
 *
 * @returns A rejection with cause `invalid-text`, or nothing.
 */
export function nameProblem(what: "device" | "metric", name: string): Rejection | undefined {
  if (name.length === 0) return rejected("invalid-text", `The ${what} name is empty.`);
  if (name.length > nameCharactersMax) {
    return rejected("invalid-text", `The ${what} name is longer than ${nameCharactersMax} characters.`);
  }
  if (!isPlain(name) && /\p{Cc}/u.test(name)) {
    return rejected("invalid-text", `The ${what} name holds a control character.`);
  }
  return undefined;
}

/** Tells whether a name is printable ASCII, as nearly all are: then it is in NFC and has nothing to hide. */
function isPlain(name: string): boolean {
  for (let index = 0; index < name.length; index += 1) {
    const code = name.charCodeAt(index);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}

function normalized(name: string): string {
  return isPlain(name) ? name : name.normalize("NFC");
}
