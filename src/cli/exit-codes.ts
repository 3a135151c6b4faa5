/** Exit codes, part of the public contract, and which failure ends in which. */
import type { AppError } from "../core/errors.ts";

export const exitCodes = {
  done: 0,
  /** Failed, or findings. */
  failed: 1,
  usage: 2,
  /** Configuration or rules invalid. */
  invalid: 3,
  unreachable: 4,
  /** Store damaged, locked or full. */
  store: 5,
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The exit code that an operating failure ends the process with. */
export function exitCodeOf(error: AppError): ExitCode {
  if (error.code.startsWith("STORE_")) return exitCodes.store;
  if (error.code.startsWith("PROFILE_")) return exitCodes.invalid;
  if (error.code.startsWith("CONFIG_") || error.code.startsWith("RULE_")) return exitCodes.invalid;
  if (error.code === "SIMULATE_PROFILE") return exitCodes.invalid;
  if (error.code === "SIMULATE_UNREACHABLE" || error.code === "SIMULATE_REFUSED")
    return exitCodes.unreachable;
  return exitCodes.failed;
}
