/** What the parts of a rule that shape its alerts must be to each other: levels, flapping, escalation. */
import { isObject, type JsonObject } from "./jsonc.ts";
import { severities } from "./rule-schema.ts";
import type { RuleReport } from "./window-checks.ts";

/** Checks how the alerts of a rule come about and behave. */
export function checkAlerts(rule: JsonObject, report: RuleReport): void {
  checkDeciders(rule, report);
  checkLevels(rule["levels"], report);
  checkFlap(rule["flap"], report);
  checkEscalation(rule, report);
  const { capture } = rule;
  if (isObject(capture) && capture["before"] === undefined && capture["after"] === undefined) {
    report(
      "/capture",
      "KEY_MISSING",
      "Nothing would be kept.",
      'for example { "before": "5m", "after": "5m" }',
    );
  }
}

/** Something has to decide, and only one thing which severity. */
function checkDeciders(rule: JsonObject, report: RuleReport): void {
  const { when, levels, detect, noData, severity } = rule;
  if (when === undefined && levels === undefined && detect === undefined && noData === undefined) {
    const message = 'Nothing decides: the rule has none of "when", "levels", "detect" and "noData".';
    report("/when", "KEY_MISSING", message, '"when": { "field": "value", "op": ">", "value": 8 }');
  }
  if (levels === undefined) return;
  if (when !== undefined) {
    const message = '"when" and "levels" stand side by side, and each is a condition of its own.';
    report("/levels", "CONDITION_TWICE", message, 'move "when" into "levels", under its severity');
  }
  if (severity !== undefined) {
    const message = '"levels" says how severe the alert is, so "severity" says nothing.';
    report("/severity", "SEVERITY_UNUSED", message, "remove it");
  }
}

function checkLevels(levels: unknown, report: RuleReport): void {
  if (!isObject(levels)) return;
  const written = severities.filter((severity) => levels[severity] !== undefined);
  if (Object.keys(levels).length === 0) {
    const hint = '{ "warning": { … }, "critical": { … } }';
    report("/levels", "KEY_MISSING", "There is no level.", hint);
  }
  for (const [index, severity] of written.entries()) {
    const lower = written[index - 1];
    if (lower === undefined) continue;
    const [upperCondition, lowerCondition] = [levels[severity], levels[lower]];
    if (JSON.stringify(upperCondition) === JSON.stringify(lowerCondition)) {
      const message = `"${severity}" has the condition of "${lower}", which would never be seen.`;
      report(`/levels/${severity}`, "LEVEL_SAME", message, "give each level a bound of its own");
    } else if (isMilder(upperCondition, lowerCondition)) {
      const message = `"${severity}" begins before "${lower}", which would never be seen.`;
      report(`/levels/${severity}/value`, "LEVEL_ORDER", message, "swap the two bounds");
    }
  }
}

/** Whether a comparison holds wherever another one does, as far as that is plain to see. */
function isMilder(upper: unknown, lower: unknown): boolean {
  if (!isObject(upper) || !isObject(lower)) return false;
  const { field, op, value } = upper;
  const other = lower["value"];
  if (field !== lower["field"] || op !== lower["op"]) return false;
  if (typeof op !== "string" || typeof value !== "number" || typeof other !== "number") return false;
  if (op.startsWith(">")) return value <= other;
  return op.startsWith("<") && value >= other;
}

function checkFlap(flap: unknown, report: RuleReport): void {
  if (!isObject(flap)) return;
  const { low = 0.25, high = 0.5 } = flap;
  if (typeof low !== "number" || typeof high !== "number" || low < high) return;
  const where = flap["low"] === undefined ? "/flap/high" : "/flap/low";
  report(where, "FLAP", '"low" is not below "high".', 'for example { "low": 0.25, "high": 0.5 }');
}

function checkEscalation(rule: JsonObject, report: RuleReport): void {
  const { escalate, levels, severity = "warning" } = rule;
  if (!isObject(escalate)) return;
  const target = rankOf(escalate["severity"]);
  const ranks = isObject(levels) ? Object.keys(levels).map(rankOf) : [rankOf(severity)];
  const least = Math.min(...ranks.filter((rank) => rank >= 0));
  if (target < 0 || !Number.isFinite(least) || target > least) return;
  const message = `"${String(escalate["severity"])}" is not above "${severities[least] ?? ""}", which the alert has already.`;
  const hint =
    least === severities.length - 1
      ? 'there is nothing above "critical": remove "escalate", or lower "severity"'
      : `write "${severities[least + 1] ?? ""}"`;
  report("/escalate/severity", "ESCALATE", message, hint);
}

function rankOf(severity: unknown): number {
  return severities.findIndex((known) => known === severity);
}
