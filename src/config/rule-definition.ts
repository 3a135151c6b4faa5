/** Turns a rule whose shape and parts are right into its definition: complete, and in milliseconds. */
import type { DetectDefinition } from "../core/detect/definition.ts";
import { idleMs } from "../core/limits.ts";
import type {
  AggregateDefinition,
  ConditionDefinition,
  LevelDefinition,
  NamedSource,
  Operand,
  PublishAction,
  RuleDefinition,
  WindowDefinition,
} from "../core/rule/definition.ts";
import type { ExpressionCompiler } from "../core/rule/expression.ts";
import { compileTemplate } from "../core/rule/template.ts";
import { scopeOf } from "./rule-condition-checks.ts";
import type { WrittenCondition } from "./rule-condition-schema.ts";
import { detectDefinition, detectorOf } from "./rule-detectors.ts";
import { measuredNameOf, type RuleNames } from "./rule-names.ts";
import { severities, type WrittenRule } from "./rule-schema.ts";
import type { WrittenGlobs, WrittenSource } from "./rule-source-schema.ts";
import type { WrittenAggregate, WrittenWindow } from "./rule-window-schema.ts";
import { aggregateOf, functionOf } from "./rule-words.ts";

/** How long sessions and state windows stay open when nothing is written. */
const windowMaxMs = 86_400_000;

/** The time that rates and slopes are given for when nothing is written. */
const perMs = 1_000;

/** How old what a side said may be, for windows that have no size. */
const maxAgeMs: number = 5 * 60_000;

/**
 * Completes a rule.
 *
 * @param written - Checked: whatever the checks refuse has no meaning here.
 */
export function definitionOf(
  written: WrittenRule,
  names: RuleNames,
  expressions: ExpressionCompiler | undefined,
): RuleDefinition {
  const { id, description, tenant, enabled, shadow, groupBy, labels, annotations } = written;
  const { noData, coverage, flap, repeat, escalate, capture } = written;
  const window = windowOf(written.window);
  const detect = detectOf(written, names);
  const actions = written.actions.map(({ publish }) => actionOf(publish));
  const used = [
    ...conditionsOf(written).flatMap((condition) => fieldsOf(condition, names, expressions)),
    ...(detect === undefined ? [] : [detect.field]),
    ...textsOf(annotations).filter((name) => !isText(name, names)),
    ...actions
      .flatMap(({ topic, payload }) => textsOf([topic, payload]))
      .filter((name) => !isText(name, names)),
  ];
  return {
    id,
    description,
    ...(tenant === undefined ? {} : { tenant }),
    enabled,
    shadow,
    sources: sourcesOf(written, window),
    groupBy,
    window,
    aggregates: names.single ? [] : aggregatesOf(written, used, names),
    ...(detect === undefined ? {} : { detect }),
    levels: levelsOf(written),
    ...(coverage === undefined ? {} : { coverage }),
    forMs: written.for,
    keepFiringForMs: written.keepFiringFor,
    ...(noData === undefined ? {} : { noData: { afterMs: noData.after, state: noData.state } }),
    ...(flap === undefined ? {} : { flap }),
    inhibit: written.inhibit.map(({ when, equal }) => ({ rule: when.rule, equal })),
    ...(repeat === undefined ? {} : { repeatMs: repeat }),
    ...(escalate === undefined ? {} : { escalate: { afterMs: escalate.after, severity: escalate.severity } }),
    ...(capture === undefined ? {} : { capture: { beforeMs: capture.before, afterMs: capture.after } }),
    actions,
    labels,
    annotations,
  };
}

function isText(name: string, names: RuleNames): boolean {
  return names.groupKeys.includes(name) || names.labels.includes(name);
}

function sourcesOf(written: WrittenRule, window: WindowDefinition): readonly NamedSource[] {
  if (written.source !== undefined) {
    // A single side is never older than itself.
    return [{ name: "", ...sourceOf(written.source), maxAgeMs: Number.MAX_SAFE_INTEGER }];
  }
  const usual = "sizeMs" in window ? 2 * window.sizeMs : maxAgeMs;
  return Object.entries(written.sources ?? {}).map(([name, side]) => ({
    name,
    ...sourceOf(side),
    maxAgeMs: side.maxAge ?? usual,
  }));
}

function sourceOf(written: WrittenSource): Omit<NamedSource, "name" | "maxAgeMs"> {
  const { device, metric, profile, tags, topic } = written;
  return {
    device: listOf(device),
    metric: listOf(metric),
    ...(profile === undefined ? {} : { profile: listOf(profile) }),
    ...(tags === undefined
      ? {}
      : { tags: Object.fromEntries(Object.entries(tags).map(([name, values]) => [name, listOf(values)])) }),
    ...(topic === undefined ? {} : { topic }),
  };
}

function listOf(written: WrittenGlobs): readonly string[] {
  return typeof written === "string" ? [written] : written;
}

function windowOf(written: WrittenWindow): WindowDefinition {
  const { type, size: sizeMs = 0, every, max: maxMs = windowMaxMs, timezone } = written;
  const timing = {
    latenessMs: written.lateness,
    reviseMs: written.revise ?? 0,
    idleMs: written.idle ?? idleMs,
  };
  const zone = timezone === undefined ? {} : { timezone };
  switch (type) {
    case "none":
      return { type, ...timing };
    case "tumbling":
      return { type, sizeMs, ...zone, ...timing };
    case "hopping":
      return { type, sizeMs, everyMs: every ?? sizeMs, ...zone, ...timing };
    case "sliding":
      return { type, sizeMs, ...(every === undefined ? {} : { everyMs: every }), ...timing };
    case "session":
      return { type, gapMs: written.gap ?? 0, maxMs, ...timing };
    case "count":
      return { type, count: written.count ?? 1, every: every ?? 1, ...timing };
    case "state": {
      const never = { op: "!=", value: 0 } as const;
      return { type, begin: written.begin ?? never, end: written.end ?? never, maxMs, ...timing };
    }
  }
}

function detectOf(written: WrittenRule, names: RuleNames): DetectDefinition | undefined {
  const { detect } = written;
  if (detect === undefined) return undefined;
  const usual = names.single ? "value" : (names.aggregates[0] ?? "mean");
  if (typeof detect !== "string") return detectDefinition(detect, usual);
  const type = detectorOf(detect);
  return type === undefined ? undefined : detectDefinition({ type }, usual);
}

function conditionsOf({ when, levels = {} }: WrittenRule): readonly WrittenCondition[] {
  if (when !== undefined) return [when];
  return severities.flatMap((severity) => levels[severity] ?? []);
}

/** The levels, in ascending order. */
function levelsOf({ when, levels, detect, severity = "warning" }: WrittenRule): readonly LevelDefinition[] {
  if (levels !== undefined) {
    return severities.flatMap((one) => {
      const condition = levels[one];
      return condition === undefined ? [] : [{ severity: one, when: conditionOf(condition) }];
    });
  }
  if (when !== undefined) return [{ severity, when: conditionOf(when) }];
  // A rule that only waits for data has a condition that never holds.
  return [detect === undefined ? { severity, when: { any: [] } } : { severity }];
}

function conditionOf(written: WrittenCondition): ConditionDefinition {
  const { all, any, not, expr, field = "", op = "==", value = 0, clear } = written;
  if (all !== undefined) return { all: all.map(conditionOf) };
  if (any !== undefined) return { any: any.map(conditionOf) };
  if (not !== undefined) return { not: conditionOf(not) };
  if (expr !== undefined) return { expr };
  if (op === "inside" || op === "outside") {
    return { field, op, value: pairOf(value), ...(clear === undefined ? {} : { clear: pairOf(clear) }) };
  }
  return { field, op, value: singleOf(value), ...(clear === undefined ? {} : { clear: singleOf(clear) }) };
}

type WrittenOperand = Operand | readonly [Operand, Operand];

function isPair(value: WrittenOperand): value is readonly [Operand, Operand] {
  return Array.isArray(value);
}

function pairOf(value: WrittenOperand): readonly [Operand, Operand] {
  return isPair(value) ? value : [value, value];
}

function singleOf(value: WrittenOperand): Operand {
  return isPair(value) ? value[0] : value;
}

function actionOf(publish: WrittenRule["actions"][number]["publish"]): PublishAction {
  const { topic, payload = null, on, qos, retain } = publish;
  return { topic, payload, on, qos, retain };
}

/** The declared aggregates, and those that something names by their function, in order of mention. */
function aggregatesOf(
  written: WrittenRule,
  used: readonly string[],
  names: RuleNames,
): readonly AggregateDefinition[] {
  const aggregates = new Map<string, AggregateDefinition>();
  for (const [name, value] of Object.entries(written.aggregate)) {
    aggregates.set(name, aggregateNamed(name, typeof value === "string" ? { fn: value } : value));
  }
  for (const field of used) {
    const name = measuredNameOf(field, names);
    if (name === undefined || aggregates.has(name) || aggregateOf(name) === undefined) continue;
    aggregates.set(name, aggregateNamed(name, { fn: name }));
  }
  return [...aggregates.values()];
}

function aggregateNamed(name: string, written: WrittenAggregate): AggregateDefinition {
  const { fn = "mean", q = written.q } = functionOf(written.fn) ?? {};
  const changes = fn === "rate" || fn === "slope";
  return {
    name,
    fn,
    ...(q === undefined ? {} : { q }),
    ...(changes ? { perMs: written.per ?? perMs } : {}),
    ...(written.when === undefined ? {} : { when: written.when }),
  };
}

/** The fields that a condition reads, in order of mention. */
function fieldsOf(
  written: WrittenCondition,
  names: RuleNames,
  expressions: ExpressionCompiler | undefined,
): string[] {
  const { field, expr, all = [], any = [], not } = written;
  const parts = [...all, ...any, ...(not === undefined ? [] : [not])];
  const compiled = expr === undefined ? undefined : expressions?.compile(expr, scopeOf(names));
  return [
    ...(field === undefined ? [] : [field]),
    ...(compiled?.ok === true ? compiled.value.names : []),
    ...parts.flatMap((part) => fieldsOf(part, names, expressions)),
  ];
}

/** The names in all templates of a value. */
function textsOf(value: unknown): string[] {
  if (typeof value === "string") {
    const template = compileTemplate(value);
    return template.ok ? [...template.value.names] : [];
  }
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsOf) : [];
}
