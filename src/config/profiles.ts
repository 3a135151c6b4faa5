/** Loads device profiles: JSON with comments, one in each file; a wrong one is refused, and the others load. */
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { CodecName } from "../core/decode.ts";
import { failed, messageOf, ok, type Problem, type Result } from "../core/errors.ts";
import type { DeviceProfile } from "../core/profile.ts";
import { explainIssues, type Place } from "./issues.ts";
import { documentBytesMax, emptyObject, isObject, type JsonObject, readJsonc } from "./jsonc.ts";
import { compareTexts, quoted, sortProblems } from "./problems.ts";
import { checkProfile } from "./profile-checks.ts";
import { profileDefinition } from "./profile-definition.ts";
import { orderProfiles } from "./profile-order.ts";
import { profileShape, shapeProfile } from "./profile-schema.ts";

/** Lines of a profile: more of them are code in disguise. */
const linesMax = 150;

/** How profiles are read. */
export interface ReadProfilesOptions {
  /** The codecs that there are. */
  readonly codecs: readonly CodecName[];
  /** Files are named relative to this directory in problems. Default: as their directory was named. */
  readonly shownFrom?: string;
}

/** A profile with its file. */
export interface ProfileFile {
  readonly profile: DeviceProfile;
  /** As problems name it. */
  readonly file: string;
  /** Where a value of the profile stands. */
  placeOf(pointer: string): Place;
}

/** What directories hold. */
export interface LoadedProfiles {
  /** In the order in which topics are to be looked up: a narrower filter before a wider one. */
  readonly profiles: readonly DeviceProfile[];
  /** The same with their files. */
  readonly files: readonly ProfileFile[];
  /** Of files that were refused, sorted by file, line and column. Codes begin with `PROFILE_`. */
  readonly problems: readonly Problem[];
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
  options: ReadProfilesOptions,
): Promise<LoadedProfiles> {
  const problems: Problem[] = [];
  const candidates: ProfileFile[] = [];
  const found = await Promise.all(paths.map((path) => filesAt(path, shown(path, options))));
  const files = found.flatMap((list) => list.files);
  problems.push(...found.flatMap((list) => list.problems));
  const unique = [...new Map(files.map((path) => [resolve(path), path])).values()];
  for (const [path, text] of await Promise.all(
    unique.map(async (one) => [one, await textOf(one)] as const),
  )) {
    const name = shown(path, options);
    if (typeof text !== "string") {
      problems.push({ ...text, file: name });
      continue;
    }
    const read = readProfile(text, name, { ...options, id: idOf(path) });
    if (read.ok) candidates.push(read.value);
    else problems.push(...read.problems);
  }
  const ordered = orderProfiles(candidates);
  problems.push(...ordered.problems);
  return {
    profiles: ordered.files.map(({ profile }) => profile),
    files: ordered.files,
    problems: sortProblems(problems),
  };
}

/**
 * Reads one profile.
 *
 * @param file - Only for the places of problems.
 */
export function readProfile(
  text: string,
  file: string,
  options: ReadProfilesOptions & { readonly id: string },
): Result<ProfileFile> {
  const document = readJsonc(text, file, "PROFILE");
  const placeOf = (pointer: string, part: "key" | "value" = "value"): Place => ({
    file,
    ...document.positionOf(pointer, part),
  });
  const problems: Problem[] = [...document.problems];
  const report = (pointer: string, code: string, message: string, hint: string): void => {
    problems.push({ code: `PROFILE_${code}`, message, pointer, hint, ...placeOf(pointer) });
  };
  checkFile(text, file, options.id, problems);
  if (document.value === undefined) return failed(sortProblems(problems.map(hinted)));
  const value = inFull(document.value);
  const shaped = shapeProfile(value);
  if (!shaped.ok) {
    const about = { area: "PROFILE", schema: profileShape, root: "", value, placeOf };
    problems.push(...explainIssues(shaped.issues, { ...about, unsupportedKey: never, isSecret: never }));
  }
  if (isObject(value)) checkProfile(value, options.codecs, report);
  const codec = shaped.ok ? options.codecs.find((name) => name === shaped.value.codec) : undefined;
  if (!shaped.ok || codec === undefined || problems.length > 0) {
    return failed(sortProblems(problems.map(hinted)));
  }
  return ok({ profile: profileDefinition(shaped.value, options.id, codec), file, placeOf });
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

interface FoundFiles {
  readonly files: readonly string[];
  readonly problems: readonly Problem[];
}

async function filesAt(path: string, name: string): Promise<FoundFiles> {
  try {
    if (!(await stat(path)).isDirectory()) return { files: [path], problems: [] };
    const names = await readdir(path, { recursive: true });
    const wanted = names.filter(
      (one) => one.endsWith(".json") && !one.endsWith(".schema.json") && !/(?:^|[/\\])\./.test(one),
    );
    return { files: wanted.toSorted(compareTexts).map((one) => join(path, one)), problems: [] };
  } catch (error) {
    return { files: [], problems: [{ ...unreadable(error), file: name }] };
  }
}

async function textOf(path: string): Promise<string | Problem> {
  try {
    const { size } = await stat(path);
    if (size <= documentBytesMax) return await readFile(path, "utf8");
    const message = `The file has ${size} bytes; at most ${documentBytesMax} are read.`;
    return {
      code: "PROFILE_FILE_LARGE",
      message,
      pointer: "",
      hint: `a profile has at most ${linesMax} lines`,
    };
  } catch (error) {
    return unreadable(error);
  }
}

function unreadable(error: unknown): Problem {
  const message = `This cannot be read: ${messageOf(error)}.`;
  const hint = "name directories and files that exist and may be read";
  return { code: "PROFILE_FILE_UNREADABLE", message, pointer: "", hint };
}
