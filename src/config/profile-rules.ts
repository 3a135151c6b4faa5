/**
 * The rules that come with a device profile: as in rule files, but that they are about the devices of the profile
 * unless they say otherwise, and that their ids begin with its name.
 */
import type { Problem } from "../core/errors.ts";
import type { ExpressionCompiler } from "../core/rule/expression.ts";
import type { RuleTest } from "../core/rule/rule-test.ts";
import { isObject, type JsoncDocument, type JsonObject } from "./jsonc.ts";
import { quoted } from "./problems.ts";
import { type RelatedRule, relatedRule, relationProblems } from "./rule-relations.ts";
import { type LoadedRule, readRule } from "./rules.ts";

/** Rules of one profile: more of them belong to an installation, not to a device. */
export const profileRulesMax = 16;

/** What ids of rules in a profile begin with: `sensirion-scd30-` for `sensirion/scd30`. */
export function ruleIdPrefix(profileId: string): string {
  return `${profileId.replace("/", "-")}-`;
}

/** The rules of a profile as far as they can be read. */
export interface ProfileRules {
  readonly rules: readonly LoadedRule[];
  /** What rules elsewhere may have to do with. */
  readonly related: readonly RelatedRule[];
  /** Codes begin with `RULE_` and `TEMPLATE_`, as in rule files. */
  readonly problems: readonly Problem[];
}

/** What reading them needs. */
export interface ProfileRuleReading {
  /** Of the profile. */
  readonly id: string;
  readonly text: string;
  readonly document: JsoncDocument;
  readonly expressions: ExpressionCompiler | undefined;
  readonly ownTopicPrefix: string;
}

/** Reads the value of `rules`; what is no list, or too long a one, is the matter of the profile's schema. */
export function readProfileRules(written: unknown, reading: ProfileRuleReading): ProfileRules {
  const { id: profile, document, text, expressions, ownTopicPrefix } = reading;
  const rules: LoadedRule[] = [];
  const related: RelatedRule[] = [];
  const problems: Problem[] = [];
  const listed: readonly unknown[] =
    Array.isArray(written) && written.length <= profileRulesMax ? written : [];
  for (const [index, value] of listed.entries()) {
    const pointer = `/rules/${index}`;
    const placeOf = (at: string) => ({ file: document.file, ...document.positionOf(at) });
    const read = readRule(ofProfile(value, profile), pointer, document, {
      text,
      expressions,
      ownTopicPrefix,
    });
    problems.push(...read.problems);
    const one = relatedRule(value, pointer, placeOf);
    if (one !== undefined) {
      related.push(one);
      problems.push(...prefixProblems(one, profile));
    }
    if (read.rule === undefined) continue;
    const tests = read.rule.tests.map((test) => testOfProfile(test, profile));
    rules.push({ ...read.rule, definition: { ...read.rule.definition, fromProfile: profile }, tests });
  }
  return { rules, related, problems: [...problems, ...relationProblems(related)] };
}

function prefixProblems({ id, pointer: root, placeOf }: RelatedRule, profile: string): readonly Problem[] {
  const prefix = ruleIdPrefix(profile);
  if (id.startsWith(prefix) && id.length > prefix.length) return [];
  const pointer = `${root}/id`;
  const message = `The id ${quoted(id)} does not begin with the name of the profile.`;
  const hint = `write "${prefix}${id}", so that no rule elsewhere has it`;
  return [{ code: "RULE_ID_PREFIX", message, pointer, hint, ...placeOf(pointer) }];
}

/** The rule with the profile in each source that names none. */
function ofProfile(rule: unknown, profile: string): unknown {
  if (!isObject(rule)) return rule;
  const { source, sources } = rule;
  return {
    ...rule,
    ...(isObject(source) ? { source: sourceOf(source, profile) } : {}),
    ...(isObject(sources) ? { sources: sidesOf(sources, profile) } : {}),
  };
}

function sourceOf(source: JsonObject, profile: string): JsonObject {
  return Object.hasOwn(source, "profile") ? source : { ...source, profile };
}

function sidesOf(sources: JsonObject, profile: string): JsonObject {
  const sides = Object.entries(sources);
  return Object.fromEntries(
    sides.map(([name, side]) => [name, isObject(side) ? sourceOf(side, profile) : side]),
  );
}

function testOfProfile(test: RuleTest, profile: string): RuleTest {
  return { ...test, input: test.input.map((series) => ({ profile, ...series })) };
}
