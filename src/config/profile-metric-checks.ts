/** What the metrics of a profile must be, each and to each other. */
import { conversionBetween, unitOf, unitSpellings } from "../core/unit.ts";
import { isObject, type JsonObject } from "./jsonc.ts";
import { type MetricPreset, metricPresetOf } from "./metric-presets.ts";
import { childPointer } from "./pointer.ts";
import { quoted } from "./problems.ts";
import { checkPath, dottedPath, type ProfileReport } from "./profile-paths.ts";
import { nearest } from "./suggest.ts";

/** Metrics of one profile: each costs a look at every payload, and nobody reads a longer list. */
const metricsMax = 128;

/** Checks the metrics of a profile, each in its full form. */
export function checkMetrics(profile: JsonObject, report: ProfileReport): void {
  const metrics = profile["metrics"] ?? {};
  if (!isObject(metrics)) return;
  const names = Object.keys(metrics);
  if (names.length === 0 && profile["others"] !== "keep") {
    const hint = 'name some, or write "others": "keep" to take all values as the codec calls them';
    report("/metrics", "METRICS", "No metric is named, and others are dropped.", hint);
  }
  if (names.length > metricsMax) {
    report("/metrics", "METRICS", `There are ${names.length} metrics.`, `at most ${metricsMax} are possible`);
  }
  const owners = new Map<string, string>();
  for (const name of names) {
    const metric = metrics[name];
    if (!isObject(metric)) continue;
    const pointer = childPointer("/metrics", name);
    checkFrom(name, metric["from"], owners, report);
    checkUnit(metric, pointer, report);
    checkNumbers(metric, pointer, report);
    checkValues(metric["values"], `${pointer}/values`, report);
  }
}

/** Whether a sample of this name can be one of the metric. */
export function matchesName(metric: string, name: string): boolean {
  const [before = "", after] = metric.split("*");
  if (after === undefined) return metric === name;
  return name.length > before.length + after.length && name.startsWith(before) && name.endsWith(after);
}

function checkFrom(name: string, written: unknown, owners: Map<string, string>, report: ProfileReport): void {
  if (written !== undefined && typeof written !== "string") return;
  const pointer = childPointer("/metrics", name);
  const place = written === undefined ? pointer : `${pointer}/from`;
  const path = dottedPath(written ?? name);
  if (written !== undefined) checkPath(written, place, report);
  if (path.split("*").length > 2) {
    report(place, "PATTERN", `${quoted(path)} has several stars.`, "one * stands for one part of the path");
  } else if (path.includes("*") !== name.includes("*")) {
    const hint = '"power-*": { "from": "phase*.power" } takes power-a from phasea.power';
    report(place, "PATTERN", `The star in ${quoted(path)} and that in ${quoted(name)} go together.`, hint);
  }
  const owner = owners.get(path);
  if (owner === undefined) owners.set(path, name);
  else report(place, "FROM_TWICE", `${quoted(path)} already is ${quoted(owner)}.`, "remove one of the two");
}

function checkUnit(metric: JsonObject, pointer: string, report: ProfileReport): void {
  const { unit: written, preset: name } = metric;
  if (typeof written !== "string") return;
  const place = `${pointer}/unit`;
  const unit = unitOf(written);
  if (unit === undefined) {
    const meant = nearest(written, unitSpellings);
    const hint =
      meant === undefined
        ? '"°C", "%", "hPa", "V", "kWh", "ppm" and so on'
        : `did you mean ${quoted(meant)}?`;
    report(place, "UNIT", `The unit ${quoted(written)} is not known.`, hint);
    return;
  }
  const preset: MetricPreset | undefined = typeof name === "string" ? metricPresetOf(name) : undefined;
  if (preset === undefined) return;
  if (preset.kind === "state") {
    report(place, "UNIT", `${quoted(name)} is a state, and has no unit.`, "remove the unit, or the preset");
    return;
  }
  const stored = preset.unit === undefined ? undefined : unitOf(preset.unit);
  if (stored === undefined || conversionBetween(unit, stored) !== undefined) return;
  const message = `${quoted(name)} is stored in ${stored.symbol}, which ${quoted(written)} does not convert to.`;
  report(place, "UNIT", message, `write a unit of ${stored.quantity}, or take another preset`);
}

function checkNumbers({ range, scale }: JsonObject, pointer: string, report: ProfileReport): void {
  if (scale === 0) {
    report(`${pointer}/scale`, "SCALE", "A scale of 0 makes every value the same.", "leave it out for 1");
  }
  const [low, high]: readonly unknown[] = Array.isArray(range) ? range : [];
  if (typeof low !== "number" || typeof high !== "number" || low < high) return;
  report(
    `${pointer}/range`,
    "RANGE",
    `The range goes from ${low} to ${high}.`,
    `write [${high}, ${low}], the least first`,
  );
}

function checkValues(values: unknown, pointer: string, report: ProfileReport): void {
  if (!isObject(values)) return;
  if (Object.keys(values).length === 0) {
    report(pointer, "VALUES", "No word stands for anything.", '{ "open": true, "closed": false }');
  }
  const given = Object.entries(values).filter(([, value]) => value !== null);
  const [first] = given;
  for (const [word, value] of given) {
    if (typeof value === typeof first?.[1] || typeof value === "object") continue;
    const message = `${quoted(word)} stands for ${quoted(value)}, and ${quoted(first?.[0])} for ${quoted(first?.[1])}.`;
    const hint = "all words stand for numbers, for texts, or for true and false; null is for no value";
    report(childPointer(pointer, word), "VALUES", message, hint);
  }
}
