/** `holdfast devices schema`. */
import { profileSchema } from "../../config/profile-schema.ts";
import type { CommandContext } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { writeJson } from "../report.ts";

/** Prints the JSON Schema of profile files. */
export function printProfileSchema(context: CommandContext): ExitCode {
  writeJson(context, profileSchema());
  return exitCodes.done;
}
