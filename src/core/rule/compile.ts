/** A rule made ready to run: globs, condition, fields and texts compiled once, when it is loaded. */
import { invariant } from "../errors.ts";
import { aggregateOf } from "../window/aggregate.ts";
import type { Pane } from "../window/pane.ts";
import { compileCondition, type Condition } from "./condition.ts";
import type { AggregateName, RuleDefinition } from "./definition.ts";
import { compileGlobs } from "./glob.ts";
import { hashOf } from "./hash.ts";
import { compileTemplate, type Template } from "./template.ts";

/** The only field of a window of type `none`. */
const sampleField = "value";

export interface CompiledRule {
  readonly definition: RuleDefinition;
  /** Names of the values of a decision, in the order in which {@link CompiledRule.measure} fills them. */
  readonly fields: readonly string[];
  readonly holds: Condition;
  readonly annotations: readonly (readonly [name: string, template: Template])[];
  /** Changes when, and only when, a change of the rule makes the state of its windows meaningless. */
  readonly windowShape: string;
  /** The same for the state of its condition. */
  readonly conditionShape: string;
  feeds(device: string, metric: string): boolean;
  /** Fills `values` from the samples of a decision. */
  measure(pane: Pane, values: Float64Array): void;
}

/**
 * Compiles a rule.
 *
 * @param definition - Complete and valid, as the parser gives it.
 */
export function compileRule(definition: RuleDefinition): CompiledRule {
  const each = definition.window.type === "none";
  const fields = each ? [sampleField] : definition.aggregates.map(({ name }) => name);
  const functions: readonly AggregateName[] = each ? ["last"] : definition.aggregates.map(({ fn }) => fn);
  const matchesDevice = compileGlobs(definition.source.device);
  const matchesMetric = compileGlobs(definition.source.metric);
  const { source, groupBy, window, aggregates, when } = definition;
  return {
    definition,
    fields,
    holds: compileCondition(definition.when, fields),
    annotations: Object.entries(definition.annotations).map(([name, text]) => {
      const template = compileTemplate(text);
      invariant(template.ok, `annotation ${name} of rule ${definition.id} is not a template`);
      return [name, template.value] as const;
    }),
    windowShape: hashOf(JSON.stringify([source, groupBy, window])),
    conditionShape: hashOf(JSON.stringify([source, groupBy, window, aggregates, when])),
    feeds: (device, metric) => matchesMetric(metric) && matchesDevice(device),
    measure(pane, values) {
      for (let index = 0; index < functions.length; index += 1) {
        values[index] = aggregateOf(pane, functions[index]!);
      }
    },
  };
}
