/** Loads rule files: JSON with comments, one rule or a list of them in each; all or nothing. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { failed, messageOf, ok, type Problem, type Result } from "../core/errors.ts";
import type {
  AggregateDefinition,
  ConditionDefinition,
  RuleDefinition,
  WindowDefinition,
} from "../core/rule/definition.ts";
import { compileTemplate } from "../core/rule/template.ts";
import { explainIssues, type Place } from "./issues.ts";
import { documentBytesMax, isObject, type JsoncDocument, readJsonc } from "./jsonc.ts";
import { childPointer } from "./pointer.ts";
import { compareTexts, quoted, sortProblems } from "./problems.ts";
import { checkRule } from "./rule-checks.ts";
import {
  aggregateOf,
  isUnsupportedRuleKey,
  ruleShape,
  shapeRule,
  type WrittenCondition,
  type WrittenRule,
} from "./rule-schema.ts";
import { nearest } from "./suggest.ts";

/**
 * Loads every `*.json` and `*.jsonc` file of a directory, but `*.schema.json` and names that begin with a dot.
 *
 * A directory that does not exist holds no rules. Never throws on what the files hold.
 *
 * @returns Rules in the order of file names; or every problem of every file, sorted by file, line and
 *   column. Codes begin with `RULE_`, those of annotations with `TEMPLATE_`.
 */
export async function loadRules(directory: string): Promise<Result<RuleDefinition[]>> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return ok([]);
    return failed([unreadable(directory, error)]);
  }
  const wanted = names.filter((name) => /^[^.].*\.jsonc?$/.test(name) && !name.endsWith(".schema.json"));
  const files = await Promise.all(
    wanted.toSorted(compareTexts).map((name) => readRuleFile(join(directory, name))),
  );
  return together(files);
}

/**
 * Reads the rules of one text.
 *
 * @param fileName - Only for the places of problems.
 */
export function parseRuleFile(text: string, fileName: string): Result<RuleDefinition[]> {
  return together([rulesIn(text, fileName)]);
}

/** What one file holds, the wrong beside the right. */
interface RuleFile {
  readonly rules: readonly RuleDefinition[];
  readonly problems: readonly Problem[];
  /** Ids of all its rules, also of those that are wrong otherwise. */
  readonly ids: readonly { readonly id: string; readonly pointer: string; readonly place: Place }[];
}

async function readRuleFile(path: string): Promise<RuleFile> {
  try {
    const { size } = await stat(path);
    if (size <= documentBytesMax) return rulesIn(await readFile(path, "utf8"), path);
    const message = `The file has ${size} bytes; at most ${documentBytesMax} are read.`;
    return { rules: [], ids: [], problems: [{ code: "RULE_FILE_LARGE", message, pointer: "", file: path }] };
  } catch (error) {
    return { rules: [], ids: [], problems: [unreadable(path, error)] };
  }
}

function together(files: readonly RuleFile[]): Result<RuleDefinition[]> {
  const problems = files.flatMap((file) => file.problems);
  const first = new Map<string, Place>();
  for (const { id, pointer, place } of files.flatMap((file) => file.ids)) {
    const other = first.get(id);
    if (other === undefined) {
      first.set(id, place);
      continue;
    }
    const message = `The id ${quoted(id)} already belongs to a rule in ${other.file}:${other.line}.`;
    problems.push({ code: "RULE_ID_TWICE", message, pointer, hint: "give one of them another id", ...place });
  }
  return problems.length > 0 ? failed(sortProblems(problems)) : ok(files.flatMap((file) => file.rules));
}

function rulesIn(text: string, file: string): RuleFile {
  const document = readJsonc(text, file, "RULE");
  const problems: Problem[] = [...document.problems];
  const written = writtenRules(document, problems);
  const rules: RuleDefinition[] = [];
  const ids: { id: string; pointer: string; place: Place }[] = [];
  for (const [pointer, value] of written) {
    const found = problemsOf(value, pointer, document);
    problems.push(...found);
    const shaped = shapeRule(value);
    if (shaped.ok && found.length === 0) rules.push(definitionOf(shaped.value));
    const id = isObject(value) ? value["id"] : undefined;
    if (typeof id !== "string") continue;
    const at = `${pointer}/id`;
    ids.push({ id, pointer: at, place: { file, ...document.positionOf(at) } });
  }
  return { rules, problems, ids };
}

/** The rules of a document with their pointers: itself, or the elements of `rules`. */
function writtenRules(document: JsoncDocument, problems: Problem[]): [pointer: string, value: unknown][] {
  const { value, file } = document;
  if (value === undefined) return [];
  if (!isObject(value) || !Object.hasOwn(value, "rules")) return [["", value]];
  const { rules } = value;
  for (const key of Object.keys(value)) {
    if (["rules", "$schema", "description"].includes(key)) continue;
    const pointer = childPointer("", key);
    const message = `Unknown key ${quoted(key)} beside "rules".`;
    const meant = nearest(key, ["rules", "description"]);
    const hint =
      meant === undefined ? "rules stand in the list, and nothing beside it" : `did you mean "${meant}"?`;
    problems.push({
      code: "RULE_KEY_UNKNOWN",
      message,
      pointer,
      hint,
      file,
      ...document.positionOf(pointer, "key"),
    });
  }
  if (Array.isArray(rules)) return rules.map((rule, index) => [`/rules/${index}`, rule]);
  const place = { file, ...document.positionOf("/rules") };
  const message = `A list of rules is expected here, not ${quoted(rules)}.`;
  problems.push({
    code: "RULE_LIST",
    message,
    pointer: "/rules",
    hint: 'write "rules": [ { … } ]',
    ...place,
  });
  return [];
}

function problemsOf(rule: unknown, root: string, document: JsoncDocument): Problem[] {
  const placeOf = (pointer: string, part: "key" | "value" = "value"): Place => ({
    file: document.file,
    ...document.positionOf(pointer, part),
  });
  const problems: Problem[] = [];
  const shaped = shapeRule(rule);
  if (!shaped.ok) {
    problems.push(
      ...explainIssues(shaped.issues, {
        area: "RULE",
        schema: ruleShape,
        root,
        value: rule,
        placeOf,
        unsupportedKey: (holder, key) => isUnsupportedRuleKey(holder.slice(root.length), key),
        isSecret: () => false,
      }),
    );
  }
  if (!isObject(rule)) return problems;
  checkRule(rule, (pointer, code, message, hint) => {
    problems.push({
      code: code.startsWith("TEMPLATE_") ? code : `RULE_${code}`,
      message,
      pointer: root + pointer,
      ...(hint === "" ? {} : { hint }),
      ...placeOf(root + pointer),
    });
  });
  return problems;
}

function definitionOf(written: WrittenRule): RuleDefinition {
  const { id, description, enabled, source, groupBy, severity, labels, annotations } = written;
  return {
    id,
    description,
    enabled,
    source: { device: listOf(source.device), metric: listOf(source.metric) },
    groupBy,
    window: windowOf(written.window),
    aggregates: written.window.type === "none" ? [] : aggregatesOf(written),
    when: conditionOf(written.when),
    forMs: written.for,
    keepFiringForMs: written.keepFiringFor,
    severity,
    labels,
    annotations,
  };
}

function listOf(written: string | readonly string[]): readonly string[] {
  return typeof written === "string" ? [written] : written;
}

function windowOf(written: WrittenRule["window"]): WindowDefinition {
  const { type, size: sizeMs = 0, every: everyMs, lateness: latenessMs } = written;
  switch (type) {
    case "none":
      return { type, latenessMs };
    case "tumbling":
      return { type, sizeMs, latenessMs };
    case "hopping":
      return { type, sizeMs, everyMs: everyMs ?? sizeMs, latenessMs };
    case "sliding":
      return { type, sizeMs, latenessMs, ...(everyMs === undefined ? {} : { everyMs }) };
  }
}

/** The declared aggregates, and those that a condition or annotation names by their function. */
function aggregatesOf(written: WrittenRule): AggregateDefinition[] {
  const aggregates = new Map<string, AggregateDefinition>();
  const declare = (name: string, word: string): void => {
    const fn = aggregateOf(word);
    if (fn !== undefined && !aggregates.has(name)) aggregates.set(name, { name, fn });
  };
  for (const [name, value] of Object.entries(written.aggregate)) {
    declare(name, typeof value === "string" ? value : value.fn);
  }
  for (const field of fieldsOf(written.when)) declare(field, field);
  for (const text of Object.values(written.annotations)) {
    const template = compileTemplate(text);
    for (const name of template.ok ? template.value.names : []) {
      if (!Object.hasOwn(written.labels, name)) declare(name, name);
    }
  }
  return [...aggregates.values()];
}

function fieldsOf(written: WrittenCondition): string[] {
  const parts = [...(written.all ?? []), ...(written.any ?? []), ...(written.not ? [written.not] : [])];
  return [...(written.field === undefined ? [] : [written.field]), ...parts.flatMap(fieldsOf)];
}

function conditionOf(written: WrittenCondition): ConditionDefinition {
  const { all, any, not, field = "", op = "==", value = 0, clear } = written;
  if (all !== undefined) return { all: all.map(conditionOf) };
  if (any !== undefined) return { any: any.map(conditionOf) };
  if (not !== undefined) return { not: conditionOf(not) };
  if (op === "inside" || op === "outside") {
    return { field, op, value: pairOf(value), ...(clear === undefined ? {} : { clear: pairOf(clear) }) };
  }
  return { field, op, value: numberOf(value), ...(clear === undefined ? {} : { clear: numberOf(clear) }) };
}

function pairOf(value: number | readonly [number, number]): readonly [number, number] {
  return typeof value === "number" ? [value, value] : value;
}

function numberOf(value: number | readonly [number, number]): number {
  return typeof value === "number" ? value : value[0];
}

function unreadable(file: string, error: unknown): Problem {
  const message = `This cannot be read: ${messageOf(error)}.`;
  return { code: "RULE_FILE_UNREADABLE", message, pointer: "", file, hint: "check the permissions" };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
