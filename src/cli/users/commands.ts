/** The commands `user add|passwd|remove|disable|enable|list` and `token add|remove`, with their options. */
import { type Command, Option } from "commander";
import { tokenRoles } from "../../core/access/definition.ts";
import type { CommandContext } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import { addClaimCommands } from "./claim-commands.ts";
import type { AddUserOptions } from "./users.ts";
import type { UsersFileOptions } from "./users-file.ts";

type Finish = (code: ExitCode) => void;

function onFile(command: Command): Command {
  return command
    .option("-f, --file <file>", "the users file; it is made where there is none")
    .option("-c, --config <file>", "configuration that names it; without it ./holdfast.jsonc");
}

/** Adds them to the program. */
export function addUserCommands(program: Command, context: CommandContext, finish: Finish): void {
  const users = program.command("user").description("who may connect to the broker");
  onFile(users.command("add"))
    .description("add a user; the password is asked for, or read from standard input")
    .argument("<name>", "user name")
    .requiredOption("-r, --role <role...>", "roles of the users file")
    .option("--client-id <glob...>", "client ids that it may use")
    .option("--tenant <name>", "to whom it belongs")
    .option("--no-password", "it comes with a certificate")
    .action(async (name: string, options: AddUserOptions) => {
      const { addUser } = await import("./users.ts");
      finish(await addUser(context, name, options));
    });
  onFile(users.command("passwd"))
    .description("give a user another password; its connections are ended")
    .argument("<name>", "user name")
    .action(async (name: string, options: UsersFileOptions) => {
      const { changePassword } = await import("./users.ts");
      finish(await changePassword(context, name, options));
    });
  onFile(users.command("remove"))
    .description("remove a user; its connections are ended")
    .argument("<name>", "user name")
    .action(async (name: string, options: UsersFileOptions) => {
      const { removeUser } = await import("./users.ts");
      finish(await removeUser(context, name, options));
    });
  for (const [verb, disabled] of [
    ["disable", true],
    ["enable", false],
  ] as const) {
    onFile(users.command(verb))
      .description(disabled ? "keep a user out; its connections are ended" : "let a user in again")
      .argument("<name>", "user name")
      .action(async (name: string, options: UsersFileOptions) => {
        const { setDisabled } = await import("./users.ts");
        finish(await setDisabled(context, name, { ...options, disabled }));
      });
  }
  onFile(users.command("list"))
    .description("list users and their roles")
    .option("--json", "print them as JSON", false)
    .action(async (options: UsersFileOptions & { json: boolean }) => {
      const { listUsers } = await import("./users.ts");
      finish(await listUsers(context, options));
    });
  addTokenCommands(program, context, finish);
  addClaimCommands(program, context, { finish, onFile });
}

function addTokenCommands(program: Command, context: CommandContext, finish: Finish): void {
  const tokens = program.command("token").description("who may ask the gateway over HTTP");
  onFile(tokens.command("add"))
    .description("make a token and print it, once")
    .argument("<name>", "what it is for")
    .addOption(new Option("-r, --role <role>", "what it allows").choices(tokenRoles).default("read"))
    .option("--tenant <name>", "whose data it shows; without it everything")
    .action(
      async (
        name: string,
        options: UsersFileOptions & { role: (typeof tokenRoles)[number]; tenant?: string },
      ) => {
        const { addToken } = await import("./tokens.ts");
        finish(await addToken(context, name, options));
      },
    );
  onFile(tokens.command("remove"))
    .description("remove a token")
    .argument("<name>", "what it is for")
    .action(async (name: string, options: UsersFileOptions) => {
      const { removeToken } = await import("./tokens.ts");
      finish(await removeToken(context, name, options));
    });
}
