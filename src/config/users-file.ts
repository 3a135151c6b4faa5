/** Changes a users file: checked before and after, replaced in one step, one change at a time. */
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { AccessDefinition } from "../core/access/definition.ts";
import type { UsersEdit } from "../core/access/enrolment.ts";
import { AppError, failed, messageOf, ok, type Result } from "../core/errors.ts";
import { usersEditWaitMs } from "../core/limits.ts";
import { documentBytesMax } from "./jsonc.ts";
import { freshUsersFile, withValue } from "./users-edit.ts";
import { readUsers, type ReadUsersOptions } from "./users.ts";

/** How often is tried whether another edit is done. */
const lookEveryMs = 20;

/** A lock this old was left behind: whoever held it is gone, or its number is another process's now. */
const staleAfterMs = 60_000;

/** What a users file says, and the text in which it does. */
export interface UsersText {
  readonly text: string;
  readonly definition: AccessDefinition;
}

/**
 * Reads a users file for an edit; one that is not there begins as usual.
 *
 * @throws AppError `USERS_READ`.
 */
export async function readUsersText(path: string, options: ReadUsersOptions): Promise<Result<UsersText>> {
  let text = freshUsersFile;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (!messageOf(error).startsWith("ENOENT")) {
      throw new AppError("USERS_READ", "operator", `${path} cannot be read.`, { cause: error });
    }
  }
  const read = readUsers(text, path, options);
  return read.ok ? ok({ text, definition: read.value }) : failed(read.problems);
}

/**
 * Reads a users file, changes it and writes it, while nobody else does: gateway and commands wait for one another.
 * When the promise resolves, the new file is on disk whole; before, the old one is.
 *
 * @returns What the file says then; or what is wrong with it before or after, and nothing is written.
 * @throws AppError `USERS_READ`, `USERS_WRITE`, or `USERS_BUSY` when somebody else takes too long.
 */
export async function editUsersFile(
  path: string,
  options: ReadUsersOptions,
  makeEdits: (definition: AccessDefinition) => readonly UsersEdit[],
): Promise<Result<AccessDefinition>> {
  const lock = `${path}.lock`;
  await takeLock(lock, path);
  try {
    const before = await readUsersText(path, options);
    if (!before.ok) return failed(before.problems);
    const edits = makeEdits(before.value.definition);
    if (edits.length === 0) return ok(before.value.definition);
    const text = edits.reduce((now, edit) => withValue(now, edit.path, edit.value), before.value.text);
    const after = readUsers(text, path, options);
    if (!after.ok) return after;
    if (Buffer.byteLength(text) > documentBytesMax) throw tooLarge(path);
    await replaceFile(path, text);
    return after;
  } finally {
    await rm(lock, { force: true });
  }
}

async function takeLock(lock: string, path: string): Promise<void> {
  const startedMs = performance.now();
  for (;;) {
    try {
      const handle = await open(lock, "wx", 0o600);
      await handle.writeFile(String(process.pid));
      await handle.close();
      return;
    } catch (cause) {
      if (!messageOf(cause).startsWith("EEXIST")) throw unwritable(path, cause);
    }
    if (await isLeftBehind(lock)) await rm(lock, { force: true });
    else if (performance.now() - startedMs > usersEditWaitMs) {
      const hint = `If nothing else edits it, remove ${lock}.`;
      throw new AppError("USERS_BUSY", "transient", `${path} is being edited by somebody else.`, { hint });
    } else await delay(lookEveryMs);
  }
}

/** Whoever took the lock died with it: a power cut in the middle of an edit. */
async function isLeftBehind(lock: string): Promise<boolean> {
  try {
    const [written, { mtimeMs }] = await Promise.all([readFile(lock, "utf8"), stat(lock)]);
    const ageMs = Date.now() - mtimeMs;
    if (Math.abs(ageMs) > staleAfterMs) return true;
    // It has been made, and its owner is about to write who it is.
    return written !== "" && !isAlive(Number(written));
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of somebody else is one, too.
    return messageOf(error).includes("EPERM");
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const next = `${path}.${process.pid}.new`;
  try {
    const handle = await open(next, "w", 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(next, path);
    // The name has to be on disk as well as the contents.
    const directory = await open(dirname(path), "r");
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  } catch (cause) {
    await rm(next, { force: true });
    throw unwritable(path, cause);
  }
}

function unwritable(path: string, cause: unknown): AppError {
  const hint = "Run the command as the owner of the file; its directory has to be writable.";
  return new AppError("USERS_WRITE", "operator", `${path} cannot be written.`, { hint, cause });
}

function tooLarge(path: string): AppError {
  const hint = "Remove users and claims that are not needed, or let devices come with certificates.";
  const message = `${path} would have more than ${documentBytesMax} bytes.`;
  return new AppError("USERS_WRITE", "operator", message, { hint });
}
