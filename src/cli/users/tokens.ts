/** `holdfast token …`: who may ask over HTTP. */
import { hashToken, makeToken } from "../../access/tokens.ts";
import type { TokenRole } from "../../core/access/definition.ts";
import { AppError } from "../../core/errors.ts";
import type { CommandContext } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { edit } from "./users.ts";
import type { UsersFileOptions } from "./users-file.ts";

/** Makes a token and prints it: this once, because only its hash is kept. */
export async function addToken(
  context: CommandContext,
  name: string,
  options: UsersFileOptions & { readonly role: TokenRole; readonly tenant?: string },
): Promise<ExitCode> {
  const token = makeToken();
  const code = await edit(context, options, async ({ definition }) => {
    if (definition.tokens.some((known) => known.name === name)) {
      const hint = "Remove it first, or take another name.";
      throw new AppError("CLI_USAGE", "operator", `There is a token ${JSON.stringify(name)} already.`, {
        hint,
      });
    }
    const { role, tenant } = options;
    const value = { sha256: hashToken(token), role, ...(tenant === undefined ? {} : { tenant }) };
    return [{ path: ["tokens", name], value }];
  });
  if (code === exitCodes.done) {
    context.out.write(`${token}\n`);
    context.err.write("This is shown once. Send it as `Authorization: Bearer …`.\n");
  }
  return code;
}

/** Removes a token; it is refused from then on. */
export async function removeToken(
  context: CommandContext,
  name: string,
  options: UsersFileOptions,
): Promise<ExitCode> {
  return await edit(context, options, async ({ definition }) => {
    if (!definition.tokens.some((known) => known.name === name)) {
      throw new AppError("CLI_USAGE", "operator", `There is no token ${JSON.stringify(name)}.`);
    }
    return [{ path: ["tokens", name], value: undefined }];
  });
}
