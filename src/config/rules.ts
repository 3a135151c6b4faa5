/** Loads rule files: JSON with comments, one rule or a list of them in each; all or nothing. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { failed, messageOf, ok, type Problem, type Result } from "../core/errors.ts";
import type { RuleDefinition } from "../core/rule/definition.ts";
import type { ExpressionCompiler } from "../core/rule/expression.ts";
import type { RuleTest } from "../core/rule/rule-test.ts";
import type { Place } from "./issues.ts";
import { documentBytesMax, isObject, type JsoncDocument, readJsonc } from "./jsonc.ts";
import { childPointer } from "./pointer.ts";
import { compareTexts, quoted, sortProblems } from "./problems.ts";
import { checkRule, type RuleSurroundings } from "./rule-checks.ts";
import { definitionOf } from "./rule-definition.ts";
import { explainRuleIssues, hinted } from "./rule-issues.ts";
import { namesOf } from "./rule-names.ts";
import { placeInText } from "./rule-places.ts";
import { type RelatedRule, relatedRule, relationProblems } from "./rule-relations.ts";
import { ruleShape, shapeRule } from "./rule-schema.ts";
import { parseRuleTests } from "./rule-tests.ts";
import { nearest } from "./suggest.ts";
import type { RuleReport } from "./window-checks.ts";

/** A rule that was read, with the tests that stand beside it. */
export interface LoadedRule {
  readonly definition: RuleDefinition;
  readonly tests: readonly RuleTest[];
  /** The file it came from. */
  readonly file: string;
  /** JSON pointer to the rule in its file. */
  readonly pointer: string;
}

/** How rules are read. */
export interface ReadRulesOptions {
  /** Loads the compiler of expressions; called at most once, and only when some rule holds an `expr`. */
  readonly expressions?: () => Promise<ExpressionCompiler>;
  /** Below which the gateway publishes itself, so that no action does. Default: `holdfast/`. */
  readonly ownTopicPrefix?: string;
  /** Rules that are in force beside them unless one of them has the same id: those of device profiles. */
  readonly beside?: readonly RelatedRule[];
  /** Whether a rule that is not known may exist all the same: the profile that it comes with is wrong just now. */
  readonly mayExist?: (id: string) => boolean;
}

/** What reading one text needs. */
export interface Reading extends RuleSurroundings {
  readonly text: string;
}

/**
 * Loads every `*.json` and `*.jsonc` file of a directory, but `*.schema.json` and names that begin with a dot.
 *
 * A directory that does not exist holds no rules. Never throws on what the files hold.
 *
 * @returns Rules in the order of file names; or every problem of every file, sorted by file, line and
 *   column. Codes begin with `RULE_`, those of templates with `TEMPLATE_`.
 */
export async function loadRules(
  directory: string,
  options: ReadRulesOptions = {},
): Promise<Result<LoadedRule[]>> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return ok([]);
    return failed([unreadable(directory, error)]);
  }
  const wanted = names.filter((name) => /^[^.].*\.jsonc?$/.test(name) && !name.endsWith(".schema.json"));
  const texts = await Promise.all(
    wanted.toSorted(compareTexts).map((name) => readText(join(directory, name))),
  );
  const expressions = await expressionsFor(
    texts.map(({ text = "" }) => text),
    options,
  );
  return together(
    texts.map(({ file, text, problem }) =>
      text === undefined
        ? { rules: [], related: [], problems: problem === undefined ? [] : [problem] }
        : rulesIn(text, file, expressions, options),
    ),
    options,
  );
}

/**
 * Reads the rules of one text.
 *
 * @param fileName - Only for the places of problems.
 */
export async function readRuleFile(
  text: string,
  fileName: string,
  options: ReadRulesOptions = {},
): Promise<Result<LoadedRule[]>> {
  return together([rulesIn(text, fileName, await expressionsFor([text], options), options)], options);
}

/**
 * Reads the rules of one text, where the compiler of expressions is at hand, or none is wanted: then
 * expressions are refused.
 *
 * @param fileName - Only for the places of problems.
 */
export function parseRuleFile(
  text: string,
  fileName: string,
  options: { readonly expressions?: ExpressionCompiler; readonly ownTopicPrefix?: string } = {},
): Result<LoadedRule[]> {
  return together([rulesIn(text, fileName, options.expressions, options)]);
}

/** The compiler of expressions, when a text may hold one; nothing otherwise. */
export async function expressionsFor(
  texts: readonly string[],
  { expressions }: Pick<ReadRulesOptions, "expressions">,
): Promise<ExpressionCompiler | undefined> {
  // A key can also be written with escapes; then its first backslash gives it away.
  const needed = texts.some((text) => text.includes('"expr"') || /"[^"\s:]*\\u[^":]*"\s*:/.test(text));
  return needed ? await expressions?.() : undefined;
}

/** What one file holds, the wrong beside the right. */
interface RuleFile {
  readonly rules: readonly LoadedRule[];
  readonly problems: readonly Problem[];
  /** All its rules, also those that are wrong otherwise. */
  readonly related: readonly RelatedRule[];
}

/** The text of a file, or why it has none. */
interface ReadText {
  readonly file: string;
  readonly text?: string;
  readonly problem?: Problem;
}

async function readText(file: string): Promise<ReadText> {
  try {
    const { size } = await stat(file);
    if (size <= documentBytesMax) return { file, text: await readFile(file, "utf8") };
    const message = `The file has ${size} bytes; at most ${documentBytesMax} are read.`;
    return { file, problem: { code: "RULE_FILE_LARGE", message, pointer: "", hint: "split it", file } };
  } catch (error) {
    return { file, problem: unreadable(file, error) };
  }
}

function together(
  files: readonly RuleFile[],
  { beside = [], mayExist }: Pick<ReadRulesOptions, "beside" | "mayExist"> = {},
): Result<LoadedRule[]> {
  const problems = [
    ...files.flatMap((file) => file.problems),
    ...relationProblems(
      files.flatMap((file) => file.related),
      beside,
      mayExist,
    ),
  ];
  return problems.length > 0 ? failed(sortProblems(problems)) : ok(files.flatMap((file) => file.rules));
}

function rulesIn(
  text: string,
  file: string,
  expressions: ExpressionCompiler | undefined,
  { ownTopicPrefix = "holdfast/" }: { readonly ownTopicPrefix?: string },
): RuleFile {
  const document = readJsonc(text, file, "RULE");
  const problems = document.problems.map(hinted);
  const written = writtenRules(document, problems);
  const rules: LoadedRule[] = [];
  const related: RelatedRule[] = [];
  for (const [pointer, value] of written) {
    const read = readRule(value, pointer, document, { text, expressions, ownTopicPrefix });
    problems.push(...read.problems);
    if (read.rule !== undefined) rules.push(read.rule);
    const one = relatedRule(value, pointer, (at) => ({ file, ...document.positionOf(at) }));
    if (one !== undefined) related.push(one);
  }
  return { rules, problems, related };
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

/** A rule as far as it can be read. */
export interface ReadRule {
  readonly rule: LoadedRule | undefined;
  readonly problems: readonly Problem[];
}

/**
 * Reads one rule of a document.
 *
 * @param value - As it stands in the document, or with parts filled in; places are those of the document.
 * @param root - Pointer to it.
 */
export function readRule(value: unknown, root: string, document: JsoncDocument, reading: Reading): ReadRule {
  const placeOf = (pointer: string, part: "key" | "value" = "value"): Place => ({
    file: document.file,
    ...document.positionOf(pointer, part),
  });
  const problems: Problem[] = [];
  const shaped = shapeRule(value);
  if (!shaped.ok) {
    problems.push(...explainRuleIssues(shaped.issues, { schema: ruleShape, root, value, placeOf }));
  }
  if (!isObject(value)) return { rule: undefined, problems };
  const report: RuleReport = (pointer, code, message, hint, offset) => {
    const place = placeOf(pointer, code.startsWith("KEY_UNKNOWN") ? "key" : "value");
    const problem = {
      code: code.startsWith("TEMPLATE_") ? code : `RULE_${code}`,
      message,
      pointer,
      ...(hint === "" ? {} : { hint }),
      ...place,
      ...(offset === undefined ? {} : placeInText(reading.text, document.positionOf(pointer), offset)),
    };
    problems.push(hinted(problem));
  };
  checkRule(value, reading, (pointer, ...problem) => report(root + pointer, ...problem));
  const tests = parseRuleTests(value["tests"], `${root}/tests`, report);
  if (!shaped.ok || problems.length > 0) return { rule: undefined, problems };
  const definition = definitionOf(shaped.value, namesOf(value), reading.expressions);
  return { rule: { definition, tests, file: document.file, pointer: root }, problems };
}

function unreadable(file: string, error: unknown): Problem {
  const message = `This cannot be read: ${messageOf(error)}.`;
  return { code: "RULE_FILE_UNREADABLE", message, pointer: "", file, hint: "check the permissions" };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
