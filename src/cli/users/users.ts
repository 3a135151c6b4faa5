/** `holdfast user …`: who may connect. */
import { hashPassword } from "../../access/password.ts";
import type { UsersEdit } from "../../core/access/enrolment.ts";
import { AppError } from "../../core/errors.ts";
import type { CommandContext } from "../context.ts";
import { tableLines } from "../devices/table.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { writeJson } from "../report.ts";
import { tellProblems } from "../setup.ts";
import { openUsersFile, type UsersFile, type UsersFileOptions } from "./users-file.ts";

/** Characters that a password has at least. */
const passwordCharactersMin = 8;

export interface AddUserOptions extends UsersFileOptions {
  readonly role: readonly string[];
  readonly clientId?: readonly string[];
  readonly tenant?: string;
  /** False: the user comes with a certificate. */
  readonly password: boolean;
}

/** Adds a user; asks for the password. */
export async function addUser(
  context: CommandContext,
  name: string,
  options: AddUserOptions,
): Promise<ExitCode> {
  return await edit(context, options, async (file) => {
    if (knows(file, name))
      throw usage(`There is a user ${JSON.stringify(name)} already.`, "`user passwd` changes it.");
    const { role, clientId, tenant } = options;
    const password = options.password ? { password: await askedHash(context) } : {};
    const value = {
      ...password,
      roles: role,
      ...(clientId === undefined ? {} : { clientIds: clientId }),
      ...(tenant === undefined ? {} : { tenant }),
    };
    return [{ path: ["users", name], value }];
  });
}

/** Gives a user another password; its connections are ended by a gateway that runs. */
export async function changePassword(
  context: CommandContext,
  name: string,
  options: UsersFileOptions,
): Promise<ExitCode> {
  return await edit(context, options, async (file) => {
    expectKnown(file, name);
    return [{ path: ["users", name, "password"], value: await askedHash(context) }];
  });
}

export async function removeUser(
  context: CommandContext,
  name: string,
  options: UsersFileOptions,
): Promise<ExitCode> {
  return await edit(context, options, async (file) => {
    expectKnown(file, name);
    return [{ path: ["users", name], value: undefined }];
  });
}

/** Keeps a user out, or lets it in again. */
export async function setDisabled(
  context: CommandContext,
  name: string,
  options: UsersFileOptions & { readonly disabled: boolean },
): Promise<ExitCode> {
  return await edit(context, options, async (file) => {
    expectKnown(file, name);
    return [{ path: ["users", name, "disabled"], value: options.disabled ? true : undefined }];
  });
}

/** Prints users with their roles; nothing of their passwords. */
export async function listUsers(
  context: CommandContext,
  options: UsersFileOptions & { readonly json: boolean },
): Promise<ExitCode> {
  const file = await openUsersFile(context, options);
  if (!file.ok) {
    tellProblems(context, file.problems, options);
    return exitCodes.invalid;
  }
  const users = file.value.definition.users.map(({ password, ...user }) => ({
    ...user,
    hasPassword: password !== undefined,
  }));
  if (options.json) {
    writeJson(context, { users });
    return exitCodes.done;
  }
  const rows = users.map(({ name, roles, clientIds, hasPassword, disabled, tenant }) => [
    name,
    roles.join(" "),
    clientIds?.join(" ") ?? "",
    hasPassword ? "password" : "certificate",
    tenant ?? "",
    disabled ? "disabled" : "",
  ]);
  const titles = ["user", "roles", "client ids", "comes with", "tenant", ""];
  for (const line of tableLines(context.out, titles, rows)) context.out.write(`${line}\n`);
  return exitCodes.done;
}

/** Opens the file, makes edits, and writes it; tells problems of before and after. */
export async function edit(
  context: CommandContext,
  options: UsersFileOptions,
  makeEdits: (file: UsersFile) => Promise<readonly UsersEdit[]>,
): Promise<ExitCode> {
  const file = await openUsersFile(context, options);
  const done = file.ok ? await file.value.write(await makeEdits(file.value)) : file;
  if (!done.ok) {
    tellProblems(context, done.problems, { json: false });
    return exitCodes.invalid;
  }
  return exitCodes.done;
}

async function askedHash(context: CommandContext): Promise<string> {
  const password = await context.readSecret?.("Password: ");
  if (password === undefined || password === "") {
    throw usage("A password is needed.", "Type it, or send it to standard input: it is never an argument.");
  }
  if (password.length < passwordCharactersMin) {
    throw usage(`A password has at least ${passwordCharactersMin} characters.`, "Take a longer one.");
  }
  return await hashPassword(password);
}

function knows(file: UsersFile, name: string): boolean {
  return file.definition.users.some((user) => user.name === name);
}

function expectKnown(file: UsersFile, name: string): void {
  if (knows(file, name)) return;
  throw usage(
    `There is no user ${JSON.stringify(name)}.`,
    "`holdfast user list` shows those that there are.",
  );
}

function usage(message: string, hint: string): AppError {
  return new AppError("CLI_USAGE", "operator", message, { hint });
}
