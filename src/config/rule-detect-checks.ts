/** What the parameters of a detector must be: those of that detector, within its ranges, and fitting each other. */
import { formatDuration, parseDuration } from "../core/time/duration.ts";
import type { DetectorParameter } from "../core/detect/defaults.ts";
import type { DetectorName } from "../core/detect/definition.ts";
import { isObject, type JsonObject } from "./jsonc.ts";
import { checkField } from "./rule-condition-checks.ts";
import { detectorExample, detectorNames, detectorOf, parametersOf } from "./rule-detectors.ts";
import type { RuleNames } from "./rule-names.ts";
import { quoted } from "./problems.ts";
import type { RuleReport } from "./window-checks.ts";

/** Keys that every detector has. */
const commonKeys = ["type", "field", "freeze"];

/** Checks a detector as it was written. */
export function checkDetect(detect: unknown, names: RuleNames, report: RuleReport): void {
  if (typeof detect === "string" && names.sides.length > 0) needsField(report);
  if (!isObject(detect)) return;
  const { field } = detect;
  if (names.detector.some((name) => name === field)) {
    const message = `"${String(field)}" is what the detector gives, and cannot be what it looks at.`;
    report("/detect/field", "FIELD_UNKNOWN", message, 'name an aggregate: "field": "mean"');
  } else checkField(field, "/detect/field", names, report);
  if (field === undefined && names.sides.length > 0) needsField(report);
  const type = detectorOf(detect["type"]);
  if (type === undefined) return;
  const parameters = parametersOf(type);
  for (const key of Object.keys(detect)) {
    if (commonKeys.includes(key) || parameters.some(({ name }) => name === key)) continue;
    if (detectorNames.some((other) => parametersOf(other).some(({ name }) => name === key)))
      strangeKey(key, type, report);
  }
  for (const parameter of parameters) checkParameter(detect[parameter.name], parameter, type, report);
  if (type === "threshold") checkThreshold(detect, report);
  if (type === "range") checkRange(detect, report);
}

function needsField(report: RuleReport): void {
  const message = "A detector of a rule with several sides needs to know which field it looks at.";
  report("/detect/field", "KEY_MISSING", message, 'name it: { "type": "ewma", "field": "a.mean" }');
}

/** A parameter that another detector has. */
function strangeKey(key: string, type: DetectorName, report: RuleReport): void {
  const own = parametersOf(type).map(({ name }) => name);
  const hint = `${type} has ${own.join(", ")}`;
  report(`/detect/${key}`, "DETECT_KEY", `The detector "${type}" has no "${key}".`, hint);
}

function checkParameter(
  value: unknown,
  parameter: DetectorParameter,
  type: DetectorName,
  report: RuleReport,
): void {
  const { name, kind, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = parameter;
  const pointer = `/detect/${name}`;
  if (value === undefined) {
    if (parameter.required !== true) return;
    report(
      pointer,
      "KEY_MISSING",
      `The detector "${type}" needs "${name}".`,
      `for example ${detectorExample(type)}`,
    );
    return;
  }
  const measured = kind === "duration" && typeof value === "string" ? parseDuration(value) : value;
  if (typeof measured !== "number" || kind === "choice" || kind === "timezone") return;
  const whole = kind !== "count" || Number.isInteger(measured);
  if (measured >= min && measured <= max && whole) return;
  const shown = kind === "duration" ? formatDuration : String;
  const code = kind === "duration" ? "DURATION" : "NUMBER";
  const message = `"${name}" of the detector "${type}" cannot be ${quoted(value)}.`;
  const number = kind === "count" ? "a whole number" : kind === "duration" ? "a duration" : "a number";
  const range =
    max < 1e300
      ? ` from ${shown(min)} to ${shown(max)}`
      : min > 0
        ? " above 0"
        : ` of at least ${shown(min)}`;
  report(pointer, code, message, `write ${number}${range}`);
}

function checkThreshold(detect: JsonObject, report: RuleReport): void {
  const { above, below, clear } = detect;
  if (above === undefined && below === undefined) {
    const message = 'The detector "threshold" needs "above" or "below".';
    report("/detect", "KEY_MISSING", message, 'for example { "type": "threshold", "above": 8, "clear": 6 }');
    return;
  }
  if (typeof above === "number" && typeof below === "number" && below >= above) {
    const message = '"below" is not under "above": every value would fire.';
    report("/detect/below", "DETECT_RANGE", message, `with "above" of ${above} it lies under ${above}`);
    return;
  }
  if (typeof clear !== "number") return;
  if (typeof above === "number" && clear > above) {
    const message = `"clear" is on the wrong side: the alert would end at ${clear}, where it begins.`;
    report("/detect/clear", "CLEAR", message, `it lies below ${above}, or at it`);
  } else if (typeof below === "number" && clear < below) {
    const message = `"clear" is on the wrong side: the alert would end at ${clear}, where it begins.`;
    report("/detect/clear", "CLEAR", message, `it lies above ${below}, or at it`);
  }
}

function checkRange(detect: JsonObject, report: RuleReport): void {
  const { min, max } = detect;
  if (typeof min !== "number" || typeof max !== "number" || min <= max) return;
  const hint = `write "min": ${max}, "max": ${min}`;
  report("/detect/min", "DETECT_RANGE", '"min" is above "max": every value would fire.', hint);
}
