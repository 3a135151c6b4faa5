/** The users file as commands edit it: checked before and after, and replaced in one step. */
import { open, readFile, rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { freshUsersFile, withValue } from "../../config/users-edit.ts";
import { readUsers } from "../../config/users.ts";
import type { AccessDefinition } from "../../core/access/definition.ts";
import { AppError, failed, messageOf, ok, type Result } from "../../core/errors.ts";
import type { CommandContext } from "../context.ts";
import { loadConfiguration } from "../setup.ts";

/** How a command names the file. */
export interface UsersFileOptions {
  /** The file itself; it need not exist. */
  readonly file?: string;
  /** A configuration that names it. */
  readonly config?: string;
}

/** What stands where a configuration says nothing else. */
const usualPrefix = "holdfast/";

/** A change of one value; `undefined` removes it. */
export interface UsersEdit {
  readonly path: readonly string[];
  readonly value: unknown;
}

export class UsersFile {
  readonly path: string;
  readonly definition: AccessDefinition;
  readonly #text: string;
  readonly #ownTopicPrefix: string;

  constructor(path: string, text: string, parts: { definition: AccessDefinition; ownTopicPrefix: string }) {
    this.path = path;
    this.definition = parts.definition;
    this.#text = text;
    this.#ownTopicPrefix = parts.ownTopicPrefix;
  }

  /**
   * Writes the file with some changes; a gateway that runs takes them into use by itself.
   *
   * @returns What would be wrong with it then; nothing is written in that case.
   * @throws AppError `USERS_WRITE`.
   */
  async write(edits: readonly UsersEdit[]): Promise<Result<void>> {
    const text = edits.reduce((before, { path, value }) => withValue(before, path, value), this.#text);
    const read = readUsers(text, this.path, { ownTopicPrefix: this.#ownTopicPrefix });
    if (!read.ok) return failed(read.problems);
    const next = `${this.path}.${process.pid}.new`;
    try {
      const handle = await open(next, "w", 0o600);
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(next, this.path);
    } catch (cause) {
      await rm(next, { force: true });
      const hint = "Run the command as the owner of the file.";
      throw new AppError("USERS_WRITE", "operator", `${this.path} cannot be written.`, { hint, cause });
    }
    return ok(undefined);
  }
}

/**
 * Opens the file that the options name.
 *
 * @throws AppError `CLI_USAGE` when they name none; `USERS_READ` when it cannot be read.
 */
export async function openUsersFile(
  context: CommandContext,
  options: UsersFileOptions,
): Promise<Result<UsersFile>> {
  const found = await pathOf(context, options);
  if (!found.ok) return failed(found.problems);
  const { path, ownTopicPrefix } = found.value;
  let text = freshUsersFile;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (!messageOf(error).startsWith("ENOENT")) {
      throw new AppError("USERS_READ", "operator", `${path} cannot be read.`, { cause: error });
    }
  }
  const read = readUsers(text, path, { ownTopicPrefix });
  if (!read.ok) return failed(read.problems);
  return ok(new UsersFile(path, text, { definition: read.value, ownTopicPrefix }));
}

async function pathOf(
  context: CommandContext,
  { file, config }: UsersFileOptions,
): Promise<Result<{ readonly path: string; readonly ownTopicPrefix: string }>> {
  if (file !== undefined) {
    return ok({ path: resolve(context.workingDirectory, file), ownTopicPrefix: usualPrefix });
  }
  const loaded = await loadConfiguration(context, config === undefined ? {} : { config });
  if (!loaded.ok) return failed(loaded.problems);
  const { access, ownTopicPrefix } = loaded.value.config;
  if (access.usersFile === undefined) {
    throw new AppError("CLI_USAGE", "operator", "It is not said which users file is meant.", {
      hint: 'Name it with --file, or in the configuration: "access": { "usersFile": "users.jsonc" }.',
    });
  }
  return ok({ path: access.usersFile, ownTopicPrefix });
}
