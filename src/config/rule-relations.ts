/** What rules must be to each other: ids stand once, and inhibitions lead somewhere and in no circle. */
import { inhibitionCycles } from "../core/alert/inhibition-cycle.ts";
import type { Problem } from "../core/errors.ts";
import type { Place } from "./issues.ts";
import { isObject, type JsonObject } from "./jsonc.ts";
import { quoted } from "./problems.ts";
import { nearest } from "./suggest.ts";

/** A rule as far as others have to do with it, also when it is wrong otherwise. */
export interface RelatedRule {
  readonly id: string;
  readonly inhibit: readonly {
    readonly rule: string;
    readonly equal: readonly string[];
    readonly pointer: string;
  }[];
  /** Of the rule in its document. */
  readonly pointer: string;
  readonly placeOf: (pointer: string) => Place;
}

/** Reads what others have to do with from a rule as it was written; nothing when it has no id. */
export function relatedRule(
  rule: unknown,
  pointer: string,
  placeOf: (pointer: string) => Place,
): RelatedRule | undefined {
  if (!isObject(rule) || typeof rule["id"] !== "string") return undefined;
  return { id: rule["id"], inhibit: inhibitionsIn(rule, pointer), pointer, placeOf };
}

function inhibitionsIn(rule: JsonObject, root: string): RelatedRule["inhibit"] {
  const { inhibit } = rule;
  if (!Array.isArray(inhibit)) return [];
  return inhibit.flatMap((one, index) => {
    const when: unknown = isObject(one) ? one["when"] : undefined;
    const named = isObject(when) ? when["rule"] : undefined;
    if (typeof named !== "string") return [];
    return [{ rule: named, equal: [], pointer: `${root}/inhibit/${index}/when/rule` }];
  });
}

/**
 * Checks all rules of all files together.
 *
 * @param beside - Rules that are right among themselves and give way to those of the same id.
 * @param mayExist - Whether a rule that nobody knows may exist all the same.
 */
export function relationProblems(
  rules: readonly RelatedRule[],
  beside: readonly RelatedRule[] = [],
  mayExist: (id: string) => boolean = () => false,
): Problem[] {
  const own = new Set(rules.map(({ id }) => id));
  const others = beside.filter(({ id }) => !own.has(id));
  const ids = new Set([...own, ...others.map(({ id }) => id)]);
  return [
    ...sharedIds(rules),
    ...unknownInhibitors(rules, ids, mayExist),
    // Where the circle goes through other rules, what closes it is still among these.
    ...circles([...rules, ...others]),
  ];
}

function sharedIds(rules: readonly RelatedRule[]): Problem[] {
  const first = new Map<string, Place>();
  const problems: Problem[] = [];
  for (const { id, pointer: root, placeOf } of rules) {
    const pointer = `${root}/id`;
    const place = placeOf(pointer);
    const other = first.get(id);
    if (other === undefined) {
      first.set(id, place);
      continue;
    }
    const message = `The id ${quoted(id)} already belongs to a rule in ${other.file}:${other.line}.`;
    problems.push({ code: "RULE_ID_TWICE", message, pointer, hint: "give one of them another id", ...place });
  }
  return problems;
}

function unknownInhibitors(
  rules: readonly RelatedRule[],
  ids: ReadonlySet<string>,
  mayExist: (id: string) => boolean,
): Problem[] {
  return rules.flatMap(({ id, inhibit, placeOf }) =>
    inhibit
      .filter(({ rule }) => !ids.has(rule) && !mayExist(rule))
      .map(({ rule, pointer }) => {
        const others = [...ids].filter((other) => other !== id);
        const meant = nearest(rule, others);
        const hint =
          meant === undefined
            ? "name the id of a rule in this directory, or of a device profile in use"
            : `did you mean "${meant}"?`;
        const message = `There is no rule ${quoted(rule)} that could mute this one.`;
        return { code: "RULE_INHIBIT_UNKNOWN", message, pointer, hint, ...placeOf(pointer) };
      }),
  );
}

/** Each circle is told at one of its inhibitions. */
function circles(rules: readonly RelatedRule[]): Problem[] {
  const byId = new Map(rules.map((rule) => [rule.id, rule]));
  return inhibitionCycles([...byId.values()]).flatMap((cycle) => {
    const [first, second = first] = cycle;
    const rule = byId.get(first ?? "");
    const inhibition = rule?.inhibit.find((one) => one.rule === second);
    if (rule === undefined || inhibition === undefined) return [];
    const { pointer } = inhibition;
    const way = [...cycle.slice(1), first].map((id) => quoted(id)).join(", that one by ");
    const message =
      cycle.length === 1
        ? `The rule ${quoted(first)} mutes itself.`
        : `These rules mute each other in a circle: ${quoted(first)} is muted by ${way}.`;
    const hint = "remove one of the inhibitions, or none of them is ever told";
    return [{ code: "RULE_INHIBIT_CYCLE", message, pointer, hint, ...rule.placeOf(pointer) }];
  });
}
