/** How failures are told to people. */
import { AppError, messageOf } from "../core/errors.ts";
import type { CommandContext } from "./context.ts";
import { type ExitCode, exitCodeOf, exitCodes } from "./exit-codes.ts";
import { styled } from "./style.ts";

/**
 * Tells what ended a command and gives the exit code for it.
 *
 * An operating failure shows its message, its code and what to do. Anything else is a bug and shows its
 * stack, which is what a report needs.
 */
export function reportFailure(context: CommandContext, error: unknown): ExitCode {
  const { err } = context;
  if (!(error instanceof AppError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    err.write(`${styled(err, "red", "holdfast: this is a bug; please report it.")}\n${text}\n`);
    return exitCodes.failed;
  }
  err.write(`${styled(err, "red", `holdfast: ${error.message}`)} [${error.code}]\n`);
  const cause = error.cause === undefined ? "" : messageOf(error.cause);
  if (cause !== "" && !error.message.includes(cause)) err.write(`  cause: ${cause}\n`);
  if (error.hint !== undefined) err.write(`  hint: ${error.hint}\n`);
  return exitCodeOf(error);
}

/** Prints a value as JSON for programs. */
export function writeJson(context: CommandContext, value: unknown): void {
  context.out.write(`${JSON.stringify(value, null, 2)}\n`);
}
