/**
 * The route table: which topics are decoded how, as the operator has configured it.
 *
 * Routes are tried in order and the first match wins; without a match a topic is decoded by detection,
 * with names that follow from the topic. In templates `{n}` is a level of the topic, **counted from 0**:
 * with `match: "plant/+/+/telemetry"` and `device: "{2}"`, the topic `plant/line1/press-7/telemetry` gives
 * the device `press-7`. Other text in a template stands for itself: `"{1}-{2}"`.
 */
import { type CodecName, codecNames, type PlanSpec } from "../core/decode.ts";
import type { DeviceProfile } from "../core/profile.ts";
import { failed, ok, type Problem, type Result } from "../core/errors.ts";
import { filterMatches } from "../core/topic.ts";

/** A route as it stands in the configuration. */
export interface RouteDefinition {
  /** An MQTT topic filter. */
  readonly match: string;
  /** `auto` where missing. */
  readonly codec?: string | undefined;
  /** Template of the device name. Where missing: the topic, for scalars without its last level. */
  readonly device?: string | undefined;
  /**
   * Template of the metric name of a scalar; where missing, the last level of the topic. For objects it is
   * put before the path of each leaf, `<metric>.<path>`, and a leaf `value` is the metric itself.
   */
  readonly metric?: string | undefined;
  /** Path of the leaf that is event time, in place of `ts`, `time` and `timestamp`: `"params.ts"`. */
  readonly time?: string | undefined;
  /** Template of the unit of the series. */
  readonly unit?: string | undefined;
  /** Path of an object whose members are named without it: `"values"`. */
  readonly root?: string | undefined;
  /** `21,5` is a number. For scalars. */
  readonly decimalComma?: boolean | undefined;
}

/** Routes that come with the gateway, checked already. */
export interface ShippedRoutes {
  readonly profiles?: readonly DeviceProfile[];
  readonly presets?: readonly RouteDefinition[];
}

/** Routes that have been checked. */
export interface RouteTable {
  /**
   * What is said about the payloads of a topic, in the order in which it is tried: all but the last are of
   * profiles that ask something of the client or the payload, and the last takes what they leave.
   *
   * A route also has to find all the levels that its templates name; a filter that ends in `#` can match
   * topics that are too short for them, and those go on to the next route.
   *
   * @returns At least one; exactly one where topics alone decide.
   */
  specsOf(topic: string): readonly PlanSpec[];
  /** Whether a route names the topic, of whoever it is. */
  names(topic: string): boolean;
}

/** A template in pieces: text, or the number of a level. */
type Template = readonly (string | number)[];

interface Route {
  readonly definition: RouteDefinition;
  readonly codec: CodecName;
  readonly device: Template | undefined;
  readonly metric: Template | undefined;
  readonly unit: Template | undefined;
  readonly profile?: DeviceProfile;
}

/**
 * Checks routes and makes the table of them. What device profiles match comes after the operator's own routes,
 * and then what presets name, in the order in which they are given.
 *
 * @param pointer - JSON pointer of the list, put before that of each problem.
 * @returns Every problem at once: `ROUTE_MATCH` a filter that is none, `ROUTE_CODEC` an unknown codec,
 *   `ROUTE_TEMPLATE` a template that is malformed or names a level the filter cannot have, `ROUTE_NAME` a
 *   time or root that is empty.
 */
export function parseRoutes(
  definitions: readonly RouteDefinition[],
  shipped: ShippedRoutes = {},
  pointer = "/ingest/routes",
): Result<RouteTable> {
  const problems: Problem[] = [];
  const routes = definitions.map((definition, index) =>
    parseRoute(definition, `${pointer}/${index}`, problems),
  );
  if (problems.length > 0) return failed(problems);
  const { profiles = [], presets = [] } = shipped;
  const ofPresets = presets.map((definition) => parseRoute(definition, "", []));
  const all = [...routes, ...profiles.flatMap(routesOfProfile), ...ofPresets];
  return ok({
    specsOf: (topic) => specsOf(all, topic),
    names: (topic) => all.some((route) => specOf(route, topic) !== undefined),
  });
}

function parseRoute(definition: RouteDefinition, pointer: string, problems: Problem[]): Route {
  const { match } = definition;
  const filterProblem = problemOfFilter(match);
  if (filterProblem !== undefined) {
    problems.push({
      code: "ROUTE_MATCH",
      message: `"${match}" is not a topic filter: ${filterProblem}.`,
      pointer: `${pointer}/match`,
    });
  }
  const wanted = definition.codec ?? "auto";
  const codec = codecNames.find((name) => name === wanted);
  if (codec === undefined) {
    problems.push({
      code: "ROUTE_CODEC",
      message: `There is no codec "${wanted}".`,
      pointer: `${pointer}/codec`,
      hint: `One of ${codecNames.join(", ")}.`,
    });
  }
  for (const key of ["time", "root"] as const) {
    if (definition[key] !== "") continue;
    problems.push({ code: "ROUTE_NAME", message: `"${key}" is empty.`, pointer: `${pointer}/${key}` });
  }
  const levels = match.endsWith("#") ? Number.POSITIVE_INFINITY : match.split("/").length;
  const template = (key: "device" | "metric" | "unit"): Template | undefined => {
    const text = definition[key];
    if (text === undefined) return undefined;
    const result = parseTemplate(text, levels);
    if (typeof result !== "string") return result;
    problems.push({
      code: "ROUTE_TEMPLATE",
      message: `"${text}": ${result}.`,
      pointer: `${pointer}/${key}`,
      hint: 'Levels of the topic are written {0}, {1} and so on, counted from 0: "{2}".',
    });
    return undefined;
  };
  return {
    definition,
    codec: codec ?? "auto",
    device: template("device"),
    metric: template("metric"),
    unit: template("unit"),
  };
}

/** A profile was checked when it was loaded. */
function routesOfProfile(profile: DeviceProfile): Route[] {
  const { codec, device, time } = profile;
  return profile.match.map((match) => {
    const route = parseRoute({ match, codec, device, time }, "", []);
    return { ...route, profile };
  });
}

/** Source: MQTT 5.0, § 4.7.1. */
function problemOfFilter(filter: string): string | undefined {
  if (filter === "") return "it is empty";
  const levels = filter.split("/");
  for (const [index, level] of levels.entries()) {
    if (level.includes("#") && (level !== "#" || index !== levels.length - 1)) {
      return '"#" is only allowed alone, as the last level';
    }
    if (level.includes("+") && level !== "+") return '"+" is only allowed alone, as a whole level';
  }
  return undefined;
}

/** The pieces of a template, or what is wrong with it. */
function parseTemplate(text: string, levels: number): Template | string {
  if (text === "") return "it is empty";
  const pieces: (string | number)[] = [];
  for (const part of text.split(/(\{[^{}]*\})/)) {
    if (part === "") continue;
    const level = /^\{(\d{1,3})\}$/.exec(part)?.[1];
    if (level === undefined) {
      if (/[{}]/.test(part)) return `"${part}" is not a level`;
      pieces.push(part);
    } else {
      const index = Number(level);
      if (index >= levels) return `topics that match have levels {0} to {${levels - 1}}`;
      pieces.push(index);
    }
  }
  return pieces;
}

function specsOf(routes: readonly Route[], topic: string): readonly PlanSpec[] {
  const specs: PlanSpec[] = [];
  for (const route of routes) {
    const { profile } = route;
    // Several filters of one profile may match a topic.
    if (profile !== undefined && specs.some((spec) => spec.profile === profile)) continue;
    const spec = specOf(route, topic);
    if (spec === undefined) continue;
    specs.push(spec);
    if (profile?.clients === undefined && profile?.fingerprint === undefined) return specs;
  }
  return [...specs, { topic, codec: "auto" }];
}

/** Nothing where the route does not match, or the topic lacks a level. */
function specOf(route: Route, topic: string): PlanSpec | undefined {
  const { definition, codec, device, metric, unit, profile } = route;
  if (!filterMatches(definition.match, topic)) return undefined;
  const levels = topic.split("/");
  const deviceName = filled(device, levels);
  const metricName = filled(metric, levels);
  const unitName = filled(unit, levels);
  if (deviceName === null || metricName === null || unitName === null) return undefined;
  const { time, root, decimalComma } = definition;
  return {
    topic,
    codec,
    ...(deviceName === undefined ? {} : { device: deviceName }),
    ...(metricName === undefined ? {} : { metric: metricName }),
    ...(time === undefined ? {} : { time }),
    ...(unitName === undefined ? {} : { unit: unitName }),
    ...(root === undefined ? {} : { root }),
    ...(decimalComma === undefined ? {} : { decimalComma }),
    ...(profile === undefined ? {} : { profile }),
  };
}

/** A template filled in; nothing where there is none, `null` where the topic lacks a level. */
function filled(template: Template | undefined, levels: readonly string[]): string | undefined | null {
  if (template === undefined) return undefined;
  let text = "";
  for (const piece of template) {
    const part = typeof piece === "string" ? piece : levels[piece];
    if (part === undefined) return null;
    text += part;
  }
  return text;
}
