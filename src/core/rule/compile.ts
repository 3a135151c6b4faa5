/** A rule made ready to run: globs, conditions, fields and texts compiled once, when it is loaded. */
import type { Device } from "../device.ts";
import { invariant } from "../errors.ts";
import type { SeriesDefinition } from "../sample.ts";
import type { Severity } from "../streams.ts";
import { isOfTenant, mountOf, withinTenant } from "../tenant.ts";
import { filterMatches } from "../topic.ts";
import { type AggregatePlan, planAggregates } from "../window/plan.ts";
import { type Action, compileAction } from "./action.ts";
import { compileCondition, type Condition, ConditionScope } from "./condition.ts";
import type { AggregateDefinition, ConditionDefinition, NamedSource, RuleDefinition } from "./definition.ts";
import type { ExpressionCompiler } from "./expression.ts";
import { compileGlobs } from "./glob.ts";
import { hashOf } from "./hash.ts";
import { compileTemplate, type Template } from "./template.ts";

/** The only field of a window of type `none`. */
const sampleField = "value";

/** Fields that a detector adds. */
const detectorFields = ["score", "expected"] as const;

/** No series is overdue sooner, see `SilenceDetector`. */
const overdueMsMin = 1_000;

/** A side of a rule, compiled. */
export interface CompiledSource {
  readonly name: string;
  readonly maxAgeMs: number;
  /** Metrics that it takes, as written: names or globs. */
  readonly metrics: readonly string[];
  feeds(series: SeriesDefinition, device: Device): boolean;
}

/** A severity, compiled. */
export interface CompiledLevel {
  readonly severity: Severity;
  /** Nothing where the detector alone decides. */
  readonly holds: Condition | undefined;
}

export interface CompiledRule {
  readonly definition: RuleDefinition;
  readonly sources: readonly CompiledSource[];
  /** What is measured of each side, in the order of its fields. */
  readonly plan: AggregatePlan;
  /** Fields of one side. */
  readonly sideFieldCount: number;
  /** Names of the values of a decision: those of each side in turn, then the detector's. */
  readonly fields: readonly string[];
  /** Index of the field that the detector looks at. */
  readonly detectField: number;
  readonly levels: readonly CompiledLevel[];
  /** What conditions name of the devices, in the order of `ConditionInput.parameters`. */
  readonly parameters: readonly { readonly param: string; readonly default: number }[];
  /** Whether it has to be known how often samples are to be expected. */
  readonly needsInterval: boolean;
  /** The shortest time after a sample, or a change of its alert, in which time alone can lead to anything. */
  readonly leastDelayMs: number;
  readonly actions: readonly Action[];
  readonly annotations: readonly (readonly [name: string, template: Template])[];
  /** Changes when, and only when, a change of the rule makes the state of its windows meaningless. */
  readonly windowShape: string;
  /** The same for what its detector has learnt. */
  readonly detectShape: string;
  /** The same for the state of its conditions and its alerts. */
  readonly conditionShape: string;
}

/**
 * Compiles a rule.
 *
 * @param definition - Complete and valid, as the parser gives it.
 * @param expressions - Needed where a condition holds an expression.
 */
export function compileRule(definition: RuleDefinition, expressions?: ExpressionCompiler): CompiledRule {
  const { sources, groupBy, window, aggregates, detect, levels, tenant } = definition;
  const measured: readonly AggregateDefinition[] =
    window.type === "none" ? [{ name: sampleField, fn: "last" }] : aggregates;
  const sideFields = sources.flatMap(({ name: side }) =>
    measured.map(({ name }) => (side === "" ? name : `${side}.${name}`)),
  );
  const fields = detect === undefined ? sideFields : [...sideFields, ...detectorFields];
  const scope = new ConditionScope(fields, textsOf(definition), expressions);
  const plan = planAggregates(measured);
  const conditions = levels.map(({ when }) => when ?? null);
  const windowShape = hashOf(
    JSON.stringify([sources, groupBy, window, plan.shape, ...(tenant === undefined ? [] : [tenant])]),
  );
  return {
    definition,
    sources: sources.map((source) => compileSource(source, tenant)),
    plan,
    sideFieldCount: measured.length,
    fields,
    detectField: detect === undefined ? -1 : fields.indexOf(detect.field),
    levels: levels.map(({ severity, when }) => ({
      severity,
      holds: when === undefined ? undefined : compileCondition(when, scope),
    })),
    parameters: scope.parameters,
    needsInterval: definition.coverage !== undefined || aggregates.some(({ fn }) => fn === "coverage"),
    leastDelayMs: leastDelayOf(definition),
    actions: definition.actions.map((action) =>
      compileAction(tenant === undefined ? action : { ...action, topic: mountOf(tenant) + action.topic }),
    ),
    annotations: Object.entries(definition.annotations).map(([name, text]) => {
      const template = compileTemplate(text);
      invariant(template.ok, `annotation ${name} of rule ${definition.id} is not a template`);
      return [name, template.value] as const;
    }),
    windowShape,
    detectShape: hashOf(JSON.stringify([windowShape, aggregatesIn([], definition), detect])),
    conditionShape: hashOf(
      JSON.stringify([windowShape, aggregatesIn(conditions, definition), detect, conditions]),
    ),
  };
}

/** What expressions can name beside the fields. Keys that the group does not have are missing values. */
function textsOf(definition: Pick<RuleDefinition, "groupBy" | "labels">): readonly string[] {
  return [...new Set([...Object.keys(definition.labels), ...definition.groupBy])];
}

function leastDelayOf({ window, noData, detect, repeatMs, escalate }: RuleDefinition): number {
  // Where it is learnt, it can be as short as can be.
  const overdueMs = detect?.type === "silence" ? (detect.afterMs ?? overdueMsMin) : undefined;
  const delays = [window.idleMs, noData?.afterMs, overdueMs, repeatMs, escalate?.afterMs];
  return Math.min(...delays.filter((delay) => delay !== undefined));
}

function isOf(matches: (name: string) => boolean, name: string | undefined): boolean {
  return name !== undefined && matches(name);
}

/** The profile of a series: the one that the configuration names, or else the one by which it was decoded. */
export function profileOf(series: SeriesDefinition, device: Device): string | undefined {
  return device.profile ?? series.profile;
}

/** The aggregates that conditions and the detector look at; of an expression, those whose names are in its text. */
function aggregatesIn(
  conditions: readonly (ConditionDefinition | null)[],
  { aggregates, detect }: RuleDefinition,
): readonly AggregateDefinition[] {
  const named = conditions.flatMap((condition) => (condition === null ? [] : textsIn(condition)));
  if (detect !== undefined) named.push(detect.field);
  return aggregates.filter(({ name }) => named.some((text) => text.includes(name)));
}

/** Fields and expressions of a condition. */
function textsIn(condition: ConditionDefinition): string[] {
  if ("expr" in condition) return [condition.expr];
  if ("all" in condition) return condition.all.flatMap(textsIn);
  if ("any" in condition) return condition.any.flatMap(textsIn);
  return "not" in condition ? textsIn(condition.not) : [condition.field];
}

function compileSource(source: NamedSource, tenant: string | undefined): CompiledSource {
  // What a tenant's rule names it names as the tenant does.
  const nameOf = tenant === undefined ? (name: string): string => name : withinTenant;
  const matchesDevice = compileGlobs(source.device);
  const matchesMetric = compileGlobs(source.metric);
  const matchesProfile = source.profile === undefined ? undefined : compileGlobs(source.profile);
  const tags = Object.entries(source.tags ?? {}).map(
    ([name, values]) => [name, compileGlobs(values)] as const,
  );
  const { topic } = source;
  return {
    name: source.name,
    maxAgeMs: source.maxAgeMs,
    metrics: source.metric,
    feeds: (series, device) =>
      matchesMetric(series.metric) &&
      (tenant === undefined || isOfTenant(series.device, tenant)) &&
      matchesDevice(nameOf(series.device)) &&
      (matchesProfile === undefined || isOf(matchesProfile, profileOf(series, device))) &&
      tags.every(([name, matches]) => Object.hasOwn(device.tags, name) && matches(device.tags[name]!)) &&
      (topic === undefined || (series.topic !== undefined && filterMatches(topic, nameOf(series.topic)))),
  };
}
