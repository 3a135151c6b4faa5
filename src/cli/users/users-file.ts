/** The users file as commands edit it. */
import { resolve } from "node:path";
import type { ReadUsersOptions } from "../../config/users.ts";
import { editUsersFile, readUsersText } from "../../config/users-file.ts";
import type { AccessDefinition } from "../../core/access/definition.ts";
import type { UsersEdit } from "../../core/access/enrolment.ts";
import { AppError, failed, ok, type Result } from "../../core/errors.ts";
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

export class UsersFile {
  readonly path: string;
  /** What it said when it was opened. */
  readonly definition: AccessDefinition;
  /** What the gateway publishes under. */
  readonly ownTopicPrefix: string;
  readonly #options: ReadUsersOptions;

  constructor(path: string, definition: AccessDefinition, options: ReadUsersOptions) {
    this.path = path;
    this.definition = definition;
    this.ownTopicPrefix = options.ownTopicPrefix;
    this.#options = options;
  }

  /**
   * Writes the file with some changes, made to what it says now; a gateway that runs takes them into use by itself.
   *
   * @returns What would be wrong with it then; nothing is written in that case.
   * @throws AppError `USERS_WRITE` or `USERS_BUSY`.
   */
  async write(edits: readonly UsersEdit[]): Promise<Result<void>> {
    const written = await editUsersFile(this.path, this.#options, () => edits);
    return written.ok ? ok(undefined) : failed(written.problems);
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
  const read = await readUsersText(path, { ownTopicPrefix });
  if (!read.ok) return failed(read.problems);
  return ok(new UsersFile(path, read.value.definition, { ownTopicPrefix }));
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
