/** Loads device profiles: JSON with comments, one in each file; a wrong one is refused, and the others load. */
import { basename, dirname, relative, resolve, sep } from "node:path";
import type { CodecName } from "../core/decode.ts";
import { failed, ok, type Problem, type Result } from "../core/errors.ts";
import type { DeviceProfile } from "../core/profile.ts";
import type { ExpressionCompiler } from "../core/rule/expression.ts";
import { explainIssues, type Place } from "./issues.ts";
import { emptyObject, isObject, type JsonObject, readJsonc } from "./jsonc.ts";
import { quoted, sortProblems } from "./problems.ts";
import { checkProfile } from "./profile-checks.ts";
import { profileDefinition } from "./profile-definition.ts";
import { filesAt, linesMax, textOf } from "./profile-files.ts";
import { type OrderedProfiles, orderProfiles } from "./profile-order.ts";
import { readProfileRules } from "./profile-rules.ts";
import { profileShape, shapeProfile } from "./profile-schema.ts";
import type { RelatedRule } from "./rule-relations.ts";
import { expressionsFor, type LoadedRule } from "./rules.ts";

/** How profiles are read. */
export interface ReadProfilesOptions {
  /** The codecs that there are. */
  readonly codecs: readonly CodecName[];
  /** Files are named relative to this directory in problems. Default: as their directory was named. */
  readonly shownFrom?: string;
  /** Below which the gateway publishes itself, so that no rule does. Default: `holdfast/`. */
  readonly ownTopicPrefix?: string;
}

/** How one text is read. */
export interface ReadProfileOptions extends ReadProfilesOptions {
  readonly id: string;
  /** Where the text stands. Default: as it is called in problems. */
  readonly path?: string;
  /** Without it expressions in rules are refused. */
  readonly expressions?: ExpressionCompiler | undefined;
}

/** How profiles are loaded. */
export interface LoadProfilesOptions extends ReadProfilesOptions {
  /** Loads the compiler of expressions; called at most once, and only when some rule holds an `expr`. */
  readonly expressions?: () => Promise<ExpressionCompiler>;
  /** Looks further at a profile that was read; one with problems is refused. */
  readonly verify?: (file: ProfileFile) => Promise<readonly Problem[]>;
  /** What was in force before: a file that is wrong now gives way to what it was then. */
  readonly inForce?: readonly ProfileFile[];
}

/** A profile with its file. */
export interface ProfileFile {
  readonly profile: DeviceProfile;
  /** Its rules, also those that are not enabled. */
  readonly rules: readonly LoadedRule[];
  /** What rules elsewhere may have to do with. */
  readonly related: readonly RelatedRule[];
  /** As problems name it. */
  readonly file: string;
  /** Absolute. */
  readonly path: string;
  /** Where a value of the profile stands. */
  placeOf(pointer: string): Place;
}

/** What directories hold. */
export interface LoadedProfiles {
  /** In the order in which topics are to be looked up: a narrower claim before a wider one. */
  readonly profiles: readonly DeviceProfile[];
  /** The same with their files. */
  readonly files: readonly ProfileFile[];
  /** Of files that were refused, sorted by file, line and column. Codes begin with `PROFILE_`, those of rules with `RULE_` or `TEMPLATE_`. */
  readonly problems: readonly Problem[];
  /** Ids of profiles that are not in force because their files were refused. */
  readonly refused: readonly string[];
}

/**
 * Loads profiles from directories and files.
 *
 * Of a directory it takes every `*.json` below it, but `*.schema.json` and names that begin with a dot.
 * Never throws on what the files hold. Of two profiles that cannot stand together, the one of the earlier
 * path stays.
 *
 * @param paths - Directories and files.
 */
export async function loadProfiles(
  paths: readonly string[],
  options: LoadProfilesOptions,
): Promise<LoadedProfiles> {
  const { inForce = [] } = options;
  const problems: Problem[] = [];
  const candidates: ProfileFile[] = [];
  const refused = new Set<string>();
  for (const [path, read] of await readFiles(paths, options)) {
    const before = inForce.filter((one) => one.path === path || isBelow(path, one.path));
    const verified = read.ok ? await verify(read.value, options) : read.problems;
    problems.push(...verified);
    if (read.ok && verified.length === 0) candidates.push(read.value);
    else if (before.length > 0) candidates.push(...before);
    else refused.add(idOf(path));
  }
  const together = orderKeeping(candidates, inForce);
  const files = together.files;
  for (const { profile } of candidates) refused.add(profile.id);
  for (const { profile } of files) refused.delete(profile.id);
  return {
    profiles: files.map(({ profile }) => profile),
    files,
    problems: sortProblems([...problems, ...together.problems]),
    refused: [...refused],
  };
}

/** Orders profiles; one that cannot stand beside the others gives way to what its file was before. */
function orderKeeping(candidates: readonly ProfileFile[], inForce: readonly ProfileFile[]): OrderedProfiles {
  const ordered = orderProfiles(candidates);
  const accepted = new Set(ordered.files);
  let changed = false;
  const restored = candidates.map((candidate) => {
    const before = inForce.find(({ path }) => path === candidate.path);
    if (accepted.has(candidate) || before === undefined || before === candidate) return candidate;
    changed = true;
    return before;
  });
  if (!changed) return ordered;
  // Each file is put back at most once, so this ends.
  const again = orderKeeping(restored, inForce);
  const known = new Set(ordered.problems.map(({ file }) => file));
  return {
    ...again,
    problems: [...ordered.problems, ...again.problems.filter(({ file }) => !known.has(file))],
  };
}

async function verify(file: ProfileFile, { verify: look }: LoadProfilesOptions): Promise<readonly Problem[]> {
  return (await look?.(file)) ?? [];
}

/** Every file with what it holds, by its absolute path; a directory that cannot be read stands for its files. */
async function readFiles(
  paths: readonly string[],
  options: LoadProfilesOptions,
): Promise<ReadonlyMap<string, Result<ProfileFile>>> {
  const read = new Map<string, Result<ProfileFile>>();
  const found = await Promise.all(paths.map((path) => filesAt(path, shown(path, options))));
  const files = new Map<string, string>();
  for (const [index, { files: names, problems }] of found.entries()) {
    if (problems.length > 0) read.set(resolve(paths[index]!), failed(problems));
    for (const path of names) files.set(resolve(path), path);
  }
  const texts = await Promise.all(
    Array.from(files, async ([full, path]) => [full, path, await textOf(path)] as const),
  );
  const written = texts.map(([, , text]) => (typeof text === "string" ? text : ""));
  const expressions = await expressionsFor(written, options);
  for (const [full, path, text] of texts) {
    const name = shown(path, options);
    const one =
      typeof text === "string"
        ? readProfile(text, name, { ...options, expressions, id: idOf(path), path: full })
        : failed<ProfileFile>([{ ...text, file: name }]);
    read.set(full, one);
  }
  return read;
}

function isBelow(directory: string, path: string): boolean {
  return path.startsWith(`${directory}${sep}`);
}

/**
 * Reads one profile.
 *
 * @param file - Only for the places of problems.
 */
export function readProfile(text: string, file: string, options: ReadProfileOptions): Result<ProfileFile> {
  const { id, path = file, expressions, ownTopicPrefix = "holdfast/" } = options;
  const document = readJsonc(text, file, "PROFILE");
  const placeOf = (pointer: string, part: "key" | "value" = "value"): Place => ({
    file,
    ...document.positionOf(pointer, part),
  });
  const problems: Problem[] = [...document.problems];
  const report = (pointer: string, code: string, message: string, hint: string): void => {
    problems.push({ code: `PROFILE_${code}`, message, pointer, hint, ...placeOf(pointer) });
  };
  checkFile(text, file, id, problems);
  if (document.value === undefined) return failed(sortProblems(problems.map(hinted)));
  const value = inFull(document.value);
  const shaped = shapeProfile(value);
  if (!shaped.ok) {
    const about = { area: "PROFILE", schema: profileShape, root: "", value, placeOf };
    problems.push(...explainIssues(shaped.issues, { ...about, unsupportedKey: never, isSecret: never }));
  }
  if (isObject(value)) checkProfile(value, options.codecs, report);
  const written = isObject(value) ? value["rules"] : undefined;
  const { rules, related, ...wrong } = readProfileRules(written, {
    id,
    text,
    document,
    expressions,
    ownTopicPrefix,
  });
  problems.push(...wrong.problems);
  const codec = shaped.ok ? options.codecs.find((name) => name === shaped.value.codec) : undefined;
  if (!shaped.ok || codec === undefined || problems.length > 0) {
    return failed(sortProblems(problems.map(hinted)));
  }
  const profile = profileDefinition(shaped.value, id, codec);
  return ok({ profile, rules, related, file, path, placeOf });
}

/** The id of the profile in a file: its directory and its name. */
function idOf(path: string): string {
  const full = resolve(path);
  return `${basename(dirname(full))}/${basename(full, ".json")}`;
}

function checkFile(text: string, file: string, id: string, problems: Problem[]): void {
  const report = (code: string, line: number, message: string, hint: string): void => {
    problems.push({ code: `PROFILE_${code}`, message, pointer: "", hint, file, line, column: 1 });
  };
  const lines = text.replace(/(?:\r\n|\r|\n)$/, "").split(/\r\n|\r|\n/).length;
  if (lines > linesMax) {
    report(
      "LINES",
      linesMax + 1,
      `The profile has ${lines} lines.`,
      `at most ${linesMax}: one model in each file`,
    );
  }
  if (!/^[a-z0-9][a-z0-9-]{0,63}\/[a-z0-9][a-z0-9-]{0,63}$/.test(id)) {
    const message = `${quoted(id)} cannot be the id of a profile.`;
    report("ID", 1, message, "name the file <vendor>/<model>.json in lower case, with digits and dashes");
  }
}

/** The profile with every metric in its full form: `"temperature"` is `{ "preset": "temperature" }`. */
function inFull(value: unknown): unknown {
  const metrics = isObject(value) ? value["metrics"] : undefined;
  if (!isObject(value) || !isObject(metrics)) return value;
  const full: JsonObject = emptyObject();
  for (const [name, metric] of Object.entries(metrics)) {
    full[name] = typeof metric === "string" ? { preset: metric } : metric;
  }
  return Object.assign(emptyObject(), value, { metrics: full });
}

/** What to do about problems that have no better hint, by code. */
const usualHints: ReadonlyMap<string, string> = new Map([
  ["PROFILE_SYNTAX", "the slip is here, or just before"],
  ["PROFILE_TOO_DEEP", "no profile needs that: look for a bracket too many"],
  ["PROFILE_KEY_FORBIDDEN", "use another name"],
  ["PROFILE_NUMBER", "write a number in that range"],
  ["PROFILE_OBJECT", "write { … }"],
  ["PROFILE_LIST", "write [ … ]"],
]);

function hinted(problem: Problem): Problem {
  if (problem.hint !== undefined) return problem;
  return { ...problem, hint: usualHints.get(problem.code) ?? "write one of these" };
}

function never(): boolean {
  return false;
}

function shown(path: string, { shownFrom }: ReadProfilesOptions): string {
  if (shownFrom === undefined) return path;
  const short = relative(shownFrom, resolve(shownFrom, path));
  return short !== "" && short.length < path.length ? short : path;
}
