/** Loads the users file: JSON with comments, that nobody but its owner may read. */
import { readFile, stat } from "node:fs/promises";
import type { AccessDefinition } from "../core/access/definition.ts";
import { failed, messageOf, ok, type Problem, type Result } from "../core/errors.ts";
import { explainIssues, type Place, valueAt } from "./issues.ts";
import { documentBytesMax, isObject, readJsonc } from "./jsonc.ts";
import { childPointer } from "./pointer.ts";
import { quoted, sortProblems } from "./problems.ts";
import { nearest } from "./suggest.ts";
import { shapeUsers, usersShape } from "./users-schema.ts";

export interface ReadUsersOptions {
  /** What only the gateway publishes under: a role that grants it would promise what is not kept. */
  readonly ownTopicPrefix: string;
}

/**
 * Loads a users file. Never throws on what it holds.
 *
 * @param file - Also the name of the file in problems.
 * @returns Every problem at once, in the order of the file; codes begin with `USERS_`.
 */
export async function loadUsers(file: string, options: ReadUsersOptions): Promise<Result<AccessDefinition>> {
  let text: string;
  try {
    const { size, mode } = await stat(file);
    if ((mode & 0o077) !== 0 && process.platform !== "win32") {
      const message = `Others than its owner may read or write the users file (mode ${(mode & 0o777).toString(8).padStart(4, "0")}).`;
      return failed([{ code: "USERS_MODE", message, pointer: "", hint: `chmod 600 ${file}`, file }]);
    }
    if (size > documentBytesMax) {
      const message = `The file has ${size} bytes; at most ${documentBytesMax} are read.`;
      const hint = "some 4,000 users fit; let devices come with certificates, which need no entry here";
      return failed([{ code: "USERS_FILE_LARGE", message, pointer: "", hint, file }]);
    }
    text = await readFile(file, "utf8");
  } catch (error) {
    const message = `The users file cannot be read: ${messageOf(error)}.`;
    const hint = "`holdfast user add <name>` makes one; the gateway's own user must be its owner";
    return failed([{ code: "USERS_FILE_UNREADABLE", message, pointer: "", hint, file }]);
  }
  return readUsers(text, file, options);
}

/** Reads the text of a users file. */
export function readUsers(text: string, file: string, options: ReadUsersOptions): Result<AccessDefinition> {
  const document = readJsonc(text, file, "USERS");
  const placeOf = (pointer: string, part: "key" | "value" = "value"): Place => ({
    file,
    ...document.positionOf(pointer, part),
  });
  const problems: Problem[] = document.problems.map(hinted);
  if (document.value === undefined) return failed(sortProblems(problems));
  const { value } = document;
  const shaped = shapeUsers(value);
  if (!shaped.ok) {
    const about = { area: "USERS", schema: usersShape, root: "", value, placeOf };
    const explained = explainIssues(shaped.issues, { ...about, unsupportedKey: never, isSecret: never });
    problems.push(...explained.map(hinted));
  }
  checkNames(value, (pointer, code, message, hint) => {
    problems.push({ code: `USERS_${code}`, message, pointer, hint, ...placeOf(pointer) });
  });
  checkTopics(value, options, (pointer, code, message, hint) => {
    problems.push({ code: `USERS_${code}`, message, pointer, hint, ...placeOf(pointer) });
  });
  if (!shaped.ok || problems.length > 0) return failed(sortProblems(problems));
  return ok(shaped.value);
}

type Report = (pointer: string, code: string, message: string, hint: string) => void;

function membersAt(value: unknown, pointer: string): [pointer: string, member: unknown][] {
  const holder = valueAt(value, pointer);
  if (!isObject(holder)) return [];
  return Object.entries(holder).map(([key, member]) => [childPointer(pointer, key), member]);
}

function textsAt(value: unknown, pointer: string): [pointer: string, text: string][] {
  const list = valueAt(value, pointer);
  if (!Array.isArray(list)) return [];
  return list.flatMap((one: unknown, index): [string, string][] =>
    typeof one === "string" ? [[childPointer(pointer, index), one]] : [],
  );
}

/** Every role that is named must be there. */
function checkNames(value: unknown, report: Report): void {
  const holder = valueAt(value, "/roles");
  const roles = isObject(holder) ? Object.keys(holder) : [];
  const holders = [...membersAt(value, "/users"), ...membersAt(value, "/claims")];
  const lists = [...holders.map(([pointer]) => `${pointer}/roles`), "/certificateRoles"];
  for (const [pointer, name] of lists.flatMap((list) => textsAt(value, list))) {
    if (roles.includes(name)) continue;
    const meant = nearest(name, roles);
    const known = roles.length === 0 ? 'write it into "roles"' : `roles are ${roles.join(", ")}`;
    const hint = meant === undefined ? known : `did you mean ${JSON.stringify(meant)}?`;
    report(pointer, "ROLE_UNKNOWN", `There is no role ${quoted(name)}.`, hint);
  }
}

/** What no client may do, no role can grant. */
function checkTopics(value: unknown, { ownTopicPrefix }: ReadUsersOptions, report: Report): void {
  for (const [role] of membersAt(value, "/roles")) {
    for (const [pointer, pattern] of textsAt(value, `${role}/publish`)) {
      if (!pattern.startsWith("$") && !pattern.startsWith(ownTopicPrefix)) continue;
      const message = `Clients never publish under ${quoted(pattern)}.`;
      report(pointer, "TOPIC_RESERVED", message, `topics under "$" and "${ownTopicPrefix}" can only be read`);
    }
    for (const list of ["subscribe", "receive"]) {
      for (const [pointer, pattern] of textsAt(value, `${role}/${list}`)) {
        if (!pattern.startsWith("$share")) continue;
        const message = "Shared subscriptions are not supported by this version.";
        report(pointer, "UNSUPPORTED", message, "grant the topic itself, and subscribe to it");
      }
    }
  }
}

/** What to do about problems that have no better hint, by code. */
const usualHints: ReadonlyMap<string, string> = new Map([
  ["USERS_SYNTAX", "the slip is here, or just before"],
  ["USERS_TOO_DEEP", "no users file needs that: look for a bracket too many"],
  ["USERS_KEY_FORBIDDEN", "use another name"],
  ["USERS_NUMBER", "write a number in that range"],
  ["USERS_OBJECT", "write { … }"],
  ["USERS_LIST", "write [ … ]"],
  ["USERS_FLAG", "write true or false"],
]);

function hinted(problem: Problem): Problem {
  if (problem.hint !== undefined) return problem;
  return { ...problem, hint: usualHints.get(problem.code) ?? "write one of these" };
}

function never(): boolean {
  return false;
}
