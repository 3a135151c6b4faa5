/** Who gives a command, where nobody is named. */
import { userInfo } from "node:os";
import { nameCharactersMax } from "../core/limits.ts";
import type { CommandContext } from "./context.ts";

/** A user without a name in the system, as in a container, is named by the environment, or not at all. */
export function loginName({ environment }: CommandContext): string {
  const named = environment["USER"] ?? "";
  const otherwise = named.trim() === "" ? "cli" : named;
  return Array.from(systemName() ?? otherwise)
    .slice(0, nameCharactersMax)
    .join("");
}

function systemName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}
